//! Which questions can be asked of the rounds there are, and which cannot.

use pulseproof_fhe::program::{Estimate, Program, SumContext};
use pulseproof_fhe::{Layout, LayoutRequest};
use pulseproof_kernels::Curve;

use super::Skipped;
use super::programs::{self, Question, WINDOW_MAX, WINDOW_MIN};
use crate::AlertOptions;
use crate::parties::Parties;
use crate::rounds::Round;

/// A question that can be asked.
pub(super) struct Planned<'a, C: Curve> {
    pub question: Question,
    pub program: Program,
    pub estimate: Estimate,
    /// What it is asked of, in the program's order.
    pub rounds: Vec<&'a Round<C>>,
    pub newest: &'a Round<C>,
}

/// A question whose program may not exist, or not fit.
struct Draft<'a, C: Curve> {
    question: Question,
    program: Result<Program, String>,
    rounds: Vec<&'a Round<C>>,
    newest: &'a Round<C>,
}

/// What can be asked of these rounds, and what not.
pub(super) fn plan<'a, C: Curve>(
    parties: &Parties<C>,
    rounds: &'a [Round<C>],
    options: AlertOptions,
) -> (Vec<Planned<'a, C>>, Vec<Skipped>) {
    let layout = &parties.profile.layout;
    let (mut planned, mut skipped) = (Vec::new(), Vec::new());
    for region in 0..parties.regions.len() {
        let mut mine: Vec<_> = rounds.iter().filter(|round| round.region == region).collect();
        mine.sort_by_key(|round| round.epoch);
        let drafts = thresholds(layout.request(), &mine, options);
        for draft in drafts.into_iter().chain(windows(layout.request(), &mine)) {
            match draft.compile(layout) {
                Ok(question) => planned.push(question),
                Err(question) => skipped.push(question),
            }
        }
    }
    (planned, skipped)
}

/// Of each of a region's newest rounds, which come oldest first: whether its mean is above the threshold.
fn thresholds<'a, C: Curve>(
    layout: &LayoutRequest,
    rounds: &[&'a Round<C>],
    options: AlertOptions,
) -> Vec<Draft<'a, C>> {
    let off_scale = || format!("{} is not on the scale", options.above);
    let draft = |&round: &&'a Round<C>| Draft {
        question: Question::Above,
        program: programs::above(layout, options.above).ok_or_else(off_scale),
        rounds: vec![round],
        newest: round,
    };
    rounds[rounds.len().saturating_sub(options.epochs)..].iter().map(draft).collect()
}

/// Of a region's newest round and those before it: whether it is a spike, and where they tend.
fn windows<'a, C: Curve>(layout: &LayoutRequest, rounds: &[&'a Round<C>]) -> Vec<Draft<'a, C>> {
    let Some((&newest, before)) = rounds.split_last() else { return Vec::new() };
    let window = &before[before.len().saturating_sub(WINDOW_MAX)..];
    let newest_first: Vec<_> = [newest].into_iter().chain(window.iter().copied()).collect();
    let oldest_first: Vec<_> = window.iter().copied().chain([newest]).collect();
    let draft = |question, rounds: Vec<&'a Round<C>>, make: MakeProgram| Draft {
        question,
        program: program(layout, &rounds, make),
        rounds,
        newest,
    };
    vec![
        draft(Question::Spike, newest_first, programs::spike),
        draft(Question::Trend, oldest_first, programs::trend),
    ]
}

/// Makes a program of sums with these weights, if its numbers are not too large.
type MakeProgram = fn(&LayoutRequest, &[u32]) -> Option<Program>;

/// The program of an epoch and those before it, if there are enough.
fn program<C: Curve>(
    layout: &LayoutRequest,
    rounds: &[&Round<C>],
    make: MakeProgram,
) -> Result<Program, String> {
    let before = rounds.len() - 1;
    if before < WINDOW_MIN {
        return Err(format!("{before} epochs before it, at least {WINDOW_MIN} are needed"));
    }
    let weight = |round: &&Round<C>| u32::try_from(round.result.claim.total_weight()?).ok();
    let weights: Option<Vec<u32>> = rounds.iter().map(weight).collect();
    let made = weights.and_then(|weights| make(layout, &weights));
    made.ok_or_else(|| "its numbers do not fit the packing".to_owned())
}

impl<'a, C: Curve> Draft<'a, C> {
    /// The question with its cost, if its program compiles.
    fn compile(self, layout: &Layout) -> Result<Planned<'a, C>, Skipped> {
        let Self { question, program, rounds, newest } = self;
        let weight = |round: &&Round<C>| round.result.claim.total_weight().unwrap_or(u64::MAX);
        let summands: Vec<_> = rounds.iter().map(weight).collect();
        let given = SumContext { layout, summands: &summands, words: 0 };
        let compiled = program.and_then(|program| match program.compile(given) {
            Ok(compiled) => Ok((program, compiled.estimate)),
            Err(error) => Err(error.to_string()),
        });
        match compiled {
            Ok((program, estimate)) => Ok(Planned { question, program, estimate, rounds, newest }),
            Err(reason) => {
                let region = newest.result.claim.region.clone();
                Err(Skipped { region, epoch: newest.epoch, question, reason })
            }
        }
    }
}
