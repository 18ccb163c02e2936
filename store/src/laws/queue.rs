//! Which job is whose turn, and what is queued at all.

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{EngineKind, JobRequest, JobSummary};
use pulseproof_sdk::fhe::{FheRequest, SumRef};
use tokio::task::JoinSet;

use super::Place;
use super::world::{CLIENT, TERM, World, assert_denied, digest, estimate, name, program};
use crate::Denial;
use crate::jobs::{Ask, JobDetails, JobKind, Once, Room, Unfinished};
use crate::keys::StoredKey;

pub async fn jobs_are_taken_in_order_each_once_and_keep_their_place(place: &dyn Place) {
    let world = World::new(place).await;
    for id in ["a", "b", "c"] {
        assert_eq!(world.queue(id).await.unwrap(), id);
    }
    let busy = Denial::Busy { kind: JobKind::Groth16, limit: 3 };
    assert_denied(world.queue("d").await, &busy);
    assert_denied(
        world.store.check_room(JobKind::Groth16, CLIENT, Room { all: 3, each: 3 }).await,
        &busy,
    );
    world.store.check_room(JobKind::Groth16, CLIENT, Room { all: 4, each: 4 }).await.unwrap();
    // Many at once, and every job is somebody's, once.
    let mut all = JoinSet::new();
    for _ in 0..8 {
        let world = world.clone();
        all.spawn(async move { world.take().await.map(|taken| taken.lease.id) });
    }
    let mut taken: Vec<_> = all.join_all().await.into_iter().flatten().collect();
    taken.sort();
    assert_eq!(taken, ["a", "b", "c"]);
    world.store.requeue(JobKind::Groth16).await.unwrap();
    assert_eq!(world.store.queue_length().await.unwrap(), 3);
    assert_eq!(world.take().await.unwrap().lease.id, "a");
    assert_eq!(world.store.queue_length().await.unwrap(), 3);
    let of = |kind, queued, running| Unfinished { kind, queued, running };
    let expected =
        [of(JobKind::Aggregate, 0, 0), of(JobKind::Fhe, 0, 0), of(JobKind::Groth16, 2, 1)];
    assert_eq!(world.store.unfinished().await.unwrap(), expected);
}

pub async fn higher_priorities_are_taken_first_also_of_leases_that_ran_out(place: &dyn Place) {
    let world = World::new(place).await;
    for (id, priority) in [("low", -1), ("first", 0), ("high", 7), ("second", 0), ("higher", 8)] {
        let ask = Ask { priority, ..Ask::new(id, CLIENT) };
        world.ask(&ask, 10).await.unwrap();
    }
    let order = ["higher", "high", "first", "second", "low"];
    assert_eq!(world.take().await.unwrap().lease.id, order[0]);
    assert_eq!(world.take().await.unwrap().lease.id, order[1]);
    assert_eq!(world.take().await.unwrap().lease.id, order[2]);
    // What was interrupted is before what comes after it, and not before what came before.
    world.clock.pass(TERM);
    for id in order {
        let lease = world.take().await.unwrap().lease;
        assert_eq!(lease.id, id);
        assert!(world.store.finish(&lease, b"proof", &JobDetails::default()).await.unwrap());
    }
    assert!(world.take().await.is_none());
}

/// One client's many jobs keep another's one waiting for one of them, whatever their priorities.
pub async fn clients_take_turns(place: &dyn Place) {
    let world = World::new(place).await;
    let queue = async |id: &str, client: &str, priority| {
        world.ask(&Ask { priority, ..Ask::new(id, client) }, 100).await.unwrap();
    };
    for index in 0..8 {
        queue(&format!("many-{index}"), "many", 9).await;
    }
    let next = async || world.take().await.unwrap().lease.id;
    assert_eq!(next().await, "many-0");
    queue("one", "one", -9).await;
    queue("other", "other", 0).await;
    let order = [next().await, next().await, next().await];
    assert_eq!(order, ["one", "other", "many-1"]);
    // Also with others who come back as soon as they were served.
    queue("one-again", "one", 0).await;
    queue("other-again", "other", 0).await;
    let order = [next().await, next().await, next().await, next().await];
    assert_eq!(order, ["one-again", "other-again", "many-2", "many-3"]);
    // A kind's turns are its own.
    world.close("sum", 1).await.unwrap();
    let sum = world.store.take(JobKind::Aggregate, TERM).await.unwrap().unwrap();
    assert_eq!(sum.lease.id, "sum");
}

