//! How connections come in, how long they stay, and when they are shown out. Touches sockets.
//!
//! - [`Doors`]: the limits. [`serve_routes`]: serves within them.
//! - [`crowd`]: who is connected, and who makes room. [`tls`]: connections that nobody else reads. [`hosts`]: which
//!   names a service answers to.
//!
//! Whoever is connected and asks nothing, or takes long to send what it asks, stays for a while, and while there is room:
//! no number of such connections from one place keeps out one from another.

pub mod crowd;
pub mod hosts;
pub mod tls;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutWriter;
use tower_service::Service as _;

use crate::client::site;
use crate::running::Boxed;
use crowd::{Crowd, State, Visitor};
use tls::Tls;

/// Most connections that are of use.
const CONNECTIONS_MAX: usize = 4096;
/// The pause after the system gave no connection: usually it has no descriptors left.
const ACCEPT_RETRY: Duration = Duration::from_secs(1);
/// How long whoever asks nothing is waited for once the service was told to stop.
const LAST_CALL: Duration = Duration::from_secs(2);
/// Most headers of a request, and most bytes of all of them.
const HEADERS_MAX: usize = 100;
const HEAD_BYTES_MAX: usize = 64 << 10;

/// How connections are let in, and the limits that they are held to.
#[derive(Clone, Debug)]
pub struct Doors {
    /// Most connections at a time. What is over that waits to be let in; whoever asks nothing makes room. The default is
    /// half of the descriptors that this process may have, and no more than are of use.
    pub connections_max: usize,
    /// The longest that a request's head may take, from when one may come: a connection that asks nothing ends then.
    pub head_timeout: Duration,
    /// The longest that a client may take nothing of an answer.
    pub write_timeout: Duration,
    /// The longest that requests in flight may take once the service was told to stop.
    pub drain_timeout: Duration,
    /// With which certificate; none for connections that anybody on the way can read.
    pub tls: Option<Tls>,
    /// What happened at the doors.
    pub counts: Arc<DoorCounts>,
}

impl Default for Doors {
    fn default() -> Self {
        Self {
            connections_max: connections_max(),
            head_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(60),
            tls: None,
            counts: Arc::default(),
        }
    }
}

/// As many as are of use, or half of the descriptors that this process may have: the other half is for files.
fn connections_max() -> usize {
    let half = getrlimit(Resource::Nofile).current.map_or(u64::MAX, |most| most / 2);
    usize::try_from(half).unwrap_or(usize::MAX).clamp(1, CONNECTIONS_MAX)
}

/// What happened at the doors since the service began. For metrics.
#[derive(Debug, Default)]
pub struct DoorCounts {
    /// Connections that were let in.
    pub opened: AtomicU64,
    /// Connections that have ended.
    pub closed: AtomicU64,
    /// Connections that asked nothing, or were slow to, and had to make room.
    pub made_room: AtomicU64,
    /// Connections that ended with an error: a limit of time, a request that is none, a client that went away.
    pub broken: AtomicU64,
    /// Times that the system gave no connection.
    pub failed: AtomicU64,
}

