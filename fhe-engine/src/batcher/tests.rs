//! The batcher under threads, over an engine that only marks what it was given.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pulseproof_packing::DIMENSION;

use super::*;
use crate::bootstrap::table::Table;

/// Adds 1 to every body, remembers how large batches were, and fails on bodies of `u64::MAX`.
#[derive(Default)]
struct Marker {
    batches: Mutex<Vec<usize>>,
    served: AtomicUsize,
    pause: Duration,
}

impl Engine for Marker {
    fn name(&self) -> String {
        "marker".to_owned()
    }

    fn fingerprint(&self) -> [u8; 32] {
        [0; 32]
    }

    fn look_up(&self, lookups: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError> {
        thread::sleep(self.pause);
        lock(&self.batches).push(lookups.len());
        self.served.fetch_add(lookups.len(), Ordering::Relaxed);
        if lookups.iter().any(|lookup| body(&lookup.ciphertext) == u64::MAX) {
            return Err(EngineError::new(self.name(), "out of order"));
        }
        Ok(lookups.iter().map(|lookup| trivial(body(&lookup.ciphertext) + 1)).collect())
    }
}

fn trivial(word: u64) -> Ciphertext {
    Ciphertext::trivial(word)
}

fn body(ciphertext: &Ciphertext) -> u64 {
    ciphertext.words()[DIMENSION]
}

fn lookups(words: impl IntoIterator<Item = u64>) -> Vec<Lookup> {
    let table = Arc::new(Table::of_top_bit());
    let lookup = |word| Lookup { ciphertext: trivial(word), table: Arc::clone(&table) };
    words.into_iter().map(lookup).collect()
}

fn start(engine: &Arc<Marker>, limits: Limits) -> Batcher {
    let engine: Arc<dyn Engine> = engine.clone();
    Batcher::start(engine, limits, |_| {}).unwrap()
}

fn patient(batch_max: usize) -> Limits {
    Limits { batch_max, wait_max: Duration::from_secs(600), ..Limits::default() }
}

#[test]
fn everybody_gets_their_own_results() {
    let engine = Arc::new(Marker::default());
    for (batch_max, wait_max) in [(1, 0), (3, 1), (64, 2), (1000, 5)] {
        let wait_max = Duration::from_millis(wait_max);
        let limits = Limits { batch_max, wait_max, queued_max: 40, sessions_max: 8 };
        let batcher = start(&engine, limits);
        let before = engine.served.load(Ordering::Relaxed);
        thread::scope(|scope| {
            for job in 0..8u64 {
                let mut session = batcher.open(&format!("r{}", job % 3)).unwrap();
                scope.spawn(move || {
                    for round in 0..20u64 {
                        let words: Vec<_> =
                            (0..(job + round) % 9).map(|i| job << 20 | round << 8 | i).collect();
                        let got = session.look_up(lookups(words.iter().copied())).unwrap();
                        let got: Vec<_> = got.iter().map(body).collect();
                        assert_eq!(got, words.iter().map(|w| w + 1).collect::<Vec<_>>());
                    }
                });
            }
        });
        let asked: u64 = (0..8).flat_map(|j| (0..20).map(move |r| (j + r) % 9)).sum();
        let served = engine.served.load(Ordering::Relaxed) - before;
        assert_eq!(served as u64, asked, "nothing is served twice");
    }
    assert!(lock(&engine.batches).iter().all(|&size| size > 0));
}

#[test]
fn a_batch_closes_when_everybody_waits() {
    let engine = Arc::new(Marker::default());
    let batcher = start(&engine, patient(64));
    let (mut a, mut b) = (batcher.open("a").unwrap(), batcher.open("b").unwrap());
    thread::scope(|scope| {
        scope.spawn(move || a.look_up(lookups(0..3)).unwrap());
        scope.spawn(move || b.look_up(lookups(0..4)).unwrap());
    });
    assert_eq!(*lock(&engine.batches), [7]);
}

#[test]
fn a_batch_closes_when_it_is_full() {
    let engine = Arc::new(Marker::default());
    let batcher = start(&engine, patient(4));
    let _idle = batcher.open("idle").unwrap();
    let mut session = batcher.open("a").unwrap();
    assert_eq!(session.look_up(lookups(0..8)).unwrap().len(), 8);
    assert_eq!(*lock(&engine.batches), [4, 4]);
}

#[test]
fn a_batch_closes_in_time() {
    let engine = Arc::new(Marker::default());
    let wait_max = Duration::from_millis(1);
    let batcher = start(&engine, Limits { wait_max, ..patient(64) });
    let _idle = batcher.open("idle").unwrap();
    let mut session = batcher.open("a").unwrap();
    assert_eq!(session.look_up(lookups(0..2)).unwrap().len(), 2);
}

#[test]
fn a_cancelled_job_stops_waiting_and_disturbs_nobody() {
    let engine = Arc::new(Marker::default());
    let batcher = start(&engine, patient(64));
    let (mut a, mut b) = (batcher.open("a").unwrap(), batcher.open("b").unwrap());
    let canceller = a.canceller();
    thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            let got = a.look_up(lookups(0..3));
            assert_eq!(a.look_up(lookups(0..3)), Err(BatchError::Cancelled));
            got
        });
        while batcher.shared.lock().queue.len() < 3 {
            thread::yield_now();
        }
        canceller.cancel();
        assert_eq!(waiting.join().unwrap(), Err(BatchError::Cancelled));
    });
    assert_eq!(b.look_up(lookups(5..6)).unwrap().len(), 1);
    assert_eq!(engine.served.load(Ordering::Relaxed), 1);
}

