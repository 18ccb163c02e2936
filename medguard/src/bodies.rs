//! How much of requests the cloud and the authority read, and for how long.

use std::time::Duration;

use axum::extract::Request;
use pulseproof_sdk::Problem;
use pulseproof_service::body::{Bodies, Counted, Patience};
use pulseproof_service::budget::Budget;

/// Largest body that is read: a thousand results of the largest size in use.
const BYTES_MAX: usize = 256 << 20;
/// The longest that reading one body may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of bodies in memory at a time.
const BUDGET: u64 = 4 * BYTES_MAX as u64;

/// Reads bodies within these limits, of which one client has at most a quarter.
pub(crate) fn bodies() -> Bodies {
    Bodies {
        budget: Budget::new(BUDGET, BUDGET / 4, "bytes of bodies"),
        patience: Patience::within(TIMEOUT),
    }
}

/// Reads a body.
pub(crate) async fn read(bodies: &Bodies, request: Request) -> Result<Counted, Problem> {
    bodies.read(request, BYTES_MAX).await
}
