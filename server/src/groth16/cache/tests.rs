//! Loaded once, never over the budget, the least recently used goes first, pinned ones stay.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use pulseproof_kernels::CurveId;
use pulseproof_kernels::backend::BackendKind;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::config::Uploads;

use super::super::prover::{KeyInfo, ProveError, Proved, Witness};
use super::*;

/// Counts what is in memory.
#[derive(Default)]
struct Memory {
    loads: AtomicUsize,
    bytes: AtomicU64,
    most: AtomicU64,
}

/// Keys whose file says how long they pretend to be in memory, beside their length.
struct Mock {
    memory: Arc<Memory>,
    pause: Duration,
}

struct Key {
    bytes: u64,
    memory: Arc<Memory>,
}

impl Loader for Mock {
    fn backend(&self) -> BackendKind {
        BackendKind::Cpu
    }

    fn load(&self, mut file: File, _: bool) -> Result<Arc<dyn LoadedKey>, KeyError> {
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| KeyError::Failed(error.to_string()))?;
        std::thread::sleep(self.pause);
        self.memory.loads.fetch_add(1, Ordering::SeqCst);
        let surplus = text.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_end_matches('.');
        let surplus: u64 = surplus.parse().map_err(|_| KeyError::Bad("no key".to_owned()))?;
        let bytes = text.len() as u64 + surplus;
        let now = self.memory.bytes.fetch_add(bytes, Ordering::SeqCst) + bytes;
        self.memory.most.fetch_max(now, Ordering::SeqCst);
        Ok(Arc::new(Key { bytes, memory: Arc::clone(&self.memory) }))
    }
}

impl LoadedKey for Key {
    fn info(&self) -> KeyInfo {
        let curve = CurveId::Bn254;
        KeyInfo { curve, signals: 1, public: 0, domain_log: 1, contributions: 1, weakness: None }
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn prove(&self, _: Witness) -> Result<Proved, ProveError> {
        Err(ProveError::Rejected)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.memory.bytes.fetch_sub(self.bytes, Ordering::SeqCst);
    }
}

struct Bench {
    _folder: TempDir,
    blobs: Arc<Blobs>,
    memory: Arc<Memory>,
    cache: Arc<Cache>,
}

impl Bench {
    fn new(budget: u64, pause: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Arc::new(Blobs::open(folder.path(), &Uploads::default()).unwrap());
        let memory = Arc::<Memory>::default();
        let loader = Arc::new(Mock { memory: Arc::clone(&memory), pause });
        let cache = Arc::new(Cache::new(loader, Arc::clone(&blobs), budget));
        Self { _folder: folder, blobs, memory, cache }
    }

    /// A file of so many bytes, whose key takes `surplus` more.
    fn key(&self, name: char, bytes: usize, surplus: u64) -> Digest {
        let text = format!("{name}{surplus}");
        let text = format!("{text}{}", ".".repeat(bytes - text.len()));
        let id = Digest::sha256(text.as_bytes());
        self.blobs.write(&id, text.as_bytes()).unwrap();
        id
    }

    async fn lease(&self, key: Digest) -> Result<KeyGuard, CacheError> {
        self.cache.lease(wanted(key)).await
    }

    fn loads(&self) -> usize {
        self.memory.loads.load(Ordering::SeqCst)
    }

