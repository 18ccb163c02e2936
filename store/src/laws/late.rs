//! Jobs that are too late, and jobs that are forgotten.

use std::time::Duration;

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::JobState;

use super::Place;
use super::world::{CLIENT, TERM, World, assert_denied, digest, name};
use crate::jobs::{Ask, JobDetails, JobKind, Once};
use crate::{Clock as _, Denial, Timestamp};

fn late() -> Problem {
    Problem::new(408, "deadline-passed", "too late")
}

pub async fn a_job_whose_deadline_has_passed_fails_whoever_has_it(place: &dyn Place) {
    let world = World::new(place).await;
    let start = world.clock.now();
    for (id, deadline) in
        [("at work", Some(1)), ("waits", Some(2)), ("later", Some(9)), ("never", None)]
    {
        let deadline = deadline.map(|terms| start.after(TERM * terms));
        world.ask(&Ask { deadline, ..Ask::new(id, CLIENT) }, 10).await.unwrap();
    }
    assert_eq!(world.job("later").await.deadline, Some(start.after(TERM * 9).0));
    let lease = world.take().await.unwrap().lease;
    assert_eq!(lease.id, "at work");
    world.clock.pass(TERM - Duration::from_millis(1));
    assert!(world.store.fail_overdue(&late()).await.unwrap().is_empty());
    world.clock.pass(TERM + Duration::from_millis(1));
    let failed = world.store.fail_overdue(&late()).await.unwrap();
    let proof = |id: &str| (JobKind::Groth16, id.to_owned());
    assert_eq!(failed, [proof("at work"), proof("waits")]);
    assert!(world.store.fail_overdue(&late()).await.unwrap().is_empty());
    for id in ["at work", "waits"] {
        let job = world.job(id).await;
        assert_eq!((job.state, job.problem), (JobState::Failed, Some(late())));
        assert_eq!(job.ended_at, Some(world.clock.now().0));
    }
    assert!(!world.store.finish(&lease, b"proof", &JobDetails::default()).await.unwrap());
    assert_eq!(world.store.spent_secrets().await.unwrap().len(), 2);
    assert_eq!(world.take().await.unwrap().lease.id, "later");
    // What has ended is not too late.
    let done = world.take().await.unwrap().lease;
    assert!(world.store.finish(&done, b"proof", &JobDetails::default()).await.unwrap());
    world.clock.pass(TERM * 100);
    assert_eq!(world.store.fail_overdue(&late()).await.unwrap(), [proof("later")]);
    assert_eq!(world.state("never").await, JobState::Done);
}

pub async fn a_job_that_has_ended_is_forgotten_and_a_sum_is_not(place: &dyn Place) {
    let world = World::new(place).await;
    let once = Once { key: "key".to_owned(), digest: digest("request") };
    let ask = |id: &str| Ask { once: Some(once.clone()), ..Ask::new(id, CLIENT) };
    world.ask(&ask("proof"), 10).await.unwrap();
    assert_denied(world.store.forget("proof").await, &Denial::JobUnfinished);
    let lease = world.take().await.unwrap().lease;
    assert_denied(world.store.forget("proof").await, &Denial::JobUnfinished);
    world.store.finish(&lease, b"proof", &JobDetails::default()).await.unwrap();
    // The file of its inputs is found by it, and goes first.
    assert_denied(world.store.forget("proof").await, &Denial::JobUnfinished);
    for secret in world.store.spent_secrets().await.unwrap() {
        world.store.forget_secret(&secret).await.unwrap();
    }
    assert!(world.store.forget("proof").await.unwrap());
    assert!(
        !world.store.forget("proof").await.unwrap()
            && !world.store.forget("nobody's").await.unwrap()
    );
    assert!(world.store.job("proof").await.unwrap().is_none());
    assert!(world.store.result("proof").await.unwrap().is_none());
    // Nothing is left of the key either.
    assert_eq!(world.ask(&ask("anew"), 10).await.unwrap(), "anew");
    world.submit(1, &["a"]).await;
    world.close("sum", 1).await.unwrap();
    let lease = world.store.take(JobKind::Aggregate, TERM).await.unwrap().unwrap().lease;
    world.store.release(&lease, &name("north"), 1, b"sum", &JobDetails::default()).await.unwrap();
    assert_denied(world.store.forget("sum").await, &Denial::SumStays);
}

pub async fn jobs_that_ended_long_ago_are_forgotten_a_few_at_a_time(place: &dyn Place) {
    let world = World::new(place).await;
    world.submit(1, &["a"]).await;
    world.close("sum", 1).await.unwrap();
    let lease = world.store.take(JobKind::Aggregate, TERM).await.unwrap().unwrap().lease;
    world.store.release(&lease, &name("north"), 1, b"sum", &JobDetails::default()).await.unwrap();
    for id in ["a", "b", "c", "d", "late"] {
        world.ask(&Ask::new(id, CLIENT), 10).await.unwrap();
    }
    for id in ["a", "b", "c", "d"] {
        let lease = world.take().await.unwrap().lease;
        assert_eq!(lease.id, id);
        world.store.finish(&lease, b"proof", &JobDetails::default()).await.unwrap();
        world.clock.pass(TERM);
    }
    // Before "d" ended. The files of secrets go first.
    let Timestamp(now) = world.clock.now();
    let before = Timestamp(now - u64::try_from(TERM.as_millis()).unwrap());
    assert_eq!(world.store.forget_ended(before, 10).await.unwrap(), 0);
    for secret in world.store.spent_secrets().await.unwrap() {
        world.store.forget_secret(&secret).await.unwrap();
    }
    assert_eq!(world.store.forget_ended(before, 2).await.unwrap(), 2);
    assert_eq!(world.store.forget_ended(before, 2).await.unwrap(), 1);
    assert_eq!(world.store.forget_ended(before, 2).await.unwrap(), 0);
    let mut left = Vec::new();
    for id in ["sum", "a", "b", "c", "d", "late"] {
        left.extend(world.store.job(id).await.unwrap().map(|job| job.id));
    }
    assert_eq!(left, ["sum", "d", "late"]);
}
