//! `GET /v1/jobs/{id}/events`: a job as it goes, as server-sent events. Each event says all that is known, so that
//! whoever was cut off has missed nothing that it is not told when it comes back.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use pulseproof_access::Action;
use pulseproof_sdk::api::JobProgress;
use pulseproof_service::budget::Reserved;
use tokio::time::timeout;

use super::jobs::find_for;
use crate::app::App;
use crate::guard::{Asking, client};
use crate::jobs::{is_over, unknown_job};
use crate::refusal::Refusal;

/// How often a job is looked at: as often as it says how far it is.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// How often somebody is told that there is nothing new: whoever has gone is noticed then.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Somebody who follows a job.
struct Follower {
    app: Arc<App>,
    id: String,
    last: Option<JobProgress>,
    _place: Reserved,
}

/// Says where a job stands, each time that something has changed, until it has ended.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/events",
    tag = "jobs",
    responses(
        (
            status = 200, body = JobProgress, content_type = "text/event-stream",
            description = "An event each time that something has changed, until the job has ended: \
                its name is the state, its data this",
        ),
    ),
    extensions(("x-problems" = json!("404 unknown-job; 429 too-much-at-once; 503 busy")))
)]
pub async fn follow(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Asking>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let job = find_for(&app, &caller, Action::SeeJob, &path?.0).await?;
    let place = app.waits.reserve(client(&caller).as_str(), 1)?;
    let follower = Follower { app, id: job.id, last: None, _place: place };
    let events = unfold(Some(follower), |follower| async move {
        let mut follower = follower?;
        let progress = follower.next().await.ok()?;
        let event = Event::default().event(progress.state.name()).json_data(&progress);
        let goes_on = !is_over(progress.state);
        follower.last = Some(progress);
        Some((Ok(event.unwrap_or_default()), goes_on.then_some(follower)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl Follower {
    /// The next thing to be said.
    ///
    /// # Errors
    /// The store's, or the appliance stops: who follows comes back.
    async fn next(&self) -> Result<JobProgress, Refusal> {
        loop {
            let progress = self.app.store.progress_of(&self.id).await?;
            let (kind, progress) = progress.ok_or_else(unknown_job)?;
            if self.last.as_ref() != Some(&progress) {
                return Ok(progress);
            }
            let lane = self.app.signals.of(kind);
            if lane.is_closed() {
                return Err(unknown_job().into());
            }
            let _ = timeout(LOOK_INTERVAL, lane.ended.notified()).await;
        }
    }
}
