//! Proofs of well-formed encryption.

#![cfg(feature = "prove")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod agreement;
#[path = "../common/mod.rs"]
mod common;
mod complete;
mod equations;
mod limbs;
mod lists;
mod mutations;
mod oracle;
mod proved;
mod simulated;
