//! A device, a gateway, an appliance or somebody who asks that cheats, and who catches it.
//!
//! Every attempt goes over HTTP to the same services that honest parties use. An appliance that cheats has its
//! signing key, so that signatures are not what catches it.
//!
//! - [`devices`]: devices. [`people`]: whoever enrols them. [`readings`]: gateways. [`sums`]: appliances that sum.
//!   [`questions`]: whoever asks the authority, and appliances that compute.

mod devices;
mod people;
mod questions;
mod readings;
mod sums;

use std::fmt;
use std::str::FromStr;
use std::time::Instant;

use pulseproof_kernels::Curve;
use pulseproof_medguard::authority::{Decryption, write_query};
use pulseproof_sdk::client::ClientError;
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::submission::Label;
use pulseproof_sdk::{Problem, ProvedResult, Submission};
use rand::rngs::OsRng;
use reqwest::Method;
use serde::Serialize;

use crate::parties::Parties;
use crate::rounds::{Round, Sealed, describe};
use crate::{Attempt, DemoError, TamperReport};

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
    /// Somebody asks questions whose answers would be bits of the authority's key.
    StealKey,
    /// The appliance proves a second sum of an epoch, less one device.
    Subtract,
    /// People who are none: lists without readings, and one person in two rosters.
    Sybil,
    /// A device submits words that are no encryption of readings.
    Malform,
    /// The appliance answers another question than was asked.
    LieProgram,
}

impl Tamper {
    /// Every kind.
    pub const ALL: [Tamper; 10] = [
        Tamper::Drop,
        Tamper::Alter,
        Tamper::Inject,
        Tamper::Replay,
        Tamper::ForgeProof,
        Tamper::StealKey,
        Tamper::Subtract,
        Tamper::Sybil,
        Tamper::Malform,
        Tamper::LieProgram,
    ];

    /// Whether it takes an authority that answers questions.
    pub(crate) fn asks(self) -> bool {
        matches!(self, Tamper::StealKey | Tamper::Subtract | Tamper::LieProgram)
    }
}

impl fmt::Display for Tamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tamper::Drop => "drop",
            Tamper::Alter => "alter",
            Tamper::Inject => "inject",
            Tamper::Replay => "replay",
            Tamper::ForgeProof => "forge-proof",
            Tamper::StealKey => "steal-key",
            Tamper::Subtract => "subtract",
            Tamper::Sybil => "sybil",
            Tamper::Malform => "malform",
            Tamper::LieProgram => "lie-program",
        })
    }
}

impl FromStr for Tamper {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.to_string() == text);
        found.ok_or_else(|| {
            format!(
                "{text:?} is unknown: expected one of {}",
                Self::ALL.map(|k| k.to_string()).join(", ")
            )
        })
    }
}

/// Plays the cheat in the first region's first epoch, and concludes that epoch as honestly as the
/// cheat allows.
pub(crate) async fn play<C: Curve>(
    kind: Tamper,
    parties: &mut Parties<C>,
) -> Result<(Round<C>, TamperReport), DemoError> {
    let start = Instant::now();
    let sealed = parties.seal(0, 0)?;
    let mut cheat = Cheat { parties, attempts: Vec::new() };
    let round = cheat.round(kind, &sealed, start).await?;
    let attempts = cheat.attempts;
    let caught = !attempts.is_empty() && attempts.iter().all(|attempt| attempt.by.is_some());
    let left_out = usize::from(kind == Tamper::Drop);
    Ok((round, TamperReport { kind, caught, attempts, left_out }))
}

struct Cheat<'a, C: Curve> {
    parties: &'a mut Parties<C>,
    attempts: Vec<Attempt>,
}