pub async fn jobs_are_listed_the_newest_first_page_by_page(place: &dyn Place) {
    let world = World::new(place).await;
    for index in 0..7 {
        let client = if index % 2 == 0 { "even" } else { "odd" };
        world.ask(&Ask::new(format!("{index}"), client), 10).await.unwrap();
    }
    let page = async |before, client| {
        let page = world.store.jobs(before, client, 3).await.unwrap();
        let last = page.last().map(|(position, _)| *position);
        (page.into_iter().map(|(_, job)| job.id).collect::<Vec<_>>(), last)
    };
    let (first, next) = page(None, None).await;
    assert_eq!(first, ["6", "5", "4"]);
    // What comes meanwhile moves nothing.
    world.ask(&Ask::new("new", "even"), 10).await.unwrap();
    let (second, next) = page(next, None).await;
    assert_eq!(second, ["3", "2", "1"]);
    assert_eq!(page(next, None).await.0, ["0"]);
    assert_eq!(page(None, Some("odd")).await.0, ["5", "3", "1"]);
    let (first, next) = page(None, Some("even")).await;
    assert_eq!(first, ["new", "6", "4"]);
    assert_eq!(page(next, Some("even")).await.0, ["2", "0"]);
    assert_eq!(page(None, Some("nobody")).await.0, [""; 0]);
}

/// Programs come as JSON, and stay as they come.
pub async fn a_list_says_which_regions_are_in_a_job_whatever_else_it_asks(place: &dyn Place) {
    let world = World::new(place).await;
    let key = StoredKey { engine: EngineKind::Exact, fingerprint: digest("f"), bytes: 7 };
    world.store.add_key(&digest("key"), &key, 1).await.unwrap();
    let sum = |region: &str| SumRef::own(name(region), u64::MAX);
    let mut request = serde_json::to_value(program(digest("key"), sum("south"))).unwrap();
    let odd = "\0 \\u0000 \u{1f494} \u{7f} \" \\";
    request["program"]["steps"][0]["name"] = odd.into();
    request["program"]["outputs"][0] = odd.into();
    let mut request: FheRequest = serde_json::from_value(request).unwrap();
    request.sums.extend([sum("north"), sum("south")]);
    let ask = Ask::new("program", CLIENT);
    world.store.create_program(&ask, &request, estimate(), Room::new(10)).await.unwrap();
    world.close("sum", u64::MAX).await.unwrap();
    world.queue("proof").await.unwrap();
    let listed = world.store.jobs(None, None, 10).await.unwrap();
    let of = |(_, job): &(i64, JobSummary)| {
        (job.id.clone(), job.regions.clone(), job.epoch, job.circuit.clone())
    };
    let listed: Vec<_> = listed.iter().map(of).collect();
    let expected = [
        ("proof".to_owned(), vec![], None, Some(name("sum"))),
        ("sum".to_owned(), vec![name("north")], Some(u64::MAX), None),
        ("program".to_owned(), vec![name("south"), name("north")], None, None),
    ];
    assert_eq!(listed, expected);
    assert_eq!(world.job("program").await.request, JobRequest::Fhe(Box::new(request)));
    // And what it failed with.
    let lease = world.store.take(JobKind::Fhe, TERM).await.unwrap().unwrap().lease;
    let problem = Problem::new(422, "unsatisfied", "\0 \\u0000");
    assert!(world.store.fail(&lease, &problem).await.unwrap());
    let listed = world.store.jobs(None, None, 10).await.unwrap();
    assert_eq!(listed[2].1.problem.as_deref(), Some("urn:pulseproof:unsatisfied"));
    assert_eq!(world.job("program").await.problem, Some(problem));
}

pub async fn what_nobody_could_be_called_is_nobody_s_job(place: &dyn Place) {
    let world = World::new(place).await;
    world.queue("a").await.unwrap();
    let store = &world.store;
    for id in ["", "\0", "a\0", "a\0b", "%00", "\u{fffd}", "'", "\\", &"a".repeat(10_000)] {
        assert!(store.job(id).await.unwrap().is_none());
        assert!(store.progress_of(id).await.unwrap().is_none());
        assert!(store.result(id).await.unwrap().is_none());
        assert!(store.closing_roster(id).await.unwrap().is_none());
        assert!(store.secret(id).await.unwrap().is_none());
        assert!(!store.cancel(id).await.unwrap() && !store.forget(id).await.unwrap());
    }
    assert!(store.cancel("a").await.unwrap());
}

