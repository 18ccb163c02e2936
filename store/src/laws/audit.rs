//! The log of what was done.

use pulseproof_sdk::Problem;
use pulseproof_sdk::access::{ApiToken, Role};
use pulseproof_sdk::api::EngineKind;
use pulseproof_sdk::audit::{AuditEntry, AuditVerifier};
use pulseproof_sdk::identity::{ApplianceKey, AppliancePublicKey};
use pulseproof_sdk::profile::Profile;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::Place;
use super::world::{CLIENT, TERM, World, candidate, circuit, digest, name, roster};
use crate::audit::{Act, Sealed, Signer};
use crate::circuits::Part;
use crate::jobs::{Ask, JobDetails, JobKind};
use crate::keys::StoredKey;
use crate::tokens::StoredToken;
use crate::{Clock as _, Denial, StoreError};

fn signer() -> ApplianceKey {
    ApplianceKey::from_seed([7; 32])
}

/// Somebody who signs, and had no key before.
fn signs(key: &ApplianceKey) -> Signer<'_> {
    Signer { key, earlier: &[] }
}

/// Seals the log, and returns who did what, once it was verified.
async fn log(world: &World) -> Vec<(String, Value)> {
    while world.store.seal_log(&signs(&signer()), None).await.unwrap().0 > 0 {}
    let entries = world.store.log(0, usize::MAX).await.unwrap();
    let mut verifier = AuditVerifier::new(vec![signer().public()]);
    entries.iter().for_each(|entry| verifier.next(entry).unwrap());
    assert_eq!(verifier.end().unwrap(), entries.len() as u64, "the last entry is signed");
    entries.into_iter().map(|entry| (entry.who.clone(), act(&entry))).collect()
}

fn act(entry: &AuditEntry) -> Value {
    serde_json::from_str(entry.act.get()).unwrap()
}

/// Of what a store is asked to do, everything that changes something is noted, by who it was, and nothing else.
pub async fn what_is_done_is_noted_with_who_did_it(place: &dyn Place) {
    let world = World::new(place).await;
    let ann = world.store.by("ann");
    let before = log(&world).await.len();
    let profile = Profile::Unproved { meaning: digest("meaning") };
    let one = digest("one");
    let key = StoredKey { engine: EngineKind::Exact, fingerprint: one, bytes: 7 };
    assert!(
        ann.add_profile(&profile, 9).await.unwrap() && !ann.add_profile(&profile, 9).await.unwrap()
    );
    ann.register(&roster(5)).await.unwrap();
    ann.register(&roster(5)).await.unwrap();
    ann.add_key(&one, &key, 9).await.unwrap();
    ann.remove_key(&one).await.unwrap();
    assert!(ann.remove_key(&one).await.is_err());
    ann.add_result(&one, &name("north"), 3, b"result", 9).await.unwrap();
    ann.remove_result(&one).await.unwrap();
    ann.add_circuit(&circuit("other"), 9).await.unwrap();
    let file = pulseproof_sdk::groth16::PartInfo { sha256: one, bytes: 1 };
    ann.add_part(&name("other"), Part::Sym, file).await.unwrap();
    ann.remove_circuit(&name("other")).await.unwrap();
    let token = ApiToken::random().unwrap();
    let stored = StoredToken {
        id: token.id(),
        digest: token.digest(),
        name: name("somebody-with-a-name"),
        role: Role::Gateway,
        regions: Some([name("north")].into()),
        created: world.clock.now(),
        expires: None,
        revoked: None,
    };
    ann.add_token(&stored).await.unwrap();
    ann.revoke_token(stored.id).await.unwrap();
    ann.note(&Act::ResultFetched { job: "x" }).await.unwrap();
    let token = stored.id.to_string();
    let expected = [
        json!({ "what": "profile-added", "profile": profile.digest() }),
        json!({ "what": "region-registered", "region": "north", "roster": roster(5).digest() }),
        json!({ "what": "key-added", "key": one }),
        json!({ "what": "key-removed", "key": one }),
        json!({ "what": "result-added", "result": one, "region": "north", "epoch": 3 }),
        json!({ "what": "result-removed", "result": one }),
        json!({ "what": "circuit-added", "circuit": "other", "key": circuit("other").zkey.sha256 }),
        json!({ "what": "circuit-part-added", "circuit": "other", "part": "sym", "file": one }),
        json!({ "what": "circuit-removed", "circuit": "other" }),
        json!({ "what": "token-created", "token": token, "role": "gateway", "regions": ["north"] }),
        json!({ "what": "token-revoked", "token": token }),
        json!({ "what": "result-fetched", "job": "x" }),
    ];
    let noted: Vec<_> = log(&world).await.split_off(before);
    assert_eq!(noted, expected.map(|act| ("ann".to_owned(), act)));
}

