//! When leases are renewed, on a clock that only the test moves.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use pulseproof_sdk::api::{Job, JobProgress, JobSummary};
use pulseproof_store::Timestamp;
use pulseproof_store::jobs::{Ask, JobDetails, JobKind, Room, Unfinished};

use super::*;
use crate::jobs::tests::{appliance, queue_proof};

/// A store with one lease, which fails as often as it is told.
struct OneLease {
    begun: Instant,
    expires: Mutex<Instant>,
    /// Whether the store works, each time that it is asked; after that the lease is not valid any more.
    works: Mutex<VecDeque<bool>>,
    /// When it was asked, in seconds.
    asked: Mutex<Vec<u64>>,
}

/// Renews a lease, taken now, until it is not valid any more; when the store was asked.
async fn kept(works: impl IntoIterator<Item = bool>) -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    let app = appliance(folder.path()).await;
    queue_proof(&app, "a").await;
    let lease = app.store.take(JobKind::Groth16, TERM).await.unwrap().unwrap().lease;
    app.store.close().await;
    tokio::time::pause();
    let begun = Instant::now();
    let (expires, works) = (begun + TERM, works.into_iter().collect());
    let store = OneLease {
        begun,
        expires: Mutex::new(expires),
        works: Mutex::new(works),
        asked: Mutex::default(),
    };
    let (_says, said) = watch::channel(None);
    keep(&store, &lease, said).await;
    store.asked.into_inner().unwrap()
}

#[tokio::test]
async fn a_job_that_takes_longer_than_a_term_keeps_its_lease() {
    assert_eq!(kept([true; 9]).await, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
}

#[tokio::test]
async fn a_renewal_that_fails_is_tried_again_at_once() {
    let works = [true, false, false, true, false, true, true];
    assert_eq!(kept(works).await, [10, 20, 21, 22, 32, 33, 43, 53]);
}

#[async_trait]
impl Jobs for OneLease {
    async fn renew(&self, _: &Lease, term: Duration) -> Result<bool, StoreError> {
        let now = Instant::now();
        self.asked.lock().unwrap().push((now - self.begun).as_secs());
        let works = self.works.lock().unwrap().pop_front();
        let mut expires = self.expires.lock().unwrap();
        assert!(now < *expires, "it ran out");
        match works {
            Some(true) => *expires = now + term,
            Some(false) => return Err(StoreError::Database("the disk is full".into())),
            None => {}
        }
        Ok(works.is_some())
    }

    async fn job(&self, _: &str) -> Result<Option<Job>, StoreError> {
        not_asked()
    }

    async fn result(&self, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        not_asked()
    }

    async fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        not_asked()
    }

    async fn asked_before(&self, _: &Ask) -> Result<Option<String>, StoreError> {
        not_asked()
    }

    async fn jobs(
        &self,
        _: Option<i64>,
        _: Option<&str>,
        _: usize,
    ) -> Result<Vec<(i64, JobSummary)>, StoreError> {
        not_asked()
    }

    async fn progress_of(&self, _: &str) -> Result<Option<(JobKind, JobProgress)>, StoreError> {
        not_asked()
    }

    async fn check_room(&self, _: JobKind, _: &str, _: Room) -> Result<(), StoreError> {
        not_asked()
    }

    async fn requeue(&self, _: JobKind) -> Result<u64, StoreError> {
        not_asked()
    }

    async fn take(&self, _: JobKind, _: Duration) -> Result<Option<Taken>, StoreError> {
        not_asked()
    }

    async fn holds(&self, _: &Lease) -> Result<bool, StoreError> {
        not_asked()
    }

    async fn progress(&self, _: &Lease, _: Progress) -> Result<bool, StoreError> {
        not_asked()
    }

    async fn finish(&self, _: &Lease, _: &[u8], _: &JobDetails) -> Result<bool, StoreError> {
        not_asked()
    }

    async fn fail(&self, _: &Lease, _: &Problem) -> Result<bool, StoreError> {
        not_asked()
    }

    async fn cancel(&self, _: &str) -> Result<bool, StoreError> {
        not_asked()
    }

    async fn fail_overdue(&self, _: &Problem) -> Result<Vec<(JobKind, String)>, StoreError> {
        not_asked()
    }

    async fn forget(&self, _: &str) -> Result<bool, StoreError> {
        not_asked()
    }

    async fn forget_ended(&self, _: Timestamp, _: usize) -> Result<u64, StoreError> {
        not_asked()
    }
}

fn not_asked<T>() -> T {
    panic!("who keeps a lease only renews it")
}
