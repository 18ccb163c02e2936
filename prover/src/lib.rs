//! Statements and proof systems over the kernels.
//!
//! - [`wsa`]: the weighted-sum argument, modulo 2^64 and over the integers.
//! - [`engine`]: columns, constraints, lookups, quotient and multi-opening; knows no statement.
//! - [`commitment`]: hiding commitments to vectors of words, and their batched opening check.
//! - [`srs`]: the structured reference string: development, `.ptau` import, file format.
//! - [`transcript`]: Fiat–Shamir. [`encoding`]: canonical bytes.
//!
//! The feature `prove` (on by default) adds everything that makes proofs; without it this crate
//! commits and verifies. `docs/wsa.md` is the specification.

pub mod commitment;
pub mod encoding;
pub mod encryption;
pub mod engine;
pub mod srs;
pub mod transcript;
pub mod wsa;
