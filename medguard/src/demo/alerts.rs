//! Encrypted alerts: questions that the authority computes on proved sums and opens, next to the same
//! computed in the clear. One question of each kind the appliance computes as well: its outputs must be the
//! authority's, word for word.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pulseproof_fhe::program::plain::evaluate;
use pulseproof_fhe::program::{Estimate, Given, Program};
use pulseproof_fhe::{Layout, LayoutRequest, ListTotal, Totals};
use pulseproof_kernels::Curve;
use pulseproof_sdk::api::{EngineKind, JobRequest};
use pulseproof_sdk::fhe::{FheRequest, SumRef};
use pulseproof_sdk::{Name, Outputs};
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use tokio::task::JoinSet;

use super::parties::{Parties, Round};
use super::report::counted_by_device;
use super::{AlertOptions, DemoError, Progress, Stage};
use crate::alerts::{self, Question, WINDOW_MAX, WINDOW_MIN};
use crate::authority::questions::{Answer, OpenedBit, write_question};

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
    /// Whether the outputs that the appliance computed and signed are those that the authority opened, if
    /// the appliance was asked too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_outputs: Option<bool>,
}

impl Alert {
    /// Whether bits and outputs are what they should be.
    pub(super) fn holds(&self) -> bool {
        self.equal && self.same_outputs != Some(false)
    }
}

/// A bit, twice.
#[derive(Clone, Debug, Serialize)]
pub struct Bit {
    /// Its name in the program.
    pub name: String,
    /// As the authority opened it.
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

/// A question before it is asked.
struct Asked<'a, C: Curve> {
    question: Question,
    program: Program,
    estimate: Estimate,
    /// What it is asked of, in the program's order.
    rounds: Vec<&'a Round<C>>,
    newest: &'a Round<C>,
}

/// Asks everything at once, so that batches fill, and compares every answer.
pub(super) async fn ask<C: Curve>(
    parties: &Parties<C>,
    rounds: &[Round<C>],
    options: AlertOptions,
    mut progress: impl FnMut(Progress),
) -> Result<Alerts, DemoError> {
    let (asked, skipped) = questions(parties, rounds, options);
    let start = Instant::now();
    let mut waiting = JoinSet::new();
    for (index, question) in asked.iter().enumerate() {
        let request = question.request(parties)?;
        let authority = parties.authority.clone();
        waiting.spawn(async move { (index, authority.json::<Answer>(request).await) });
    }
    let mut answered = BTreeMap::new();
    while let Some(joined) = waiting.join_next().await {
        let (index, answer) = joined.map_err(std::io::Error::other)?;
        answered.insert(index, answer?);
        let (done, total) = (answered.len(), asked.len());
        progress(Progress { stage: Stage::Asking, done, total });
    }
    let answered_ms = start.elapsed().as_secs_f64() * 1e3;
    let mut answers: Vec<_> = asked
        .iter()
        .zip(answered.values())
        .map(|(question, answered)| compare(parties, question, answered))
        .collect();
    for kind in [Question::Above, Question::Spike, Question::Trend] {
        let Some(index) = asked.iter().position(|question| question.question == kind) else {
            continue;
        };
        let Asked { program, rounds, .. } = &asked[index];
        let outputs = compute(parties, program, rounds).await?;
        let same = outputs.is_signed_by(&parties.identity.public())
            && outputs.digest() == answered[&index].outputs;
        answers[index].same_outputs = Some(same);
    }
    let decimals = parties.profile.layout.request().scale.decimals;
    Ok(Alerts { above: decimal(options.above, decimals), answers, skipped, answered_ms })
}

impl<C: Curve> Asked<'_, C> {
    /// The question as the authority takes it.
    fn request(&self, parties: &Parties<C>) -> Result<RequestBuilder, DemoError> {
        let results: Vec<_> = self.rounds.iter().map(|round| &round.result_bytes).collect();
        let body = write_question(&self.program, &results).map_err(std::io::Error::from)?;
        let request = parties.authority.request(Method::POST, "/v1/answers").body(body);
        Ok(request.timeout(ANSWER_TIMEOUT))
    }
}

/// What the appliance computes of a program on these rounds.
pub(super) async fn compute<C: Curve>(
    parties: &Parties<C>,
    program: &Program,
    rounds: &[&Round<C>],
) -> Result<Outputs, DemoError> {
    let request = JobRequest::Fhe(Box::new(request(parties, program, rounds)?));
    let job = parties.appliance.create_job(&request).await?;
    let job = parties.appliance.wait(&job.id).await?;
    let bytes = parties.appliance.result(&job.id).await?;
    Outputs::from_bytes(&bytes).map_err(|error| DemoError::Result(error.to_string()))
}

/// raw·10^-decimals, as text.
fn decimal(raw: i64, decimals: u32) -> String {
    let digits = usize::try_from(decimals).unwrap_or(0);
    let sign = if raw < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", raw.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn request<C: Curve>(
    parties: &Parties<C>,
    program: &Program,
    rounds: &[&Round<C>],
) -> Result<FheRequest, DemoError> {
    let sum = |round: &&Round<C>| {
        let claim = &round.result.claim;
        SumRef::own(claim.region.clone(), claim.epoch)
    };
    let no_key = || DemoError::Result("the authority has no evaluation key".to_owned());
    Ok(FheRequest {
        key: parties.evaluation_key.ok_or_else(no_key)?,
        engine: EngineKind::Exact,
        layout: *parties.profile.layout.request(),
        sums: rounds.iter().map(sum).collect(),
        words: Vec::new(),
        program: program.clone(),
    })
}

