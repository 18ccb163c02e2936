//! A gateway that tampers with readings.

use std::time::Instant;

use pulseproof_kernels::Curve;
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::submission::Label;
use pulseproof_sdk::{Name, ProvedResult, Submission};
use rand::rngs::OsRng;
use reqwest::Method;

use super::super::DemoError;
use super::super::parties::{Round, Sealed};
use super::Cheat;

impl<C: Curve> Cheat<'_, C> {
    /// The gateway withholds a submission; everything after it is honest, and the device audits.
    pub(super) async fn drop_device(
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

    pub(super) async fn alter(&mut self, sealed: &Sealed<C>) -> Result<(), DemoError> {
        let honest = &sealed.submission;
        let bytes = honest.to_bytes();
        let mut flipped = Submission::<C>::from_bytes(&bytes, honest.words.len())
            .map_err(|error| DemoError::Result(error.to_string()))?;
        flipped.words[0] ^= 1;
        let attempt = "the gateway flips one bit of a device's ciphertext";
        self.expect_refusal(attempt, 0, flipped.to_bytes(), "bad-commitment").await?;

        let mut words = honest.words.clone();
        words[0] ^= 1;
        let label = honest.label.clone();
        let bytes = self.seal_as(label, words);
        let attempt = "the gateway flips a bit and commits to the result itself";
        self.expect_refusal(attempt, 0, bytes, "bad-signature").await
    }

    pub(super) async fn inject(&mut self, sealed: &Sealed<C>) -> Result<(), DemoError> {
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

    pub(super) async fn replay(
        &mut self,
        sealed: &Sealed<C>,
        round: &Round<C>,
    ) -> Result<(), DemoError> {
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
}
