//! What holds while many do many things at once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use pulseproof_sdk::Roster;
use pulseproof_sdk::api::JobState;
use tokio::task::JoinSet;

use super::Place;
use super::world::{CLIENT, TERM, World, aggregate, assert_denied, digest, name, problem};
use crate::jobs::{Ask, JobDetails, JobKind, Once};
use crate::{Denial, StoreError};

const JOBS: usize = 24;
const TASKS: usize = 6;

/// Workers finish and fail, leases run out and are taken over, and jobs are cancelled meanwhile.
pub async fn each_job_ends_once(place: &dyn Place) {
    let world = World::new(place).await;
    for index in 0..JOBS {
        world.ask(&Ask::new(format!("job-{index}"), CLIENT), JOBS).await.unwrap();
    }
    // One at least is cancelled, however quick the workers are.
    let cancelled = usize::from(world.store.cancel("job-0").await.unwrap());
    let mut all = JoinSet::new();
    for task in 0..TASKS {
        all.spawn(work(world.clone(), task));
    }
    let (first, last) = (cancel_some(world.clone(), 0), cancel_some(world.clone(), 1));
    all.spawn(first);
    all.spawn(last);
    let ended = cancelled + all.join_all().await.into_iter().sum::<usize>();
    // Some may be left that were taken over and over.
    world.clock.pass(TERM);
    let ended = ended + work(world.clone(), 0).await;
    assert_eq!(ended, JOBS);
    for index in 0..JOBS {
        let job = world.job(&format!("job-{index}")).await;
        assert!(!matches!(job.state, JobState::Queued | JobState::Running), "{job:?}");
        let result = world.store.result(&job.id).await.unwrap();
        assert_eq!(result.is_some(), job.state == JobState::Done);
        assert_eq!(job.problem.is_some(), job.state == JobState::Failed);
    }
    assert_eq!(world.store.queue_length().await.unwrap(), 0);
    assert_eq!(world.store.spent_secrets().await.unwrap().len(), JOBS);
    world.store.remove_circuit(&name("sum")).await.unwrap();
}

/// Takes jobs until there are none, ends them one way or another, and says how many it ended.
async fn work(world: World, task: usize) -> usize {
    let (mut ended, store) = (0, &world.store);
    for round in task.. {
        let Some(taken) = world.take().await else { break };
        let lease = taken.lease;
        // Whoever waits so long may be too late.
        world.clock.pass(TERM / 3);
        tokio::task::yield_now().await;
        let done = match round % 3 {
            0 => store.finish(&lease, b"proof", &JobDetails::default()).await.unwrap(),
            1 => store.fail(&lease, &problem()).await.unwrap(),
            _ => {
                store.renew(&lease, TERM).await.unwrap();
                store.finish(&lease, b"proof", &JobDetails::default()).await.unwrap()
            }
        };
        ended += usize::from(done);
        assert!(!store.finish(&lease, b"again", &JobDetails::default()).await.unwrap());
    }
    ended
}

/// Cancels every fifth job.
async fn cancel_some(world: World, from: usize) -> usize {
    let mut cancelled = 0;
    for index in (from..JOBS).step_by(5) {
        cancelled += usize::from(world.store.cancel(&format!("job-{index}")).await.unwrap());
    }
    cancelled
}

pub async fn no_more_jobs_are_unfinished_than_may_be(place: &dyn Place) {
    const LIMIT: usize = 3;
    let world = World::new(place).await;
    let mut all = JoinSet::new();
    for task in 0..TASKS {
        let world = world.clone();
        all.spawn(async move {
            let mut queued = 0;
            for index in 0..8 {
                match world.ask(&Ask::new(format!("{task}-{index}"), CLIENT), LIMIT).await {
                    Ok(_) => queued += 1,
                    Err(StoreError::Denied(Denial::Busy { limit: LIMIT, .. })) => {}
                    Err(error) => panic!("{error}"),
                }
                assert!(world.store.queue_length().await.unwrap() <= 3);
                // All but one only queue.
                let taken = if task == 0 { world.take().await } else { None };
                if let Some(taken) = taken {
                    assert!(world.store.fail(&taken.lease, &problem()).await.unwrap());
                }
            }
            queued
        });
    }
    let queued: usize = all.join_all().await.into_iter().sum();
    assert!((LIMIT..=LIMIT + 8).contains(&queued), "{queued}");
}

/// Devices submit while many try to close the epoch: who was accepted is summed, and who was not was told.
pub async fn an_epoch_is_closed_once_and_its_job_sees_what_was_accepted(place: &dyn Place) {
    let world = World::new(place).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (mut devices, mut closers) = (JoinSet::new(), JoinSet::new());
    for task in 0..TASKS {
        for index in 0..4 {
            devices.spawn(submit(world.clone(), format!("device-{task}-{index}")));
        }
        closers.spawn(close(world.clone(), format!("sum-{task}"), Arc::clone(&seen)));
    }
    let accepted: BTreeSet<String> = devices.join_all().await.into_iter().flatten().collect();
    let (won, lost): (Vec<_>, Vec<_>) =
        closers.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, TASKS - 1));
    let job = won.into_iter().next().unwrap().unwrap();
    for lost in lost {
        let (region, job) = (name("north"), job.clone());
        assert_denied(lost, &Denial::EpochReused { region, epoch: 7, job });
    }
    let seen: Vec<Vec<String>> = std::mem::take(&mut seen.lock().unwrap());
    assert_eq!(seen, [Vec::from_iter(accepted.clone())]);
    let stored = world.store.submissions(&name("north"), 7).await.unwrap();
    assert_eq!(BTreeSet::from_iter(stored.into_iter().map(|one| one.device)), accepted);
    assert_eq!(world.store.queue_length().await.unwrap(), 1);
}

/// A device that was accepted.
async fn submit(world: World, device: String) -> Option<String> {
    let refusals = world.submit(7, &[&device]).await;
    refusals[0].is_none().then_some(device)
}

/// Closes the epoch, and notes whom its job sees.
async fn close(
    world: World,
    id: String,
    seen: Arc<Mutex<Vec<Vec<String>>>>,
) -> Result<String, StoreError> {
    let check = |_: &Roster, devices: &[String]| {
        seen.lock().unwrap().push(devices.to_vec());
        Ok(())
    };
    let (ask, request) = (Ask::new(id, CLIENT), aggregate(7));
    world.store.close_epoch(&ask, &name("north"), 7, &request, &check).await
}

pub async fn many_who_ask_for_the_same_get_one_job(place: &dyn Place) {
    let world = World::new(place).await;
    let mut all = JoinSet::new();
    for index in 0..TASKS {
        let world = world.clone();
        let key = "key".to_owned();
        let once = Some(Once { key, digest: digest("request") });
        let ask = Ask { once, ..Ask::new(format!("job-{index}"), CLIENT) };
        all.spawn(async move { world.ask(&ask, TASKS).await.unwrap() });
    }
    let jobs: BTreeSet<String> = all.join_all().await.into_iter().collect();
    assert_eq!(jobs.len(), 1);
    assert_eq!(world.store.queue_length().await.unwrap(), 1);
    assert_eq!(Some(&world.take().await.unwrap().lease.id), jobs.first());
    assert_eq!(world.store.requeue(JobKind::Groth16).await.unwrap(), 1);
}
