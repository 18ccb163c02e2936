//! Times, and how they are taken: in turn, so that a disturbance meets all alike, after a round that
//! warms caches and is not counted.

use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use pulseproof_fhe::bootstrap::engine::EngineError;
use pulseproof_kernels::Error;
use pulseproof_kernels::cpu::Cpu;
use serde::Serialize;

/// Milliseconds that `work` takes, and what it gives.
pub fn time<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = black_box(work());
    (start.elapsed().as_secs_f64() * 1e3, result)
}

/// Sorts, and gives the middle.
///
/// # Panics
/// If there are no values.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Times of one subject, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Times {
    /// Median.
    pub median_ms: f64,
    /// Least.
    pub min_ms: f64,
    /// Most.
    pub max_ms: f64,
}

/// Why something was not measured.
#[derive(Debug)]
pub enum BenchError {
    /// A backend's error.
    Kernel(Error),
    /// An engine's error.
    Engine(EngineError),
    /// No roots of unity of this order.
    Size {
        /// log2 of the size.
        log_n: u32,
    },
    /// A subject computes something else than arkworks: its time is of no interest.
    Wrong {
        /// Its name.
        subject: String,
    },
    /// A peer that this program was built without.
    LeftOut {
        /// Its name.
        peer: String,
    },
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kernel(error) => error.fmt(f),
            Self::Engine(error) => error.fmt(f),
            Self::Size { log_n } => write!(f, "the field has no transform of size 2^{log_n}"),
            Self::Wrong { subject } => {
                write!(f, "{subject} and arkworks differ: nothing was timed")
            }
            Self::LeftOut { peer } => {
                write!(f, "{peer} was left out of this program: build with the feature peers")
            }
        }
    }
}

impl std::error::Error for BenchError {}

impl From<Error> for BenchError {
    fn from(error: Error) -> Self {
        Self::Kernel(error)
    }
}

/// Something that is timed.
pub struct Subject<'a> {
    /// Its name.
    pub name: String,
    /// Whether it is a peer rather than ours.
    pub is_peer: bool,
    /// The first run with all that comes before it: compilation, tables, uploads.
    pub cold_ms: Option<f64>,
    /// Bytes per second that were copied where it computes, if that was measured.
    pub bandwidth: Option<f64>,
    /// One run.
    pub run: Box<dyn FnMut() -> Result<(), Error> + 'a>,
}

impl<'a> Subject<'a> {
    /// A peer, which has nothing to prepare.
    pub fn peer(name: &str, run: impl FnMut() -> Result<(), Error> + 'a) -> Self {
        let run = Box::new(run);
        Self { name: name.to_owned(), is_peer: true, cold_ms: None, bandwidth: None, run }
    }
}

/// Runs all subjects in turn, once to warm up and `runs` times that count.
///
/// # Errors
/// A subject's.
pub fn interleave(subjects: &mut [Subject<'_>], runs: usize) -> Result<Vec<Times>, Error> {
    let mut all = vec![Vec::new(); subjects.len()];
    for round in 0..=runs.max(1) {
        for (subject, times) in subjects.iter_mut().zip(&mut all) {
            let (elapsed, result) = time(&mut subject.run);
            result?;
            if round > 0 {
                times.push(elapsed);
            }
        }
    }
    let summary = |times: &mut Vec<f64>| {
        let median_ms = median(times);
        Times { median_ms, min_ms: times[0], max_ms: times[times.len() - 1] }
    };
    Ok(all.iter_mut().map(summary).collect())
}

/// Peak resident memory of this process in megabytes, where the system tells.
pub fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// The instructions that the CPU's subjects of ours use.
pub fn simd() -> String {
    Cpu::new().instructions().to_string()
}

/// The CPU's name.
pub fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warm_up_does_not_count_and_all_take_turns() {
        let order = std::cell::RefCell::new(String::new());
        let subject = |name: &'static str| Subject {
            name: name.to_owned(),
            is_peer: false,
            cold_ms: None,
            bandwidth: None,
            run: Box::new(|| {
                order.borrow_mut().push_str(name);
                Ok(())
            }),
        };
        let times = interleave(&mut [subject("a"), subject("b")], 2).unwrap();
        assert_eq!(*order.borrow(), "ababab");
        assert!(times.iter().all(|t| t.min_ms <= t.median_ms && t.median_ms <= t.max_ms));
        assert!((median(&mut [3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
