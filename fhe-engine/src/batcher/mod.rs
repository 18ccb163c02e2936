//! Lookups of many jobs and regions, a batch at a time: an engine goes over its key once for all of them.
//!
//! A job opens a [`Session`] and blocks in [`Session::look_up`]. A thread closes a batch when it is full,
//! when the oldest request has waited long enough, or when every session waits, so that nobody is left
//! who could add to it. Regions are served in turn (`queue`). What a lookup gives does not depend on
//! the batch it fell into.

mod queue;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::bootstrap::engine::{Engine, EngineError, Lookup, WrongCount};
use crate::ciphertext::Ciphertext;
use queue::Queue;

/// When batches close, and how much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Lookups of a batch.
    pub batch_max: usize,
    /// The longest that a lookup waits for others.
    pub wait_max: Duration,
    /// Lookups that may wait. While as many do, sessions wait to add theirs.
    pub queued_max: usize,
    /// Sessions at a time.
    pub sessions_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let wait_max = Duration::from_millis(20);
        Self { batch_max: 64, wait_max, queued_max: 4096, sessions_max: 64 }
    }
}

/// What a batch was like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchStats {
    /// The engine.
    pub engine: String,
    /// Lookups in it.
    pub size: usize,
    /// Lookups that there was room for.
    pub capacity: usize,
    /// Regions that had lookups waiting.
    pub regions: usize,
    /// How long the oldest had waited.
    pub waited: Duration,
    /// How long the engine took.
    pub took: Duration,
    /// Whether the engine failed.
    pub failed: bool,
}

/// Why lookups came back without results.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// As many sessions as there may be are open.
    #[error("{limit} jobs are being bootstrapped already: try again later")]
    Full {
        /// How many there may be.
        limit: usize,
    },
    /// The session was cancelled.
    #[error("the job was cancelled")]
    Cancelled,
    /// The batcher is being shut down.
    #[error("the appliance is shutting down")]
    Closed,
    /// The engine failed on the batch. The lookups may be tried again.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The results are not as many as the lookups.
    #[error(transparent)]
    WrongCount(#[from] WrongCount),
}

/// Collects lookups for an engine.
pub struct Batcher {
    shared: Arc<Shared>,
    worker: Option<JoinHandle<()>>,
}

/// A lookup that waits, and its place among those of its request.
struct Item {
    place: usize,
    lookup: Lookup,
}

/// What a session receives: a result and its place.
type Answer = (usize, Result<Ciphertext, BatchError>);

struct Shared {
    engine: Arc<dyn Engine>,
    limits: Limits,
    state: Mutex<State>,
    /// For the thread: something was added, or may not be.
    work: Condvar,
    /// For sessions: something was taken.
    room: Condvar,
}

#[derive(Default)]
struct State {
    queue: Queue<Item>,
    /// Where results of waiting requests go.
    answers: HashMap<u64, Sender<Answer>>,
    sessions: usize,
    /// Sessions that wait to add to a full queue.
    blocked: usize,
    next: u64,
    closed: bool,
}

impl Batcher {
    /// Starts a thread that serves batches until the batcher is dropped. `observe` is told of each.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(
        engine: Arc<dyn Engine>,
        limits: Limits,
        observe: impl Fn(&BatchStats) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (state, work, room) = (Mutex::default(), Condvar::new(), Condvar::new());
        let shared = Arc::new(Shared { engine, limits, state, work, room });
        let worker = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name("batcher".to_owned()).spawn(move || {
                let _closing = Closing(Arc::clone(&shared));
                while shared.serve_one(&observe) {}
            })?
        };
        Ok(Self { shared, worker: Some(worker) })
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &dyn Engine {
        &*self.shared.engine
    }

    /// Opens a session for a job of a region.
    ///
    /// # Errors
    /// Too many are open, or the batcher is shut down.
    pub fn open(&self, region: &str) -> Result<Session, BatchError> {
        let mut state = self.shared.lock();
        let limit = self.shared.limits.sessions_max;
        if state.closed {
            return Err(BatchError::Closed);
        }
        if state.sessions >= limit {
            return Err(BatchError::Full { limit });
        }
        state.sessions += 1;
        let request = Arc::new(Mutex::new(Outstanding::default()));
        Ok(Session { shared: Arc::clone(&self.shared), region: region.to_owned(), request })
    }
}

impl Drop for Batcher {
    fn drop(&mut self) {
        self.shared.lock().close();
        self.shared.notify();
        if let Some(worker) = self.worker.take() {
            // If the engine panicked, those who waited were told that the batcher is closed.
            let _ = worker.join();
        }
    }
}

/// Closes the batcher when its thread ends, also by a panic of the engine: nobody waits for ever.
struct Closing(Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.lock().close();
        self.0.notify();
    }
}

/// What a session waits for.
#[derive(Default)]
struct Outstanding {
    id: Option<u64>,
    cancelled: bool,
}

/// A job's way to the engine.
pub struct Session {
    shared: Arc<Shared>,
    region: String,
    request: Arc<Mutex<Outstanding>>,
}

/// Ends the waiting of a session, from another thread.
#[derive(Clone)]
pub struct Canceller {
    shared: Arc<Shared>,
    request: Arc<Mutex<Outstanding>>,
}

