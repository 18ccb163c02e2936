//! `POST /v1/regions/{region}/epochs/{epoch}/readings`: a batch of submissions.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use pulseproof_sdk::Roster;
use pulseproof_sdk::api::{Accepted, Intake, Refused};
use pulseproof_service::body;
use pulseproof_store::{Denial, StoreError};
use tokio::task::spawn_blocking;
use tracing::Span;

use super::segment;
use crate::app::App;
use crate::denials;
use crate::refusal::Refusal;
use crate::sums::Checked;
use crate::telemetry;

/// Checks a batch and stores what passes.
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
    let permit = app.gate.enter().await?;
    let limit = app.config.body_bytes_max;
    let bytes = body::read(request, limit, app.config.body_timeout).await?;

    let start = Instant::now();
    let span = Span::current();
    let check = move || {
        let checked = sums.check(&roster, epoch, &bytes);
        // The place at the gate is kept while this holds the body, even if the client is gone.
        (permit, roster, checked)
    };
    let (_permit, roster, checked) = spawn_blocking(move || span.in_scope(check)).await?;
    let intake = store(&app, &roster, epoch, checked?).await?;
    count(&intake, start);
    let all = intake.refused.is_empty();
    Ok((if all { StatusCode::OK } else { StatusCode::MULTI_STATUS }, Json(intake)))
}

async fn store(
    app: &App,
    roster: &Roster,
    epoch: u64,
    checked: Checked,
) -> Result<Intake, Refusal> {
    let Checked { positions, candidates, refused } = checked;
    let refusals = app.store.accept(roster, epoch, &candidates).await?;
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
