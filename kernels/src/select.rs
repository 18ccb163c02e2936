//! Finds what this machine has, and chooses.
