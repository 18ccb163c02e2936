//! Reading bodies: never more than a limit, never longer than a while, never slower than a rate, and never more at a
//! time than there is room for.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use pulseproof_sdk::Problem;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, timeout};

use crate::budget::{Budget, Reserved};
use crate::client::Client;

/// Longest JSON body: a roster of the most devices, and room.
pub const JSON_BYTES_MAX: usize = 1 << 20;
/// Most of what is told of JSON that is none.
const REASON_CHARS_MAX: usize = 500;
/// What is read and dropped of a body over the limit, so that the client gets to see the answer.
const DROPPED_BYTES_MAX: usize = 1 << 20;
/// For how long.
const DROPPING_MAX: Duration = Duration::from_secs(1);

/// How long a body may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From its start to its end.
    pub total: Duration,
    /// From one piece to the next.
    pub idle: Duration,
    /// How slow it may be on the whole.
    pub slowest: Slowest,
}

/// A rate that what comes must keep up with, after a while.
#[derive(Clone, Copy, Debug)]
pub struct Slowest {
    /// Before so much time has passed, nobody is too slow.
    pub grace: Duration,
    /// Bytes that must have come for every second after that.
    pub bytes_per_second: u32,
}

impl Default for Slowest {
    fn default() -> Self {
        Self { grace: Duration::from_secs(10), bytes_per_second: 1024 }
    }
}

impl Patience {
    /// So long in all, and no slower than [`Slowest::default`].
    #[must_use]
    pub fn within(total: Duration) -> Self {
        Self { total, idle: total, slowest: Slowest::default() }
    }
}

/// Reads bodies into memory, within a budget.
#[derive(Clone, Debug)]
pub struct Bodies {
    /// Bytes in memory at a time.
    pub budget: Arc<Budget>,
    /// How long each may take.
    pub patience: Patience,
}

