//! `/openapi.json` and `/docs`: the document of the interface, and a page that people read and try it with. All of it
//! is in the program: the page asks nobody else.

use std::sync::{Arc, LazyLock};

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::HeaderName;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Redirect, Response};
use pulseproof_sdk::Problem;
use utoipa_swagger_ui::Config;

use super::document::document;
use crate::refusal::Refusal;

/// The page's parts come from here, and it asks here alone. It styles itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "appliance",
    responses(
        (
            status = 200, body = serde_json::Value, content_type = "application/json",
            description = "OpenAPI 3.1",
        ),
    ),
)]
pub async fn openapi() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, "application/json")], document())
}

/// Where the page begins.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "appliance",
    responses((status = 303, description = "The page", headers(("Location" = String)))),
)]
pub async fn docs() -> Redirect {
    Redirect::to("/docs/index.html")
}

/// A page that shows this document, and sends requests.
#[utoipa::path(
    get,
    path = "/docs/{file}",
    tag = "appliance",
    responses(
        (status = 200, description = "A part of the page", content(
            (String = "text/html"), (String = "text/css"), (String = "text/javascript"), (Vec<u8> = "image/png"),
        )),
    ),
    extensions(("x-problems" = json!("404 not-found")))
)]
pub async fn part(path: Result<Path<String>, PathRejection>) -> Result<Response, Refusal> {
    static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
        // One document: a list of several is read by a bar that this layout has not.
        let config = Config::from("/openapi.json");
        Arc::new(config.validator_url("none").use_base_layout().deep_linking(true))
    });
    let Path(file) = path?;
    let found = utoipa_swagger_ui::serve(&file, Arc::clone(&CONFIG)).ok().flatten();
    let Some(found) = found.filter(|_| !file.is_empty()) else {
        return Err(Problem::new(404, "not-found", "the page has no such part").into());
    };
    let headers = [
        (CONTENT_TYPE, found.content_type),
        (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CACHE_CONTROL, "max-age=3600".to_owned()),
    ];
    Ok((headers, found.bytes.into_owned()).into_response())
}
