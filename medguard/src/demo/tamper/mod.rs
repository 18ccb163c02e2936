//! A device, a gateway, an appliance or somebody who asks that cheats, and who catches it.
//!
//! Every attempt goes over HTTP to the same services that honest parties use. An appliance that cheats has its
//! signing key, so that signatures are not what catches it.
//!
//! - [`devices`]: devices. [`readings`]: gateways. [`sums`]: appliances that sum. [`questions`]: whoever asks the authority, and
//!   appliances that compute.

mod devices;
mod questions;
mod readings;
mod sums;

use std::fmt;
use std::str::FromStr;
use std::time::Instant;

use pulseproof_kernels::Curve;
use pulseproof_sdk::ProvedResult;
use pulseproof_sdk::client::ClientError;
use serde::Serialize;

use self::devices::Malformed;
use super::parties::{Parties, Round, describe};
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
    /// Somebody asks questions whose answers would be bits of the authority's key.
    StealKey,
    /// The appliance proves a second sum of an epoch, less one device.
    Subtract,
    /// People who are none: lists without readings, and one person in two rosters.
    Sybil,
    /// A device hands in words that are no encryption of readings.
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
    pub(super) fn asks(self) -> bool {
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
    // An epoch that is nobody's, in which all but one have no readings.
    let empty = if kind == Tamper::Sybil { parties.seal_alone(0)? } else { Vec::new() };
    let malformed = (kind == Tamper::Malform).then(|| Malformed::of(parties, &sealed));
    let mut cheat = Cheat { parties, attempts: Vec::new() };
    let mut left_out = 0;
    if let Some(malformed) = &malformed {
        rounds.push(cheat.malform(&sealed, malformed, start).await?);
    }
    match kind {
        Tamper::Malform => {}
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
        Tamper::StealKey => {
            let round = cheat.parties.finish(0, 0, &sealed, start).await?;
            cheat.steal_key(&round).await?;
            rounds.push(round);
        }
        Tamper::Subtract => {
            let round = cheat.parties.finish(0, 0, &sealed, start).await?;
            cheat.subtract(&sealed, &round).await?;
            rounds.push(round);
        }
        Tamper::Sybil => {
            rounds.push(cheat.parties.finish(0, 0, &sealed, start).await?);
            cheat.sybil(empty).await?;
        }
        Tamper::LieProgram => {
            let round = cheat.parties.finish(0, 0, &sealed, start).await?;
            cheat.lie(&round).await?;
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

    /// Hands a result, signed by the appliance, to the cloud and expects it to refuse it for this reason.
    async fn expect_rejection(
        &mut self,
        attempt: &str,
        result: &ProvedResult<C>,
        reason: &str,
    ) -> Result<(), DemoError> {
        let ProvedResult { claim, aggregate, proof, .. } = result.clone();
        let signed = ProvedResult::signed(claim, aggregate, proof, &self.parties.identity);
        let answer = self.parties.deliver(&signed.to_bytes()).await;
        self.expect(attempt, "cloud", answer, reason)
    }

    /// Expects that somebody refused for this reason.
    fn expect<T>(
        &mut self,
        attempt: &str,
        who: &str,
        answer: Result<T, ClientError>,
        reason: &str,
    ) -> Result<(), DemoError> {
        match answer {
            Err(ClientError::Problem(problem)) if problem.is(reason) => {
                self.record(attempt, Some(who.to_owned()), describe(&problem));
            }
            Err(ClientError::Problem(problem)) => {
                let how = format!("refused for another reason: {}", describe(&problem));
                self.record(attempt, None, how);
            }
            Err(error) => return Err(error.into()),
            Ok(_) => self.record(attempt, None, format!("the {who} accepted it")),
        }
        Ok(())
    }
}
