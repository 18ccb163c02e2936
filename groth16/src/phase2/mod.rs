//! The second phase of a ceremony: contributions to a circuit's key, byte for byte as snarkjs records them.
//!
//! | file | what it does |
//! |---|---|
//! | `chain` | what contributions hash and prove, and whether they do |
//! | `contribute` | a secret, or a beacon, into a key |
//! | `verify` | whether a key is that of a circuit and a ceremony |

mod chain;
mod contribute;
mod verify;

use pulseproof_ceremony::hash;
use pulseproof_formats::Beacon;
use pulseproof_formats::FormatError;
use pulseproof_formats::zkey::{Contribution, Zkey};
use pulseproof_kernels::{Curve, Error};

pub use contribute::{beacon, contribute};
pub use verify::verify;

use crate::setup::SetupError;

/// A contribution that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contributed {
    /// Its hash, which whoever made it has published.
    pub hash: [u8; hash::BYTES],
    /// Its name.
    pub name: Option<String>,
    /// Its beacon, if it is one.
    pub beacon: Option<Beacon>,
}

/// Why a key is not what it should be, or nothing can be contributed to it.
#[derive(Debug, thiserror::Error)]
pub enum Phase2Error {
    /// A file is not what it should be.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// No key can be made of the circuit and the ceremony.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A contribution does not hold.
    #[error("contribution {number}: {reason}")]
    Contribution {
        /// Which one, from 1.
        number: usize,
        /// Why.
        reason: &'static str,
    },
    /// The key is another one than that of the circuit and the ceremony.
    #[error("{0}: not what the circuit, the ceremony and the contributions give")]
    Differs(&'static str),
    /// The secrets were made up.
    #[error("the key does not come from a ceremony: contributions do not make it safe")]
    NoCeremony,
    /// Not a beacon that can be used.
    #[error("beacon: {0}")]
    Beacon(&'static str),
    /// The CPU cannot compute it.
    #[error(transparent)]
    Kernel(#[from] Error),
}

/// Who contributed to a key, if every contribution holds. Whether the key is that of a circuit is another
/// question.
///
/// # Errors
/// A contribution does not hold, or the file is no good.
pub fn contributions<C: Curve>(
    key: &mut Zkey<C, impl std::io::Read + std::io::Seek>,
) -> Result<Vec<Contributed>, Phase2Error> {
    let found = Contribution::read_all(&key.contribution_bytes()?)?;
    let chain = chain::Chain::<C>::follow(&key.circuit_hash()?, &found)?;
    if chain.delta == key.header().delta_g1 {
        Ok(chain.contributed)
    } else {
        Err(Phase2Error::Differs("[δ]₁"))
    }
}
