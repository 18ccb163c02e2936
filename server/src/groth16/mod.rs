//! Groth16 as a service: circuits that gateways bring, and proofs of them.
//!
//! - [`prover`]: the interface to what proves, given from outside. [`proving`]: what is behind it.
//! - [`cache`]: keys in memory. [`backends`]: who proves, one proof at a time, and who failed too often.
//! - [`programs`]: what computes witnesses, compiled.
//! - [`prove`]: one proof, and what becomes of it when a backend fails.

pub mod backends;
pub mod cache;
pub mod programs;
pub mod prove;
pub mod prover;
pub mod proving;
