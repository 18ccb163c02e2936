//! `/v1/profiles/{digest}`: what devices' words mean, and whether they prove it.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use pulseproof_kernels::Curve;
use pulseproof_prover::encryption::ROWS;
use pulseproof_sdk::profile::{Lists, PROFILE_BYTES_MAX, Profile};
use pulseproof_sdk::{Digest, Problem};
use tokio::task::spawn_blocking;

use super::answer::Refusal;
use super::{body, segment};
use crate::app::App;
use crate::intake::malformed;
use crate::profiles::unknown_profile;

/// Takes in a profile.
pub async fn put<C: Curve>(
    State(app): State<Arc<App<C>>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let digest: Digest = segment(&path?.0, "digest")?;
    let bytes = body::read(request, PROFILE_BYTES_MAX, app.config.body_timeout).await?;
    let size = app.prover.srs().size();
    let (profile, lists) = spawn_blocking(move || prepare::<C>(&bytes, digest, size)).await??;
    let new = app.store.add_profile(&profile, app.config.profiles_max).await??;
    app.profiles.keep(lists);
    Ok(if new { StatusCode::CREATED } else { StatusCode::OK })
}

fn prepare<C: Curve>(
    bytes: &[u8],
    digest: Digest,
    size: usize,
) -> Result<(Profile, Lists<C>), Problem> {
    let profile = Profile::from_bytes(bytes).map_err(|error| malformed(&error))?;
    if profile.digest() != digest {
        let detail = format!("this is the profile {}, not {digest}", profile.digest());
        return Err(Problem::new(422, "wrong-digest", detail).field("digest"));
    }
    let lists = Lists::new(&profile).map_err(|error| {
        let problem = Problem::new(422, "not-provable", error.to_string()).field(error.what);
        problem.limit(error.limit as u64)
    })?;
    match lists.scheme().filter(|_| size < ROWS) {
        None => Ok((profile, lists)),
        Some(_) => {
            let detail = format!(
                "proofs need a reference string for vectors of {ROWS} words; this appliance's is for {size}"
            );
            Err(Problem::new(422, "not-provable", detail).field("words").limit(size as u64))
        }
    }
}

/// A profile as it was handed in.
pub async fn show<C: Curve>(
    State(app): State<Arc<App<C>>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Vec<u8>, Refusal> {
    let digest: Digest = segment(&path?.0, "digest")?;
    let profile = app.store.profile(&digest).await?;
    Ok(profile.ok_or_else(|| unknown_profile(&digest))?.to_bytes())
}
