//! How much of a request the cloud and the authority read, and for how long.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Request;
use pulseproof_sdk::Problem;
use pulseproof_service::body;

/// Largest body that is read: a thousand results of the largest size in use.
pub(crate) const BYTES_MAX: usize = 256 << 20;
/// The longest that reading one body may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Reads a body within these limits.
pub(crate) async fn read(request: Request) -> Result<Bytes, Problem> {
    body::read(request, BYTES_MAX, TIMEOUT).await
}
