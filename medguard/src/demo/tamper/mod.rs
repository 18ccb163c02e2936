//! A gateway or an appliance that cheats, and who catches it.
//!
//! Every attempt goes over HTTP to the same services that honest parties use.

use std::fmt;
use std::str::FromStr;
use std::time::Instant;

use pulseproof_kernels::Curve;
use pulseproof_prover::commitment::Opening;
use pulseproof_prover::wsa::modular::Proof;
use pulseproof_sdk::client::ClientError;
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::submission::Label;
use pulseproof_sdk::{Name, ProvedResult, Submission};
use rand::rngs::OsRng;
use reqwest::Method;
use serde::Serialize;

use super::parties::{Parties, Round, Sealed, describe};
use super::{Caught, DemoError, TamperReport};

/// What a dishonest party does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tamper {
    /// The gateway, or the appliance, leaves out a device.
    Drop,
    /// The gateway changes a device's readings.
    Alter,
    /// The gateway adds readings of its own.
    Inject,
    /// Gateway and appliance present old readings and old results again.
    Replay,
    /// The appliance publishes a sum of its own with a proof that is not one.
    ForgeProof,
}

impl Tamper {
    /// Every kind.
    pub const ALL: [Tamper; 5] =
        [Tamper::Drop, Tamper::Alter, Tamper::Inject, Tamper::Replay, Tamper::ForgeProof];
}

impl fmt::Display for Tamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tamper::Drop => "drop",
            Tamper::Alter => "alter",
            Tamper::Inject => "inject",
            Tamper::Replay => "replay",
            Tamper::ForgeProof => "forge-proof",
        })
    }
}

impl FromStr for Tamper {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.to_string() == text);
        found.ok_or_else(|| {
            format!("{text:?} is none of {}", Self::ALL.map(|k| k.to_string()).join(", "))
        })
    }
}

/// Plays the cheat in the first region's first epoch, and concludes that epoch as honestly as the
/// cheat allows: the round is added to `rounds`.
pub(super) async fn play<C: Curve>(
    kind: Tamper,
    parties: &mut Parties<C>,
    rounds: &mut Vec<Round<C>>,
) -> Result<TamperReport, DemoError> {
    let start = Instant::now();
    let sealed = parties.seal(0, 0)?;
    let mut cheat = Cheat { parties, attempts: Vec::new() };
    let mut left_out = 0;
    match kind {
        Tamper::Drop => {
            left_out = 1;
            rounds.push(cheat.drop_device(&sealed, start).await?);
        }
        Tamper::Alter => {
            cheat.alter(&sealed[0]).await?;
            rounds.push(cheat.parties.finish(0, 0, &sealed, start).await?);
        }
        Tamper::Inject => {
            cheat.inject(&sealed[0]).await?;
            rounds.push(cheat.parties.finish(0, 0, &sealed, start).await?);
        }
        Tamper::Replay => {
            let round = cheat.parties.finish(0, 0, &sealed, start).await?;
            cheat.replay(&sealed[0], &round).await?;
            rounds.push(round);
        }
        Tamper::ForgeProof => {
            let round = cheat.forge(&sealed, start).await?;
            rounds.push(round);
        }
    }
    let attempts = cheat.attempts;
    let caught = !attempts.is_empty() && attempts.iter().all(|attempt| attempt.by.is_some());
    Ok(TamperReport { kind, caught, attempts, left_out })
}

struct Cheat<'a, C: Curve> {
    parties: &'a Parties<C>,
    attempts: Vec<Caught>,
}

