//! Epochs: closed once, summed once, opened a few times.

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::JobState;
use pulseproof_sdk::fhe::SumRef;

use super::Place;
use super::world::{
    CLIENT, TERM, World, aggregate, assert_denied, candidate, digest, name, problem, roster,
};
use crate::jobs::{Ask, JobDetails, JobKind, Lease};
use crate::submissions::Candidate;
use crate::{Denial, Timestamp};

async fn take(world: &World) -> Lease {
    world.store.take(JobKind::Aggregate, TERM).await.unwrap().unwrap().lease
}

pub async fn an_epoch_is_closed_by_one_job(place: &dyn Place) {
    let world = World::new(place).await;
    assert_eq!(world.submit(1, &["b", "a"]).await, [None, None]);
    assert_eq!(world.close("first", 1).await.unwrap(), "first");
    let reused = Denial::EpochReused { region: name("north"), epoch: 1, job: "first".into() };
    assert_denied(world.close("second", 1).await, &reused);
    assert!(world.store.job("second").await.unwrap().is_none());
    let closed = Denial::EpochClosed { region: name("north"), epoch: 1, job: "first".into() };
    assert_eq!(world.submit(1, &["c"]).await, [Some(closed)]);
    // A roster that comes later is not that of the epoch.
    world.store.register(&roster(5)).await.unwrap();
    assert_eq!(world.store.closing_roster("first").await.unwrap(), Some(roster(4)));
    assert_eq!(world.store.closing_roster("second").await.unwrap(), None);
    // Numbers are unsigned, and the largest is no special one.
    assert_eq!(world.close("last", u64::MAX).await.unwrap(), "last");
    assert_eq!(take(&world).await.id, "first");
    let unknown = world
        .store
        .close_epoch(&Ask::new("x", CLIENT), &name("south"), 1, &aggregate(1), &|_, _| Ok(()))
        .await;
    assert_denied(unknown, &Denial::UnknownRegion(name("south")));
}

pub async fn what_is_refused_leaves_nothing(place: &dyn Place) {
    let world = World::new(place).await;
    world.submit(1, &["b", "a"]).await;
    let why = Problem::new(409, "nothing-to-sum", "two are too few").field("epoch");
    let check = |found: &pulseproof_sdk::Roster, devices: &[String]| {
        assert_eq!((found, devices), (&roster(4), &["a".to_owned(), "b".to_owned()][..]));
        Err(why.clone())
    };
    let (ask, request) = (Ask::new("a", CLIENT), aggregate(1));
    let refused = world.store.close_epoch(&ask, &name("north"), 1, &request, &check).await;
    assert_denied(refused, &Denial::Refused(Box::new(why.clone())));
    assert!(world.store.job("a").await.unwrap().is_none());
    assert_eq!(world.submit(1, &["c"]).await, [None]);
    assert_eq!(world.close("a", 1).await.unwrap(), "a");
}

pub async fn a_release_counts_what_it_opens_once(place: &dyn Place) {
    let world = World::new(place).await;
    let (store, north) = (&world.store, name("north"));
    world.submit(1, &["b", "a"]).await;
    world.submit(2, &["a"]).await;
    world.close("sum", 1).await.unwrap();
    let stale = take(&world).await;
    world.clock.pass(TERM);
    let lease = take(&world).await;
    let facts = JobDetails { verify_us: Some(3), ..JobDetails::default() };
    for (lease, released) in [(&stale, false), (&lease, true), (&lease, false), (&stale, false)] {
        let done = store.release(lease, &north, 1, b"result", &facts).await.unwrap();
        assert_eq!(done, released);
    }
    let stored = store.submissions(&north, 1).await.unwrap();
    let found: Vec<_> =
        stored.iter().map(|one| (one.device.as_str(), &one.bytes[..], one.openings)).collect();
    assert_eq!(found, [("a", &b"a 1"[..], 1), ("b", b"b 1", 1)]);
    assert_eq!(store.submissions(&north, 2).await.unwrap()[0].openings, 0);
    assert_eq!(world.job("sum").await.verify_us, Some(3));
}

