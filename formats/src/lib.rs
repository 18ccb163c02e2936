//! iden3's binary files, as circom and snarkjs write them: circuits, witnesses, Groth16 keys and powers
//! of tau, for BN254 and BLS12-381.
//!
//! - [`r1cs`]: a circuit's constraints. [`wtns`]: the values of its wires, which are secret.
//! - [`zkey`]: a Groth16 proving key. [`ptau`]: points of a ceremony.
//! - [`container`]: the layer that all of them share. [`elements`]: points and scalars in them.
//! - [`roots`]: the roots of unity that the order of their points follows.
//! - [`sym`]: names of signals, which are text. [`text`]: what editors put in front of one.
//! - [`error`]: what is wrong with bad input.
//!
//! Files are read piece by piece, from sources that may be hostile: every count is checked against
//! limits and against the size of the file before anything is allocated for it, every point for being on
//! the curve and in the subgroup, unless the caller knows better. `docs/formats.md` is the
//! specification.

pub mod container;
mod contributed;
pub mod elements;
pub mod error;
mod points;
mod prime;
pub mod ptau;
pub mod r1cs;
pub mod roots;
pub mod sym;
pub mod text;
pub mod wtns;
pub mod zkey;

pub use contributed::Beacon;
pub use elements::Check;
pub use error::{ElementProblem, FileKind, FormatError};
pub use ptau::Ptau;
pub use r1cs::R1cs;
pub use wtns::Witness;
pub use zkey::Zkey;
