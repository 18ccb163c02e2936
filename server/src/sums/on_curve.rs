//! Sums on a curve: what [`Sums`] forgets.

use std::sync::Arc;

use axum::body::Bytes;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_kernels::{Curve, CurveId};
use pulseproof_prover::commitment::CommitmentKey;
use pulseproof_prover::encryption::ROWS;
use pulseproof_prover::srs::VerifyingKey;
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::profile::{Profile, ProfileVerifier};
use pulseproof_sdk::{Digest, Problem, ProvedResult, Roster};

use super::{
    AggregateError, Checked, ProfileSums, Proved, Prover, ProverRole, ReadResult, Sum, Sums,
};
use super::{aggregate, intake};
use crate::problems::malformed;

/// What proves and checks sums.
pub struct OnCurve<C: Curve>(Arc<Keys<C>>);

struct Keys<C: Curve> {
    primary: Arc<dyn Prover<C>>,
    cpu: Arc<dyn Prover<C>>,
    commitment: CommitmentKey<C>,
}

/// The same, for one profile.
struct OfProfile<C: Curve> {
    keys: Arc<Keys<C>>,
    lists: ProfileVerifier<C>,
}

impl<C: Curve> OnCurve<C> {
    /// Two provers with the same SRS; the second is asked when the first one fails.
    pub fn new(primary: Arc<dyn Prover<C>>, cpu: Arc<dyn Prover<C>>) -> Self {
        let commitment = CommitmentKey::new(primary.srs());
        Self(Arc::new(Keys { primary, cpu, commitment }))
    }
}

impl<C: Curve> Keys<C> {
    fn prover(&self, which: ProverRole) -> &dyn Prover<C> {
        match which {
            ProverRole::Primary => &*self.primary,
            ProverRole::Cpu => &*self.cpu,
        }
    }

    fn verifying(&self) -> &VerifyingKey<C> {
        &self.primary.srs().verifying_key
    }
}

impl<C: Curve> Sums for OnCurve<C> {
    fn curve(&self) -> CurveId {
        C::ID
    }

    fn srs(&self) -> Digest {
        Digest(self.0.verifying().id())
    }

    fn words_max(&self) -> usize {
        self.0.primary.srs().size()
    }

    fn is_insecure(&self) -> bool {
        self.0.verifying().origin.is_insecure()
    }

    fn backend(&self, prover: ProverRole) -> BackendKind {
        self.0.prover(prover).backend()
    }

    fn of(&self, profile: &Profile) -> Result<Arc<dyn ProfileSums>, Problem> {
        let lists = ProfileVerifier::new(profile).map_err(|error| {
            let problem = Problem::new(422, "not-provable", error.to_string()).field(error.what);
            problem.limit(error.limit as u64)
        })?;
        let size = self.words_max();
        if lists.scheme().is_some() && size < ROWS {
            let detail = format!(
                "proofs need an SRS for vectors of {ROWS} words; this appliance's is for {size}"
            );
            let problem = Problem::new(422, "not-provable", detail).field("words");
            return Err(problem.limit(size as u64));
        }
        Ok(Arc::new(OfProfile { keys: Arc::clone(&self.0), lists }))
    }

    fn read(&self, result: &[u8]) -> Result<ReadResult, Problem> {
        let result = parse::<C>(result)?;
        Ok(ReadResult {
            digest: result.sum_digest(),
            weight: result.claim.total_weight(),
            profile: result.claim.profile,
            region: result.claim.region,
            epoch: result.claim.epoch,
            words: result.aggregate,
        })
    }
}

impl<C: Curve> ProfileSums for OfProfile<C> {
    fn digest(&self) -> Digest {
        self.lists.digest()
    }

    fn words(&self) -> Option<usize> {
        self.lists.scheme().map(|scheme| scheme.words())
    }

    fn check(&self, roster: &Roster, epoch: u64, body: &Bytes) -> Result<Checked, Problem> {
        let (key, srs) = (&self.keys.commitment, self.keys.verifying());
        let checks = intake::Checks { key, srs, lists: &self.lists };
        intake::check(&checks, roster, epoch, body)
    }

    fn aggregate(
        &self,
        prover: ProverRole,
        identity: &ApplianceKey,
        sum: &Sum,
    ) -> Result<Proved, AggregateError> {
        aggregate::aggregate(self.keys.prover(prover), identity, sum, &self.lists)
    }

    fn verify(&self, result: &[u8], roster: &Roster) -> Result<(), Problem> {
        let verified = parse::<C>(result)?.verify_sum(self.keys.verifying(), roster, &self.lists);
        verified.map_err(|error| Problem::new(422, "result-rejected", error.to_string()))
    }
}

fn parse<C: Curve>(result: &[u8]) -> Result<ProvedResult<C>, Problem> {
    ProvedResult::from_bytes(result).map_err(|error| malformed(&error))
}
