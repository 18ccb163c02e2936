//! `/v1/results/{digest}`: sums that other appliances proved, for programs that several compute.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use pulseproof_sdk::result::RESULT_BYTES_MAX;
use pulseproof_sdk::{Digest, Problem};
use pulseproof_service::Client;
use pulseproof_store::{Denial, StoreError};
use tokio::task::spawn_blocking;

use super::segment;
use crate::app::App;
use crate::guard::Asking;
use crate::refusal::Refusal;
use crate::sums::ReadResult;

/// Takes in a result that verifies, whoever published it.
#[utoipa::path(
    put,
    path = "/v1/results/{digest}",
    tag = "sums",
    request_body(
        content = Vec<u8>, content_type = "application/octet-stream",
        description = "A proved result",
    ),
    responses(
        (status = 201, description = "New"),
        (status = 200, description = "Known"),
    ),
    extensions((
        "x-problems" = json!(
            "404 unknown-profile, unknown-region; 422 result-rejected, wrong-digest; 507 disk-full, \
             too-many-results"
        )
    ))
)]
pub async fn put(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let digest: Digest = segment(&path?.0, "digest")?;
    let client = Client::of(&request);
    let body = app.bodies.read(request, RESULT_BYTES_MAX).await?;
    let place = app.gate.enter(client.as_str()).await?;
    let result = app.sums.read(&body.bytes)?;
    if result.digest != digest {
        let detail = format!("this is the sum {}", result.digest);
        return Err(Problem::new(422, "wrong-digest", detail).field("digest").into());
    }
    if app.store.has_result(&digest).await? {
        return Ok(StatusCode::OK);
    }
    let ReadResult { region, epoch, .. } = result;
    let roster = app.store.roster(&region).await?;
    let roster = roster.ok_or_else(|| StoreError::from(Denial::UnknownRegion(region.clone())))?;
    let sums = app.sums_of(&roster.profile).await?;
    let check = move || {
        let verified = sums.verify(&body.bytes, &roster);
        drop(place);
        verified.map(|()| body)
    };
    let body = spawn_blocking(check).await??;
    let limit = app.config.results_max;
    let store = app.store.by(client.as_str());
    let new = store.add_result(&digest, &region, epoch, &body.bytes, limit).await?;
    Ok(if new { StatusCode::CREATED } else { StatusCode::OK })
}

/// Forgets a result.
#[utoipa::path(
    delete,
    path = "/v1/results/{digest}",
    tag = "sums",
    responses(
        (status = 204, description = "Forgotten"),
    ),
    extensions(("x-problems" = json!("404 unknown-result; 409 result-in-use; 507 disk-full")))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Asking>,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let digest: Digest = segment(&path?.0, "digest")?;
    app.store.by(&caller.name).remove_result(&digest).await?;
    Ok(StatusCode::NO_CONTENT)
}
