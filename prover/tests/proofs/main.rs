//! What is proved and verified, and under which SRS. One program, so that the prover is
//! compiled once.
//!
//! Everything that only verifies runs without the feature `prove`, too.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[cfg(feature = "prove")]
mod backends;
#[cfg_attr(not(feature = "prove"), expect(dead_code, reason = "the rest is for making proofs"))]
mod common;
mod encryption;
#[cfg(feature = "prove")]
mod engine;
#[cfg(feature = "prove")]
mod integer;
#[cfg(feature = "prove")]
mod oracle;
mod srs;
mod vectors;
#[cfg(feature = "prove")]
mod wsa;