pub async fn commitments_are_opened_no_more_often_than_blinders_hide_them(place: &dyn Place) {
    let world = World::new(place).await;
    let mut used_up = candidate("a", 1);
    used_up.openings = 3;
    let fresh = candidate("b", 1);
    world.store.accept(&roster(4), 1, &[used_up, fresh]).await.unwrap();
    world.close("sum", 1).await.unwrap();
    let lease = take(&world).await;
    let facts = JobDetails::default();
    let released = world.store.release(&lease, &name("north"), 1, b"result", &facts).await;
    assert_denied(released, &Denial::OpeningsExhausted);
    let stored = world.store.submissions(&name("north"), 1).await.unwrap();
    assert_eq!(stored.iter().map(|one| one.openings).collect::<Vec<_>>(), [3, 0]);
    assert!(world.store.result("sum").await.unwrap().is_none());
    assert!(world.store.fail(&lease, &problem()).await.unwrap());
}

pub async fn a_copy_counts_an_opening_that_may_have_been(place: &dyn Place) {
    let world = World::new(place).await;
    for (epoch, openings) in [(1, 0), (2, 0), (3, 3)] {
        let candidate = Candidate { openings, ..candidate("a", epoch) };
        world.store.accept(&roster(4), epoch, &[candidate]).await.unwrap();
    }
    for (id, epoch) in [("done", 1), ("queued", 2)] {
        world.close(id, epoch).await.unwrap();
    }
    let (lease, north) = (take(&world).await, name("north"));
    world.store.release(&lease, &north, 1, b"result", &JobDetails::default()).await.unwrap();
    // Of the first it is known, and of the last nobody counts further. What was put back before is opened no more.
    for (is_first, expected) in [(true, [1, 1, 3]), (false, [1, 3, 3])] {
        let store = world.store.by("operator");
        let uncertain = store.restored(Timestamp(7), is_first).await.unwrap();
        assert_eq!(uncertain, 1);
        for (epoch, openings) in (1..).zip(expected) {
            let stored = world.store.submissions(&north, epoch).await.unwrap();
            assert_eq!(stored[0].openings, openings, "epoch {epoch}");
        }
    }
}

pub async fn sums_are_those_of_finished_jobs_and_of_others(place: &dyn Place) {
    let world = World::new(place).await;
    let (store, north) = (&world.store, name("north"));
    let own = |epoch| SumRef::own(name("north"), epoch);
    let theirs = |epoch| SumRef { result: Some(digest("theirs")), ..own(epoch) };
    let unknown = Denial::UnknownSum { index: 1, region: north.clone(), epoch: 9 };
    world.submit(1, &["a"]).await;
    world.close("sum", 1).await.unwrap();
    let not_ready =
        |state| Denial::SumNotReady { index: 0, region: name("north"), epoch: 1, state };
    assert_denied(store.sums(&[own(1), own(9)]).await, &not_ready(JobState::Queued));
    let lease = take(&world).await;
    assert_denied(store.sums(&[own(1)]).await, &not_ready(JobState::Running));
    store.release(&lease, &north, 1, b"ours", &JobDetails::default()).await.unwrap();
    assert_denied(store.sums(&[own(1), own(9)]).await, &unknown);

    store.add_result(&digest("theirs"), &north, 2, b"theirs", 1).await.unwrap();
    let both = store.sums(&[theirs(2), own(1)]).await.unwrap();
    assert_eq!(both, [b"theirs".to_vec(), b"ours".to_vec()]);
    // Of another epoch it is none.
    let not_there = Denial::ResultNotThere { index: 0, region: north, epoch: 1 };
    assert_denied(store.sums(&[theirs(1)]).await, &not_there);
}
