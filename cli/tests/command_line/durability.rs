//! The real process, killed and stopped: what was accepted is finished, once.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use pulseproof_fhe::generate_keys;
use pulseproof_formats::elements::Check;
use pulseproof_formats::zkey::{PointsG1, Zkey};
use pulseproof_groth16::{PreparedVerifyingKey, Proof, PublicInputs, VerifyingKey, verify};
use pulseproof_kernels::Bn254;
use pulseproof_prover::commitment::CommitmentKey;
use pulseproof_prover::srs::Srs;
use pulseproof_sdk::api::{JobRequest, JobState};
use pulseproof_sdk::client::ApplianceClient;
use pulseproof_sdk::groth16::{Groth16Proof, Groth16Request};
use pulseproof_sdk::profile::ProfileVerifier;
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::submission::Label;
use pulseproof_sdk::{Digest, Name, Profile, ProvedResult, Roster, Submission};
use rand::rngs::OsRng;

use crate::common::pulseproof;

type C = Bn254;
const WORDS: usize = 64;

pub struct Process {
    pub child: Child,
    pub appliance: ApplianceClient,
}

fn start(home: &Path) -> Process {
    serving(&mut pulseproof(home), &[])
}

/// An appliance, from the command of the program and further arguments.
pub fn serving(command: &mut Command, more: &[&str]) -> Process {
    let mut child = command
        .args(["serve", "--insecure-key", "--listen", "127.0.0.1:0", "--curve", "bn254"])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap();
    Process { child, appliance: ApplianceClient::new(url).unwrap() }
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// Three devices' submissions for an epoch of a region, their roster, and the plain sum of their words.
pub fn submissions(srs: &Srs<C>, region: &str, epoch: u64) -> (Roster, Vec<Vec<u8>>, Vec<u64>) {
    let key = CommitmentKey::new(srs);
    let profile = unproved().digest();
    let mut roster = Roster {
        region: name(region),
        words: u32::try_from(WORDS).unwrap(),
        profile,
        devices: [].into(),
    };
    let (mut bodies, mut sum) = (Vec::new(), vec![0u64; WORDS]);
    for device in 0..3u64 {
        let device_key = DeviceKey::generate(&mut OsRng);
        let words: Vec<u64> = (0..WORDS as u64).map(|j| u64::MAX / (device + j + 1)).collect();
        sum.iter_mut().zip(&words).for_each(|(s, w)| *s = s.wrapping_add(*w));
        let label = Label {
            region: name(region),
            epoch,
            device: name(&format!("d{device}")),
            sequence: 1,
            profile,
            srs: Digest(key.srs_id()),
        };
        roster.devices.insert(label.device.clone(), device_key.public());
        bodies.push(Submission::seal(label, words, &key, &device_key, &mut OsRng).to_bytes());
    }
    (roster, bodies, sum)
}

/// Devices that cannot prove what their words mean.
pub fn unproved() -> Profile {
    Profile::Unproved { meaning: Digest([5; 32]) }
}

fn job() -> JobRequest {
    JobRequest::Aggregate { region: name("north"), epoch: 5, weights: [].into() }
}

#[tokio::test]
async fn a_job_accepted_before_kill_9_is_finished_after_restart() {
    let home = tempfile::tempdir().unwrap();
    let mut first = start(home.path());
    let srs = Srs::<C>::load(&home.path().join("srs-bn254-12.bin")).unwrap();
    let (roster, bodies, sum) = submissions(&srs, "north", 5);
    first.appliance.put_profile(&unproved()).await.unwrap();
    first.appliance.register(&roster).await.unwrap();
    let intake = first.appliance.submit(&roster.region, 5, &bodies).await.unwrap();
    assert_eq!((intake.accepted.len(), intake.refused.len()), (3, 0));
    let queued = first.appliance.create_job(&job()).await.unwrap();
    assert_eq!(queued.state, JobState::Queued);
    first.child.kill().unwrap();
    first.child.wait().unwrap();

    // Twice: once before and perhaps once in the middle of proving, once to finish.
    let mut second = start(home.path());
    second.child.kill().unwrap();
    second.child.wait().unwrap();
    let mut third = start(home.path());
    let done = third.appliance.wait(&queued.id).await.unwrap();
    assert_eq!(done.state, JobState::Done);
    let bytes = third.appliance.result(&queued.id).await.unwrap();
    let result = ProvedResult::<C>::from_bytes(&bytes).unwrap();
    // Three processes, one identity.
    let appliance = third.appliance.identity().await.unwrap();
    let lists = ProfileVerifier::new(&unproved()).unwrap();
    assert_eq!(result.verify(&srs.verifying_key, &roster, &[appliance], &lists), Ok(()));
    assert_eq!(result.aggregate, sum);

    // Finished once: the epoch stays closed, the result stays the same.
    let refused = third.appliance.create_job(&job()).await.unwrap_err().to_string();
    assert!(refused.contains(&queued.id), "{refused}");
    third.child.kill().unwrap();
    third.child.wait().unwrap();
    let mut fourth = start(home.path());
    assert_eq!(fourth.appliance.result(&queued.id).await.unwrap(), bytes);
    fourth.child.kill().unwrap();
    fourth.child.wait().unwrap();
}

#[tokio::test]
async fn submissions_accepted_before_kill_9_are_still_there() {
    let home = tempfile::tempdir().unwrap();
    let mut first = start(home.path());
    let srs = Srs::<C>::load(&home.path().join("srs-bn254-12.bin")).unwrap();
    let (roster, bodies, sum) = submissions(&srs, "north", 5);
    first.appliance.put_profile(&unproved()).await.unwrap();
    first.appliance.register(&roster).await.unwrap();
    first.appliance.submit(&roster.region, 5, &bodies).await.unwrap();
    first.child.kill().unwrap();
    first.child.wait().unwrap();

    let mut second = start(home.path());
    let again = second.appliance.submit(&roster.region, 5, &bodies).await.unwrap();
    assert_eq!(again.accepted.len(), 0, "each was stored, once");
    let queued = second.appliance.create_job(&job()).await.unwrap();
    second.appliance.wait(&queued.id).await.unwrap();
    let bytes = second.appliance.result(&queued.id).await.unwrap();
    assert_eq!(ProvedResult::<C>::from_bytes(&bytes).unwrap().aggregate, sum);
    second.child.kill().unwrap();
    second.child.wait().unwrap();
}

#[tokio::test]
async fn proofs_of_circuits_accepted_before_kill_9_are_made_after_restart() {
    let home = tempfile::tempdir().unwrap();
    let fixture = |kind: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/tests/fixtures/bn128");
        folder.join(format!("tiny.{kind}"))
    };
    let mut first = start(home.path());
    first.appliance.put_circuit(&name("tiny"), &fixture("zkey")).await.unwrap();
    let mut jobs = Vec::new();
    for _ in 0..4 {
        let witness = first.appliance.put_witness(&fixture("wtns")).await.unwrap();
        let request = Groth16Request::from_witness(name("tiny"), witness);
        let job = first.appliance.create_job(&JobRequest::Groth16(request)).await;
        jobs.push(job.unwrap().id);
    }
    first.child.kill().unwrap();
    first.child.wait().unwrap();

    let mut second = start(home.path());
    let mut results = Vec::new();
    for job in &jobs {
        assert_eq!(second.appliance.wait(job).await.unwrap().state, JobState::Done);
        results.push(second.appliance.result(job).await.unwrap());
    }
    second.child.kill().unwrap();
    second.child.wait().unwrap();

    // Each was made once: the same bytes again. The circuit is still there.
    let mut third = start(home.path());
    for (job, result) in jobs.iter().zip(&results) {
        assert_eq!(third.appliance.result(job).await.unwrap(), *result);
        verified(&fixture("zkey"), result);
    }
    assert!(third.appliance.circuit(&name("tiny")).await.unwrap().key.bytes > 0);
    third.child.kill().unwrap();
    third.child.wait().unwrap();
}

