//! Problems as HTTP answers.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pulseproof_sdk::Problem;
use pulseproof_sdk::problem::PROBLEM_JSON;
use tokio::task::JoinError;

/// Seconds over which those who were refused for now are told to come again: all at once they would be refused again.
const RETRY_SECONDS: u64 = 4;

/// An answer that is a problem.
#[derive(Debug)]
pub struct Refusal {
    problem: Problem,
    /// When it may be tried again, in seconds.
    retry_after: Option<u64>,
}

impl Refusal {
    /// What is answered.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// A refusal that will not last.
    pub fn for_now(problem: Problem) -> Self {
        Self::until(problem, retry_after())
    }

    /// A refusal that lasts for so many seconds.
    pub fn until(problem: Problem, seconds: u64) -> Self {
        Self { problem, retry_after: Some(seconds) }
    }
}

/// In how many seconds the next one who was refused for now may try again: each in another than the one before.
fn retry_after() -> u64 {
    static TOLD: AtomicU64 = AtomicU64::new(0);
    1 + TOLD.fetch_add(1, Ordering::Relaxed) % RETRY_SECONDS
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let for_now = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
        let retry = for_now.iter().any(|status| problem.status == status.as_u16());
        Self { problem, retry_after: retry.then(retry_after) }
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Problem::new(400, "malformed", rejection.body_text()).field("path").into()
    }
}

impl From<JoinError> for Refusal {
    fn from(error: JoinError) -> Self {
        internal(&error)
    }
}

/// What went wrong is for the log; who asked can only ask again.
pub fn internal(error: &dyn std::error::Error) -> Refusal {
    tracing::error!(%error, "internal");
    let detail = "the service failed to do this; its log says why";
    Refusal::for_now(Problem::new(500, "internal", detail))
}

/// Runs something that computes for long on a thread where it blocks nobody.
///
/// # Errors
/// What the work says, or that it ended silently.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let working = tokio::task::spawn_blocking(work);
    working.await.unwrap_or_else(|error| Err(internal(&error).problem))
}

/// Of an answer that is a problem, which kind; for who counts and logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemKind(pub String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = ProblemKind(self.problem.short_kind().to_owned());
        let mut response = (status, Json(self.problem)).into_response();
        response.extensions_mut().insert(kind);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
