//! `POST /v1/regions/{region}/epochs/{epoch}/readings`: a batch of submissions.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use pulseproof_sdk::api::{Accepted, Intake, Refused};
use pulseproof_sdk::{Problem, Roster};
use pulseproof_service::{Client, body};
use pulseproof_store::{Denial, StoreError};
use tokio::task::spawn_blocking;
use tracing::Span;

use super::segment;
use crate::app::App;
use crate::charges::owes;
use crate::denials;
use crate::refusal::Refusal;
use crate::sums::Checked;
use crate::telemetry;

/// Where submissions go, in the log.
const ROUTE: &str = "/v1/regions/{region}/epochs/{epoch}/readings";

/// Checks a batch and stores what passes.
#[utoipa::path(
    post,
    path = "/v1/regions/{region}/epochs/{epoch}/readings",
    tag = "regions",
    request_body(
        content = Vec<u8>, content_type = "application/octet-stream",
        description = "A batch of submissions, `PPSB` in docs/http.md",
    ),
    responses(
        (status = 200, body = Intake, description = "All stored"),
        (status = 207, body = Intake, description = "Some refused"),
    ),
    extensions((
        "x-problems" = json!(
            "404 unknown-profile, unknown-region; 409 roster-changed; 429 too-many-culprits; 507 disk-full"
        )
    ))
)]
pub async fn accept(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<(StatusCode, Json<Intake>), Refusal> {
    let Path((region, epoch)) = path?;
    let (region, epoch) = (segment(&region, "region")?, segment(&epoch, "epoch")?);
    let roster = app.store.roster(&region).await?;
    let roster = roster.ok_or_else(|| StoreError::from(Denial::UnknownRegion(region.clone())))?;
    let sums = app.sums_of(&roster.profile).await?;
    let client = Client::of(&request);
    if let Some(wait) = app.charges.wait(client.as_str()) {
        body::skip(request).await;
        return Err(owes(wait));
    }
    let body = app.bodies.read(request, app.config.body_bytes_max).await?;
    // The place is taken for the check alone: who sends slowly keeps none.
    let place = app.gate.enter(client.as_str()).await?;
    // What came before it may have cost much meanwhile.
    if let Some(wait) = app.charges.wait(client.as_str()) {
        return Err(owes(wait));
    }

    let start = Instant::now();
    let span = Span::current();
    let check = move || {
        let checked = sums.check(&roster, epoch, &body.bytes);
        // The place at the gate is kept while this is checked, even if the client is gone, and the body is counted
        // while it is in memory.
        drop(place);
        (body, roster, checked)
    };
    let (_body, roster, checked) = spawn_blocking(move || span.in_scope(check)).await?;
    let checked = checked?;
    app.charges.charge(client.as_str(), checked.culprits);
    let intake = store(&app, &client, &roster, epoch, checked).await?;
    count(&intake, start);
    let all = intake.refused.is_empty();
    Ok((if all { StatusCode::OK } else { StatusCode::MULTI_STATUS }, Json(intake)))
}

async fn store(
    app: &App,
    client: &Client,
    roster: &Roster,
    epoch: u64,
    checked: Checked,
) -> Result<Intake, Refusal> {
    let Checked { positions, candidates, refused, .. } = checked;
    let refusals = app.store.by(client.as_str()).accept(roster, epoch, &candidates).await?;
    let mut intake = Intake { accepted: Vec::new(), refused };
    for ((index, candidate), refusal) in positions.into_iter().zip(candidates).zip(refusals) {
        let (device, sequence) = (candidate.device, candidate.sequence);
        match refusal {
            None => intake.accepted.push(Accepted { index, device, sequence }),
            Some(denial) => {
                let problem = denials::problem(&denial);
                intake.refused.push(Refused { index, device: Some(device), problem });
            }
        }
    }
    for refused in &intake.refused {
        let Problem { status, .. } = refused.problem;
        app.refusals.count(client.as_str(), refused.problem.short_kind(), status, ("POST", ROUTE));
    }
    intake.refused.sort_by_key(|refused| refused.index);
    Ok(intake)
}

fn count(intake: &Intake, start: Instant) {
    telemetry::accepted(intake.accepted.len());
    for refused in &intake.refused {
        telemetry::refused(&refused.problem);
    }
    telemetry::intake(start.elapsed());
    let (accepted, refused) = (intake.accepted.len(), intake.refused.len());
    tracing::info!(accepted, refused, "batch");
}