pub fn verified(key: &Path, result: &[u8]) {
    let made: Groth16Proof = serde_json::from_slice(result).unwrap();
    let mut file = Zkey::<C, _>::open(File::open(key).unwrap()).unwrap();
    let ic = file.points_g1(PointsG1::Ic, Check::Full, &mut |_, _| ()).unwrap();
    let key = PreparedVerifyingKey::new(VerifyingKey::of(file.header(), ic));
    let proof = Proof::<C>::from_json(made.proof.to_string().as_bytes()).unwrap();
    let public = PublicInputs::<C>::from_json(made.public.to_string().as_bytes()).unwrap();
    assert_eq!(verify(&key, &public, &proof), Ok(()));
}

#[tokio::test]
async fn an_evaluation_key_accepted_before_kill_9_is_still_there() {
    let home = tempfile::tempdir().unwrap();
    let mut first = start(home.path());
    let (secret, public) = generate_keys();
    let bytes = secret.floating_key().to_bytes();
    let length = bytes.len() as u64;
    let id = first.appliance.put_evaluation_key(bytes).await.unwrap();
    let info = first.appliance.evaluation_key(&id).await.unwrap();
    assert_eq!((info.bytes, info.fingerprint.0), (length, public.fingerprint()));
    first.child.kill().unwrap();
    first.child.wait().unwrap();

    let mut second = start(home.path());
    assert_eq!(second.appliance.evaluation_key(&id).await.unwrap(), info);
    second.appliance.delete_evaluation_key(&id).await.unwrap();
    second.child.kill().unwrap();
    second.child.wait().unwrap();

    // And one that was removed does not come back.
    let mut third = start(home.path());
    assert!(third.appliance.evaluation_key(&id).await.unwrap_err().to_string().contains("key"));
    third.child.kill().unwrap();
    third.child.wait().unwrap();
}

#[tokio::test]
async fn sigterm_stops_it_gracefully() {
    let home = tempfile::tempdir().unwrap();
    let mut process = start(home.path());
    process.appliance.health().await.unwrap();
    let kill =
        Command::new("kill").args(["-TERM", &process.child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert!(process.child.wait().unwrap().success());
}
