//! `/v1/attestation`: evidence of where the appliance runs, for whoever asks with a nonce.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::Uri;
use pulseproof_attestation::{Binding, CollectError, Evidence, Hex};
use pulseproof_sdk::Problem;
use tokio::task::spawn_blocking;

use super::query;
use crate::app::App;
use crate::guard::{Asking, client};
use crate::refusal::{Refusal, internal};

/// A report of the processor that the appliance runs in a trusted execution environment with its key, made for this
/// nonce; or that there is none.
#[utoipa::path(
    get,
    path = "/v1/attestation",
    tag = "appliance",
    params(
        (
            "nonce" = String, Query, pattern = "^[0-9a-f]{64}$",
            description = "32 random bytes of whoever asks, new each time",
        ),
    ),
    responses(
        (
            status = 200, body = serde_json::Value, content_type = "application/json",
            description = "Evidence: `kind` is `none`, `sev-snp` or `tdx`; `pulseproof attestation verify` verifies it",
        ),
    ),
    extensions(("x-problems" = json!("503 busy")))
)]
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Asking>,
    uri: Uri,
) -> Result<Json<Evidence>, Refusal> {
    let binding = Binding::new(app.identity.public().to_bytes(), nonce(&uri)?);
    // The processor signs slowly, and its host may let us ask it seldom.
    let place = app.attesting.enter(client(&caller).as_str()).await?;
    let reports = app.config.reports.clone();
    let collecting = spawn_blocking(move || {
        // Also if nobody waits for it any more.
        let _place = place;
        Evidence::collect(&reports, binding)
    });
    match collecting.await? {
        Ok(evidence) => Ok(Json(evidence)),
        Err(error @ CollectError::Busy) => {
            tracing::warn!(%error, "no evidence");
            let detail = "others keep asking the processor for reports: ask again later";
            Err(Refusal::for_now(Problem::new(503, "busy", detail)))
        }
        Err(error) => Err(internal(&error)),
    }
}

fn nonce(uri: &Uri) -> Result<[u8; 32], Problem> {
    let mut found = None;
    query::read(uri.query().unwrap_or_default(), |name, value| {
        if name != "nonce" {
            return Ok(false);
        }
        let nonce: Hex<32> =
            value.parse().map_err(|error: String| query::malformed(name, &error))?;
        found = Some(nonce.0);
        Ok(true)
    })?;
    found.ok_or_else(|| query::malformed("nonce", "it is missing"))
}
