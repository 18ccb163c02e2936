//! Encrypted alerts: questions that the authority computes on proved sums and decrypts, next to the same
//! computed in the clear. One question of each kind the appliance computes as well: its outputs must be the
//! authority's, word for word.

mod programs;
mod questions;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pulseproof_fhe::program::Program;
use pulseproof_fhe::program::plain::evaluate;
use pulseproof_fhe::{Layout, ListTotal, Totals};
use pulseproof_kernels::Curve;
use pulseproof_medguard::authority::questions::{Answer, OpenedBit, write_question};
use pulseproof_sdk::api::{EngineKind, JobRequest};
use pulseproof_sdk::fhe::{FheRequest, SumRef};
use pulseproof_sdk::{Name, Outputs};
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use tokio::task::JoinSet;

pub use self::programs::Question;
use self::questions::{Planned, plan};
use crate::parties::Parties;
use crate::report::counted_by_device;
use crate::rounds::Round;
use crate::{AlertOptions, DemoError, Progress, Stage};

/// The longest that an answer may take: others are computed at the same time, and before it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3600);

/// What was asked, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Alerts {
    /// What means are compared with, in the readings' unit.
    pub above: String,
    /// Questions with their answers.
    pub answers: Vec<Alert>,
    /// Questions that could not be asked.
    pub skipped: Vec<Skipped>,
    /// Milliseconds from the first question to the last answer.
    pub answered_ms: f64,
}

/// A question and its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Alert {
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: usize,
    /// What was asked.
    pub question: Question,
    /// The bits.
    pub bits: Vec<Bit>,
    /// Sums that it was computed on.
    pub sums: usize,
    /// Bootstraps.
    pub lookups: usize,
    /// Bootstraps one after the other.
    pub depth: usize,
    /// Who bootstrapped.
    pub engine: String,
    /// Milliseconds from the first bootstrap to the last, with those of other questions in between.
    pub compute_ms: f64,
    /// Whether all bits are those computed in the clear.
    pub equal: bool,
    /// Whether the outputs that the appliance computed and signed are those that the authority decrypted, if
    /// the appliance was asked too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_outputs: Option<bool>,
}

impl Alert {
    /// Whether bits and outputs are what they should be.
    pub(crate) fn holds(&self) -> bool {
        self.equal && self.same_outputs != Some(false)
    }
}

/// A bit, twice.
#[derive(Clone, Debug, Serialize)]
pub struct Bit {
    /// Its name in the program.
    pub name: String,
    /// As the authority decrypted it.
    pub encrypted: bool,
    /// As computed from the readings in the clear.
    pub plain: bool,
}

/// A question that was not asked.
#[derive(Clone, Debug, Serialize)]
pub struct Skipped {
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: usize,
    /// What would have been asked.
    pub question: Question,
    /// Why it was not.
    pub reason: String,
}

/// Asks everything, and compares every answer.
pub(crate) async fn ask<C: Curve>(
    parties: &Parties<C>,
    rounds: &[Round<C>],
    options: AlertOptions,
    progress: impl FnMut(Progress),
) -> Result<Alerts, DemoError> {
    let (planned, skipped) = plan(parties, rounds, options);
    let start = Instant::now();
    let found = ask_authority(parties, &planned, progress).await?;
    let answered_ms = start.elapsed().as_secs_f64() * 1e3;
    let both = planned.iter().zip(&found);
    let mut answers: Vec<_> =
        both.map(|(planned, answer)| compare(parties, planned, answer)).collect();
    for kind in Question::ALL {
        let Some(index) = planned.iter().position(|planned| planned.question == kind) else {
            continue;
        };
        let Planned { program, rounds, .. } = &planned[index];
        let outputs = ask_appliance(parties, program, rounds).await?;
        let same = outputs.is_signed_by(&parties.identity.public())
            && outputs.digest() == found[index].outputs;
        answers[index].same_outputs = Some(same);
    }
    let decimals = parties.profile.layout.request().scale.decimals;
    Ok(Alerts { above: decimal(options.above, decimals), answers, skipped, answered_ms })
}

