//! `/v1/identity`, `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use pulseproof_access::{Action, Resource};
use pulseproof_sdk::api::{Health, Identity, Readiness};

use crate::app::App;
use crate::guard::Asking;
use crate::readiness;
use crate::refusal::Refusal;
use crate::room;
use crate::telemetry;

const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const WARNING: &str = "development SRS: whoever made it can forge proofs; use one from a ceremony";

/// Whose signature results and outputs bear.
#[utoipa::path(
    get,
    path = "/v1/identity",
    tag = "appliance",
    responses(
        (status = 200, body = Identity, description = "The key"),
    ),
)]
pub async fn identity(State(app): State<Arc<App>>) -> Json<Identity> {
    Json(Identity { key: app.identity.public() })
}

/// Whether the appliance is up, and with which SRS.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "appliance",
    responses(
        (status = 200, body = Health, description = "It is up"),
    ),
)]
pub async fn health(State(app): State<Arc<App>>) -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        curve: app.sums.curve().to_string(),
        srs: app.sums.srs(),
        warning: app.sums.is_insecure().then(|| WARNING.to_owned()),
    })
}

/// Whether work is taken, and what is not as it should be.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "appliance",
    responses(
        (status = 200, body = Readiness, description = "Work is taken"),
        (status = 503, body = Readiness, description = "No work is taken; why"),
    ),
)]
pub async fn ready(State(app): State<Arc<App>>, Extension(caller): Extension<Asking>) -> Response {
    let with_reasons = app.guard.permits(&caller, Action::SeeMetrics, Resource::Appliance);
    let readiness = readiness::of(&app, with_reasons).await;
    if readiness.ready {
        return Json(readiness).into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")], Json(readiness)).into_response()
}

/// What happened since the process started, as Prometheus reads it.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "appliance",
    responses(
        (status = 200, body = String, content_type = "text/plain", description = "Prometheus text"),
    ),
)]
pub async fn metrics(
    State(app): State<Arc<App>>,
) -> Result<([(HeaderName, &'static str); 1], String), Refusal> {
    telemetry::unfinished(&app.store.unfinished().await?);
    telemetry::insecure_srs(app.sums.is_insecure());
    telemetry::doors(&app.doors);
    telemetry::bodies(app.bodies.budget.held());
    telemetry::build(app.sums.curve());
    if let Ok(room) = room::on_disk(&app.config.data_dir).await {
        telemetry::disk(room);
    }
    Ok(([(CONTENT_TYPE, PROMETHEUS_TEXT)], app.telemetry.render()))
}
