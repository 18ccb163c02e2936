//! How files are written, and by whom.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod folders;
mod house;
mod writing;
