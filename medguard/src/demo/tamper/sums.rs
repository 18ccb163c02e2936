//! An appliance that publishes sums that are none.

use std::time::Instant;

use pulseproof_kernels::Curve;
use pulseproof_prover::commitment::Opening;
use pulseproof_prover::wsa::modular::Proof;
use pulseproof_sdk::ProvedResult;
use pulseproof_sdk::result::Claim;

use super::super::DemoError;
use super::super::parties::{Round, Sealed, all_accepted};
use super::Cheat;

impl<C: Curve> Cheat<'_, C> {
    /// The appliance concludes honestly, but publishes something else first.
    pub(super) async fn forge(
        &mut self,
        sealed: &[Sealed<C>],
        start: Instant,
    ) -> Result<Round<C>, DemoError> {
        let bodies: Vec<_> = sealed.iter().map(|s| s.submission.to_bytes()).collect();
        let region = &self.parties.regions[0];
        let seal = start.elapsed();
        let before_intake = Instant::now();
        all_accepted(&region.gateway.forward(0, &bodies).await?)?;
        let intake = before_intake.elapsed();
        let (job, result_bytes) = region.gateway.conclude(0).await?;
        let honest = ProvedResult::<C>::from_bytes(&result_bytes)
            .map_err(|error| DemoError::Result(error.to_string()))?;

        self.publish_forgeries(sealed, &honest).await?;

        let accepted = self.parties.deliver(&result_bytes).await?;
        Ok(Round {
            region: 0,
            epoch: 0,
            receipts: sealed.iter().map(|sealed| sealed.receipt.clone()).collect(),
            result: honest,
            result_bytes,
            job,
            accepted,
            seal,
            intake,
            end_to_end: start.elapsed(),
        })
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
        forgeries[0].1.aggregate[last] = honest.aggregate[last].wrapping_add(1 << 60);
        forgeries[1].1.aggregate = without_first(sealed, &honest.aggregate);
        forgeries[2].1.aggregate = without_first(sealed, &honest.aggregate);
        forgeries[2].1.proof = self.prove_without_first(sealed, &honest.claim);
        forgeries[3].1.claim.contributions[0].weight += 1;
        forgeries[4].1.claim.contributions[0].commitment = sealed[1].submission.commitment;
        for (attempt, forged) in forgeries {
            self.expect_rejection(attempt, &forged, "result-rejected").await?;
        }
        Ok(())
    }

    /// A proof that holds, of the sum without the first device, in this claim's context.
    pub(super) fn prove_without_first(&self, sealed: &[Sealed<C>], claim: &Claim<C>) -> Proof<C> {
        let openings: Vec<_> = sealed[1..]
            .iter()
            .map(|sealed| &sealed.submission)
            .map(|s| Opening { commitment: s.commitment, words: &s.words, blinders: &s.blinders })
            .collect();
        let weights = vec![1; openings.len()];
        let context = claim.context().0;
        let work = || self.parties.prover.prove(&openings, &weights, &context);
        tokio::task::block_in_place(work).expect("the others' sum is a true statement").1
    }
}

/// The sum without the first device.
pub(super) fn without_first<C: Curve>(sealed: &[Sealed<C>], aggregate: &[u64]) -> Vec<u64> {
    let first = &sealed[0].submission.words;
    aggregate.iter().zip(first).map(|(sum, word)| sum.wrapping_sub(*word)).collect()
}