/// Jobs are noted as their clients', and end as the appliance says; what a device is called is nowhere.
pub async fn jobs_and_submissions_are_noted_without_names(place: &dyn Place) {
    let world = World::new(place).await;
    let before = log(&world).await.len();
    world.submit(1, &["a-device-1", "a-device-2"]).await;
    // Refused, all of them: nothing is done.
    assert!(world.submit(1, &["a-device-1"]).await[0].is_some());
    world.close("sum", 1).await.unwrap();
    let lease = world.store.take(JobKind::Aggregate, TERM).await.unwrap().unwrap().lease;
    let facts = JobDetails::default();
    world.store.release(&lease, &name("north"), 1, b"result", &facts).await.unwrap();
    assert!(!world.store.release(&lease, &name("north"), 1, b"result", &facts).await.unwrap());
    for id in ["done", "failed", "cancelled"] {
        world.queue(id).await.unwrap();
    }
    let busy = world.queue("refused").await.unwrap_err();
    assert!(matches!(busy, StoreError::Denied(Denial::Busy { .. })));
    let done = world.take().await.unwrap().lease;
    assert!(world.store.finish(&done, b"proof", &facts).await.unwrap());
    let failed = world.take().await.unwrap().lease;
    world.store.fail(&failed, &Problem::new(422, "unsatisfied", "of a-device-1")).await.unwrap();
    world.store.by("bob").cancel("cancelled").await.unwrap();
    let hashes = ["a-device-1", "a-device-2"].map(|device| candidate(device, 1));
    let hashes: Vec<_> =
        hashes.iter().flat_map(|of| pulseproof_sdk::Digest::sha256(&of.bytes).0).collect();
    let queued = |id: &str| json!({ "what": "job-queued", "job": id, "kind": "groth16" });
    let sha256 = |bytes: &[u8]| pulseproof_sdk::Digest::sha256(bytes);
    let appliance = "appliance";
    let expected = [
        (
            appliance,
            json!({ "what": "submissions-accepted", "region": "north", "epoch": 1, "count": 2,
                            "digest": sha256(&hashes) }),
        ),
        (
            CLIENT,
            json!({ "what": "job-queued", "job": "sum", "kind": "aggregate", "regions": ["north"] }),
        ),
        (
            appliance,
            json!({ "what": "job-ended", "job": "sum", "state": "done", "result": sha256(b"result") }),
        ),
        (CLIENT, queued("done")),
        (CLIENT, queued("failed")),
        (CLIENT, queued("cancelled")),
        (
            appliance,
            json!({ "what": "job-ended", "job": "done", "state": "done", "result": sha256(b"proof") }),
        ),
        (
            appliance,
            json!({ "what": "job-ended", "job": "failed", "state": "failed", "problem": "unsatisfied" }),
        ),
        ("bob", json!({ "what": "job-ended", "job": "cancelled", "state": "cancelled" })),
    ];
    let noted: Vec<_> = log(&world).await.split_off(before);
    assert_eq!(noted, expected.map(|(who, act)| (who.to_owned(), act)));
    assert!(!format!("{noted:?}").contains("a-device"));
}

