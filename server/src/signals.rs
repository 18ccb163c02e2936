//! What reaches drivers and jobs at once and not by way of the store: that a job was queued, that one is to stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pulseproof_store::jobs::{JobKind, Lease};
use tokio::sync::{Notify, watch};

/// Those of each kind.
#[derive(Default)]
pub struct JobSignals([KindSignals; JobKind::ALL.len()]);

impl JobSignals {
    /// Those of a kind.
    pub fn of(&self, kind: JobKind) -> &KindSignals {
        &self.0[kind as usize]
    }
}

/// Those of the jobs of one kind.
#[derive(Default)]
pub struct KindSignals {
    /// Tells the driver that a job was queued.
    pub queued: Notify,
    /// Tells whoever waits that some job is at work no more.
    pub ended: Notify,
    closed: AtomicBool,
    /// Ways to stop the jobs at work. While a lease is lost and its job is not given up yet, there may be two of it.
    running: Mutex<Vec<(Lease, watch::Sender<bool>)>>,
}

impl KindSignals {
    /// Stops a job, if it is at work.
    pub fn stop(&self, id: &str) {
        self.stop_where(|lease| lease.id == id);
    }

    /// Stops a job that somebody else has now.
    pub fn stop_lost(&self, lost: &Lease) {
        self.stop_where(|lease| lease == lost);
    }

    /// Stops all jobs at work, for good: the appliance stops.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.stop_where(|_| true);
        self.ended.notify_waiters();
    }

    /// Whether no job is worked on any more.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn stop_where(&self, which: impl Fn(&Lease) -> bool) {
        for (lease, stop) in &*self.lock() {
            if which(lease) {
                stop.send_replace(true);
            }
        }
    }

    /// A job begins, and hears whether it is to stop.
    pub fn begin(&self, lease: &Lease) -> watch::Receiver<bool> {
        let (stop, stopping) = watch::channel(false);
        self.lock().push((lease.clone(), stop));
        stopping
    }

    /// The leases of the jobs at work.
    pub fn leases(&self) -> Vec<Lease> {
        self.lock().iter().map(|(lease, _)| lease.clone()).collect()
    }

    /// A job is at work no more.
    pub fn end(&self, ended: &Lease) {
        self.lock().retain(|(lease, _)| lease != ended);
        self.ended.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Lease, watch::Sender<bool>)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
