//! `/v1/results/{digest}`: sums that other appliances proved, for programs that several compute.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use pulseproof_kernels::Curve;
use pulseproof_sdk::profile::Lists;
use pulseproof_sdk::result::RESULT_BYTES_MAX;
use pulseproof_sdk::{Digest, Problem, ProvedResult, Roster};
use tokio::task::spawn_blocking;

use super::answer::Refusal;
use super::{body, segment};
use crate::app::App;
use crate::intake::malformed;
use crate::store::jobs::unknown_region;

/// Takes in a result that verifies, whoever published it.
pub async fn put<C: Curve>(
    State(app): State<Arc<App<C>>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let digest: Digest = segment(&path?.0, "digest")?;
    let permit = app.gate.enter().await?;
    let bytes = body::read(request, RESULT_BYTES_MAX, app.config.body_timeout).await?;
    let result = ProvedResult::<C>::from_bytes(&bytes).map_err(|error| malformed(&error))?;
    let found = result.sum_digest();
    if found != digest {
        let detail = format!("this is the sum {found}");
        return Err(Problem::new(422, "wrong-digest", detail).field("digest").into());
    }
    if app.store.has_result(&digest).await? {
        return Ok(StatusCode::OK);
    }
    let (region, epoch) = (result.claim.region.clone(), result.claim.epoch);
    let roster = app.store.roster(&region).await?.ok_or_else(|| unknown_region(&region))?;
    let lists = app.profiles.get(&app.store, &roster.profile).await?;
    let checking = Arc::clone(&app);
    spawn_blocking(move || check(&checking, &result, &roster, &lists)).await??;
    drop(permit);
    let (epoch, limit) = ((&region, epoch), app.config.results_max);
    let new = app.store.add_result(&digest, epoch, &bytes, limit).await??;
    Ok(if new { StatusCode::CREATED } else { StatusCode::OK })
}

/// Forgets a result.
pub async fn delete<C: Curve>(
    State(app): State<Arc<App<C>>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let digest: Digest = segment(&path?.0, "digest")?;
    app.store.remove_result(&digest).await??;
    Ok(StatusCode::NO_CONTENT)
}

fn check<C: Curve>(
    app: &App<C>,
    result: &ProvedResult<C>,
    roster: &Roster,
    lists: &Lists<C>,
) -> Result<(), Problem> {
    let verified = result.verify_sum(&app.prover.srs().verifying_key, roster, lists);
    verified.map_err(|error| Problem::new(422, "result-rejected", error.to_string()))
}