/// The authority's answers, in order. Everything is asked at once, so that batches fill.
async fn ask_authority<C: Curve>(
    parties: &Parties<C>,
    planned: &[Planned<'_, C>],
    mut progress: impl FnMut(Progress),
) -> Result<Vec<Answer>, DemoError> {
    let mut waiting = JoinSet::new();
    for (index, planned) in planned.iter().enumerate() {
        let request = question(parties, planned)?;
        let authority = parties.authority.clone();
        waiting.spawn(async move { (index, authority.json(request).await) });
    }
    let mut answers = BTreeMap::new();
    while let Some(joined) = waiting.join_next().await {
        let (index, answer) = joined.map_err(std::io::Error::other)?;
        answers.insert(index, answer?);
        let (done, total) = (answers.len(), planned.len());
        progress(Progress { stage: Stage::Asking, done, total });
    }
    Ok(answers.into_values().collect())
}

/// A question as the authority takes it.
fn question<C: Curve>(
    parties: &Parties<C>,
    planned: &Planned<'_, C>,
) -> Result<RequestBuilder, DemoError> {
    let results: Vec<_> = planned.rounds.iter().map(|round| &round.result_bytes).collect();
    let body = write_question(&planned.program, &results).map_err(std::io::Error::from)?;
    let request = parties.authority.request(Method::POST, "/v1/answers").body(body);
    Ok(request.timeout(ANSWER_TIMEOUT))
}

/// What the appliance computes of a program on these rounds.
pub(crate) async fn ask_appliance<C: Curve>(
    parties: &Parties<C>,
    program: &Program,
    rounds: &[&Round<C>],
) -> Result<Outputs, DemoError> {
    let sum = |round: &&Round<C>| {
        let claim = &round.result.claim;
        SumRef::own(claim.region.clone(), claim.epoch)
    };
    let request = JobRequest::Fhe(Box::new(FheRequest {
        key: parties.evaluation_key.ok_or(DemoError::NoEvaluationKey)?,
        engine: EngineKind::Exact,
        layout: *parties.profile.layout.request(),
        sums: rounds.iter().map(sum).collect(),
        words: Vec::new(),
        program: program.clone(),
    }));
    let job = parties.appliance.create_job(&request).await?;
    let job = parties.appliance.wait(&job.id).await?;
    let bytes = parties.appliance.result(&job.id).await?;
    Outputs::from_bytes(&bytes).map_err(|error| DemoError::BadResult(error.to_string()))
}

/// raw·10^-decimals, as text.
fn decimal(raw: i64, decimals: u32) -> String {
    let digits = usize::try_from(decimals).unwrap_or(0);
    let sign = if raw < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", raw.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// An answer, next to the same computed in the clear.
fn compare<C: Curve>(parties: &Parties<C>, planned: &Planned<'_, C>, answer: &Answer) -> Alert {
    let plain = plain(parties, planned);
    let bit = |(opened, &plain): (&OpenedBit, &u128)| Bit {
        name: opened.name.clone(),
        encrypted: opened.value,
        plain: plain == 1,
    };
    let bits: Vec<_> = answer.bits.iter().zip(&plain).map(bit).collect();
    Alert {
        region: planned.newest.result.claim.region.clone(),
        epoch: planned.newest.epoch,
        question: planned.question,
        equal: answer.bits.len() == plain.len()
            && bits.iter().all(|bit| bit.encrypted == bit.plain),
        bits,
        sums: planned.rounds.len(),
        lookups: planned.estimate.lookups,
        depth: planned.estimate.depth,
        engine: answer.engine.clone(),
        compute_ms: Duration::from_micros(answer.compute_us).as_secs_f64() * 1e3,
        same_outputs: None,
    }
}

/// What the program means on the readings of the devices that were summed: if nothing, no answer equals it.
fn plain<C: Curve>(parties: &Parties<C>, planned: &Planned<'_, C>) -> Vec<u128> {
    let layout = &parties.profile.layout;
    let total = |round: &Round<C>, total| -> u128 {
        let devices = counted_by_device(parties, round);
        devices.map(|readings| list_total(layout, readings, total)).sum()
    };
    let sum =
        |index: usize, of| i128::try_from(total(planned.rounds[index], of)).unwrap_or(i128::MAX);
    evaluate(&planned.program, sum, |_| 0).unwrap_or_default()
}

/// What one device adds to a total; a mean is rounded, a half upwards.
fn list_total(layout: &Layout, readings: &[i64], total: ListTotal) -> u128 {
    let totals = Totals::of_readings(layout, readings.iter().copied());
    match total {
        ListTotal::Count => totals.count,
        ListTotal::Inside => totals.inside,
        ListTotal::Sum => totals.sum,
        ListTotal::Mean if totals.count == 0 => 0,
        ListTotal::Mean => (2 * totals.sum + totals.count) / (2 * totals.count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_values_are_shown_in_their_unit() {
        assert_eq!(decimal(140, 0), "140");
        assert_eq!(decimal(375, 1), "37.5");
        assert_eq!(decimal(-5, 2), "-0.05");
    }
}
