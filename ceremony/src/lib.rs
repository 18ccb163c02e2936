//! Powers of tau (`.ptau`): the one set of checks that whatever is made of a ceremony stands on. Touches files
//! through `pulseproof-formats` only.
//!
//! - [`powers`]: powers of τ, α·τ and β·τ, and Lagrange bases, that belong together. [`Powers::read`] is the import.
//! - [`record`]: contributions, their hashes, and the proofs that secrets were known.
//! - [`first`]: what the first contribution starts from.
//! - [`hash`], [`draw`]: how snarkjs hashes points and draws points and numbers. The second phase of Groth16 does
//!   the same.
//! - [`combine`]: random combinations. [`subgroup`]: whether points are in the subgroup, all at once.
//!
//! `docs/ceremony.md` is the specification. Nothing in a file is believed; what is left to believe is that nobody
//! knows all that was contributed.

pub mod combine;
pub mod draw;
pub mod first;
pub mod hash;
pub mod powers;
pub mod record;
pub mod subgroup;

use pulseproof_formats::FormatError;
use pulseproof_kernels::Error;

pub use powers::{Multiples, Powers};

/// Why nothing is made of a ceremony's file.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// It is not well-formed, or has a bad point.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Its points are not those of one ceremony, or its secrets are plainly known.
    #[error("ptau: {section}: {reason}")]
    Refused {
        /// The section that is wrong.
        section: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A contribution does not hold.
    #[error("ptau: contribution {number}: {reason}")]
    Contribution {
        /// Which one, from 1.
        number: usize,
        /// Why.
        reason: &'static str,
    },
    /// The CPU cannot compute it.
    #[error(transparent)]
    Kernel(#[from] Error),
}

/// A refusal of a section.
fn refused(section: &'static str, reason: &'static str) -> CeremonyError {
    CeremonyError::Refused { section, reason }
}
