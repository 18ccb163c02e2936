//! Who may write what becomes of a job, and for how long.

use std::time::Duration;

use pulseproof_sdk::api::JobState;

use super::Place;
use super::world::{TERM, World, problem};
use crate::jobs::{JobDetails, JobKind, Progress};

const MOMENT: Duration = Duration::from_millis(1);

pub async fn a_lease_that_is_not_valid_any_more_writes_nothing(place: &dyn Place) {
    let world = World::new(place).await;
    let store = &world.store;
    world.queue("a").await.unwrap();
    let old = world.take().await.unwrap().lease;
    assert!(store.holds(&old).await.unwrap());
    // The process ended, and the next one takes the job again.
    assert_eq!(store.requeue(JobKind::Groth16).await.unwrap(), 1);
    assert_eq!(world.write(&old).await, [false; 6]);
    let new = world.take().await.unwrap();
    assert_eq!((&new.lease.id, new.attempt), (&old.id, 2));
    assert_ne!(new.lease, old);
    assert_eq!(world.write(&old).await, [false; 6]);
    let facts = JobDetails { prove_us: Some(7), ..JobDetails::default() };
    assert!(store.finish(&new.lease, b"proof", &facts).await.unwrap());
    assert_eq!(world.write(&new.lease).await, [false; 6]);
    assert!(!store.cancel("a").await.unwrap());
    let job = world.job("a").await;
    assert_eq!((job.state, job.prove_us), (JobState::Done, Some(7)));
    assert_eq!(store.result("a").await.unwrap().unwrap(), b"proof");
}

pub async fn nothing_is_written_of_a_job_that_was_cancelled(place: &dyn Place) {
    let world = World::new(place).await;
    world.queue("a").await.unwrap();
    let lease = world.take().await.unwrap().lease;
    assert!(world.store.cancel("a").await.unwrap());
    assert!(!world.store.cancel("a").await.unwrap());
    assert_eq!(world.write(&lease).await, [false; 6]);
    assert_eq!(world.state("a").await, JobState::Cancelled);
    world.clock.pass(2 * TERM);
    assert!(world.take().await.is_none());
    assert!(!world.store.cancel("nobody's").await.unwrap());
}

pub async fn a_lease_that_ran_out_is_taken_over(place: &dyn Place) {
    let world = World::new(place).await;
    world.queue("a").await.unwrap();
    let old = world.take().await.unwrap().lease;
    world.clock.pass(TERM - MOMENT);
    assert!(world.take().await.is_none());
    world.clock.pass(MOMENT);
    let new = world.take().await.unwrap();
    assert_eq!((new.lease.id.as_str(), new.attempt), ("a", 2));
    assert_eq!(world.write(&old).await, [false; 6]);
    assert_eq!(world.state("a").await, JobState::Running);
    assert!(world.take().await.is_none());
    assert!(world.store.fail(&new.lease, &problem()).await.unwrap());
    let job = world.job("a").await;
    assert_eq!((job.state, job.problem), (JobState::Failed, Some(problem())));
}

pub async fn a_lease_that_ran_out_is_good_until_it_is_taken_over(place: &dyn Place) {
    let world = World::new(place).await;
    for id in ["a", "b"] {
        world.queue(id).await.unwrap();
    }
    let [a, b] = [world.take().await.unwrap().lease, world.take().await.unwrap().lease];
    world.clock.pass(2 * TERM);
    assert!(world.store.holds(&a).await.unwrap());
    assert!(world.store.finish(&a, b"proof", &JobDetails::default()).await.unwrap());
    assert!(world.store.renew(&b, TERM).await.unwrap());
    assert!(world.take().await.is_none());
}

pub async fn a_lease_that_is_renewed_does_not_run_out(place: &dyn Place) {
    let world = World::new(place).await;
    world.queue("a").await.unwrap();
    let lease = world.take().await.unwrap().lease;
    for _ in 0..5 {
        world.clock.pass(TERM * 2 / 3);
        assert!(world.store.renew(&lease, TERM).await.unwrap());
        assert!(world.take().await.is_none());
    }
    world.clock.pass(TERM);
    assert_eq!(world.take().await.unwrap().attempt, 2);
}

pub async fn a_clock_that_goes_back_takes_no_job_from_anybody(place: &dyn Place) {
    let world = World::new(place).await;
    let store = &world.store;
    for id in ["a", "b"] {
        world.queue(id).await.unwrap();
    }
    let [a, b] = [world.take().await.unwrap().lease, world.take().await.unwrap().lease];
    world.clock.go_back(100 * TERM);
    assert!(store.holds(&a).await.unwrap());
    assert!(world.take().await.is_none());
    // Who renews is heard from again within a term of the new time; of who fell silent it takes until the old one.
    assert!(store.renew(&a, TERM).await.unwrap());
    world.clock.pass(TERM);
    let again = world.take().await.unwrap();
    assert_eq!((again.lease.id.as_str(), again.attempt), ("a", 2));
    assert_eq!(world.write(&a).await, [false; 6]);
    assert!(world.take().await.is_none());
    assert!(store.finish(&b, b"proof", &JobDetails::default()).await.unwrap());
    let job = world.job("b").await;
    assert!(job.state == JobState::Done && job.ended_at < job.started_at);
}

pub async fn a_job_says_how_far_it_is_and_when_what_happened(place: &dyn Place) {
    let world = World::new(place).await;
    world.queue("a").await.unwrap();
    let job = world.job("a").await;
    let queued_at = job.queued_at.unwrap();
    assert_eq!((job.stage, job.progress), (None, None));
    assert_eq!((job.started_at, job.ended_at), (None, None));
    world.clock.pass(MOMENT);
    let lease = world.take().await.unwrap().lease;
    for (per_mille, shown) in [(Some(250), Some(250)), (None, None), (Some(9999), Some(1000))] {
        let progress = Progress { stage: "proving", per_mille };
        assert!(world.store.progress(&lease, progress).await.unwrap());
        let job = world.job("a").await;
        assert_eq!((job.stage.as_deref(), job.progress), (Some("proving"), shown));
    }
    // Whoever takes it up again begins anew.
    world.clock.pass(TERM);
    let lease = world.take().await.unwrap().lease;
    let job = world.job("a").await;
    let taken = queued_at + 30_001;
    assert_eq!((job.stage, job.progress, job.started_at), (None, None, Some(taken)));
    world.clock.pass(MOMENT);
    assert!(world.store.finish(&lease, b"proof", &JobDetails::default()).await.unwrap());
    let job = world.job("a").await;
    assert_eq!((job.stage, job.progress), (None, None));
    let times = (job.queued_at, job.started_at, job.ended_at);
    assert_eq!(times, (Some(queued_at), Some(taken), Some(taken + 1)));
}
