//! Reading bodies: never more than a limit, never longer than a while.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use pulseproof_sdk::Problem;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// Longest JSON body: a roster of the most devices, and room.
pub const JSON_BYTES_MAX: usize = 1 << 20;
/// What is read and dropped of a body over the limit, so that the client gets to see the answer.
const DROPPED_BYTES_MAX: usize = 1 << 20;

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// It is longer, takes longer, or breaks off.
pub async fn read(request: Request, limit: usize, patience: Duration) -> Result<Bytes, Problem> {
    let announced = announced_length(&request);
    let body = request.into_body();
    let reading = async {
        if announced.is_some_and(|length| length > limit as u64) {
            skip(body).await;
            return Err(too_large(limit));
        }
        collect(body, limit).await
    };
    timeout(patience, reading).await.unwrap_or_else(|_| {
        let detail = format!("the body did not arrive within {} s", patience.as_secs_f64());
        Err(Problem::new(408, "body-timeout", detail).field("body"))
    })
}

/// Reads a JSON body.
///
/// # Errors
/// As [`read`], or JSON that is not a `T`.
pub async fn json<T: DeserializeOwned>(request: Request, patience: Duration) -> Result<T, Problem> {
    let bytes = read(request, JSON_BYTES_MAX, patience).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::new(400, "malformed", error.to_string()).field("body"))
}

fn announced_length(request: &Request) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame = frame.map_err(|error| broken_off(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit - bytes.len() {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.into())
}

async fn skip(body: Body) {
    let mut body = pin!(body);
    let mut left = DROPPED_BYTES_MAX;
    while let Some(Ok(frame)) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("the body is longer than {limit} bytes");
    Problem::new(413, "body-too-large", detail).field("body").limit(limit as u64)
}

fn broken_off(error: &axum::Error) -> Problem {
    Problem::new(400, "malformed", format!("the body broke off: {error}")).field("body")
}
