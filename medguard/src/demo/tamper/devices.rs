//! A device of the roster that hands in words which are no encryption of readings.

use std::time::Instant;

use pulseproof_kernels::Curve;
use pulseproof_prover::commitment::Opening;
use pulseproof_sdk::{ProvedResult, Submission};

use super::super::parties::{Parties, Round, Sealed};
use super::super::{DemoError, parties::all_accepted};
use super::Cheat;

/// What the first device of a region signs beside its honest list.
pub(super) struct Malformed<C: Curve> {
    /// The others' ciphertexts but one, negated: a sum with it would be that one's.
    cancelling: Submission<C>,
    /// Its honest list, with half a step of the plaintext in one mask word: whether a sum with it opens would
    /// tell a bit of the key.
    probing: Submission<C>,
}

impl<C: Curve> Malformed<C> {
    /// Both, each with the device's proof of its honest list.
    pub fn of(parties: &mut Parties<C>, sealed: &[Sealed<C>]) -> Self {
        let step = 1 << (u64::BITS - parties.profile.layout.plaintext_bits());
        let (first, others) = sealed.split_first().expect("a region has devices");
        let mut cancelling = vec![0u64; first.submission.words.len()];
        for Sealed { submission, .. } in others.iter().skip(1) {
            for (word, of) in cancelling.iter_mut().zip(&submission.words) {
                *word = word.wrapping_sub(*of);
            }
        }
        let mut probing = first.submission.words.clone();
        probing[0] = probing[0].wrapping_add(step / 2);
        let device = &mut parties.regions[0].devices[0];
        let [cancelling, probing] = [cancelling, probing].map(|words| {
            let mut lie = device.seal(0, words);
            lie.proof = first.submission.proof.clone();
            lie
        });
        Self { cancelling, probing }
    }
}

impl<C: Curve> Cheat<'_, C> {
    /// The device tries at the appliance; then the appliance helps it, and proves sums with its words.
    pub(super) async fn malform(
        &mut self,
        sealed: &[Sealed<C>],
        malformed: &Malformed<C>,
        start: Instant,
    ) -> Result<Round<C>, DemoError> {
        let Malformed { cancelling, probing } = malformed;
        let attempt = "a device hands in what cancels all others but one";
        self.expect_refusal(attempt, 0, cancelling.to_bytes(), "bad-encryption").await?;
        let attempt = "it hands in noise that would make decryption tell a bit of the key";
        self.expect_refusal(attempt, 0, probing.to_bytes(), "bad-encryption").await?;
        let unproved = Submission { proof: None, ..copy(probing) };
        let attempt = "it leaves the proof out";
        self.expect_refusal(attempt, 0, unproved.to_bytes(), "bad-encryption").await?;

        let region = &self.parties.regions[0];
        let bodies: Vec<_> = sealed.iter().map(|s| s.submission.to_bytes()).collect();
        let seal = start.elapsed();
        let before_intake = Instant::now();
        all_accepted(&region.gateway.forward(0, &bodies).await?)?;
        let intake = before_intake.elapsed();
        let (job, result_bytes) = region.gateway.conclude(0).await?;
        let result = ProvedResult::<C>::from_bytes(&result_bytes)
            .map_err(|error| DemoError::Result(error.to_string()))?;
        for (attempt, lie) in [
            ("the appliance takes the cancelling words in, and proves that sum", cancelling),
            ("it takes the probing words in, and proves that sum", probing),
        ] {
            let helped = self.sum_with(sealed, lie, &result);
            self.expect_rejection(attempt, &helped, "result-rejected").await?;
        }
        let accepted = self.parties.deliver(&result_bytes).await?;
        let receipts = sealed.iter().map(|sealed| sealed.receipt.clone()).collect();
        let end_to_end = start.elapsed();
        let (region, epoch) = (0, 0);
        Ok(Round {
            region,
            epoch,
            receipts,
            result,
            result_bytes,
            job,
            accepted,
            seal,
            intake,
            end_to_end,
        })
    }

    /// The honest claim with the first device's lie in the place of its list, truly summed and proved.
    fn sum_with(
        &self,
        sealed: &[Sealed<C>],
        lie: &Submission<C>,
        honest: &ProvedResult<C>,
    ) -> ProvedResult<C> {
        let others = sealed[1..].iter().map(|sealed| &sealed.submission);
        let all: Vec<_> = [lie].into_iter().chain(others).collect();
        let mut result = honest.clone();
        let contributions = &mut result.claim.contributions;
        let device = &lie.label.device;
        let mine = contributions.iter_mut().find(|c| c.device == *device).expect("it is summed");
        mine.sequence = lie.label.sequence;
        (mine.commitment, mine.signature) = (lie.commitment, lie.signature);
        let openings: Vec<_> = (result.claim.contributions.iter())
            .filter_map(|c| all.iter().find(|s| s.label.device == c.device))
            .map(|s| Opening { commitment: s.commitment, words: &s.words, blinders: &s.blinders })
            .collect();
        let (weights, context) = (vec![1; openings.len()], result.claim.context().0);
        let work = || self.parties.prover.prove(&openings, &weights, &context);
        let (statement, proof) =
            tokio::task::block_in_place(work).expect("a sum of words is a true statement");
        (result.aggregate, result.proof) = (statement.aggregate, proof);
        result
    }
}

/// The same bytes once more.
fn copy<C: Curve>(submission: &Submission<C>) -> Submission<C> {
    Submission::from_bytes(&submission.to_bytes(), submission.words.len())
        .expect("a submission that was written")
}