/// An answer, next to the same computed in the clear.
fn compare<C: Curve>(parties: &Parties<C>, asked: &Asked<'_, C>, answered: &Answer) -> Alert {
    let plain = plain(parties, asked);
    let bit = |(answer, &plain): (&OpenedBit, &u128)| Bit {
        name: answer.name.clone(),
        encrypted: answer.value,
        plain: plain == 1,
    };
    let bits: Vec<_> = answered.bits.iter().zip(&plain).map(bit).collect();
    Alert {
        region: asked.newest.result.claim.region.clone(),
        epoch: asked.newest.epoch,
        question: asked.question,
        equal: answered.bits.len() == plain.len()
            && bits.iter().all(|bit| bit.encrypted == bit.plain),
        bits,
        sums: asked.rounds.len(),
        lookups: asked.estimate.lookups,
        depth: asked.estimate.depth,
        engine: answered.engine.clone(),
        compute_ms: Duration::from_micros(answered.compute_us).as_secs_f64() * 1e3,
        same_outputs: None,
    }
}

/// What the program means on the readings of the devices that were summed.
fn plain<C: Curve>(parties: &Parties<C>, asked: &Asked<'_, C>) -> Vec<u128> {
    let layout = &parties.profile.layout;
    let total = |round: &Round<C>, total| -> u128 {
        let devices = counted_by_device(parties, round);
        devices.map(|readings| list_total(layout, readings, total)).sum()
    };
    let sum =
        |index: usize, of| i128::try_from(total(asked.rounds[index], of)).unwrap_or(i128::MAX);
    evaluate(&asked.program, sum, |_| 0)
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

/// What can be asked of these rounds, and what not.
fn questions<'a, C: Curve>(
    parties: &Parties<C>,
    rounds: &'a [Round<C>],
    options: AlertOptions,
) -> (Vec<Asked<'a, C>>, Vec<Skipped>) {
    let layout = &parties.profile.layout;
    let (mut asked, mut skipped) = (Vec::new(), Vec::new());
    for region in 0..parties.regions.len() {
        let mut mine: Vec<_> = rounds.iter().filter(|round| round.region == region).collect();
        mine.sort_by_key(|round| round.epoch);
        let drafts = drafts(layout, &mine, options);
        for (question, newest, rounds, program) in drafts {
            let checked = program.and_then(|program| compiles(layout, program, &rounds));
            match checked {
                Ok((program, estimate)) => {
                    asked.push(Asked { question, program, estimate, rounds, newest });
                }
                Err(reason) => skipped.push(Skipped {
                    region: newest.result.claim.region.clone(),
                    epoch: newest.epoch,
                    question,
                    reason,
                }),
            }
        }
    }
    (asked, skipped)
}

type Draft<'a, C> = (Question, &'a Round<C>, Vec<&'a Round<C>>, Result<Program, String>);

/// The questions of a region, whose rounds come oldest first.
fn drafts<'a, C: Curve>(
    layout: &Layout,
    rounds: &[&'a Round<C>],
    options: AlertOptions,
) -> Vec<Draft<'a, C>> {
    let request = layout.request();
    let too_large = || "its numbers do not fit the packing".to_owned();
    let off_scale = || format!("{} is not on the scale", options.above);
    let recent = rounds.len().saturating_sub(options.epochs);
    let mut drafts: Vec<Draft<'a, C>> = rounds[recent..]
        .iter()
        .map(|&round| {
            let program = alerts::above(request, options.above).ok_or_else(off_scale);
            (Question::Above, round, vec![round], program)
        })
        .collect();
    let Some((&newest, before)) = rounds.split_last() else { return drafts };
    let window = &before[before.len().saturating_sub(WINDOW_MAX)..];
    let enough = if window.len() >= WINDOW_MIN {
        Ok(())
    } else {
        Err(format!("{} epochs before it, at least {WINDOW_MIN} are needed", window.len()))
    };
    let newest_first: Vec<_> = [newest].into_iter().chain(window.iter().copied()).collect();
    let oldest_first: Vec<_> = window.iter().copied().chain([newest]).collect();
    let program = |rounds: &[&Round<C>], make: fn(&LayoutRequest, &[u32]) -> Option<Program>| {
        enough.clone()?;
        let weights: Option<Vec<u32>> = rounds.iter().map(|round| weight(round)).collect();
        weights.and_then(|weights| make(request, &weights)).ok_or_else(too_large)
    };
    let spike = program(&newest_first, alerts::spike);
    let trend = program(&oldest_first, alerts::trend);
    drafts.push((Question::Spike, newest, newest_first, spike));
    drafts.push((Question::Trend, newest, oldest_first, trend));
    drafts
}

fn weight<C: Curve>(round: &Round<C>) -> Option<u32> {
    u32::try_from(round.result.claim.total_weight()?).ok()
}

/// The program and its cost, if it compiles.
fn compiles<C: Curve>(
    layout: &Layout,
    program: Program,
    rounds: &[&Round<C>],
) -> Result<(Program, Estimate), String> {
    let summands = rounds.iter().map(|round| round.result.claim.total_weight().unwrap_or(u64::MAX));
    let summands: Vec<_> = summands.collect();
    match program.compile(Given { layout, summands: &summands, words: 0 }) {
        Ok(compiled) => Ok((program, compiled.estimate)),
        Err(error) => Err(error.to_string()),
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
