//! What the cloud's and the authority's HTTP services have in common.

use std::future::Future;
use std::net::SocketAddr;

use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pulseproof_sdk::Problem;
use pulseproof_sdk::problem::PROBLEM_JSON;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Largest body that is read: a thousand results of the largest size in use.
pub(crate) const BODY_BYTES_MAX: usize = 256 << 20;
/// The longest that reading one body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// When whoever was turned away may try again, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// A problem as an answer.
#[derive(Debug)]
pub(crate) struct Refusal(pub Problem);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status);
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        if status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response
    }
}

/// Runs something that computes for long on a thread where it blocks nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let failed = || Problem::new(500, "internal", "the request failed in the service");
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(failed()))
}

/// Reads a body within its limits.
pub(crate) async fn read_body(request: Request) -> Result<Bytes, Problem> {
    let read = to_bytes(request.into_body(), BODY_BYTES_MAX);
    match tokio::time::timeout(BODY_TIMEOUT, read).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => {
            let detail = "the body broke off, or is too long";
            Err(Problem::new(413, "bad-body", detail).field("body").limit(BODY_BYTES_MAX as u64))
        }
        Err(_) => {
            let detail = "the body did not come in time";
            let problem = Problem::new(408, "body-timeout", detail).field("body");
            Err(problem.limit(BODY_TIMEOUT.as_secs()))
        }
    }
}

/// A service on a loopback port, until it is told to stop.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: tokio::sync::oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// Starts something that listens on a free loopback port until its second argument is ready.
    ///
    /// # Errors
    /// No port could be had.
    pub async fn start<F>(
        serve: impl FnOnce(TcpListener, tokio::sync::oneshot::Receiver<()>) -> F,
    ) -> std::io::Result<Self>
    where
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(serve(listener, stopped));
        Ok(Self { address, stop, task })
    }

    /// The service's base address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it and waits until it has.
    ///
    /// # Errors
    /// The service had failed.
    pub async fn stop(self) -> std::io::Result<()> {
        // A service that already ended has dropped its receiver; its outcome is what counts.
        let _ = self.stop.send(());
        self.task.await.map_err(std::io::Error::other)?
    }
}

/// Serves routes until `stopped` is ready.
pub(crate) async fn serve_routes(
    routes: Router,
    listener: TcpListener,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stopped).await
}
