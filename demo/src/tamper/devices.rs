//! A device of the roster that submits words which are no encryption of readings.

use std::time::Instant;

use pulseproof_fhe::add_assign;
use pulseproof_kernels::Curve;
use pulseproof_sdk::submission::Label;
use pulseproof_sdk::{ProvedResult, Submission};

use super::Cheat;
use crate::DemoError;
use crate::rounds::{Round, Sealed};

/// As the weight of words in a sum.
const MINUS_ONE: u64 = u64::MAX;

/// What the first device of a region signs beside its honest list.
struct Malformed<C: Curve> {
    /// The others' ciphertexts but one, negated: a sum with it would be that one's.
    cancelling: Submission<C>,
    /// Its honest list, with half a step of the plaintext in one mask word: whether a sum with it decrypts would
    /// reveal a bit of the key.
    probing: Submission<C>,
    /// The same without a proof.
    unproved: Submission<C>,
}

impl<C: Curve> Cheat<'_, C> {
    /// The device tries at the appliance; then the appliance helps it, and proves sums with its words.
    pub(super) async fn malform(
        &mut self,
        sealed: &[Sealed<C>],
        start: Instant,
    ) -> Result<Round<C>, DemoError> {
        let Malformed { cancelling, probing, unproved } = self.malformed(sealed);
        for (attempt, lie) in [
            ("a device submits what cancels all others but one", &cancelling),
            ("it submits noise that would make decryption reveal a bit of the key", &probing),
            ("it leaves the proof out", &unproved),
        ] {
            self.submit_in_vain(attempt, 0, lie, "bad-encryption").await?;
        }
        let proved = self.parties.prove(0, 0, sealed, start).await?;
        let honest = proved.result()?;
        for (attempt, lie) in [
            ("the appliance takes the cancelling words in, and proves that sum", &cancelling),
            ("it takes the probing words in, and proves that sum", &probing),
        ] {
            let helped = self.sum_with(sealed, lie, &honest)?;
            self.publish_in_vain(attempt, &helped, "result-rejected").await?;
        }
        self.parties.publish(proved).await
    }

    /// All of them, where there is one with the device's proof of its honest list.
    fn malformed(&self, sealed: &[Sealed<C>]) -> Malformed<C> {
        let honest = &sealed[0].submission;
        let mut cancelling = vec![0u64; honest.words.len()];
        for Sealed { submission, .. } in &sealed[2..] {
            add_assign(&mut cancelling, &submission.words, MINUS_ONE);
        }
        let step = 1 << (u64::BITS - self.parties.profile.layout.plaintext_bits());
        let mut probing = honest.words.clone();
        probing[0] = probing[0].wrapping_add(step / 2);

        let label = Label { sequence: honest.label.sequence + 1, ..honest.label.clone() };
        let key = &self.parties.regions[0].keys[0];
        let unproved = |words| self.seal_as(label.clone(), words, key);
        let proved = |words| Submission { proof: honest.proof.clone(), ..unproved(words) };
        Malformed {
            cancelling: proved(cancelling),
            probing: proved(probing.clone()),
            unproved: unproved(probing),
        }
    }

    /// The honest claim with the first device's lie in the place of its list, truly summed and proved.
    fn sum_with(
        &self,
        sealed: &[Sealed<C>],
        lie: &Submission<C>,
        honest: &ProvedResult<C>,
    ) -> Result<ProvedResult<C>, DemoError> {
        let mut result = honest.clone();
        for counted in &mut result.claim.contributions {
            if counted.device == lie.label.device {
                counted.sequence = lie.label.sequence;
                (counted.commitment, counted.signature) = (lie.commitment, lie.signature);
            }
        }
        let others = sealed[1..].iter().map(|sealed| &sealed.submission);
        let all: Vec<_> = [lie].into_iter().chain(others).collect();
        (result.aggregate, result.proof) = self.prove_sum(&all, &result.claim)?;
        Ok(result)
    }
}
