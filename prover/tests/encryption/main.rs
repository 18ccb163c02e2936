//! Proofs of well-formed encryption.

#![cfg(feature = "prove")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
mod common;
mod complete;
mod lists;
mod proved;
