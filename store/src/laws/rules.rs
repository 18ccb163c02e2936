//! The other rules, one at a time.

use pulseproof_sdk::Profile;
use pulseproof_sdk::api::EngineKind;

use super::Place;
use super::world::{World, assert_denied, candidate, circuit, digest, file, name, roster};
use crate::Denial;
use crate::circuits::{Part, StoredCircuit};
use crate::keys::StoredKey;

pub async fn rosters_are_replaced_between_epochs(place: &dyn Place) {
    let world = World::new(place).await;
    let store = &world.store;
    assert_eq!(store.roster(&name("south")).await.unwrap(), None);
    assert!(!store.register(&roster(4)).await.unwrap());
    assert!(!store.register(&roster(5)).await.unwrap());
    assert_eq!(store.roster(&name("north")).await.unwrap(), Some(roster(5)));
    let changed = Denial::RosterChanged(name("north"));
    assert_denied(store.accept(&roster(4), 1, &[candidate("a", 1)]).await, &changed);
    store.accept(&roster(5), 1, &[candidate("a", 1)]).await.unwrap();
    assert_denied(store.register(&roster(4)).await, &Denial::EpochOpen(name("north")));
    // The same roster is no other.
    assert!(!store.register(&roster(5)).await.unwrap());
    world.close("sum", 1).await.unwrap();
    assert!(!store.register(&roster(4)).await.unwrap());
    let mut south = roster(4);
    south.region = name("south");
    assert!(store.register(&south).await.unwrap());
}

pub async fn submissions_are_in_order_and_each_once(place: &dyn Place) {
    let world = World::new(place).await;
    let (store, a) = (&world.store, name("a"));
    let batch = [candidate("a", 3), candidate("a", 4), candidate("b", 1), candidate("a", 3)];
    let refusals = store.accept(&roster(4), 1, &batch).await.unwrap();
    let duplicate = Some(Denial::Duplicate { device: a.clone(), epoch: 1 });
    let reused =
        |sequence, highest| Some(Denial::SequenceReused { device: a.clone(), sequence, highest });
    assert_eq!(refusals, [None, duplicate, None, reused(3, 3)]);
    // Whatever the epoch; and numbers are unsigned.
    for (sequence, expected) in [(3, reused(3, 3)), (u64::MAX, None)] {
        let refusals = store.accept(&roster(4), 2, &[candidate("a", sequence)]).await.unwrap();
        assert_eq!(refusals, [expected]);
    }
    let refusals = store.accept(&roster(4), 3, &[candidate("a", 5)]).await.unwrap();
    assert_eq!(refusals, [reused(5, u64::MAX)]);
    assert_eq!(store.submissions(&name("north"), 1).await.unwrap().len(), 2);
    assert_eq!(store.submissions(&name("north"), 3).await.unwrap().len(), 0);
}

pub async fn there_is_no_more_than_there_may_be(place: &dyn Place) {
    let world = World::new(place).await;
    let (store, north) = (&world.store, name("north"));
    let key =
        StoredKey { engine: EngineKind::Exact, fingerprint: digest("f"), bytes: u64::MAX / 2 };
    let profile = |text: &str| Profile::Unproved { meaning: digest(text) };
    // What is there is not counted anew.
    for (new, expected) in [("a", true), ("a", false)] {
        assert_eq!(store.add_key(&digest(new), &key, 1).await.unwrap(), expected);
        assert_eq!(store.add_profile(&profile(new), 1).await.unwrap(), expected);
        let added = store.add_result(&digest(new), &north, 1, b"result", 1).await;
        assert_eq!(added.unwrap(), expected);
        assert!(!store.add_circuit(&circuit("sum"), 1).await.unwrap());
    }
    assert_denied(store.add_key(&digest("b"), &key, 1).await, &Denial::TooManyKeys(1));
    assert_denied(store.add_profile(&profile("b"), 1).await, &Denial::TooManyProfiles(1));
    let added = store.add_result(&digest("b"), &north, 1, b"result", 1).await;
    assert_denied(added, &Denial::TooManyResults(1));
    assert_denied(store.add_circuit(&circuit("b"), 1).await, &Denial::TooManyCircuits(1));
    assert_eq!(store.key(&digest("a")).await.unwrap(), Some(key));
    assert_eq!(store.key(&digest("b")).await.unwrap(), None);
    assert_eq!(store.profile(&profile("a").digest()).await.unwrap(), Some(profile("a")));
    assert_eq!(store.profile(&profile("b").digest()).await.unwrap(), None);
    assert!(store.has_result(&digest("a")).await.unwrap());
}

pub async fn a_circuit_has_one_file_of_each_kind(place: &dyn Place) {
    let world = World::new(place).await;
    let (store, sum) = (&world.store, name("sum"));
    let other = StoredCircuit { zkey: file("another"), ..circuit("sum") };
    assert_denied(store.add_circuit(&other, 10).await, &Denial::NameTaken(sum.clone()));
    for part in [Part::Wasm, Part::R1cs, Part::Sym] {
        let (one, another) = (file(part.name()), file("another"));
        let unknown = store.add_part(&name("unknown"), part, one).await;
        assert_denied(unknown, &Denial::UnknownCircuit);
        assert!(store.add_part(&sum, part, one).await.unwrap());
        assert!(!store.add_part(&sum, part, one).await.unwrap());
        let taken = Denial::PartTaken { name: sum.clone(), part };
        assert_denied(store.add_part(&sum, part, another).await, &taken);
        assert_eq!(store.circuit(&sum).await.unwrap().unwrap().part(part), Some(one));
    }
    store.add_circuit(&circuit("a"), 10).await.unwrap();
    let all = store.circuits().await.unwrap();
    assert_eq!(all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["a", "sum"]);
    assert_eq!(all[0], circuit("a"));
    assert_eq!(store.circuit(&name("b")).await.unwrap(), None);
}

pub async fn devices_are_in_the_order_of_their_bytes(place: &dyn Place) {
    let world = World::new(place).await;
    let mut devices = ["b", "a", "B", "A", "a-1", "a1", "a.1", "a_1", "A1", "9", "10"];
    assert!(world.submit(1, &devices).await.iter().all(Option::is_none));
    let stored = world.store.submissions(&name("north"), 1).await.unwrap();
    devices.sort_unstable();
    assert_eq!(stored.iter().map(|one| one.device.as_str()).collect::<Vec<_>>(), devices);
}
