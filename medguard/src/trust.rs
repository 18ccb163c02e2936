//! What cloud and authority trust, each for itself: an SRS and the regions' rosters.

use std::collections::BTreeMap;

use pulseproof_kernels::Curve;
use pulseproof_prover::srs::VerifyingKey;
use pulseproof_sdk::{Name, Problem, ProvedResult, Roster};

/// The trusted verifying key and rosters.
#[derive(Clone)]
pub struct Trust<C: Curve> {
    /// The SRS.
    pub key: VerifyingKey<C>,
    /// Rosters by region.
    pub rosters: BTreeMap<Name, Roster>,
}

impl<C: Curve> Trust<C> {
    /// Reads a result and verifies everything about it.
    ///
    /// # Errors
    /// The problem to answer with: what is wrong with the bytes, the roster, a signature or the proof.
    pub fn verify(&self, bytes: &[u8]) -> Result<ProvedResult<C>, Problem> {
        let result = ProvedResult::<C>::from_bytes(bytes)
            .map_err(|error| Problem::new(400, "malformed-result", error.to_string()))?;
        let region = &result.claim.region;
        let roster = self.rosters.get(region).ok_or_else(|| {
            Problem::new(422, "unknown-region", format!("no roster of {region} is trusted here"))
                .field("region")
        })?;
        match result.verify(&self.key, roster) {
            Ok(()) => Ok(result),
            Err(error) => Err(Problem::new(422, "result-rejected", error.to_string())),
        }
    }
}