impl DoorCounts {
    fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Serves routes until `stopped` is ready, and then requests in flight to their ends, or to the end of
/// [`Doors::drain_timeout`]. Handlers may ask for the address of who is connected.
pub async fn serve_routes(
    routes: Router,
    listener: TcpListener,
    doors: Doors,
    stopped: impl Future<Output = ()> + Send + 'static,
) {
    serve_until(routes, listener, doors, Box::pin(stopped)).await;
}

fn serve_until(
    routes: Router,
    listener: TcpListener,
    doors: Doors,
    mut stopped: Boxed<()>,
) -> Boxed<()> {
    Box::pin(async move {
        let crowd = Arc::new(Crowd::new(doors.connections_max, Arc::clone(&doors.counts)));
        let house = Arc::new(House { routes, doors });
        let graceful = GracefulShutdown::new();
        let (stop, stopping) = watch::channel(false);
        let accepting = async {
            loop {
                match listener.accept().await {
                    Ok((stream, address)) => {
                        // The ones after it wait outside, where the system keeps them.
                        let visitor = crowd.enter(site(address.ip())).await;
                        let guest = Guest { visitor, address, watcher: graceful.watcher() };
                        tokio::spawn(visit(stream, guest, Arc::clone(&house), stopping.clone()));
                    }
                    Err(error) => {
                        DoorCounts::count(&house.doors.counts.failed);
                        tracing::warn!(%error, "no connection could be accepted");
                        if !is_of_one_connection(&error) {
                            crowd.make_room();
                            sleep(ACCEPT_RETRY).await;
                        }
                    }
                }
            }
        };
        tokio::select! {
            () = accepting => {}
            () = &mut stopped => {}
        }
        drop(listener);
        stop.send_replace(true);
        let mut draining = pin!(graceful.shutdown());
        // Who has not asked by then is not waited for.
        if timeout(LAST_CALL, &mut draining).await.is_ok() {
            return;
        }
        crowd.show_out_idle(LAST_CALL);
        if timeout(house.doors.drain_timeout, draining).await.is_err() {
            crowd.show_out();
            tracing::warn!("some requests did not finish in time");
        }
    })
}

/// Whether the next connection may be accepted at once.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(error.kind(), E::ConnectionRefused | E::ConnectionAborted | E::ConnectionReset)
}

/// What guests come to.
struct House {
    routes: Router,
    doors: Doors,
}

/// Who has come.
struct Guest {
    visitor: Visitor,
    address: SocketAddr,
    watcher: Watcher,
}

/// A connection from its start to its end.
async fn visit(
    stream: TcpStream,
    guest: Guest,
    house: Arc<House>,
    mut stopping: watch::Receiver<bool>,
) {
    // Answers are small and are waited for.
    let _ = stream.set_nodelay(true);
    let Guest { visitor, address, watcher } = guest;
    let (head_timeout, tls) = (house.doors.head_timeout, house.doors.tls.as_ref());
    let served = async {
        let talk = Talk { state: Arc::clone(&visitor.state), address, house: &house };
        let Some(tls) = tls else { return talk.over(stream, watcher).await };
        let shaken = tokio::select! {
            shaken = timeout(head_timeout, tls.accept(stream)) => shaken,
            // Nothing was asked yet.
            _ = stopping.wait_for(|stop| *stop) => return Ok(()),
        };
        let stream = shaken.map_err(|_| "the handshake took too long".to_owned())?;
        talk.over(stream.map_err(|error| format!("handshake: {error}"))?, watcher).await
    };
    let ended = tokio::select! {
        ended = served => ended,
        () = visitor.shown_out() => Ok(()),
    };
    if let Err(reason) = ended {
        DoorCounts::count(&house.doors.counts.broken);
        tracing::info!(%address, reason, "a connection broke off");
    }
}

/// Requests and answers of one connection.
struct Talk<'a> {
    state: Arc<State>,
    address: SocketAddr,
    house: &'a House,
}

impl Talk<'_> {
    async fn over(
        self,
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        watcher: Watcher,
    ) -> Result<(), String> {
        let Self { state, address, house: House { routes, doors } } = self;
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(doors.write_timeout));
        let answer = service_fn(|request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(|body| watched(body, Arc::clone(&state)));
            request.extensions_mut().insert(ConnectInfo(address));
            let answering = routes.clone().call(request);
            let state = Arc::clone(&state);
            async move {
                let answer = answering.await;
                // Its head may be sent before its body: that it may ask again counts from here on all the same.
                state.waits();
                answer
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(doors.head_timeout)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            // Who has said all that there is to say still waits for the answer.
            .half_close(true)
            .serve_connection(TokioIo::new(Box::pin(stream)), answer);
        watcher.watch(connection).await.map_err(|error| error.to_string())
    }
}

/// A body, whose sender sends until its end.
fn watched(body: Incoming, state: Arc<State>) -> Body {
    if body.is_end_stream() {
        state.asks();
        return Body::empty();
    }
    state.sends();
    Body::new(Watched { body, state })
}

struct Watched {
    body: Incoming,
    state: Arc<State>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.state.asks();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
