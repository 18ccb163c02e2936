//! Routes. Every answer that is not a success is a problem document.
//!
//! - [`regions`], [`readings`], [`jobs`], [`profiles`], [`results`], [`lookups`], [`keys`], [`circuits`],
//!   [`verifiers`], [`status`]: the endpoints. [`uploads`], [`witnesses`]: files, in one piece or several;
//!   [`content_range`]: which piece.

pub mod circuits;
pub mod content_range;
pub mod jobs;
pub mod keys;
pub mod lookups;
pub mod profiles;
pub mod readings;
pub mod regions;
pub mod results;
pub mod status;
pub mod uploads;
pub mod verifiers;
pub mod witnesses;

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post, put};
use pulseproof_sdk::Problem;
use tracing::Instrument;

use crate::app::App;
use crate::refusal::Refusal;

/// All routes of an appliance.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/regions/{region}", put(regions::register))
        .route("/v1/regions/{region}/epochs/{epoch}/readings", post(readings::accept))
        .route("/v1/profiles/{digest}", put(profiles::put).get(profiles::show))
        .route("/v1/jobs", post(jobs::create))
        .route("/v1/jobs/{id}", get(jobs::show).delete(jobs::cancel))
        .route("/v1/jobs/{id}/result", get(jobs::result))
        .route("/v1/results/{digest}", put(results::put).delete(results::delete))
        .route("/v1/lookups/{root}/nodes/{height}/{index}", get(lookups::node))
        .route("/v1/lookups/{root}/results/{lookup}", get(lookups::result))
        .route("/v1/evaluation-keys/{id}", put(keys::put).get(keys::show).delete(keys::delete))
        .route("/v1/circuits", get(circuits::list))
        .route(
            "/v1/circuits/{name}",
            put(circuits::put).get(circuits::show).delete(circuits::delete),
        )
        .route("/v1/circuits/{name}/wasm", put(circuits::put_wasm))
        .route("/v1/circuits/{name}/r1cs", put(circuits::put_r1cs))
        .route("/v1/circuits/{name}/sym", put(circuits::put_sym))
        .route("/v1/circuits/{name}/verification-key", get(verifiers::key))
        .route("/v1/circuits/{name}/verifier.sol", get(verifiers::contract))
        .route("/v1/circuits/{name}/public-signals", get(verifiers::public_signals))
        .route("/v1/uploads/{sha256}", get(uploads::show))
        .route("/v1/witnesses", post(witnesses::begin).put(witnesses::go_on).get(witnesses::show))
        .route("/v1/identity", get(status::identity))
        .route("/healthz", get(status::health))
        .route("/metrics", get(status::metrics))
        .fallback(no_such_resource)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn(observe))
        .with_state(app)
}

async fn no_such_resource(uri: Uri) -> Refusal {
    let detail = format!("there is nothing at {}", uri.path());
    Problem::new(404, "not-found", detail).into()
}

async fn no_such_method(method: Method, uri: Uri) -> Refusal {
    let detail = format!("{} does not answer {method}", uri.path());
    Problem::new(405, "method-not-allowed", detail).into()
}

async fn observe(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let span = tracing::info_span!("request", method = %request.method(), path);
    async move {
        let start = Instant::now();
        let response = next.run(request).await;
        tracing::info!(status = response.status().as_u16(), elapsed = ?start.elapsed(), "answered");
        response
    }
    .instrument(span)
    .await
}

/// A part of a path, in its one canonical spelling.
fn segment<T>(text: &str, field: &str) -> Result<T, Problem>
where
    T: FromStr<Err: Display> + Display,
{
    let malformed =
        |reason: String| Problem::new(400, "malformed", format!("{field}: {reason}")).field(field);
    let value: T = text.parse().map_err(|error: T::Err| malformed(error.to_string()))?;
    if value.to_string() == text { Ok(value) } else { Err(malformed(format!("write {value}"))) }
}
