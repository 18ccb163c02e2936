//! A gateway that tampers with readings.

use std::time::Instant;

use pulseproof_kernels::Curve;
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::submission::Label;
use pulseproof_sdk::{Name, Submission};
use rand::rngs::OsRng;
use reqwest::Method;

use super::Cheat;
use crate::DemoError;
use crate::rounds::{Round, Sealed, read_result};

impl<C: Curve> Cheat<'_, C> {
    /// The gateway withholds a submission; everything after it is honest, and the device audits.
    pub(super) async fn drop_device(
        &mut self,
        sealed: &[Sealed<C>],
        start: Instant,
    ) -> Result<Round<C>, DemoError> {
        let dropped = &sealed[0];
        let mut round = self.finish(&sealed[1..], start).await?;
        let device = &dropped.submission.label.device;
        let path = format!("/v1/results/{}/0", round.accepted.region);
        let cloud = &self.parties.cloud;
        let published = cloud.bytes(cloud.request(Method::GET, &path)).await?;
        let attempt = format!("the gateway withholds the submission of {device}");
        match dropped.receipt.audit(&read_result(&published)?) {
            Err(error) => self.caught(attempt, format!("device {device}"), error.to_string()),
            Ok(()) => self.missed(attempt, "the device found itself counted"),
        }
        // Hiding it does not help: a list of missing devices that leaves one out does not verify.
        let mut hidden = round.result.clone();
        hidden.claim.missing.clear();
        let attempt = "the appliance strikes the device from the list of missing ones";
        self.publish_in_vain(attempt, &hidden, "result-rejected").await?;
        round.receipts.push(dropped.receipt.clone());
        Ok(round)
    }

    /// It changes what a device submitted.
    pub(super) async fn alter(&mut self, sealed: &Sealed<C>) -> Result<(), DemoError> {
        let honest = &sealed.submission;
        let bytes = honest.to_bytes();
        let mut flipped = Submission::<C>::from_bytes(&bytes, honest.words.len())
            .map_err(|error| DemoError::BadResult(error.to_string()))?;
        flipped.words[0] ^= 1;
        let attempt = "the gateway flips one bit of a device's ciphertext";
        self.submit_in_vain(attempt, 0, &flipped, "bad-commitment").await?;

        let mut words = honest.words.clone();
        words[0] ^= 1;
        let label = honest.label.clone();
        let own = self.seal_as(label, words, &DeviceKey::generate(&mut OsRng));
        let attempt = "the gateway flips a bit and commits to the result itself";
        self.submit_in_vain(attempt, 0, &own, "bad-signature").await
    }

    /// It adds submissions of its own.
    pub(super) async fn inject(&mut self, sealed: &Sealed<C>) -> Result<(), DemoError> {
        let honest = &sealed.submission;
        let stranger: Name = "device-that-is-not".parse().expect("a name");
        let label = Label { device: stranger, ..honest.label.clone() };
        let key = DeviceKey::generate(&mut OsRng);
        let added = self.seal_as(label, honest.words.clone(), &key);
        let attempt = "the gateway adds a device of its own";
        self.submit_in_vain(attempt, 0, &added, "unknown-device").await?;

        let label = Label { sequence: u64::MAX, ..honest.label.clone() };
        let posed = self.seal_as(label, honest.words.clone(), &key);
        let attempt = "the gateway impersonates a real device";
        self.submit_in_vain(attempt, 0, &posed, "bad-signature").await
    }

    /// It presents what it had before again, and so does the appliance.
    pub(super) async fn replay(
        &mut self,
        sealed: &Sealed<C>,
        round: &Round<C>,
    ) -> Result<(), DemoError> {
        let old = &sealed.submission;
        let attempt = "the gateway submits last epoch's submission for the next epoch";
        self.submit_in_vain(attempt, 1, old, "wrong-epoch").await?;
        let attempt = "the gateway submits the same submission again";
        self.submit_in_vain(attempt, 0, old, "epoch-closed").await?;
        let attempt = "the appliance publishes the same result again";
        self.publish_in_vain(attempt, &round.result, "result-replayed").await?;
        let mut relabelled = round.result.clone();
        relabelled.claim.epoch = 1;
        let attempt = "the appliance publishes last epoch's result as the next epoch's";
        self.publish_in_vain(attempt, &relabelled, "result-rejected").await
    }
}
