//! Proving keys (`.zkey`) where proofs are computed: [`resident`], read once and kept with a backend, for many proofs;
//! [`streamed`], read section by section while a proof is made, for one.

pub mod resident;
pub mod streamed;

use std::io::{Read, Seek};

use pulseproof_formats::FormatError;
use pulseproof_formats::zkey::{Header, Zkey};
use pulseproof_kernels::backend::{AnyBackend, Backend};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Error, Scalar};

pub use self::resident::ProvingKey;
pub use self::streamed::StreamedKey;
use crate::domain::Domain;
use crate::verify::PreparedVerifyingKey;
use crate::verifying_key::VerifyingKey;
use crate::weakness::Weakness;

/// Why a key was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is no key, or a damaged one.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The backend has no room for it, or failed.
    #[error(transparent)]
    Kernel(#[from] Error),
    /// There are no transforms of that size.
    #[error("domain size: 2^{got} is over the limit of 2^{limit} for this curve")]
    DomainSize {
        /// log2 of the key's domain.
        got: u32,
        /// log2 of the largest domain.
        limit: u32,
    },
    /// Of all points together it was found that one is outside the subgroup, and looking at each finds none.
    #[error("{0}: the check of all points contradicts that of each: the CPU computed wrongly")]
    Contradiction(&'static str),
    /// More terms than can be counted in 32 bits.
    #[error("coefficients: over the limit of 2^32 terms")]
    TooManyTerms,
}

/// What a key says before its points, and where proofs are computed.
pub struct Head<C: Curve> {
    pub(crate) backend: AnyBackend,
    /// The backend's, before anything was sent there.
    generation: u64,
    pub(crate) header: Header<C>,
    pub(crate) verifying_key: PreparedVerifyingKey<C>,
    pub(crate) domain: Domain<Scalar<C>>,
    contributions: usize,
    weakness: Option<Weakness>,
}

impl<C: Curve> Head<C> {
    fn read(
        backend: impl Into<AnyBackend>,
        file: &mut Zkey<C, impl Read + Seek>,
    ) -> Result<Self, LoadError> {
        let backend = backend.into();
        let generation = backend.generation();
        let header = file.header().clone();
        let limit = Scalar::<C>::TWO_ADICITY - 1;
        let domain = Domain::new(header.log_size)
            .ok_or(LoadError::DomainSize { got: header.log_size, limit })?;
        let (verifying_key, weakness) = VerifyingKey::from_zkey(file)?;
        let verifying_key = PreparedVerifyingKey::new(verifying_key);
        let contributions = file.contributions()?;
        Ok(Self { backend, generation, header, verifying_key, domain, contributions, weakness })
    }

    /// Points of all sections.
    fn points(&self) -> usize {
        4 * self.signals() - self.public() - 1 + self.domain.size()
    }

    /// What verifies the key's proofs.
    pub fn verifying_key(&self) -> &PreparedVerifyingKey<C> {
        &self.verifying_key
    }

    /// How many signals a witness has, the constant 1 included.
    pub fn signals(&self) -> usize {
        self.header.variables
    }

    /// How many of them are public, the constant 1 not included.
    pub fn public(&self) -> usize {
        self.header.public
    }

    /// log2 of the domain.
    pub fn log_size(&self) -> u32 {
        self.domain.log_size()
    }

    /// How many contributions of phase 2 the file lists. Whoever made a key without any can forge proofs.
    pub fn contributions(&self) -> usize {
        self.contributions
    }

    /// What shows that the key is insecure, if anything does.
    pub fn weakness(&self) -> Option<Weakness> {
        self.weakness
    }

    /// Whether the backend has lost its device, and what was sent there, since the key was read.
    pub fn is_lost(&self) -> bool {
        self.backend.generation() != self.generation
    }

    /// Who proves.
    pub fn backend(&self) -> &AnyBackend {
        &self.backend
    }
}
