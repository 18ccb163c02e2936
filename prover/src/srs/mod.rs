//! The structured reference string (SRS): powers of a secret τ in the exponent.
//!
//! - [`develop`]: a development SRS whose τ this process knew for a moment. **Insecure**, and says so.
//! - [`ptau`]: import of a public ceremony's `.ptau` file.
//! - [`mod@file`]: our own binary formats; an SRS is read back on every start.
//! - [`store`]: those files on disk.
//! - [`error`]: what is wrong with bad input.

mod consistency;
pub mod develop;
pub mod error;
pub mod file;
mod points;
#[cfg(feature = "prove")]
pub mod ptau;
pub mod store;

use std::fmt;

pub use error::SrsError;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Domain, G1Affine, G2Affine, Scalar};
use sha2::{Digest, Sha256};

use crate::encoding::compressed;

/// log2 of the default vector length N = 4096: one mask of 2048 ciphertext words and as many bodies.
pub const DEFAULT_LOG_SIZE: u32 = 12;
/// Largest log2 of N that a key is made or read for.
pub const LOG_SIZE_MAX: u32 = 20;
/// Blinding coefficients of a vector commitment (B): one commitment and B − 1 openings stay hidden.
pub const COMMITMENT_BLINDERS: usize = 4;
/// Powers beyond 2N: a quotient of the engine has degree below 2N + this.
pub const EXTRA_POWERS: usize = 8;

/// Where an SRS comes from, and so whether anybody may know its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Origin {
    /// Made on this machine: whoever made it could forge proofs. For development only.
    Development = 1,
    /// Imported from a ceremony: safe if one of its participants was honest.
    Ceremony = 2,
}

impl Origin {
    /// True for an SRS whose secret somebody may know.
    pub fn is_insecure(self) -> bool {
        self == Origin::Development
    }
}

/// How many powers of τ an SRS holds.
fn power_count(log_size: u32) -> usize {
    (2 << log_size) + EXTRA_POWERS
}

/// The domain of an SRS, if there is one of this size.
fn checked_domain<C: Curve>(log_size: u32) -> Result<Domain<Scalar<C>>, SrsError> {
    let limit = LOG_SIZE_MAX.min(Scalar::<C>::TWO_ADICITY);
    let domain = if (1..=limit).contains(&log_size) { Domain::new(log_size) } else { None };
    domain.ok_or(SrsError::LogSize { got: log_size, limit })
}

/// What committing and proving need, for vectors of length N = 2^`log_size`.
#[derive(Clone, PartialEq, Eq)]
pub struct Srs<C: Curve> {
    /// \[τ^i\]₁ for i below 2N + [`EXTRA_POWERS`].
    pub powers: Vec<G1Affine<C>>,
    /// \[L_j(τ)\]₁ for j below N.
    pub lagrange: Vec<G1Affine<C>>,
    /// What verifying needs.
    pub verifying_key: VerifyingKey<C>,
}

/// What verifying needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey<C: Curve> {
    /// H, of size N.
    pub domain: Domain<Scalar<C>>,
    /// Who could know τ.
    pub origin: Origin,
    /// \[1\]₁.
    pub g: G1Affine<C>,
    /// \[1\]₂.
    pub h: G2Affine<C>,
    /// \[τ\]₂.
    pub tau_h: G2Affine<C>,
}

impl<C: Curve> VerifyingKey<C> {
    /// log2 of N.
    pub fn log_size(&self) -> u32 {
        self.domain.size().ilog2()
    }

    /// Identifies the SRS: a hash of everything above, which fixes τ.
    pub fn id(&self) -> [u8; 32] {
        let mut bytes = vec![C::ID.byte(), self.origin as u8];
        bytes.extend_from_slice(&self.log_size().to_le_bytes());
        bytes.extend(compressed(&(self.g, self.h, self.tau_h)));
        Sha256::new().chain_update(b"pulseproof srs v1").chain_update(bytes).finalize().into()
    }
}

impl<C: Curve> Srs<C> {
    /// N.
    pub fn size(&self) -> usize {
        self.verifying_key.domain.size()
    }

    /// \[τ^b·Z_H(τ)\]₁ for b below `count`: the bases of blinding coefficients.
    pub fn blinding_bases(&self, count: usize) -> Vec<G1Affine<C>> {
        let n = self.size();
        let shifted: Vec<_> =
            (0..count).map(|b| self.powers[n + b].into_group() - self.powers[b]).collect();
        C::G1::affine(&shifted)
    }

    /// Checks that the parts belong together: the powers are those of the τ in the verifying key and
    /// the Lagrange points are their transform. Random linear combinations, so a wrong SRS passes
    /// with probability 2^-128 at most. Points must be known to lie in the subgroup.
    pub fn is_consistent(&self) -> bool {
        consistency::check(self).is_ok()
    }

    /// Checks everything: every point for itself, then the parts for belonging together.
    ///
    /// # Errors
    /// A point is at infinity, off the curve or outside the subgroup, or the parts do not belong
    /// together.
    pub fn validate(&self) -> Result<(), SrsError> {
        points::check_all(&[self.verifying_key.tau_h], "tau_h")?;
        points::check_all(&self.powers, "powers")?;
        points::check_all(&self.lagrange, "lagrange")?;
        consistency::check(self)
    }
}

impl<C: Curve> fmt::Debug for Srs<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Srs").field("verifying_key", &self.verifying_key).finish_non_exhaustive()
    }
}