/// A body in memory, counted until this is dropped.
#[derive(Debug)]
pub struct Counted {
    /// The body.
    pub bytes: Bytes,
    _reserved: Reserved,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Bodies {
    /// Reads a body of at most `limit` bytes. Room is taken a little ahead of what arrives: what is only announced keeps
    /// nobody out.
    ///
    /// # Errors
    /// It is longer, takes longer, is too slow, is packed, or breaks off; or there is no room for it.
    pub async fn read(&self, request: Request, limit: usize) -> Result<Counted, Problem> {
        let announced = announced_length(request.headers()).unwrap_or(u64::MAX);
        let limit = limit.min(usize::try_from(self.budget.share()).unwrap_or(usize::MAX));
        let mut reserved = match self.budget.reserve(Client::of(&request).as_str(), 0) {
            Ok(reserved) => reserved,
            Err(problem) => {
                skip(request).await;
                return Err(problem);
            }
        };
        let most = usize::try_from(announced).unwrap_or(usize::MAX).min(limit);
        let mut chunks = Chunks::open(request, limit, self.patience).await?;
        let mut bytes: Vec<u8> = Vec::new();
        while let Some(data) = chunks.next().await? {
            let needed = bytes.len() + data.len();
            if needed > bytes.capacity() {
                // Twice as much each time, as vectors grow; counted before it is there.
                let capacity = needed.max(bytes.capacity().saturating_mul(2).min(most));
                reserved.grow((capacity - bytes.capacity()) as u64)?;
                bytes.reserve_exact(capacity - bytes.len());
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Counted { bytes: bytes.into(), _reserved: reserved })
    }

    /// Reads a JSON body.
    ///
    /// # Errors
    /// As [`Self::read`], another media type, or JSON that is not a `T`.
    pub async fn json<T: DeserializeOwned>(&self, request: Request) -> Result<T, Problem> {
        parse_json(&self.read_json(request, JSON_BYTES_MAX).await?.bytes)
    }

    /// Reads a body that says that it is JSON.
    ///
    /// # Errors
    /// As [`Self::read`], or another media type.
    pub async fn read_json(&self, request: Request, limit: usize) -> Result<Counted, Problem> {
        if let Err(problem) = check_json(request.headers()) {
            skip(request).await;
            return Err(problem);
        }
        self.read(request, limit).await
    }
}

/// Hands on a body of at most `limit` bytes as it arrives; what nobody takes any more is left unread.
///
/// # Errors
/// It is longer, takes longer, is too slow, is packed, or breaks off.
pub async fn stream(
    request: Request,
    limit: u64,
    patience: Patience,
    taker: Sender<Bytes>,
) -> Result<(), Problem> {
    // What does not fit in memory does not come in one piece either.
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut chunks = Chunks::open(request, limit, patience).await?;
    while let Some(data) = chunks.next().await? {
        if taker.send(data).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Reads a body that is not needed, so that the client gets to see the answer. Whoever asks before
/// sending it need not send it.
pub async fn discard(request: Request, patience: Patience) {
    if request.headers().contains_key(EXPECT) {
        return;
    }
    let mut chunks = Chunks::of(request, usize::MAX, patience);
    // Whether it was read to its end is the client's affair.
    while let Ok(Some(_)) = chunks.next().await {}
}

/// Parses a JSON body.
///
/// # Errors
/// It is not a `T`.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        // It may name what was sent.
        let reason: String = error.to_string().chars().take(REASON_CHARS_MAX).collect();
        Problem::new(400, "malformed", reason).field("body")
    })
}

/// JSON that does not say that it is may come from any web page: a browser asks nobody before it sends what a form
/// could.
fn check_json(headers: &HeaderMap) -> Result<(), Problem> {
    let unsupported = |detail| Problem::new(415, "unsupported-media-type", detail);
    let unsupported = |detail: &str| unsupported(detail.to_owned()).field("content-type");
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(text) = text.filter(|_| headers.get_all(CONTENT_TYPE).iter().count() == 1) else {
        return Err(unsupported("expected Content-Type: application/json"));
    };
    let mut parts = text.split(';').map(str::trim);
    if !parts.next().unwrap_or_default().eq_ignore_ascii_case("application/json") {
        return Err(unsupported("expected Content-Type: application/json"));
    }
    let mut others = parts.map(|part| part.to_ascii_lowercase().replace('"', ""));
    if others.all(|part| part.is_empty() || part == "charset=utf-8") {
        return Ok(());
    }
    Err(unsupported("JSON is in UTF-8: expected Content-Type: application/json"))
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What is left of a body, of its limit, and of the time that it may take.
struct Chunks {
    body: Body,
    limit: usize,
    left: usize,
    patience: Patience,
    begun: Instant,
}

impl Chunks {
    /// Refuses a body that announces to be over the limit, or to be packed.
    async fn open(request: Request, limit: usize, patience: Patience) -> Result<Self, Problem> {
        let headers = request.headers();
        let packed = headers.get_all(CONTENT_ENCODING).iter().any(|value| value != "identity");
        let too_long = announced_length(headers).is_some_and(|length| length > limit as u64);
        if packed || too_long {
            skip(request).await;
            return Err(if packed { unsupported_encoding() } else { too_large(limit) });
        }
        Ok(Self::of(request, limit, patience))
    }

    fn of(request: Request, limit: usize, patience: Patience) -> Self {
        Self { body: request.into_body(), limit, left: limit, patience, begun: Instant::now() }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let (wait, why) = self.wait();
        let data = timeout(wait, next(&mut self.body)).await.map_err(|_| why.problem())?;
        let Some(data) = data else { return Ok(None) };
        let data = data.map_err(|error| broken_off(&error))?;
        match self.left.checked_sub(data.len()) {
            Some(left) => self.left = left,
            None => return Err(too_large(self.limit)),
        }
        Ok(Some(data))
    }

    /// How long the next piece may take, and what is said if it takes longer.
    fn wait(&self) -> (Duration, TooSlow) {
        let Patience { total, idle, slowest } = self.patience;
        let passed = self.begun.elapsed();
        let received = (self.limit - self.left) as u64;
        let rate = u64::from(slowest.bytes_per_second.max(1));
        let paid = Duration::from_millis(received.saturating_mul(1000) / rate);
        let limits = [
            (total.saturating_sub(passed), TooSlow::Total(total)),
            (idle, TooSlow::Total(idle)),
            (slowest.grace.saturating_add(paid).saturating_sub(passed), TooSlow::Rate(rate)),
        ];
        limits.into_iter().min_by_key(|(wait, _)| *wait).unwrap_or((total, TooSlow::Total(total)))
    }
}

/// In which way a body was too slow.
#[derive(Clone, Copy)]
enum TooSlow {
    Total(Duration),
    Rate(u64),
}

impl TooSlow {
    fn problem(self) -> Problem {
        let problem = |detail| Problem::new(408, "body-timeout", detail).field("body");
        match self {
            Self::Total(time) => {
                problem(format!("the body did not arrive within {} s", time.as_secs_f64()))
            }
            Self::Rate(rate) => {
                problem(format!("the body came slower than {rate} bytes a second")).limit(rate)
            }
        }
    }
}

/// The next chunk; trailers are empty ones.
async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
    Some(frame.map(|frame| frame.into_data().unwrap_or_default()))
}

/// Reads the start of a body that is refused, for a moment, so that the client gets to see the answer. Whoever asks
/// before sending it need not send it.
pub async fn skip(request: Request) {
    if request.headers().contains_key(EXPECT) {
        return;
    }
    let mut body = request.into_body();
    let mut left = DROPPED_BYTES_MAX;
    let dropping = async {
        while let Some(Ok(data)) = next(&mut body).await {
            match left.checked_sub(data.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    let _ = timeout(DROPPING_MAX, dropping).await;
}

fn unsupported_encoding() -> Problem {
    let detail = "bodies are taken as they are, without Content-Encoding";
    Problem::new(415, "unsupported-encoding", detail).field("content-encoding")
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("the body is longer than {limit} bytes");
    Problem::new(413, "body-too-large", detail).field("body").limit(limit as u64)
}

fn broken_off(error: &axum::Error) -> Problem {
    Problem::new(400, "malformed", format!("the body broke off: {error}")).field("body")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::task::{Context, Poll};

    use axum::http::HeaderValue;
    use hyper::body::Frame;
    use tokio::sync::mpsc;

    use super::*;

    /// A body that somebody else sends.
    struct Sent(mpsc::Receiver<Bytes>);

    impl HttpBody for Sent {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.poll_recv(context).map(|data| data.map(|data| Ok(Frame::data(data))))
        }
    }

    fn request(headers: &[(&str, &str)], body: Body) -> Request {
        let mut request = Request::new(body);
        for (name, value) in headers {
            let name: axum::http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
        }
        request
    }

    fn bodies(most: u64, share: u64) -> Bodies {
        let patience = Patience::within(Duration::from_secs(60));
        Bodies { budget: Budget::new(most, share, "bytes"), patience }
    }

    #[tokio::test]
    async fn bodies_are_counted_before_they_are_read_and_as_they_come() {
        let bodies = bodies(200, 100);
        let announced = |bytes: usize| {
            request(&[("content-length", &bytes.to_string())], vec![7; bytes].into())
        };
        // What is only announced is not counted.
        let silent = request(&[("content-length", "60")], Body::new(Sent(mpsc::channel(1).1)));
        assert_eq!(bodies.read(silent, 1000).await.unwrap().bytes.len(), 0);
        let first = bodies.read(announced(50), 1000).await.unwrap();
        assert_eq!((first.bytes.len(), bodies.budget.held()), (50, 50));
        assert_eq!(bodies.read(announced(51), 1000).await.unwrap_err().status, 429);
        // What says nothing of its length is counted all the same.
        let unannounced = request(&[], vec![7; 51].into());
        assert_eq!(bodies.read(unannounced, 1000).await.unwrap_err().status, 429);
        // Nothing can be longer than what one client may hold.
        let problem = bodies.read(announced(101), 1000).await.unwrap_err();
        assert_eq!((problem.status, problem.limit), (413, Some(100)));
        assert_eq!(bodies.budget.held(), 50);
        drop(first);
        assert_eq!(bodies.budget.held(), 0);
        assert_eq!(bodies.read(announced(100), 1000).await.unwrap().bytes.len(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_a_byte_at_a_time_is_too_slow() {
        let bodies = bodies(100, 60);
        let (sender, receiver) = mpsc::channel(1);
        let sending = tokio::spawn(async move {
            while sender.send(Bytes::from_static(b"x")).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(9)).await;
            }
        });
        let begun = Instant::now();
        let problem = bodies.read(request(&[], Body::new(Sent(receiver))), 50).await.unwrap_err();
        assert!(problem.is("body-timeout"), "{problem:?}");
        assert_eq!((problem.status, problem.limit), (408, Some(1024)));
        let grace = Slowest::default().grace;
        assert!((grace..2 * grace).contains(&begun.elapsed()));
        assert_eq!(bodies.budget.held(), 0);
        sending.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_keeps_up_with_the_rate_is_read_for_as_long_as_it_may_take() {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            while sender.send(Bytes::from_static(&[7; 2048])).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let begun = Instant::now();
        let request = request(&[], Body::new(Sent(receiver)));
        let problem = bodies(1 << 20, 1 << 20).read(request, 1 << 20).await.unwrap_err();
        assert_eq!((problem.status, problem.limit), (408, None));
        assert_eq!(begun.elapsed().as_secs(), 60);
    }

    #[tokio::test]
    async fn json_says_that_it_is_json() {
        let bodies = bodies(100, 60);
        let send = async |headers: &[(&str, &str)]| {
            bodies.json::<u32>(request(headers, "17".into())).await.map_err(|p| p.status)
        };
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
        ] {
            assert_eq!(send(&[("content-type", good)]).await, Ok(17), "{good}");
        }
        for bad in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=utf-16",
            "application/jsonp",
            "text/plain; application/json",
            "",
        ] {
            assert_eq!(send(&[("content-type", bad)]).await, Err(415), "{bad}");
        }
        assert_eq!(send(&[]).await, Err(415));
        let twice = [("content-type", "application/json"), ("content-type", "text/plain")];
        assert_eq!(send(&twice).await, Err(415));
        for packed in ["gzip", "identity, gzip", "rubbish"] {
            let headers = [("content-type", "application/json"), ("content-encoding", packed)];
            assert_eq!(send(&headers).await, Err(415), "{packed}");
        }
    }
}
