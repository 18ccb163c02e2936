//! Keys, sums and programs, with real ciphertexts. One program, so that tfhe-rs is linked once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod keys;
mod programs;
mod sums;