pub async fn one_client_fills_no_queue(place: &dyn Place) {
    let world = World::new(place).await;
    let room = Room { all: 3, each: 2 };
    let ask = async |id: &str, client: &str| world.ask_within(&Ask::new(id, client), room).await;
    ask("a", "many").await.unwrap();
    ask("b", "many").await.unwrap();
    let too_many = Denial::TooManyJobs { kind: JobKind::Groth16, limit: 2 };
    assert_denied(ask("c", "many").await, &too_many);
    assert_denied(world.store.check_room(JobKind::Groth16, "many", room).await, &too_many);
    // Being worked on is not being finished.
    let lease = world.take().await.unwrap().lease;
    assert_denied(ask("c", "many").await, &too_many);
    ask("d", "one").await.unwrap();
    let busy = Denial::Busy { kind: JobKind::Groth16, limit: 3 };
    assert_denied(ask("e", "one").await, &busy);
    assert!(world.store.finish(&lease, b"proof", &JobDetails::default()).await.unwrap());
    ask("c", "many").await.unwrap();
    assert_eq!(world.job("c").await.client.as_deref(), Some("many"));
}

pub async fn a_clock_that_goes_back_changes_nobody_s_turn(place: &dyn Place) {
    let world = World::new(place).await;
    for id in ["a", "b", "c"] {
        world.queue(id).await.unwrap();
        world.clock.go_back(TERM);
    }
    for id in ["a", "b", "c"] {
        assert_eq!(world.take().await.unwrap().lease.id, id);
        world.clock.go_back(TERM);
    }
}

pub async fn kinds_have_queues_of_their_own(place: &dyn Place) {
    let world = World::new(place).await;
    world.queue("proof").await.unwrap();
    world.close("sum", 1).await.unwrap();
    let store = &world.store;
    assert!(store.take(JobKind::Fhe, TERM).await.unwrap().is_none());
    assert_eq!(store.take(JobKind::Aggregate, TERM).await.unwrap().unwrap().lease.id, "sum");
    assert_eq!(store.requeue(JobKind::Groth16).await.unwrap(), 0);
    world.clock.pass(TERM);
    assert!(store.take(JobKind::Fhe, TERM).await.unwrap().is_none());
    let proof = world.take().await.unwrap();
    assert_eq!((proof.lease.id.as_str(), proof.attempt), ("proof", 1));
    assert!(world.take().await.is_none());
    store.check_room(JobKind::Fhe, CLIENT, Room::new(1)).await.unwrap();
    assert_eq!(store.queue_length().await.unwrap(), 2);
}

fn once(id: &str, client: &str, key: &str, request: &str) -> Ask {
    let once = Once { key: key.to_owned(), digest: digest(request) };
    Ask { once: Some(once), ..Ask::new(id, client) }
}

pub async fn what_is_asked_twice_is_queued_once(place: &dyn Place) {
    let world = World::new(place).await;
    let again = |id| once(id, "client", "key", "request");
    assert_eq!(world.ask(&again("a"), 1).await.unwrap(), "a");
    // Nor is it refused for want of room: there is nothing to be queued.
    assert_eq!(world.ask(&again("b"), 1).await.unwrap(), "a");
    assert!(world.store.job("b").await.unwrap().is_none());
    assert_eq!(world.store.asked_before(&again("b")).await.unwrap().as_deref(), Some("a"));
    let lease = world.take().await.unwrap().lease;
    assert!(world.store.finish(&lease, b"proof", &JobDetails::default()).await.unwrap());
    assert_eq!(world.ask(&again("c"), 1).await.unwrap(), "a");
    assert!(world.take().await.is_none());

    let sum = once("sum", "client", "epoch 1", "sum epoch 1");
    let close = async |ask: &Ask| {
        let request = super::world::aggregate(1);
        world.store.close_epoch(ask, &name("north"), 1, &request, &|_, _| Ok(())).await
    };
    assert_eq!(close(&sum).await.unwrap(), "sum");
    assert_eq!(close(&Ask { id: "other".into(), ..sum }).await.unwrap(), "sum");
}

pub async fn a_key_is_for_one_request_of_one_client(place: &dyn Place) {
    let world = World::new(place).await;
    world.ask(&once("a", "client", "key", "request"), 10).await.unwrap();
    let other = once("b", "client", "key", "another");
    assert_denied(world.ask(&other, 10).await, &Denial::AskedOtherwise);
    assert_denied(world.store.asked_before(&other).await, &Denial::AskedOtherwise);
    // Whatever kind it is of.
    let request = program(digest("key"), SumRef::own(name("north"), 1));
    let program = world.store.create_program(&other, &request, estimate(), Room::new(10)).await;
    assert_denied(program, &Denial::AskedOtherwise);
    assert!(world.store.job("b").await.unwrap().is_none());
    for ask in [
        once("c", "another", "key", "another"),
        once("d", "client", "another", "another"),
        Ask::new("e", CLIENT),
        Ask::new("f", CLIENT),
    ] {
        assert_eq!(world.store.asked_before(&ask).await.unwrap(), None);
        assert_eq!(world.ask(&ask, 10).await.unwrap(), ask.id);
    }
}
