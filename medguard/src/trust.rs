//! What cloud and authority trust, each for itself: an SRS, the regions' rosters, what their words mean, and
//! their appliances.

use std::collections::BTreeMap;
use std::sync::Arc;

use pulseproof_kernels::Curve;
use pulseproof_prover::srs::VerifyingKey;
use pulseproof_sdk::identity::AppliancePublicKey;
use pulseproof_sdk::profile::ProfileVerifier;
use pulseproof_sdk::result::ResultError;
use pulseproof_sdk::{Name, Problem, ProvedResult, Roster};

/// The trusted verifying key, rosters and appliances.
#[derive(Clone)]
pub struct TrustAnchors<C: Curve> {
    /// The SRS.
    pub key: VerifyingKey<C>,
    /// Rosters by region.
    pub rosters: BTreeMap<Name, Roster>,
    /// What devices' words mean, for every profile that a roster names.
    pub profiles: Vec<Arc<ProfileVerifier<C>>>,
    /// Whose sums of a region are taken, by region.
    pub appliances: BTreeMap<Name, Vec<AppliancePublicKey>>,
}

impl<C: Curve> TrustAnchors<C> {
    /// Reads a result and verifies everything about it.
    ///
    /// # Errors
    /// The problem to answer with: what is wrong with the bytes, the roster, who published it, a signature
    /// or the proof.
    pub fn verify(&self, bytes: &[u8]) -> Result<ProvedResult<C>, Problem> {
        let result = ProvedResult::<C>::from_bytes(bytes)
            .map_err(|error| Problem::new(400, "malformed-result", error.to_string()))?;
        let region = &result.claim.region;
        let roster = self.roster(region)?;
        let appliances = self.appliances.get(region).map_or(&[][..], Vec::as_slice);
        let lists = self.lists(roster)?;
        match result.verify(&self.key, roster, appliances, lists) {
            Ok(()) => Ok(result),
            Err(error @ ResultError::Untrusted(_)) => {
                let problem = Problem::new(403, "untrusted-appliance", error.to_string());
                Err(problem.field("signature"))
            }
            Err(error) => Err(Problem::new(422, "result-rejected", error.to_string())),
        }
    }

    /// The roster of a region.
    ///
    /// # Errors
    /// None is known here.
    pub fn roster(&self, region: &Name) -> Result<&Roster, Problem> {
        self.rosters.get(region).ok_or_else(|| {
            let detail = format!("no roster of {region} is trusted here");
            Problem::new(422, "unknown-region", detail).field("region")
        })
    }

    /// What the words of a roster's devices mean.
    ///
    /// # Errors
    /// Its profile is not known here.
    pub fn lists(&self, roster: &Roster) -> Result<&ProfileVerifier<C>, Problem> {
        let known = self.profiles.iter().find(|lists| lists.digest() == roster.profile);
        known.map(|lists| &**lists).ok_or_else(|| {
            let detail = format!("the profile {} is not trusted here", roster.profile);
            Problem::new(422, "unknown-profile", detail).field("profile")
        })
    }
}