impl Canceller {
    /// Cancels: what waits is forgotten, and the session gives no more results.
    pub fn cancel(&self) {
        let id = {
            let mut request = lock(&self.request);
            request.cancelled = true;
            request.id
        };
        let mut state = self.shared.lock();
        if let Some(id) = id {
            state.queue.cancel(id);
            state.answers.remove(&id);
        }
        self.shared.notify();
    }
}

impl Session {
    /// What cancels this session.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        let (shared, request) = (Arc::clone(&self.shared), Arc::clone(&self.request));
        Canceller { shared, request }
    }

    /// Looks up, and waits for the results. Nothing is looked up twice.
    ///
    /// # Errors
    /// Cancelled, closed, or the engine failed on a batch that had one of these.
    pub fn look_up(&mut self, lookups: Vec<Lookup>) -> Result<Vec<Ciphertext>, BatchError> {
        let count = lookups.len();
        let (sender, receiver) = channel();
        self.enqueue(lookups, sender)?;
        let results = self.collect(count, &receiver);
        lock(&self.request).id = None;
        results
    }

    fn enqueue(&self, lookups: Vec<Lookup>, sender: Sender<Answer>) -> Result<(), BatchError> {
        let mut state = self.shared.lock();
        loop {
            if state.closed {
                return Err(BatchError::Closed);
            }
            if lock(&self.request).cancelled {
                return Err(BatchError::Cancelled);
            }
            // A request longer than the queue is let in once nothing else waits.
            let len = state.queue.len();
            if len == 0 || len + lookups.len() <= self.shared.limits.queued_max {
                break;
            }
            state.blocked += 1;
            self.shared.work.notify_one();
            state = self.shared.room.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.blocked -= 1;
        }
        let id = state.next;
        state.next += 1;
        lock(&self.request).id = Some(id);
        let item = |(place, lookup)| Item { place, lookup };
        let items = lookups.into_iter().enumerate().map(item).collect();
        state.queue.push(&self.region, id, items, Instant::now());
        state.answers.insert(id, sender);
        self.shared.work.notify_one();
        Ok(())
    }

    fn collect(
        &self,
        count: usize,
        receiver: &Receiver<Answer>,
    ) -> Result<Vec<Ciphertext>, BatchError> {
        let mut results = vec![None; count];
        for _ in 0..count {
            match receiver.recv() {
                Ok((place, Ok(result))) => results[place] = Some(result),
                Ok((_, Err(error))) => {
                    self.forget();
                    return Err(error);
                }
                Err(_) if lock(&self.request).cancelled => return Err(BatchError::Cancelled),
                Err(_) => return Err(BatchError::Closed),
            }
        }
        self.forget();
        Ok(results.into_iter().flatten().collect())
    }

    /// Nothing is waited for any more.
    fn forget(&self) {
        let mut state = self.shared.lock();
        if let Some(id) = lock(&self.request).id {
            state.queue.cancel(id);
            state.answers.remove(&id);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.forget();
        self.shared.lock().sessions -= 1;
        self.shared.notify();
    }
}

impl State {
    fn close(&mut self) {
        self.closed = true;
        self.queue = Queue::default();
        self.answers.clear();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Everybody looks again.
    fn notify(&self) {
        self.work.notify_one();
        self.room.notify_all();
    }

    /// Serves one batch; false once the batcher is closed.
    fn serve_one(&self, observe: &impl Fn(&BatchStats)) -> bool {
        let Some((batch, regions, arrived)) = self.next_batch() else { return false };
        let (ids, items): (Vec<u64>, Vec<Item>) = batch.into_iter().unzip();
        let places: Vec<usize> = items.iter().map(|item| item.place).collect();
        let lookups: Vec<Lookup> = items.into_iter().map(|item| item.lookup).collect();
        let start = Instant::now();
        let results = self.engine.look_up_all(&lookups);
        observe(&BatchStats {
            engine: self.engine.name(),
            size: lookups.len(),
            capacity: self.limits.batch_max,
            regions,
            waited: start.duration_since(arrived),
            took: start.elapsed(),
            failed: results.is_err(),
        });
        self.deliver(&ids, &places, results);
        true
    }

    /// Waits until a batch closes, and takes it.
    #[expect(clippy::type_complexity, reason = "named where it is taken apart")]
    fn next_batch(&self) -> Option<(Vec<(u64, Item)>, usize, Instant)> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let Some(arrived) = state.queue.oldest() else {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = self.limits.wait_max.saturating_sub(arrived.elapsed());
            let is_full = state.queue.len() >= self.limits.batch_max;
            let all_wait = state.answers.len() + state.blocked >= state.sessions;
            if is_full || all_wait || left.is_zero() {
                let regions = state.queue.regions();
                let batch = state.queue.take(self.limits.batch_max);
                self.room.notify_all();
                return Some((batch, regions, arrived));
            }
            let waited = self.work.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn deliver(
        &self,
        ids: &[u64],
        places: &[usize],
        results: Result<Vec<Ciphertext>, EngineError>,
    ) {
        let mut state = self.lock();
        let mut send = |id: u64, place, result| {
            // Who has gone away waits for nothing.
            let gone = state.answers.get(&id).is_none_or(|to| to.send((place, result)).is_err());
            if gone {
                state.answers.remove(&id);
            }
        };
        let items = ids.iter().zip(places);
        match results {
            Ok(results) => {
                for ((&id, &place), result) in items.zip(results) {
                    send(id, place, Ok(result));
                }
            }
            Err(error) => {
                for (&id, &place) in items {
                    send(id, place, Err(error.clone().into()));
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
