//! Takes jobs from a queue and works on several at a time. The store is the queue, so a job outlives
//! the process at any moment, and ends once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::JobState;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::Instrument;

use crate::app::App;
use crate::serve::stopped;
use crate::store::StoreError;
use crate::store::queue::{Queue, Taken};
use crate::telemetry;

/// The pause after the store failed.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// A kind of job that can be cancelled.
pub trait Work: Send + Sync + 'static {
    /// What a job comes to.
    type Output: Send;
    /// Where its jobs are.
    const QUEUE: Queue;
    /// What a job is called in the log.
    const NAME: &'static str;

    /// Its jobs at work.
    fn lane(app: &App) -> &Lane;

    /// Jobs at work at the same time.
    fn jobs_max(app: &App) -> usize;

    /// Does a job, up to what is to be released; looks now and then whether to stop.
    fn work(
        app: &Arc<App>,
        job: &Taken,
        stop: watch::Receiver<bool>,
    ) -> impl Future<Output = Result<Outcome<Self::Output>, StoreError>> + Send;

    /// Stores what a job came to and ends it; false if it ended before.
    fn release(
        app: &App,
        id: &str,
        output: Self::Output,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Tidies up after a job.
    fn ended(_app: &Arc<App>) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// What a job came to.
pub enum Outcome<T> {
    /// A result.
    Done(T),
    /// None, and why.
    Failed(Problem),
    /// It was stopped from outside.
    Stopped,
}

/// The jobs of one kind.
#[derive(Default)]
pub struct Lane {
    /// Tells the runner that a job was queued.
    pub queued: Notify,
    /// Ways to stop the jobs at work.
    running: Mutex<HashMap<String, watch::Sender<bool>>>,
}

impl Lane {
    /// Stops a job, if it is at work.
    pub fn stop(&self, id: &str) {
        if let Some(stop) = self.lock().get(id) {
            stop.send_replace(true);
        }
    }

    fn stop_all(&self) {
        self.lock().values().for_each(|stop| stop.send_modify(|stop| *stop = true));
    }

    fn begin(&self, id: &str) -> watch::Receiver<bool> {
        let (stop, stopping) = watch::channel(false);
        self.lock().insert(id.to_owned(), stop);
        stopping
    }

    fn end(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<bool>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Works until told to stop. Jobs at work are given up then and start anew with the next process: they
/// may take long, and nothing of them was released.
pub async fn run<W: Work>(app: &Arc<App>, stopping: watch::Receiver<bool>) {
    let mut jobs = JoinSet::new();
    let mut interrupted = true;
    while !*stopping.borrow() {
        let pause = match fill::<W>(app, &mut jobs, &mut interrupted).await {
            Ok(()) => Duration::MAX,
            Err(error) => {
                tracing::error!(%error, "the store failed; it will be tried again");
                RETRY_INTERVAL
            }
        };
        tokio::select! {
            () = W::lane(app).queued.notified() => {}
            Some(_) = jobs.join_next() => {}
            () = sleep(pause) => {}
            () = stopped(stopping.clone()) => {}
        }
    }
    W::lane(app).stop_all();
    while jobs.join_next().await.is_some() {}
}

/// Takes as many jobs as there is room for.
async fn fill<W: Work>(
    app: &Arc<App>,
    jobs: &mut JoinSet<()>,
    interrupted: &mut bool,
) -> Result<(), StoreError> {
    if *interrupted {
        let jobs = app.store.requeue_in(W::QUEUE).await?;
        *interrupted = false;
        if jobs > 0 {
            tracing::info!(jobs, kind = W::NAME, "took up interrupted jobs");
        }
    }
    while jobs.len() < W::jobs_max(app).max(1) {
        let Some(job) = app.store.take_from(W::QUEUE).await? else { break };
        telemetry::job(JobState::Running);
        let span = tracing::info_span!("job", kind = W::NAME, id = %job.id);
        jobs.spawn(work::<W>(Arc::clone(app), job).instrument(span));
    }
    Ok(())
}

/// Does a job to its end, however often the store fails.
async fn work<W: Work>(app: Arc<App>, job: Taken) {
    let stop = W::lane(&app).begin(&job.id);
    while let Err(error) = finish::<W>(&app, &job, stop.clone()).await {
        tracing::error!(%error, "the store failed; the job will be tried again");
        tokio::select! {
            () = sleep(RETRY_INTERVAL) => {}
            () = stopped(stop.clone()) => break,
        }
    }
    W::lane(&app).end(&job.id);
    W::ended(&app).await;
}

async fn finish<W: Work>(
    app: &Arc<App>,
    job: &Taken,
    stop: watch::Receiver<bool>,
) -> Result<(), StoreError> {
    // It may have been cancelled before it could be told.
    if !app.store.is_running(W::QUEUE, &job.id).await? {
        return Ok(());
    }
    match W::work(app, job, stop).await? {
        Outcome::Stopped => {}
        // Nothing is released of a job that was cancelled meanwhile.
        Outcome::Done(output) => {
            if W::release(app, &job.id, output).await? {
                telemetry::job(JobState::Done);
                tracing::info!("done");
            }
        }
        Outcome::Failed(problem) => {
            if app.store.fail_in(W::QUEUE, &job.id, &problem).await? {
                telemetry::job(JobState::Failed);
                tracing::warn!(%problem, "failed");
            }
        }
    }
    Ok(())
}