impl<C: Curve> Cheat<'_, C> {
    fn record(&mut self, attempt: impl Into<String>, by: Option<String>, how: String) {
        self.attempts.push(Caught { attempt: attempt.into(), by, how });
    }

    /// Hands in one submission and expects the appliance to refuse it for this reason.
    async fn expect_refusal(
        &mut self,
        attempt: &str,
        epoch: u64,
        submission: Vec<u8>,
        reason: &str,
    ) -> Result<(), DemoError> {
        let intake = self.parties.regions[0].gateway.forward(epoch, &[submission]).await?;
        match intake.refused.first() {
            Some(refused) if refused.problem.is(reason) => {
                self.record(attempt, Some("appliance".to_owned()), describe(&refused.problem));
            }
            Some(refused) => {
                let how = format!("refused for another reason: {}", describe(&refused.problem));
                self.record(attempt, None, how);
            }
            None => self.record(attempt, None, "the appliance accepted it".to_owned()),
        }
        Ok(())
    }

    /// Hands a result to the cloud and expects it to refuse it for this reason.
    async fn expect_rejection(
        &mut self,
        attempt: &str,
        result: &ProvedResult<C>,
        reason: &str,
    ) -> Result<(), DemoError> {
        match self.parties.deliver(&result.to_bytes()).await {
            Err(ClientError::Problem(problem)) if problem.is(reason) => {
                self.record(attempt, Some("cloud".to_owned()), describe(&problem));
            }
            Err(ClientError::Problem(problem)) => {
                let how = format!("refused for another reason: {}", describe(&problem));
                self.record(attempt, None, how);
            }
            Err(error) => return Err(error.into()),
            Ok(_) => self.record(attempt, None, "the cloud accepted it".to_owned()),
        }
        Ok(())
    }

    /// The gateway withholds a submission; everything after it is honest, and the device audits.
    async fn drop_device(
        &mut self,
        sealed: &[Sealed<C>],
        start: Instant,
    ) -> Result<Round<C>, DemoError> {
        let (dropped, rest) = sealed.split_first().expect("a region has devices");
        let mut round = self.parties.finish(0, 0, rest, start).await?;
        let device = &dropped.submission.label.device;
        let path = format!("/v1/results/{}/0", round.accepted.region);
        let cloud = &self.parties.cloud;
        let published = cloud.bytes(cloud.request(Method::GET, &path)).await?;
        let published = ProvedResult::from_bytes(&published)
            .map_err(|error| DemoError::Result(error.to_string()))?;
        let attempt = format!("the gateway withholds the submission of {device}");
        match dropped.receipt.audit(&published) {
            Err(error) => self.record(attempt, Some(format!("device {device}")), error.to_string()),
            Ok(()) => self.record(attempt, None, "the device found itself counted".to_owned()),
        }
        // Hiding it does not help: a list of missing devices that leaves one out does not verify.
        let mut hidden = round.result.clone();
        hidden.claim.missing.clear();
        let attempt = "the appliance strikes the device from the list of missing ones";
        self.expect_rejection(attempt, &hidden, "result-rejected").await?;
        round.receipts.push(dropped.receipt.clone());
        Ok(round)
    }

    async fn alter(&mut self, sealed: &Sealed<C>) -> Result<(), DemoError> {
        let honest = &sealed.submission;
        let mut bytes = honest.to_bytes();
        // The last word of the ciphertext stands before the four blinders.
        let word = bytes.len() - 4 * C::scalar_bytes() - 8;
        bytes[word] ^= 1;
        let attempt = "the gateway flips one bit of a device's ciphertext";
        self.expect_refusal(attempt, 0, bytes, "bad-commitment").await?;

        let mut words = honest.words.clone();
        words[0] ^= 1;
        let label = honest.label.clone();
        let bytes = self.seal_as(label, words);
        let attempt = "the gateway flips a bit and commits to the result itself";
        self.expect_refusal(attempt, 0, bytes, "bad-signature").await
    }

    async fn inject(&mut self, sealed: &Sealed<C>) -> Result<(), DemoError> {
        let honest = &sealed.submission;
        let stranger: Name = "device-that-is-not".parse().expect("a name");
        let label = Label { device: stranger, ..honest.label.clone() };
        let bytes = self.seal_as(label, honest.words.clone());
        let attempt = "the gateway adds a device of its own";
        self.expect_refusal(attempt, 0, bytes, "unknown-device").await?;

        let label = Label { sequence: u64::MAX, ..honest.label.clone() };
        let bytes = self.seal_as(label, honest.words.clone());
        let attempt = "the gateway speaks in the name of a real device";
        self.expect_refusal(attempt, 0, bytes, "bad-signature").await
    }

    /// A submission that opens, signed with a key that nobody's roster lists.
    fn seal_as(&self, label: Label, words: Vec<u64>) -> Vec<u8> {
        let key = DeviceKey::generate(&mut OsRng);
        let commitment_key = &self.parties.profile.commitment_key;
        Submission::<C>::seal(label, words, commitment_key, &key, &mut OsRng).to_bytes()
    }

    async fn replay(&mut self, sealed: &Sealed<C>, round: &Round<C>) -> Result<(), DemoError> {
        let bytes = sealed.submission.to_bytes();
        let attempt = "the gateway hands in last epoch's submission for the next epoch";
        self.expect_refusal(attempt, 1, bytes.clone(), "wrong-epoch").await?;
        let attempt = "the gateway hands in the same submission again";
        self.expect_refusal(attempt, 0, bytes, "epoch-closed").await?;
        let attempt = "the appliance publishes the same result again";
        self.expect_rejection(attempt, &round.result, "result-replayed").await?;
        let mut relabelled = round.result.clone();
        relabelled.claim.epoch = 1;
        let attempt = "the appliance publishes last epoch's result as the next epoch's";
        self.expect_rejection(attempt, &relabelled, "result-rejected").await
    }

    /// The appliance concludes honestly, but publishes something else first.
    async fn forge(&mut self, sealed: &[Sealed<C>], start: Instant) -> Result<Round<C>, DemoError> {
        let bodies: Vec<_> = sealed.iter().map(|s| s.submission.to_bytes()).collect();
        let region = &self.parties.regions[0];
        let seal = start.elapsed();
        let before_intake = Instant::now();
        super::parties::all_accepted(&region.gateway.forward(0, &bodies).await?)?;
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
        let without_first = |aggregate: &[u64]| -> Vec<u64> {
            let first = &sealed[0].submission.words;
            aggregate.iter().zip(first).map(|(sum, word)| sum.wrapping_sub(*word)).collect()
        };
        let last = honest.aggregate.len() - 1;
        let mut forgeries = vec![
            ("the appliance adds to one word of the sum", honest.clone()),
            ("it leaves a device out of the sum that it lists as summed", honest.clone()),
            ("it proves the sum of the others, and calls it everyone's", honest.clone()),
            ("it counts a device twice", honest.clone()),
            ("it puts one device's commitment in the place of another's", honest.clone()),
        ];
        forgeries[0].1.aggregate[last] = honest.aggregate[last].wrapping_add(1 << 60);
        forgeries[1].1.aggregate = without_first(&honest.aggregate);
        forgeries[2].1.aggregate = without_first(&honest.aggregate);
        forgeries[2].1.proof = self.prove_without_first(sealed, honest);
        forgeries[3].1.claim.contributions[0].weight += 1;
        forgeries[4].1.claim.contributions[0].commitment = sealed[1].submission.commitment;
        for (attempt, forged) in forgeries {
            self.expect_rejection(attempt, &forged, "result-rejected").await?;
        }
        Ok(())
    }

    /// A proof that holds, of the sum without the first device, in the honest claim's context.
    fn prove_without_first(&self, sealed: &[Sealed<C>], honest: &ProvedResult<C>) -> Proof<C> {
        let openings: Vec<_> = sealed[1..]
            .iter()
            .map(|sealed| &sealed.submission)
            .map(|s| Opening { commitment: s.commitment, words: &s.words, blinders: &s.blinders })
            .collect();
        let weights = vec![1; openings.len()];
        let context = honest.claim.context().0;
        let work = || self.parties.prover.prove(&openings, &weights, &context);
        tokio::task::block_in_place(work).expect("the others' sum is a true statement").1
    }
}
