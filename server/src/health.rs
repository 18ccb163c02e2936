//! Which backends are in service. A device that fails at jobs which the CPU then does is used no more, whatever it was
//! asked: sums, circuits and programs are computed by the same hardware.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::api::Retried;

use crate::telemetry;

/// Longest reason that is stored and answered.
const REASON_CHARS_MAX: usize = 500;

/// How often each backend failed since the process began.
pub struct BackendHealth {
    failures: Mutex<HashMap<BackendKind, Failures>>,
    failures_max: u32,
}

/// Those of a backend.
struct Failures {
    count: u32,
    /// When the last one was counted.
    at: Instant,
    /// What it was.
    reason: String,
}

impl BackendHealth {
    /// All of these are in service, until they failed at `failures_max` jobs, or one if that is 0.
    pub fn new(kinds: impl IntoIterator<Item = BackendKind>, failures_max: u32) -> Self {
        for kind in kinds {
            telemetry::backend_in_service(kind, true);
        }
        Self { failures: Mutex::default(), failures_max: failures_max.max(1) }
    }

    /// Whether a backend is in service.
    pub fn is_usable(&self, kind: BackendKind) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(&kind).is_none_or(|failures| failures.count < self.failures_max)
    }

    /// What is to be said of backends that are out of service.
    pub fn out_of_service(&self, with_reasons: bool) -> Vec<String> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = failures.iter().filter(|(_, failures)| failures.count >= self.failures_max);
        let mut said: Vec<_> = gone
            .map(|(kind, Failures { count, reason, .. })| {
                let reason =
                    if with_reasons { format!(", at the last: {reason}") } else { String::new() };
                format!(
                    "{kind} is out of service: it failed at {count} jobs that the CPU did{reason}"
                )
            })
            .collect();
        said.sort();
        said
    }

    /// Takes notice that a backend failed at a job that it had begun then, and that the CPU did. Jobs that were at work
    /// when another one's failure was counted do not count: what ended that one may have ended them.
    pub fn failed(&self, kind: BackendKind, begun: Instant, reason: &str) {
        let (count, is_counted) = {
            let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
            match failures.get_mut(&kind) {
                Some(failures) if begun < failures.at => (failures.count, false),
                Some(failures) => {
                    failures.count = failures.count.saturating_add(1);
                    failures.at = Instant::now();
                    failures.reason = shortened(reason);
                    (failures.count, true)
                }
                None => {
                    let (at, reason) = (Instant::now(), shortened(reason));
                    failures.insert(kind, Failures { count: 1, at, reason });
                    (1, true)
                }
            }
        };
        telemetry::backend_failed(kind);
        tracing::warn!(backend = %kind, failures = count, "failed at a job that the CPU did");
        if is_counted && count == self.failures_max {
            telemetry::backend_in_service(kind, false);
            tracing::warn!(backend = %kind, failures = count, "out of service until the next start");
        }
    }
}

/// What a job says of the backend that failed at it.
pub fn retried(kind: BackendKind, reason: &str) -> Retried {
    let (backend, reason) = (kind.to_string(), shortened(reason));
    tracing::warn!(reason, backend, "failed; the CPU tries");
    Retried { backend, reason }
}

/// The start of a reason that others gave.
pub fn shortened(reason: &str) -> String {
    reason.chars().take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_at_work_when_a_failure_was_counted_does_not_count() {
        let health = BackendHealth::new([BackendKind::Cuda], 2);
        let begun = Instant::now();
        for _ in 0..5 {
            health.failed(BackendKind::Cuda, begun, "lost");
        }
        assert!(health.is_usable(BackendKind::Cuda));
        health.failed(BackendKind::Cuda, Instant::now(), "lost again");
        assert!(!health.is_usable(BackendKind::Cuda));
        assert!(health.is_usable(BackendKind::Wgpu));
        assert!(!health.out_of_service(false)[0].contains("lost"));
        let said = health.out_of_service(true);
        assert!(said.len() == 1 && said[0].contains("cuda") && said[0].contains("lost again"));
    }
}