    fn most(&self) -> u64 {
        self.memory.most.load(Ordering::SeqCst)
    }
}

fn wanted(key: Digest) -> Wanted {
    Wanted { key, checked: true, pinned: false }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_who_ask_at_once_load_once() {
    let bench = Bench::new(100, Duration::from_millis(50));
    let key = bench.key('a', 60, 0);
    let ask = || {
        let cache = Arc::clone(&bench.cache);
        tokio::spawn(async move { cache.lease(wanted(key)).await.map(|lease| lease.key().bytes()) })
    };
    let asked: Vec<_> = (0..20).map(|_| ask()).collect();
    for answer in asked {
        assert_eq!(answer.await.unwrap(), Ok(60));
    }
    assert_eq!((bench.loads(), bench.cache.used()), (1, 60));
    assert!(bench.cache.is_resident(&key));
}

#[tokio::test]
async fn the_least_recently_used_goes_first() {
    let bench = Bench::new(100, Duration::ZERO);
    let [a, b, c, d] = ['a', 'b', 'c', 'd'].map(|name| bench.key(name, 30, 0));
    for key in [a, b, c] {
        bench.lease(key).await.unwrap();
    }
    // `a` was used again since, so that `b` is the oldest.
    bench.lease(a).await.unwrap();
    bench.lease(d).await.unwrap();
    let resident = [a, b, c, d].map(|key| bench.cache.is_resident(&key));
    assert_eq!(resident, [true, false, true, true]);
    // Two go for one that is larger.
    let e = bench.key('e', 61, 0);
    bench.lease(e).await.unwrap();
    let resident = [a, c, d, e].map(|key| bench.cache.is_resident(&key));
    assert_eq!(resident, [false, false, true, true]);
    assert!(bench.most() <= 100);
}

#[tokio::test]
async fn pinned_keys_stay_and_leave_less_room() {
    let bench = Bench::new(100, Duration::ZERO);
    let [a, b, c] = ['a', 'b', 'c'].map(|name| bench.key(name, 40, 0));
    bench.cache.lease(Wanted { pinned: true, ..wanted(a) }).await.unwrap();
    for key in [b, c, b, c] {
        bench.lease(key).await.unwrap();
        assert!(bench.cache.is_resident(&a));
    }
    let large = bench.key('l', 61, 0);
    let refused = bench.lease(large).await.err();
    assert_eq!(refused, Some(CacheError::TooLarge { bytes: 61, room: 60 }));
    let fits = bench.key('f', 60, 0);
    bench.lease(fits).await.unwrap();
    assert!(bench.cache.is_resident(&a) && !bench.cache.is_resident(&c));
}

#[tokio::test]
async fn who_finds_all_in_use_waits() {
    let bench = Bench::new(100, Duration::ZERO);
    let [a, b] = ['a', 'b'].map(|name| bench.key(name, 60, 0));
    let lease = bench.lease(a).await.unwrap();
    let cache = Arc::clone(&bench.cache);
    let mut waiting = tokio::spawn(async move { cache.lease(wanted(b)).await.map(drop) });
    assert!(timeout(Duration::from_millis(100), &mut waiting).await.is_err());
    assert!(bench.cache.is_resident(&a));
    drop(lease);
    assert_eq!(timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap(), Ok(()));
    assert!(bench.cache.is_resident(&b) && !bench.cache.is_resident(&a));
    assert!(bench.most() <= 100);
}

#[tokio::test]
async fn keys_that_are_too_large_or_no_good_leave_their_room_to_others() {
    let bench = Bench::new(100, Duration::ZERO);
    let large = bench.key('l', 101, 0);
    let refused = bench.lease(large).await.err();
    assert_eq!(refused, Some(CacheError::TooLarge { bytes: 101, room: 100 }));
    assert_eq!(bench.loads(), 0, "its length tells");
    // In memory it is larger than its file: that shows once it is loaded, and only once.
    let swollen = bench.key('s', 50, 60);
    for _ in 0..2 {
        let refused = bench.lease(swollen).await.err();
        assert_eq!(refused, Some(CacheError::TooLarge { bytes: 110, room: 100 }));
        assert_eq!((bench.loads(), bench.cache.used()), (1, 0));
    }
    let bad = Digest::sha256(b"no key");
    bench.blobs.write(&bad, b"no key").unwrap();
    let missing = Digest::sha256(b"missing");
    let rotten = bench.key('r', 20, 0);
    bench.blobs.write(&rotten, b"r1......").unwrap();
    for (key, is_bad) in [(bad, true), (missing, false), (rotten, false)] {
        match bench.lease(key).await.map(drop).unwrap_err() {
            CacheError::Key(KeyError::Bad(_)) => assert!(is_bad),
            CacheError::Key(KeyError::Failed(_)) => assert!(!is_bad),
            other => panic!("{other}"),
        }
        assert_eq!(bench.cache.used(), 0);
    }
}

#[tokio::test]
async fn a_key_that_is_larger_than_thought_makes_more_room() {
    let bench = Bench::new(100, Duration::ZERO);
    let (a, b) = (bench.key('a', 40, 0), bench.key('b', 40, 30));
    bench.lease(a).await.unwrap();
    bench.lease(b).await.unwrap();
    assert!(!bench.cache.is_resident(&a) && bench.cache.is_resident(&b));
    assert_eq!(bench.cache.used(), 70);
    bench.cache.forget(&b);
    while bench.cache.used() > 0 {
        tokio::task::yield_now().await;
    }
    // With what it takes in use it waits, and does not load again and again.
    let lease = bench.lease(a).await.unwrap();
    bench.cache.forget(&b);
    let cache = Arc::clone(&bench.cache);
    let waiting = tokio::spawn(async move { cache.lease(wanted(b)).await.map(drop) });
    while bench.loads() < 4 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(bench.loads(), 4);
    drop(lease);
    assert_eq!(waiting.await.unwrap(), Ok(()));
    assert_eq!((bench.loads(), bench.cache.used()), (5, 70));
}

proptest! {
    // What fails depends on the moment: there is nothing to keep for the next run.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    /// Many who ask for keys of all sizes, and hold them for a while: whatever the order, the memory
    /// stays within the budget, everybody gets what was asked for, and all are told apart.
    #[test]
    fn the_budget_is_never_passed(
        sizes in prop::collection::vec(2usize..100, 1..8),
        asks in prop::collection::vec((0usize..8, 0u64..3), 1..60),
    ) {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(4).enable_all().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new(100, Duration::ZERO);
            let keys: BTreeMap<usize, Digest> = sizes.iter().enumerate().map(|(index, &size)| {
                let name = char::from(b'a' + u8::try_from(index).unwrap());
                (index, bench.key(name, size, 0))
            }).collect();
            let asked: Vec<_> = asks.iter().map(|&(index, held)| {
                let (cache, index) = (Arc::clone(&bench.cache), index % sizes.len());
                let key = keys[&index];
                let size = sizes[index] as u64;
                tokio::spawn(async move {
                    let lease = cache.lease(wanted(key)).await.unwrap();
                    assert_eq!(lease.key().bytes(), size);
                    tokio::time::sleep(Duration::from_millis(held)).await;
                })
            }).collect();
            for ask in asked {
                timeout(Duration::from_secs(60), ask).await.unwrap().unwrap();
            }
            assert!(bench.most() <= 100, "{} bytes in memory", bench.most());
            assert!(bench.cache.used() <= 100);
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_forgotten_counts_until_it_is_freed() {
    let bench = Bench::new(100, Duration::ZERO);
    let keys = ['a', 'b', 'c'].map(|name| bench.key(name, 60, 0));
    for round in 0..200 {
        let key = keys[round % keys.len()];
        let lease = bench.lease(key).await.unwrap();
        if round % 2 == 0 {
            // In use: it stays.
            bench.cache.forget(&key);
            assert_eq!(bench.cache.used(), 60);
        }
        drop(lease);
        bench.cache.clear();
    }
    assert!(bench.most() <= 100, "{} bytes in memory", bench.most());
}
