//! `pulseproof backup` and `pulseproof restore`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pulseproof_kernels::Bn254;
use pulseproof_prover::srs::Srs;
use pulseproof_sdk::ProvedResult;
use pulseproof_sdk::api::{JobRequest, JobState};
use pulseproof_sdk::groth16::Groth16Request;
use pulseproof_sdk::identity::ApplianceKey;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{fixture, json, pulseproof, stderr, stdout};
use crate::durability::{Process, name, serving, submissions, unproved, verified};

const SRS: &str = "srs-bn254-12.bin";

/// An appliance's home, and one beside it.
struct Homes(TempDir);

impl Homes {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn start(&self, home: &str) -> Process {
        serving(&mut pulseproof(&self.path(home)), &[])
    }

    fn run(&self, home: &str, words: &[&str]) -> Output {
        pulseproof(&self.path(home)).current_dir(self.0.path()).args(words).output().unwrap()
    }
}

fn sum(epoch: u64) -> JobRequest {
    JobRequest::Aggregate { region: name("north"), epoch, weights: [].into() }
}

fn tiny(kind: &str) -> PathBuf {
    fixture("bn128", &format!("tiny.{kind}"))
}

fn kill(mut process: Process) {
    process.child.kill().unwrap();
    process.child.wait().unwrap();
}

