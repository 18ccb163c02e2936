//! What a job at work hears, says and comes to: whether it is to stop, how far it is, its outcome.

use pulseproof_sdk::Problem;
use pulseproof_store::jobs::Progress;
use tokio::sync::watch;

use crate::stopping::stopped;

/// A job's ear and mouth. Neither keeps it waiting.
#[derive(Clone)]
pub struct AtWork {
    stop: watch::Receiver<bool>,
    progress: watch::Sender<Option<Progress>>,
}

impl AtWork {
    /// A job that hears this, and whoever hears how far it is.
    pub fn new(stop: watch::Receiver<bool>) -> (Self, watch::Receiver<Option<Progress>>) {
        let (progress, said) = watch::channel(None);
        (Self { stop, progress }, said)
    }

    /// Whether it is to stop.
    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Completes once it is to stop.
    pub async fn stopped(&self) {
        stopped(self.stop.clone()).await;
    }

    /// Something begins of which nobody knows how much of it is done.
    pub fn begins(&self, stage: &'static str) {
        self.say(Progress { stage, per_mille: None });
    }

    /// So many of all parts of something are done.
    pub fn has_done(&self, stage: &'static str, parts: usize, all: usize) {
        let per_mille = u16::try_from(1000 * parts.min(all) / all.max(1)).ok();
        self.say(Progress { stage, per_mille });
    }

    /// How far it said that it is.
    pub fn last(&self) -> Option<Progress> {
        *self.progress.borrow()
    }

    fn say(&self, progress: Progress) {
        self.progress.send_replace(Some(progress));
    }
}

/// What a job came to.
pub enum JobOutcome<T> {
    /// A result.
    Done(T),
    /// None, and why.
    Failed(Problem),
    /// It was stopped from outside.
    Stopped,
}
