//! A small PLONK-like argument over KZG commitments, in which a statement is a short file.
//!
//! A statement declares columns of N cells, constraints that hold on every row, lookups of
//! expressions in a column, and sums over all rows, which may be weighted with functions of a
//! challenge ([`circuit`], [`expression`]). The engine masks and commits columns, proves lookups by
//! logarithmic derivatives, divides the constraints by Z_H and opens everything at one random point
//! ([`prove`]); [`verify`] checks it with one pairing product, and any number of proofs with one
//! more ([`batch`]). [`proof`] is what travels. Transcript order and security arguments:
//! `docs/wsa.md`.
//!
//! The engine knows no statement, and no file here changes when a statement is added.

pub mod batch;
pub mod circuit;
#[cfg(feature = "prove")]
mod evaluator;
pub mod expression;
#[cfg(feature = "prove")]
mod key;
#[cfg(feature = "prove")]
mod polynomial;
pub mod proof;
#[cfg(feature = "prove")]
pub mod prove;
mod rounds;
pub mod verify;

pub use circuit::Circuit;
pub use expression::{Cell, Column, Expression};
pub use proof::Proof;

/// The weight columns of an instance, as functions of α and in the order they were declared. Shorter
/// ones are filled with zeros.
pub type Weights<'a, F> = &'a (dyn Fn(F) -> Vec<Vec<F>> + Sync);

/// The weights of a circuit that has none.
pub fn unweighted<F>(_alpha: F) -> Vec<Vec<F>> {
    Vec::new()
}
