//! Homomorphic programs: what may be asked of encrypted sums.
//!
//! - [`data`]: a program, as a client sends it; [`library`]: the ones that medicine asks for.
//! - [`compile`]: checks a program and makes a circuit of it; [`estimate`]: what that costs.
//! - [`circuit`]: lookups in linear combinations; `integer` and `builder` lay them out.
//! - [`plain`]: what a program means, on numbers in the clear: the oracle of everything else.
//! - [`result`]: what the authority decrypts.

mod builder;
pub mod circuit;
pub mod compile;
pub mod data;
pub mod error;
pub mod estimate;
mod integer;
pub mod library;
pub mod plain;
pub mod result;

#[cfg(test)]
mod tests;

pub use compile::{Compiled, SumContext};
pub use data::{Input, InputSource, Op, Program, Step};
pub use error::ProgramError;
pub use estimate::Estimate;