/// Lets it end as it should: what was not signed yet is then.
fn stop(mut process: Process) {
    let id = Pid::from_raw(i32::try_from(process.child.id()).unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    assert!(process.child.wait().unwrap().success());
}

#[tokio::test]
async fn a_copy_of_an_appliance_that_runs_is_put_back_and_goes_on() {
    let homes = Homes::new();
    let first = homes.start("first");
    let srs = Srs::<Bn254>::load(&homes.path("first").join(SRS)).unwrap();
    let at = &first.appliance;
    at.put_profile(&unproved()).await.unwrap();
    at.put_circuit(&name("tiny"), &tiny("zkey")).await.unwrap();
    let (roster, summed, _) = submissions(&srs, "north", 5);
    at.register(&roster).await.unwrap();
    at.submit(&roster.region, 5, &summed).await.unwrap();
    let job = at.create_job(&sum(5)).await.unwrap();
    assert_eq!(at.wait(&job.id).await.unwrap().state, JobState::Done);
    let result = at.result(&job.id).await.unwrap();
    let (south, waiting, expected) = submissions(&srs, "south", 6);
    at.register(&south).await.unwrap();
    at.submit(&south.region, 6, &waiting).await.unwrap();
    let identity = at.identity().await.unwrap();

    let said = json(&homes.run("first", &["backup", "copy", "--json"]));
    assert_eq!(said["appliance"], identity.to_string());
    assert_eq!(said["files"], 3, "the store, the key, the circuit: {said}");
    for path in ["copy", "copy/appliance.sqlite", "copy/identity.key", "copy/manifest.json"] {
        let mode = fs::metadata(homes.path(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}");
    }
    // What comes after is lost.
    let (west, late, _) = submissions(&srs, "west", 7);
    at.register(&west).await.unwrap();
    at.submit(&west.region, 7, &late).await.unwrap();
    kill(first);

    let restored = json(&homes.run("second", &["restore", "copy", "--first", "--json"]));
    assert_eq!((&restored["uncertain"], &restored["bytes"]), (&json!(3), &said["bytes"]));
    fs::copy(homes.path("first").join(SRS), homes.path("second").join(SRS)).unwrap();
    let second = homes.start("second");
    let at = &second.appliance;
    assert_eq!(at.identity().await.unwrap(), identity);
    assert_eq!(at.result(&job.id).await.unwrap(), result);
    let south = JobRequest::Aggregate { region: name("south"), epoch: 6, weights: [].into() };
    let job = at.create_job(&south).await.unwrap();
    assert_eq!(at.wait(&job.id).await.unwrap().state, JobState::Done);
    let result = ProvedResult::<Bn254>::from_bytes(&at.result(&job.id).await.unwrap()).unwrap();
    assert_eq!(result.aggregate, expected);
    let witness = at.put_witness(&tiny("wtns")).await.unwrap();
    let proof = JobRequest::Groth16(Groth16Request::from_witness(name("tiny"), witness));
    let proof = at.create_job(&proof).await.unwrap();
    at.wait(&proof.id).await.unwrap();
    verified(&tiny("zkey"), &at.result(&proof.id).await.unwrap());
    let lost = at.submit(&name("west"), 7, &late).await.unwrap_err().to_string();
    assert!(lost.contains("west"), "{lost}");
    // The log goes on, and says so.
    stop(second);
    let log = stdout(&homes.run("second", &["audit", "export"]));
    let what = |line: &str| serde_json::from_str::<Value>(line).unwrap()["act"]["what"].clone();
    let acts: Vec<_> = log.lines().map(what).collect();
    let position = |what: &str| acts.iter().position(|act| act == what).unwrap();
    assert!(position("copy-taken") < position("restored"));
    fs::write(homes.path("log"), log).unwrap();
    let verdict =
        homes.run("second", &["audit", "verify", "--appliance", &identity.to_string(), "log"]);
    assert!(verdict.status.success(), "{}", stdout(&verdict));
}

/// A home with a store and a circuit, that was copied.
async fn copied() -> Homes {
    let homes = Homes::new();
    let process = homes.start("first");
    process.appliance.put_circuit(&name("tiny"), &tiny("zkey")).await.unwrap();
    kill(process);
    let copied = homes.run("first", &["backup", "copy"]);
    assert!(copied.status.success(), "{}", stderr(&copied));
    assert!(stderr(&copied).contains("keep it as safe"));
    homes
}

fn manifest(homes: &Homes) -> Value {
    serde_json::from_slice(&fs::read(homes.path("copy/manifest.json")).unwrap()).unwrap()
}

#[tokio::test]
async fn a_copy_that_was_changed_is_not_put_back() {
    let homes = copied().await;
    let fails = |reason: &str| {
        let failed = homes.run("second", &["restore", "copy"]);
        let said = stderr(&failed);
        assert!(failed.status.code() == Some(2) && said.contains(reason), "{reason}: {said}");
        assert!(!homes.path("second/appliance").exists(), "{reason}");
        let names = fs::read_dir(homes.path("second")).map_or(0, Iterator::count);
        assert_eq!(names, 0, "{reason}: something was left");
    };
    fs::create_dir(homes.path("second")).unwrap();
    let whole = manifest(&homes);
    let write = |manifest: &Value| {
        fs::write(homes.path("copy/manifest.json"), manifest.to_string()).unwrap();
    };
    // Each byte of the key, and one of each file.
    for file in whole["files"].as_array().unwrap() {
        let path = homes.path("copy").join(file["name"].as_str().unwrap());
        let honest = fs::read(&path).unwrap();
        let places = if honest.len() < 200 { honest.len() } else { 1 };
        for place in 0..places {
            let mut changed = honest.clone();
            let place = if places == 1 { honest.len() / 2 } else { place };
            changed[place] ^= 1;
            fs::write(&path, changed).unwrap();
            fails("it is not what was copied");
        }
        fs::write(&path, &honest[1..]).unwrap();
        fails("it is not what was copied");
        fs::remove_file(&path).unwrap();
        fails("No such file");
        fs::write(&path, honest).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }
    let other = ApplianceKey::from_seed([1; 32]).public();
    for (change, reason) in [
        (json!({ "format": "pulseproof copy 2" }), "not a pulseproof copy 1"),
        (json!({ "appliance": other.to_string() }), "it is not the key of this copy"),
        (json!({ "files": [] }), "appliance.sqlite is missing"),
        (json!({ "more": 1 }), "unknown field"),
    ] {
        let mut changed = whole.clone();
        changed.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        write(&changed);
        fails(reason);
    }
    for name in ["../first", "/etc/passwd", "blobs/../identity.key", "appliance.lock"] {
        let mut changed = whole.clone();
        let file = json!({ "name": name, "bytes": 1, "sha256": "0".repeat(64) });
        changed["files"].as_array_mut().unwrap().push(file);
        write(&changed);
        fails("is no file of an appliance");
    }
    fs::remove_file(homes.path("copy/manifest.json")).unwrap();
    fails("manifest.json: No such file");
    write(&whole);
    // What is no file is not read, and nothing is waited for.
    let key = homes.path("copy/identity.key");
    let honest = fs::read(&key).unwrap();
    let longer = [&honest[..], &[0; 1 << 16]].concat();
    fs::write(&key, longer).unwrap();
    fails("identity.key: it has more than");
    fs::remove_file(&key).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &key).unwrap();
    fails("identity.key: ");
    fs::remove_file(&key).unwrap();
    assert!(Command::new("mkfifo").arg(&key).status().unwrap().success());
    fails("identity.key: it is no plain file");
    fs::remove_file(&key).unwrap();
    fs::write(&key, honest).unwrap();
    fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    // A store that was damaged before it was copied.
    let file = homes.path("copy/appliance.sqlite");
    let mut damaged = fs::read(&file).unwrap();
    let half = damaged.len() / 2;
    damaged[half..].fill(0xff);
    fs::write(&file, &damaged).unwrap();
    let mut lying = whole.clone();
    for file in lying["files"].as_array_mut().unwrap() {
        if file["name"] == "appliance.sqlite" {
            file["sha256"] = json!(pulseproof_sdk::Digest::sha256(&damaged));
        }
    }
    write(&lying);
    fails("appliance.sqlite");
}

#[tokio::test]
async fn what_is_not_whole_is_not_copied() {
    let homes = copied().await;
    let fails = |reason: &str| {
        let failed = homes.run("first", &["backup", "other"]);
        let said = stderr(&failed);
        assert!(failed.status.code() == Some(2) && said.contains(reason), "{reason}: {said}");
        assert!(!homes.path("other").exists());
    };
    let appliance = homes.path("first/appliance");
    // A file that the store needs is gone for good, and named.
    let blob = fs::read_dir(appliance.join("blobs")).unwrap().next().unwrap().unwrap().path();
    let away = homes.path("away");
    fs::rename(&blob, &away).unwrap();
    fails(blob.file_name().unwrap().to_str().unwrap());
    fs::rename(&away, &blob).unwrap();
    // No key is made up.
    fs::rename(appliance.join("identity.key"), &away).unwrap();
    fails("identity.key: No such file");
    assert!(!appliance.join("identity.key").exists());
    fs::rename(&away, appliance.join("identity.key")).unwrap();
    fs::write(appliance.join("identity.earlier"), "").unwrap();
    let copied = json(&homes.run("first", &["backup", "other", "--json"]));
    assert_eq!(copied["files"], 4, "{copied}");
}

#[tokio::test]
async fn nothing_is_written_over() {
    let homes = copied().await;
    for words in [
        &["backup", "copy"][..],
        &["backup", "copy/manifest.json"],
        &["restore", "copy"],
        &["restore", "copy", "--store", "first"],
    ] {
        let refused = homes.run("first", words);
        let said = stderr(&refused);
        assert!(refused.status.code() == Some(2), "{words:?}");
        assert!(said.contains("there is something already"), "{words:?}: {said}");
    }
    let none = homes.run("nowhere", &["backup", "other"]);
    assert!(stderr(&none).contains("no appliance's store"), "{}", stderr(&none));
    assert!(!homes.path("other").exists());
    assert!(Path::exists(&homes.path("first/appliance/appliance.sqlite")));
    for (words, said) in [
        (&["restore", "copy", "--store", "other"][..], "are opened no more"),
        (&["restore", "copy", "--store", "another", "--first"], "put this copy back no more"),
    ] {
        let restored = homes.run("first", words);
        assert!(restored.status.success(), "{}", stderr(&restored));
        assert!(stderr(&restored).contains("revoke the tokens"));
        assert!(stderr(&restored).contains(said), "{}", stderr(&restored));
    }
}
