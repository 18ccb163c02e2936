//! `/v1/profiles/{digest}`: what devices' words mean, and whether they prove it.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use pulseproof_sdk::profile::{PROFILE_BYTES_MAX, Profile};
use pulseproof_sdk::{Digest, Problem};
use pulseproof_service::Client;
use pulseproof_store::{Denial, StoreError};
use tokio::task::spawn_blocking;

use super::segment;
use crate::app::App;
use crate::problems::malformed;
use crate::refusal::Refusal;

/// Takes in a profile.
#[utoipa::path(
    put,
    path = "/v1/profiles/{digest}",
    tag = "regions",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "A profile"),
    responses(
        (status = 201, description = "New"),
        (status = 200, description = "Known"),
    ),
    extensions(("x-problems" = json!("422 not-provable, wrong-digest; 507 disk-full, too-many-profiles")))
)]
pub async fn put(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let digest: Digest = segment(&path?.0, "digest")?;
    let store = app.store.by(Client::of(&request).as_str());
    let bytes = app.bodies.read(request, PROFILE_BYTES_MAX).await?;
    let sums = Arc::clone(&app.sums);
    let check = move || {
        let profile = parse(&bytes.bytes, digest)?;
        sums.of(&profile).map(|sums| (profile, sums))
    };
    let (profile, sums) = spawn_blocking(check).await??;
    let new = store.add_profile(&profile, app.config.profiles_max).await?;
    app.profiles.keep(sums);
    Ok(if new { StatusCode::CREATED } else { StatusCode::OK })
}

fn parse(bytes: &[u8], digest: Digest) -> Result<Profile, Problem> {
    let profile = Profile::from_bytes(bytes).map_err(|error| malformed(&error))?;
    if profile.digest() != digest {
        let detail = format!("this is the profile {}, not {digest}", profile.digest());
        return Err(Problem::new(422, "wrong-digest", detail).field("digest"));
    }
    Ok(profile)
}

/// A profile as it was uploaded.
#[utoipa::path(
    get,
    path = "/v1/profiles/{digest}",
    tag = "regions",
    responses(
        (
            status = 200, body = Vec<u8>, content_type = "application/octet-stream",
            description = "The profile",
        ),
    ),
    extensions(("x-problems" = json!("404 unknown-profile")))
)]
pub async fn show(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Vec<u8>, Refusal> {
    let digest: Digest = segment(&path?.0, "digest")?;
    let profile = app.store.profile(&digest).await?;
    Ok(profile.ok_or(StoreError::from(Denial::UnknownProfile(digest)))?.to_bytes())
}
