//! An appliance that publishes sums that are none.

use std::time::Instant;

use pulseproof_kernels::Curve;
use pulseproof_prover::commitment::Opening;
use pulseproof_prover::wsa::modular::Proof;
use pulseproof_sdk::result::Claim;
use pulseproof_sdk::{ProvedResult, Submission};

use super::Cheat;
use crate::DemoError;
use crate::rounds::{Round, Sealed};

impl<C: Curve> Cheat<'_, C> {
    /// The appliance concludes honestly, but publishes something else first.
    pub(super) async fn forge(
        &mut self,
        sealed: &[Sealed<C>],
        start: Instant,
    ) -> Result<Round<C>, DemoError> {
        let proved = self.parties.prove(0, 0, sealed, start).await?;
        self.publish_forgeries(sealed, &proved.result()?).await?;
        self.parties.publish(proved).await
    }

    /// Sums that are not the sum, each with the best proof an appliance can have.
    async fn publish_forgeries(
        &mut self,
        sealed: &[Sealed<C>],
        honest: &ProvedResult<C>,
    ) -> Result<(), DemoError> {
        let last = honest.aggregate.len() - 1;
        let mut forgeries = vec![
            ("the appliance adds to one word of the sum", honest.clone()),
            ("it leaves a device out of the sum that it lists as summed", honest.clone()),
            ("it proves the sum of the others, and calls it everyone's", honest.clone()),
            ("it counts a device twice", honest.clone()),
            ("it puts one device's commitment in the place of another's", honest.clone()),
        ];
        let (others, proof) = self.prove_without_first(sealed, &honest.claim)?;
        forgeries[0].1.aggregate[last] = honest.aggregate[last].wrapping_add(1 << 60);
        forgeries[1].1.aggregate.clone_from(&others);
        (forgeries[2].1.aggregate, forgeries[2].1.proof) = (others, proof);
        forgeries[3].1.claim.contributions[0].weight += 1;
        forgeries[4].1.claim.contributions[0].commitment = sealed[1].submission.commitment;
        for (attempt, forged) in forgeries {
            self.publish_in_vain(attempt, &forged, "result-rejected").await?;
        }
        Ok(())
    }

    /// The sum without the first device, and a proof of it that holds, in this claim's context.
    pub(super) fn prove_without_first(
        &self,
        sealed: &[Sealed<C>],
        claim: &Claim<C>,
    ) -> Result<(Vec<u64>, Proof<C>), DemoError> {
        let others: Vec<_> = sealed[1..].iter().map(|sealed| &sealed.submission).collect();
        self.prove_sum(&others, claim)
    }

    /// The sum of these submissions, and a proof of it that holds, in this claim's context.
    pub(super) fn prove_sum(
        &self,
        submissions: &[&Submission<C>],
        claim: &Claim<C>,
    ) -> Result<(Vec<u64>, Proof<C>), DemoError> {
        let openings: Vec<_> = submissions
            .iter()
            .map(|s| Opening { commitment: s.commitment, words: &s.words, blinders: &s.blinders })
            .collect();
        let (weights, context) = (vec![1; openings.len()], claim.context().0);
        let work = || self.parties.prover.prove(&openings, &weights, &context);
        let (statement, proof) = tokio::task::block_in_place(work)?;
        Ok((statement.aggregate, proof))
    }
}
