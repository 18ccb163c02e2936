//! Which backends are in service. A device that fails at jobs which the CPU then does is used no more, whatever it was
//! asked: sums, circuits and programs are computed by the same hardware.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::api::Retried;

use crate::telemetry;

/// Longest reason that is stored and answered.
const REASON_CHARS_MAX: usize = 500;

/// How often each backend failed since the process began.
pub struct BackendHealth {
    failures: Mutex<HashMap<BackendKind, u32>>,
    failures_max: u32,
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
        failures.get(&kind).is_none_or(|&failures| failures < self.failures_max)
    }

    /// Takes notice that a backend failed at a job that the CPU did.
    pub fn failed(&self, kind: BackendKind) {
        let failures = {
            let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
            let of_kind = failures.entry(kind).or_default();
            *of_kind = of_kind.saturating_add(1);
            *of_kind
        };
        telemetry::backend_failed(kind);
        tracing::warn!(backend = %kind, failures, "failed at a job that the CPU did");
        if failures == self.failures_max {
            telemetry::backend_in_service(kind, false);
            tracing::warn!(backend = %kind, failures, "out of service until the next start");
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
