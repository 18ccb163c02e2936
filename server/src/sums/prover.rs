//! What proves sums: an SRS on a backend, or what a test puts in its place.

use pulseproof_kernels::Curve;
use pulseproof_kernels::backend::{Backend, BackendKind};
use pulseproof_prover::commitment::Opening;
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::Srs;
use pulseproof_prover::wsa::Statement;
use pulseproof_prover::wsa::modular::{Proof, ProveError, prove};
use rand::rngs::OsRng;

/// Proves weighted sums.
pub trait Prover<C: Curve>: Send + Sync {
    /// The SRS.
    fn srs(&self) -> &Srs<C>;

    /// Which backend proves.
    fn backend(&self) -> BackendKind;

    /// Sums the vectors and proves the sum, with randomness from the system.
    ///
    /// # Errors
    /// There is no such statement, or the backend failed.
    fn prove(
        &self,
        openings: &[Opening<'_, C>],
        weights: &[u64],
        context: &[u8],
    ) -> Result<(Statement<C, u64>, Proof<C>), ProveError>;
}

impl<C: Curve> Prover<C> for ProvingKey<C> {
    fn srs(&self) -> &Srs<C> {
        self.srs()
    }

    fn backend(&self) -> BackendKind {
        self.backend().kind()
    }

    fn prove(
        &self,
        openings: &[Opening<'_, C>],
        weights: &[u64],
        context: &[u8],
    ) -> Result<(Statement<C, u64>, Proof<C>), ProveError> {
        prove(self, openings, weights, context, &mut OsRng)
    }
}
