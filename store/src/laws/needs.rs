//! What unfinished jobs need, and nobody removes.

use std::collections::HashSet;

use pulseproof_sdk::api::EngineKind;
use pulseproof_sdk::fhe::SumRef;

use super::Place;
use super::world::{TERM, World, assert_denied, circuit, digest, file, name, problem};
use crate::Denial;
use crate::circuits::Part;
use crate::jobs::{JobDetails, JobKind};
use crate::keys::StoredKey;
use crate::proofs::Secret;

pub async fn circuits_and_secrets_of_unfinished_jobs_stay(place: &dyn Place) {
    let world = World::new(place).await;
    let store = &world.store;
    for (id, end) in [("done", 0), ("failed", 1), ("cancelled", 2)] {
        world.queue(id).await.unwrap();
        let in_use = Denial::CircuitInUse(id.to_owned());
        assert_denied(store.remove_circuit(&name("sum")).await, &in_use);
        assert!(store.is_needed(&digest(id)).await.unwrap());
        let lease = world.take().await.unwrap().lease;
        assert_denied(store.remove_circuit(&name("sum")).await, &in_use);
        assert_eq!(store.secret(id).await.unwrap(), Some(Secret::Inputs(digest(id))));
        let ended = match end {
            0 => store.finish(&lease, b"proof", &JobDetails::default()).await,
            1 => store.fail(&lease, &problem()).await,
            _ => store.cancel(id).await,
        };
        assert!(ended.unwrap());
        assert!(!store.is_needed(&digest(id)).await.unwrap());
        assert_eq!(store.spent_secrets().await.unwrap(), [digest(id)]);
        store.forget_secret(&digest(id)).await.unwrap();
        assert_eq!(store.spent_secrets().await.unwrap(), []);
        assert_eq!(store.secret(id).await.unwrap(), None);
    }
    assert_eq!(store.remove_circuit(&name("sum")).await.unwrap(), circuit("sum"));
    assert_denied(store.remove_circuit(&name("sum")).await, &Denial::UnknownCircuit);
    assert_denied(world.queue("late").await, &Denial::CircuitNotThere);
}

pub async fn keys_and_results_of_unfinished_jobs_stay(place: &dyn Place) {
    let world = World::new(place).await;
    let store = &world.store;
    let (key, result) = (digest("key"), digest("result"));
    let of_others = SumRef { result: Some(result), ..SumRef::own(name("north"), 1) };
    let ask = async |id| world.program(id, key, of_others.clone()).await;
    assert_denied(ask("a").await, &Denial::KeyNotThere);
    let stored =
        StoredKey { engine: EngineKind::Exact, fingerprint: digest("fingerprint"), bytes: 7 };
    assert!(store.add_key(&key, &stored, 1).await.unwrap());
    assert_eq!(store.key(&key).await.unwrap(), Some(stored));
    let not_there = Denial::ResultNotThere { index: 0, region: name("north"), epoch: 1 };
    assert_denied(ask("a").await, &not_there);
    assert!(store.job("a").await.unwrap().is_none());
    assert!(store.add_result(&result, &name("north"), 1, b"result", 1).await.unwrap());
    assert_eq!(ask("a").await.unwrap(), "a");

    assert_denied(store.remove_key(&key).await, &Denial::KeyInUse("a".into()));
    assert_denied(store.remove_result(&result).await, &Denial::ResultInUse);
    let lease = store.take(JobKind::Fhe, TERM).await.unwrap().unwrap().lease;
    assert!(store.finish(&lease, b"outputs", &JobDetails::default()).await.unwrap());
    store.remove_key(&key).await.unwrap();
    store.remove_result(&result).await.unwrap();
    assert_denied(store.remove_key(&key).await, &Denial::UnknownKey);
    assert_denied(store.remove_result(&result).await, &Denial::UnknownResult(result));
    assert!(!store.has_result(&result).await.unwrap());
}

pub async fn needed_files_are_those_of_keys_circuits_and_unfinished_jobs(place: &dyn Place) {
    let world = World::new(place).await;
    let store = &world.store;
    let stored = StoredKey { engine: EngineKind::TfheCpu, fingerprint: digest("f"), bytes: 7 };
    store.add_key(&digest("key"), &stored, 1).await.unwrap();
    for (part, text) in [(Part::Wasm, "wasm"), (Part::R1cs, "r1cs"), (Part::Sym, "sym")] {
        assert!(store.add_part(&name("sum"), part, file(text)).await.unwrap());
    }
    world.queue("inputs").await.unwrap();
    let files = ["key", "sum.zkey", "wasm", "r1cs", "sym", "inputs"];
    let needed: HashSet<_> = files.iter().map(|file| digest(file)).collect();
    assert_eq!(store.needed_blobs().await.unwrap(), needed);
    for file in &needed {
        assert!(store.is_needed(file).await.unwrap());
    }
    assert!(!store.is_needed(&digest("another")).await.unwrap());
    store.cancel("inputs").await.unwrap();
    let removed = store.remove_circuit(&name("sum")).await.unwrap();
    assert_eq!(removed.files().count(), 4);
    store.remove_key(&digest("key")).await.unwrap();
    assert!(store.needed_blobs().await.unwrap().is_empty());
}
