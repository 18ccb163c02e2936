//! Routes. Every answer that is not a success is a problem document.
//!
//! - [`routes`]: all of them, and what somebody has to be allowed to do to be answered.
//! - [`regions`], [`readings`], [`jobs`], [`events`], [`profiles`], [`results`], [`lookups`], [`keys`], [`circuits`],
//!   [`verifiers`], [`audit`], [`attestation`], [`status`]: the endpoints. [`uploads`], [`witnesses`]: files, in one
//!   piece or several; [`content_range`]: which piece. [`query`], [`job_query`], [`preferences`]: what else requests
//!   say.
//! - [`document`]: what is said of all of them, in OpenAPI; [`pages`]: shows it. [`dashboard`]: how it is.

pub mod attestation;
pub mod audit;
pub mod circuits;
pub mod content_range;
pub mod dashboard;
pub mod document;
pub mod events;
mod job_query;
pub mod jobs;
pub mod keys;
pub mod lookups;
pub mod pages;
mod preferences;
pub mod profiles;
mod query;
pub mod readings;
pub mod regions;
pub mod results;
pub mod routes;
pub mod status;
pub mod uploads;
pub mod verifiers;
pub mod witnesses;

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONNECTION, EXPECT, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use pulseproof_sdk::Problem;
use pulseproof_service::doors::hosts::only_named;
use pulseproof_service::{Client, ProblemKind, body};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::app::App;
use crate::guard::{Asking, client};
use crate::refusal::Refusal;
use crate::refused::is_refusal;
use crate::telemetry;

/// Which request an answer is of, in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Most of a path that is logged.
const PATH_CHARS_LOGGED: usize = 200;

/// All routes of an appliance, behind its doors: what is not asked of it by name, or by whom it does not know, is
/// turned away before anything of it is read.
pub fn router(app: Arc<App>) -> Router {
    let hosts = Arc::new(app.config.hosts.clone());
    routes::guarded(&app)
        .fallback(no_such_resource)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(app.begun.clone(), to_its_end))
        .layer(from_fn_with_state(Arc::clone(&app), identify))
        .layer(from_fn(only_understood))
        .layer(from_fn_with_state(hosts, only_named))
        .layer(from_fn_with_state(Arc::clone(&app), observe))
        .with_state(app)
}

/// Finds out who asks.
async fn identify(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let at = Client::of(&request);
    match app.guard.identify(&*app.store, request.headers(), &at).await {
        Ok(caller) => {
            tracing::Span::current().record("caller", &caller.name);
            let client = client(&caller);
            request.extensions_mut().insert(client.clone());
            request.extensions_mut().insert::<Asking>(Arc::new(caller));
            let mut response = next.run(request).await;
            // For who counts what is refused.
            response.extensions_mut().insert(client);
            response
        }
        Err(refusal) => {
            // So that the client gets to see the answer.
            body::skip(request).await;
            refusal.into_response()
        }
    }
}

/// What changes something is done to its end once it was begun, also if nobody waits for the answer any more: a
/// connection that ends drops what it waits for, wherever that stands.
async fn to_its_end(State(begun): State<TaskTracker>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let done = begun.spawn(next.run(request).in_current_span());
    done.await.unwrap_or_else(|error| Refusal::from(error).into_response())
}

/// Expectations that nobody can meet, and bodies that came in a way which not everybody before us may have understood
/// alike.
async fn only_understood(request: Request, next: Next) -> Response {
    let is = |value: &HeaderValue, text: &[u8]| value.as_bytes().eq_ignore_ascii_case(text);
    let headers = request.headers();
    if !headers.get_all(EXPECT).iter().all(|value| is(value, b"100-continue")) {
        let detail = "nothing is expected but 100-continue";
        let problem = Problem::new(417, "expectation-failed", detail).field("expect");
        return Refusal::from(problem).into_response();
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_one = codings.next().is_none_or(|coding| is(coding, b"chunked"));
    if !is_one || codings.next().is_some() {
        let detail = "a body comes in chunks, once, or with its length";
        let problem = Problem::new(400, "malformed", detail).field("transfer-encoding");
        return ([(CONNECTION, "close")], Refusal::from(problem)).into_response();
    }
    next.run(request).await
}

async fn no_such_resource(uri: Uri) -> Refusal {
    let detail = format!("there is nothing at {}", uri.path());
    Problem::new(404, "not-found", detail).into()
}

async fn no_such_method(method: Method, uri: Uri) -> Refusal {
    let detail = format!("{} does not answer {method}", uri.path());
    Problem::new(405, "method-not-allowed", detail).into()
}

async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let path: String = request.uri().path().chars().take(PATH_CHARS_LOGGED).collect();
    let (method, at) = (method_name(request.method()), Client::of(&request));
    let (from, caller) = (at.as_str(), tracing::field::Empty);
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let id = format!("{:016x}", rand::random::<u64>());
    let span = tracing::info_span!("request", id, method, path, from, caller);
    async move {
        let start = Instant::now();
        let mut response = next.run(request).await;
        // So that whoever was answered and whoever reads the log mean the same.
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        let elapsed = start.elapsed();
        telemetry::answered(method, &route, &response, elapsed);
        let status = response.status().as_u16();
        let problem = response.extensions().get().map(|ProblemKind(kind)| kind.as_str());
        if let Some(problem) = problem.filter(|_| is_refusal(method, response.status())) {
            let who = response.extensions().get().unwrap_or(&at);
            app.refusals.count(who.as_str(), problem, status, (method, &route));
        }
        tracing::info!(method, route, status, problem, ?elapsed, "answered");
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

/// A method as it is counted and logged: whoever asks makes up no names.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET | Method::HEAD => "GET",
        Method::PUT => "PUT",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::routing::{get, post};
    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc;
    use tokio::time::{sleep, timeout};

    use super::*;

    /// Behind a server that drops what nobody waits for any more.
    #[tokio::test]
    async fn what_was_begun_ends_though_its_client_is_gone_and_what_only_reads_does_not() {
        let (said, mut heard) = mpsc::unbounded_channel();
        let slow = |what: &'static str| {
            let said = said.clone();
            move || async move {
                said.send(format!("{what} begins")).unwrap();
                sleep(Duration::from_millis(500)).await;
                said.send(format!("{what} ends")).unwrap();
            }
        };
        let begun = TaskTracker::new();
        let routes: Router = Router::new()
            .route("/", post(slow("change")).delete(slow("removal")))
            .route("/read", get(slow("read")))
            .layer(from_fn_with_state(begun.clone(), to_its_end));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        for line in ["GET /read", "POST /", "DELETE /"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let head = format!("{line} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            let begins = heard.recv().await.unwrap();
            assert!(begins.ends_with("begins"), "{begins}");
        }
        // Who stops waits for all that was begun.
        begun.close();
        timeout(Duration::from_secs(20), begun.wait()).await.unwrap();
        let mut ended = vec![heard.try_recv().unwrap(), heard.try_recv().unwrap()];
        ended.sort();
        assert_eq!(ended, ["change ends", "removal ends"]);
        sleep(Duration::from_secs(1)).await;
        assert!(heard.try_recv().is_err(), "what only reads is dropped");
    }
}
