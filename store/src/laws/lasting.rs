//! What is still there when a store is opened again.

use std::sync::Arc;

use pulseproof_sdk::api::JobState;
use pulseproof_sdk::fhe::SumRef;

use super::Place;
use super::world::{CLIENT, StoppedClock, TERM, World, digest, name, roster, srs};
use crate::StoreError;
use crate::jobs::{Ask, JobDetails, JobKind};

pub async fn what_was_stored_is_there_when_the_store_is_opened_again(place: &dyn Place) {
    let world = World::new(place).await;
    world.submit(1, &["a", "b"]).await;
    world.close("sum", 1).await.unwrap();
    let lease = world.store.take(JobKind::Aggregate, TERM).await.unwrap().unwrap().lease;
    let facts = JobDetails { backend: Some("cpu".into()), ..JobDetails::default() };
    world.store.release(&lease, &name("north"), 1, b"result", &facts).await.unwrap();
    world.queue("proof").await.unwrap();
    let before = [world.job("sum").await, world.job("proof").await];
    world.store.close().await;

    let world = World::open(place, world.clock).await;
    let after = [world.job("sum").await, world.job("proof").await];
    assert_eq!(after, before);
    assert_eq!((after[0].state, after[1].state), (JobState::Done, JobState::Queued));
    assert_eq!(world.store.roster(&name("north")).await.unwrap(), Some(roster(4)));
    let sums = world.store.sums(&[SumRef::own(name("north"), 1)]).await.unwrap();
    assert_eq!(sums, [b"result".to_vec()]);
    assert!(world.store.circuit(&name("sum")).await.unwrap().is_some());
    assert_eq!(world.take().await.unwrap().lease.id, "proof");
}

/// Two have the store open; one falls silent.
pub async fn jobs_go_on_where_another_process_left_them(place: &dyn Place) {
    let one = World::new(place).await;
    let two = World::open(place, Arc::clone(&one.clock)).await;
    for (id, priority) in [("a", 0), ("b", 1)] {
        one.ask(&Ask { priority, ..Ask::new(id, CLIENT) }, 10).await.unwrap();
    }
    let lease = one.take().await.unwrap().lease;
    assert_eq!(two.take().await.unwrap().lease.id, "a");
    assert!(two.take().await.is_none());
    one.clock.pass(TERM);
    let taken_over = two.take().await.unwrap().lease;
    assert_eq!((lease.id.as_str(), taken_over.id.as_str()), ("b", "b"));
    assert_eq!(one.write(&lease).await, [false; 6]);
    assert!(two.store.finish(&taken_over, b"proof", &JobDetails::default()).await.unwrap());
    assert_eq!(one.store.result("b").await.unwrap().unwrap(), b"proof");
}

pub async fn a_store_is_of_one_reference_string(place: &dyn Place) {
    World::new(place).await.store.close().await;
    let other = place.open(digest("another"), StoppedClock::new()).await;
    match other.map(drop) {
        Err(StoreError::WrongSrs { stored, given }) => {
            assert_eq!((stored, given), (srs().to_string(), digest("another")));
        }
        other => panic!("{other:?}"),
    }
    World::open(place, StoppedClock::new()).await.store.close().await;
}