/// Whatever is changed, left out or put in afterwards is found; so is another signer.
pub async fn a_log_that_was_changed_is_found_out(place: &dyn Place) {
    let world = World::new(place).await;
    let mut sealed = None;
    for index in 0..3 {
        world.ask(&Ask::new(format!("job-{index}"), CLIENT), 9).await.unwrap();
        world.clock.pass(TERM);
        let (count, last) = world.store.seal_log(&signs(&signer()), sealed).await.unwrap();
        assert!(count > 0 && last != sealed);
        // There is nothing more.
        assert_eq!(world.store.seal_log(&signs(&signer()), last).await.unwrap(), (0, last));
        sealed = last;
    }
    // Not sealed, and so not told.
    world.ask(&Ask::new("late", CLIENT), 9).await.unwrap();
    let entries = world.store.log(0, 100).await.unwrap();
    assert!(!entries.iter().any(|entry| entry.act.get().contains("late")));
    assert_eq!(world.store.log(2, 2).await.unwrap()[0].position, 3);
    let verify = |entries: &[AuditEntry], key: &ApplianceKey| {
        let mut verifier = AuditVerifier::new(vec![key.public()]);
        entries.iter().try_for_each(|entry| verifier.next(entry)).is_ok() && verifier.end().is_ok()
    };
    let signed = |entry: &AuditEntry| entry.signature.is_some();
    assert!(verify(&entries, &signer()));
    assert!(!verify(&entries, &ApplianceKey::from_seed([8; 32])));
    let count = entries.len();
    let unsigned: Vec<_> =
        entries.iter().map(|entry| AuditEntry { signature: None, ..entry.clone() }).collect();
    assert!(!verify(&unsigned, &signer()) && !verify(&[], &signer()));
    // Nor does another appliance go on with it.
    assert!(world.store.seal_log(&signs(&ApplianceKey::from_seed([8; 32])), None).await.is_err());
    // Nor this one, behind anything but what it left.
    let other = sealed.map(|last| Sealed { hash: digest("other"), ..last });
    assert!(world.store.seal_log(&signs(&signer()), other).await.is_err());
    for index in 0..count {
        let mut left_out = entries.clone();
        left_out.remove(index);
        // The end can be cut off where it was signed: whoever knows of more finds out.
        let is_cut_off = index + 1 == count && signed(&entries[count - 2]);
        assert_eq!(verify(&left_out, &signer()), is_cut_off);
        let mut twice = entries.clone();
        twice.insert(index, entries[index].clone());
        assert!(!verify(&twice, &signer()));
        for change in 0..4 {
            let mut changed = entries.clone();
            let entry = &mut changed[index];
            match change {
                0 => entry.who.push('x'),
                1 => entry.at += 1,
                2 => {
                    entry.act = to_raw_value(&json!({ "what": "nothing" })).unwrap();
                }
                _ => entry.hash.0[0] ^= 1,
            }
            assert!(!verify(&changed, &signer()), "entry {index}, change {change}");
        }
    }
}

/// An appliance that has another key goes on, if it is told the one before; whoever verifies has to be told both.
pub async fn a_log_goes_on_under_another_key(place: &dyn Place) {
    let world = World::new(place).await;
    let (old, new) = (signer(), ApplianceKey::from_seed([8; 32]));
    world.store.seal_log(&signs(&old), None).await.unwrap();
    world.queue("a").await.unwrap();
    assert!(world.store.seal_log(&signs(&new), None).await.is_err());
    let earlier = [old.public()];
    let signer = Signer { key: &new, earlier: &earlier };
    let (count, _) = world.store.seal_log(&signer, None).await.unwrap();
    assert_eq!(count, 1);
    let entries = world.store.log(0, 100).await.unwrap();
    let verify = |keys: Vec<AppliancePublicKey>| {
        let mut verifier = AuditVerifier::new(keys);
        entries.iter().try_for_each(|entry| verifier.next(entry)).is_ok() && verifier.end().is_ok()
    };
    assert!(verify(vec![old.public(), new.public()]));
    assert!(!verify(vec![old.public()]) && !verify(vec![new.public()]));
}

/// Who left off where others have gone on goes on behind them; what it left has to be there still.
pub async fn a_log_that_several_seal_is_one(place: &dyn Place) {
    let world = World::new(place).await;
    let key = signer();
    let (_, first) = world.store.seal_log(&signs(&key), None).await.unwrap();
    world.queue("a").await.unwrap();
    let (_, second) = world.store.seal_log(&signs(&key), None).await.unwrap();
    world.queue("b").await.unwrap();
    let (count, third) = world.store.seal_log(&signs(&key), first).await.unwrap();
    assert!(count == 1 && first != second && second != third);
    world.queue("c").await.unwrap();
    let elsewhere = |last: Sealed| Sealed { position: last.position + 1, ..last };
    let changed = |last: Sealed| Sealed { hash: digest("other"), ..last };
    for never in [first.map(elsewhere), first.map(changed), third.map(elsewhere)] {
        assert!(world.store.seal_log(&signs(&key), never).await.is_err());
    }
    assert_eq!(log(&world).await.len() as u64, third.unwrap().position + 1);
}
