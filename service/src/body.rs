//! Reading bodies: never more than a limit, never longer than a while.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use pulseproof_sdk::Problem;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::Sender;
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
    within(patience, async {
        let mut chunks = Chunks::open(request, limit).await?;
        let mut bytes = Vec::new();
        while let Some(data) = chunks.next().await? {
            bytes.extend_from_slice(&data);
        }
        Ok(bytes.into())
    })
    .await
}

/// How long a body may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From its start to its end.
    pub total: Duration,
    /// From one piece to the next.
    pub idle: Duration,
}

/// Hands on a body of at most `limit` bytes as it arrives; what nobody takes any more is left unread.
///
/// # Errors
/// As [`read`].
pub async fn stream(
    request: Request,
    limit: u64,
    patience: Patience,
    taker: Sender<Bytes>,
) -> Result<(), Problem> {
    // What does not fit in memory does not come in one piece either.
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    within(patience.total, async {
        let mut chunks = Chunks::open(request, limit).await?;
        while let Some(data) = within(patience.idle, chunks.next()).await? {
            if taker.send(data).await.is_err() {
                break;
            }
        }
        Ok(())
    })
    .await
}

/// Reads a body that is not needed, so that the client gets to see the answer. Whoever asks before
/// sending it need not send it.
pub async fn discard(request: Request, patience: Patience) {
    if request.headers().contains_key(EXPECT) {
        return;
    }
    let mut body = request.into_body();
    let reading =
        async { while let Ok(Some(Ok(_))) = timeout(patience.idle, next(&mut body)).await {} };
    // Whether it was read to its end is the client's affair.
    let _ = timeout(patience.total, reading).await;
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

async fn within<T>(
    patience: Duration,
    reading: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    timeout(patience, reading).await.unwrap_or_else(|_| {
        let detail = format!("the body did not arrive within {} s", patience.as_secs_f64());
        Err(Problem::new(408, "body-timeout", detail).field("body"))
    })
}

/// What is left of a body, and of its limit.
struct Chunks {
    body: Body,
    limit: usize,
    left: usize,
}

impl Chunks {
    /// Refuses a body that announces to be over the limit.
    async fn open(request: Request, limit: usize) -> Result<Self, Problem> {
        let announced = announced_length(&request);
        if announced.is_some_and(|length| length > limit as u64) {
            skip(request).await;
            return Err(too_large(limit));
        }
        Ok(Self { body: request.into_body(), limit, left: limit })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(data) = next(&mut self.body).await else { return Ok(None) };
        let data = data.map_err(|error| broken_off(&error))?;
        match self.left.checked_sub(data.len()) {
            Some(left) => self.left = left,
            None => return Err(too_large(self.limit)),
        }
        Ok(Some(data))
    }
}

/// The next chunk; trailers are empty ones.
async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
    Some(frame.map(|frame| frame.into_data().unwrap_or_default()))
}

/// Reads the start of a body that is refused, so that the client gets to see the answer.
pub async fn skip(request: Request) {
    let mut body = request.into_body();
    let mut left = DROPPED_BYTES_MAX;
    while let Some(Ok(data)) = next(&mut body).await {
        match left.checked_sub(data.len()) {
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
