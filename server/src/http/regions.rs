//! `PUT /v1/regions/{region}`: who may contribute.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use pulseproof_sdk::roster::DEVICES_MAX;
use pulseproof_sdk::{Name, Problem, Roster};
use pulseproof_service::Client;

use super::segment;
use crate::app::App;
use crate::refusal::Refusal;
use crate::sums::ProfileSums;

/// Registers a region, or replaces its roster between epochs.
#[utoipa::path(
    put,
    path = "/v1/regions/{region}",
    tag = "regions",
    request_body(content = Roster, description = "Who may contribute"),
    responses(
        (status = 201, description = "New"),
        (status = 200, description = "The same, or replaced"),
    ),
    extensions((
        "x-problems" = json!(
            "404 unknown-profile; 409 epoch-open; 422 bad-roster, wrong-region; 507 disk-full"
        )
    ))
)]
pub async fn register(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let (region, client) = (segment(&path?.0, "region")?, Client::of(&request));
    let roster = app.bodies.json(request).await?;
    check(&region, &roster, app.sums.words_max() as u64)?;
    check_words(&roster, &*app.sums_of(&roster.profile).await?)?;
    let new = app.store.by(client.as_str()).register(&roster).await?;
    Ok(if new { StatusCode::CREATED } else { StatusCode::OK })
}

/// A sum's total weight is at most N, so a region of more than N devices could not be summed.
fn check(region: &Name, roster: &Roster, size: u64) -> Result<(), Problem> {
    if roster.region != *region {
        let detail = format!("the roster is that of {}, sent to {region}", roster.region);
        return Err(Problem::new(422, "wrong-region", detail).field("region"));
    }
    within("words", u64::from(roster.words), size)?;
    within("devices", roster.devices.len() as u64, size.min(DEVICES_MAX as u64))
}

/// Proofs are about vectors of the length that the layout gives them.
fn check_words(roster: &Roster, sums: &dyn ProfileSums) -> Result<(), Problem> {
    match sums.words().map(|words| words as u64) {
        Some(words) if words != u64::from(roster.words) => {
            let detail = format!("{} words, the profile's layout has {words}", roster.words);
            Err(Problem::new(422, "bad-roster", detail).field("words").limit(words))
        }
        _ => Ok(()),
    }
}

fn within(field: &str, got: u64, limit: u64) -> Result<(), Problem> {
    if (1..=limit).contains(&got) {
        return Ok(());
    }
    let detail = format!("{got} {field}, expected 1 to {limit}");
    Err(Problem::new(422, "bad-roster", detail).field(field).limit(limit))
}
