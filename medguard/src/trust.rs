//! What cloud and authority trust, each for itself: an SRS, the regions' rosters and their appliances.

use std::collections::BTreeMap;

use pulseproof_kernels::Curve;
use pulseproof_prover::srs::VerifyingKey;
use pulseproof_sdk::identity::AppliancePublicKey;
use pulseproof_sdk::result::ResultError;
use pulseproof_sdk::{Name, Problem, ProvedResult, Roster};

/// The trusted verifying key, rosters and appliances.
#[derive(Clone)]
pub struct Trust<C: Curve> {
    /// The SRS.
    pub key: VerifyingKey<C>,
    /// Rosters by region.
    pub rosters: BTreeMap<Name, Roster>,
    /// Whose sums of a region are taken, by region.
    pub appliances: BTreeMap<Name, Vec<AppliancePublicKey>>,
}

impl<C: Curve> Trust<C> {
    /// Reads a result and verifies everything about it.
    ///
    /// # Errors
    /// The problem to answer with: what is wrong with the bytes, the roster, who published it, a signature
    /// or the proof.
    pub fn verify(&self, bytes: &[u8]) -> Result<ProvedResult<C>, Problem> {
        let result = ProvedResult::<C>::from_bytes(bytes)
            .map_err(|error| Problem::new(400, "malformed-result", error.to_string()))?;
        let region = &result.claim.region;
        let roster = self.rosters.get(region).ok_or_else(|| {
            Problem::new(422, "unknown-region", format!("no roster of {region} is trusted here"))
                .field("region")
        })?;
        let appliances = self.appliances.get(region).map_or(&[][..], Vec::as_slice);
        match result.verify(&self.key, roster, appliances) {
            Ok(()) => Ok(result),
            Err(error @ ResultError::Untrusted(_)) => {
                let problem = Problem::new(403, "untrusted-appliance", error.to_string());
                Err(problem.field("signature"))
            }
            Err(error) => Err(Problem::new(422, "result-rejected", error.to_string())),
        }
    }
}
