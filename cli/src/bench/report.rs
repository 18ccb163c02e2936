//! What a bench of a kernel says: the same table, JSON and plot for all of them.

use std::collections::BTreeMap;

use pulseproof_kernels::Error;
use pulseproof_kernels::backend::BackendKind;
use serde::Serialize;

use super::limits::{Limit, Machine, OperationCost, memory_limit};
use super::measure::{Subject, Times, interleave, processor, simd};

/// A point of a bench: one shape.
#[derive(Clone, Debug)]
pub struct Shape {
    /// log2 of the size.
    pub log_n: u32,
    /// Transforms, vectors or multiplications at once.
    pub batch: usize,
    /// What throughput counts, in one run.
    pub items: f64,
    /// The least work that this is.
    pub work: OperationCost,
    /// What this work is, in words.
    pub why: String,
}

/// One subject at one shape.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// log2 of the size.
    pub log_n: u32,
    /// How many at once.
    pub batch: usize,
    /// Who: a backend, or a peer.
    pub subject: String,
    /// Whether it is a peer.
    pub is_peer: bool,
    /// The first run with compilation, tables and uploads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cold_ms: Option<f64>,
    /// Warm runs.
    #[serde(flatten)]
    pub times: Times,
    /// Items per second, see the report's `unit`.
    pub per_second: f64,
    /// This median over each peer's, measured in turn with it: below 1 is faster.
    pub to_peer: BTreeMap<String, f64>,
    /// How far from the hardware's limit; ours alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
}

/// Everything measured in one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `ntt`, `msm` or `field`.
    pub kernel: String,
    /// Field or group, and whatever else does not vary.
    pub over: String,
    /// What `per_second` counts.
    pub unit: String,
    /// Repetitions, interleaved, after one to warm up.
    pub runs: usize,
    /// Processor.
    pub processor: String,
    /// The CPU's instructions that our kernels use.
    pub simd: String,
    /// Threads that the CPU's subjects share.
    pub threads: usize,
    /// Version of Pulseproof.
    pub version: String,
    /// What was measured.
    pub rows: Vec<Row>,
    /// What was not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
}

/// A size that was not measured.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// log2 of the size.
    pub log_n: u32,
    /// Why.
    pub reason: String,
}

impl Report {
    /// A report without rows.
    pub fn new(kernel: &str, over: String, unit: &str, runs: usize) -> Self {
        Self {
            kernel: kernel.to_owned(),
            over,
            unit: unit.to_owned(),
            runs,
            processor: processor(),
            simd: simd(),
            threads: rayon::current_num_threads(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rows: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Takes notice of what became of a size. One that was not measured is no reason to keep others back.
    pub fn outcome<E: ToString>(&mut self, log_n: u32, measured: Result<(), E>) {
        if let Err(error) = measured {
            self.failures.push(Failure { log_n, reason: error.to_string() });
        }
    }

    /// Measures all subjects at a shape.
    ///
    /// # Errors
    /// A subject's.
    pub fn measure(
        &mut self,
        machine: &Machine,
        shape: &Shape,
        subjects: &mut [Subject<'_>],
    ) -> Result<(), Error> {
        let times = interleave(subjects, self.runs)?;
        let peers: Vec<(String, f64)> = subjects
            .iter()
            .zip(&times)
            .filter(|(subject, _)| subject.is_peer)
            .map(|(subject, times)| (subject.name.clone(), times.median_ms))
            .collect();
        for (subject, times) in subjects.iter().zip(times) {
            let limit = limit(machine, shape, subject, times.median_ms);
            self.rows.push(Row {
                log_n: shape.log_n,
                batch: shape.batch,
                subject: subject.name.clone(),
                is_peer: subject.is_peer,
                cold_ms: subject.cold_ms,
                times,
                per_second: shape.items / (times.median_ms / 1e3),
                to_peer: peers
                    .iter()
                    .map(|(name, ms)| (name.clone(), times.median_ms / ms))
                    .collect(),
                limit,
            });
        }
        Ok(())
    }
}

/// Multipliers are measured on the CPU only, memory wherever there is any.
fn limit(machine: &Machine, shape: &Shape, subject: &Subject<'_>, median_ms: f64) -> Option<Limit> {
    let on_processor = subject.name == BackendKind::Cpu.to_string();
    match subject.bandwidth {
        _ if subject.is_peer => None,
        Some(bandwidth) => Some(memory_limit(shape.work, &shape.why, bandwidth, median_ms)),
        None if on_processor => Some(machine.limit(shape.work, &shape.why, median_ms)),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measure::BenchError;

    #[test]
    fn a_size_that_fails_is_said_beside_the_others() {
        let mut report = Report::new("ntt", "bn254".to_owned(), "elements", 3);
        report.outcome::<BenchError>(3, Ok(()));
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json.get("failures"), None);
        report.outcome(99, Err(BenchError::Size { log_n: 99 }));
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["failures"][0]["log_n"], 99);
        assert!(json["failures"][0]["reason"].as_str().unwrap().contains("2^99"));
    }
}