impl<C: Curve> Cheat<'_, C> {
    /// The round in which it is played: before its submissions are sent, while it is proved, or after it.
    async fn round(
        &mut self,
        kind: Tamper,
        sealed: &[Sealed<C>],
        start: Instant,
    ) -> Result<Round<C>, DemoError> {
        match kind {
            Tamper::Drop => self.drop_device(sealed, start).await,
            Tamper::ForgeProof => self.forge(sealed, start).await,
            Tamper::Malform => self.malform(sealed, start).await,
            Tamper::Alter => {
                self.alter(&sealed[0]).await?;
                self.finish(sealed, start).await
            }
            Tamper::Inject => {
                self.inject(&sealed[0]).await?;
                self.finish(sealed, start).await
            }
            Tamper::Replay => {
                let round = self.finish(sealed, start).await?;
                self.replay(&sealed[0], &round).await?;
                Ok(round)
            }
            Tamper::StealKey => {
                let round = self.finish(sealed, start).await?;
                self.steal_key(&round).await?;
                Ok(round)
            }
            Tamper::Subtract => {
                let round = self.finish(sealed, start).await?;
                self.subtract(sealed, &round).await?;
                Ok(round)
            }
            Tamper::Sybil => {
                let round = self.finish(sealed, start).await?;
                self.sybil().await?;
                Ok(round)
            }
            Tamper::LieProgram => {
                let round = self.finish(sealed, start).await?;
                self.lie(&round).await?;
                Ok(round)
            }
        }
    }

    /// The honest rest of the round.
    async fn finish(&self, sealed: &[Sealed<C>], start: Instant) -> Result<Round<C>, DemoError> {
        self.parties.finish(0, 0, sealed, start).await
    }

    /// Notes an attempt that somebody noticed.
    fn caught(&mut self, attempt: impl Into<String>, by: impl Into<String>, how: String) {
        self.attempts.push(Attempt { attempt: attempt.into(), by: Some(by.into()), how });
    }

    /// Notes one that nobody did.
    fn missed(&mut self, attempt: impl Into<String>, how: impl Into<String>) {
        self.attempts.push(Attempt { attempt: attempt.into(), by: None, how: how.into() });
    }

    /// Notes an attempt: it is caught if it was refused for this reason.
    fn note(&mut self, attempt: &str, who: &str, refusal: Option<&Problem>, reason: &str) {
        match refusal {
            Some(problem) if problem.is(reason) => self.caught(attempt, who, describe(problem)),
            Some(problem) => {
                let how = format!("refused for another reason: {}", describe(problem));
                self.missed(attempt, how);
            }
            None => self.missed(attempt, format!("the {who} accepted it")),
        }
    }

    /// Expects that somebody refused for this reason.
    fn expect_refusal<T>(
        &mut self,
        attempt: &str,
        who: &str,
        answer: Result<T, ClientError>,
        reason: &str,
    ) -> Result<(), DemoError> {
        match answer {
            Ok(_) => self.note(attempt, who, None, reason),
            Err(ClientError::Problem(problem)) => self.note(attempt, who, Some(&problem), reason),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Hands in one submission and expects the appliance to refuse it for this reason.
    async fn submit_in_vain(
        &mut self,
        attempt: &str,
        epoch: u64,
        submission: &Submission<C>,
        reason: &str,
    ) -> Result<(), DemoError> {
        let gateway = &self.parties.regions[0].gateway;
        let intake = gateway.forward(epoch, &[submission.to_bytes()]).await?;
        let refusal = intake.refused.first().map(|refused| &refused.problem);
        self.note(attempt, "appliance", refusal, reason);
        Ok(())
    }

    /// Hands a result, signed by the appliance, to the cloud and expects it to refuse it for this reason.
    async fn publish_in_vain(
        &mut self,
        attempt: &str,
        result: &ProvedResult<C>,
        reason: &str,
    ) -> Result<(), DemoError> {
        let ProvedResult { claim, aggregate, proof, .. } = result.clone();
        let signed = ProvedResult::signed(claim, aggregate, proof, &self.parties.identity);
        let answer = self.parties.deliver(&signed.to_bytes()).await;
        self.expect_refusal(attempt, "cloud", answer, reason)
    }

    /// Has the authority decrypt a result's totals.
    async fn decrypt(&self, result: &ProvedResult<C>) -> Result<Decryption, ClientError> {
        let query = write_query(&result.aggregate, &[result.to_bytes()]);
        let authority = &self.parties.authority;
        authority.json(authority.request(Method::POST, "/v1/decryptions").body(query)).await
    }

    /// A submission of these words that opens, whoever signs it; there is no proof with it.
    fn seal_as(&self, label: Label, words: Vec<u64>, key: &DeviceKey) -> Submission<C> {
        let commitment_key = &self.parties.profile.commitment_key;
        Submission::seal(label, words, commitment_key, key, &mut OsRng)
    }
}
