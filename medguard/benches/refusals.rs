//! Whether the time of the authority's answer tells more than the answer: results with enough readings and
//! with too few, in turn by coin. Prints both classes' medians and Welch's t; |t| below 4.5 is how
//! leakage tests say that they see no difference (Goodwill et al., "A testing methodology for side-channel
//! resistance validation", 2011).
//!
//!     cargo bench --workspace --bench refusals

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![allow(clippy::print_stdout, reason = "what a bench found is printed")]

// Cargo has no other way for a bench to share code with tests but the library, which has no use for it.
#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../tests/parties/world.rs"]
mod world;

use std::sync::Arc;
use std::time::Instant;

use pulseproof_fhe::program::library;
use pulseproof_medguard::authority::Authority;
use pulseproof_medguard::authority::questions::write_question;
use pulseproof_sdk::{ProvedResult, Roster};
use rand::Rng;
use rand::rngs::OsRng;
use world::{C, World, query};

/// Queries for totals, and questions.
const QUERIES: u64 = 400;
const QUESTIONS: u64 = 60;

/// Times in milliseconds by whether there was an answer.
#[derive(Default)]
struct Classes([Vec<f64>; 2]);

impl Classes {
    fn say(&mut self, what: &str) {
        for times in &mut self.0 {
            times.sort_by(f64::total_cmp);
        }
        let [refused, answered] = &self.0;
        let median = |times: &[f64]| times[times.len() / 2];
        println!(
            "{what}: refused {:.3} ms ({}), answered {:.3} ms ({}), t = {:.2}",
            median(refused),
            refused.len(),
            median(answered),
            answered.len(),
            welch(refused, answered)
        );
    }
}

/// The slowest tenth of each class is the machine's other work.
fn welch(left: &[f64], right: &[f64]) -> f64 {
    let [(m, v), (n, w)] = [left, right].map(|times| {
        let times = &times[..times.len() * 9 / 10];
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    (m - n) / (v + w).sqrt()
}

/// A result of three people, who have two readings each or one.
fn result(world: &World, roster: &Roster, epoch: u64, is_enough: bool) -> ProvedResult<C> {
    let readings: &[i64] = if is_enough { &[3, 2] } else { &[3] };
    world.sum(roster, epoch, &[0, 1, 2], readings)
}

async fn measure(world: &World, roster: &Roster, authority: &Arc<Authority<C>>) {
    let (mut totals, mut bits) = (Classes::default(), Classes::default());
    let program = library::mean_above(2);
    for epoch in 0..QUERIES + QUESTIONS {
        let is_enough = OsRng.gen_bool(0.5);
        let result = result(world, roster, epoch, is_enough);
        let (classes, answered, took) = if epoch < QUERIES {
            let query = query(&[&result]);
            let start = Instant::now();
            let answer = authority.decrypt(query).await;
            (&mut totals, answer.is_ok(), start.elapsed())
        } else {
            let question = write_question(&program, &[result.to_bytes()]).unwrap();
            let start = Instant::now();
            let answer = authority.answer(question).await;
            (&mut bits, answer.is_ok(), start.elapsed())
        };
        assert_eq!(answered, is_enough, "epoch {epoch}");
        classes.0[usize::from(answered)].push(took.as_secs_f64() * 1e3);
    }
    totals.say("totals");
    bits.say("programs");
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let world = World::new(3);
        let roster = world.roster("north", &[0, 1, 2]);
        let vault = tempfile::tempdir().unwrap();
        let authority = world.open_for_questions(vault.path(), std::slice::from_ref(&roster)).await;
        measure(&world, &roster, &authority).await;
    });
}