#[test]
fn sessions_are_limited_and_given_back() {
    let engine = Arc::new(Marker::default());
    let batcher = start(&engine, Limits { sessions_max: 1, ..patient(4) });
    let session = batcher.open("a").unwrap();
    assert_eq!(batcher.open("b").err(), Some(BatchError::Full { limit: 1 }));
    drop(session);
    assert!(batcher.open("b").is_ok());
}

#[test]
fn who_adds_to_a_full_queue_waits() {
    let pause = Duration::from_millis(2);
    let engine = Arc::new(Marker { pause, ..Marker::default() });
    let batcher = start(&engine, Limits { queued_max: 5, ..patient(2) });
    thread::scope(|scope| {
        for job in 0..4 {
            let mut session = batcher.open("a").unwrap();
            let batcher = &batcher;
            scope.spawn(move || {
                // Longer than the queue: let in when nothing else waits.
                let got = session.look_up(lookups(0..3 + job)).unwrap();
                assert!(batcher.shared.lock().queue.len() <= 6);
                assert_eq!(got.len() as u64, 3 + job);
            });
        }
    });
}

#[test]
fn an_engine_that_fails_fails_its_batch_only() {
    let engine = Arc::new(Marker::default());
    let batcher = start(&engine, patient(64));
    let mut session = batcher.open("a").unwrap();
    let got = session.look_up(lookups([1, u64::MAX, 2]));
    assert!(matches!(got, Err(BatchError::Engine(_))));
    assert_eq!(session.look_up(lookups([1])).unwrap().len(), 1);
}

#[test]
fn shutting_down_lets_everybody_go() {
    let engine = Arc::new(Marker::default());
    let batcher = start(&engine, patient(64));
    let _idle = batcher.open("idle").unwrap();
    let mut session = batcher.open("a").unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(move || session.look_up(lookups(0..3)));
        while batcher.shared.lock().queue.len() < 3 {
            thread::yield_now();
        }
        drop(batcher);
        assert_eq!(waiting.join().unwrap(), Err(BatchError::Closed));
    });
}

/// Forgets the last lookup.
struct Forgetful;

impl Engine for Forgetful {
    fn name(&self) -> String {
        "forgetful".to_owned()
    }

    fn fingerprint(&self) -> [u8; 32] {
        [0; 32]
    }

    fn look_up(&self, lookups: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError> {
        Ok(lookups.iter().skip(1).map(|lookup| lookup.ciphertext.clone()).collect())
    }
}

#[test]
fn an_engine_that_forgets_a_lookup_fails_and_leaves_nobody_waiting() {
    let batcher = Batcher::start(Arc::new(Forgetful), patient(2), |_| {}).unwrap();
    let error = batcher.open("north").unwrap().look_up(lookups([1, 2])).unwrap_err();
    assert!(matches!(error, BatchError::Engine(_)), "{error}");
    assert_eq!(error.to_string(), "forgetful: 1 results of 2 lookups");
}

/// Panics.
struct Broken;

impl Engine for Broken {
    fn name(&self) -> String {
        "broken".to_owned()
    }

    fn fingerprint(&self) -> [u8; 32] {
        [0; 32]
    }

    fn look_up(&self, _: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError> {
        panic!("a defect of the engine's");
    }
}

#[test]
fn a_panic_of_the_engine_leaves_nobody_waiting() {
    let batcher = Batcher::start(Arc::new(Broken), patient(2), |_| {}).unwrap();
    let mut session = batcher.open("north").unwrap();
    assert_eq!(session.look_up(lookups([1])), Err(BatchError::Closed));
    assert_eq!(session.look_up(lookups([1])), Err(BatchError::Closed));
    assert_eq!(batcher.open("north").err(), Some(BatchError::Closed));
}
