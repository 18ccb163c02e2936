//! The real process under load of every kind, killed at moments of chance: what was answered with success is so, and
//! so once. `PULSEPROOF_KILLS` says how often; in CI 20 times.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pulseproof_kernels::Bn254;
use pulseproof_prover::commitment::CommitmentKey;
use pulseproof_prover::srs::Srs;
use pulseproof_sdk::api::{Job, JobRequest, JobState};
use pulseproof_sdk::client::{ApplianceClient, ClientError, HttpService};
use pulseproof_sdk::groth16::Groth16Request;
use pulseproof_sdk::profile::ProfileVerifier;
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::submission::Label;
use pulseproof_sdk::{Digest, Name, ProvedResult, Roster, Submission};
use rand::Rng;
use rand::rngs::OsRng;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::time::sleep;

use crate::common::{fixture, pulseproof, stdout};
use crate::durability::{Process, name, serving, unproved, verified};

type C = Bn254;
const WORDS: u64 = 16;
const DEVICES: u64 = 3;
/// The longest that a process lives, in milliseconds.
const LIFE_MAX: u64 = 1200;

/// What a client knows, whatever the appliance forgets.
struct Clients {
    srs: Srs<C>,
    key: CommitmentKey<C>,
    roster: Roster,
    secrets: BTreeMap<Name, DeviceKey>,
    next: AtomicU64,
    answered: Mutex<Answered>,
}

/// What was asked, and what was answered with success.
#[derive(Default)]
struct Answered {
    /// Epochs that were submitted to; of how many devices that was answered.
    epochs: BTreeMap<u64, usize>,
    /// Jobs, by the keys that they were asked for with.
    jobs: BTreeMap<String, String>,
    /// Jobs that somebody asked to cancel; whether that was answered.
    cancelled: BTreeMap<String, bool>,
    results: BTreeMap<String, Vec<u8>>,
    /// Circuits that are there or not; none if that was not answered.
    circuits: BTreeMap<Name, Option<bool>>,
}

/// One process, as its clients see it.
struct Live {
    clients: Arc<Clients>,
    http: HttpService,
    appliance: ApplianceClient,
}

impl Clients {
    fn new(home: &Path) -> Arc<Self> {
        let srs = Srs::<C>::load(&home.join("srs-bn254-12.bin")).unwrap();
        let device = |index| (name(&format!("d{index}")), DeviceKey::generate(&mut OsRng));
        let secrets: BTreeMap<_, _> = (0..DEVICES).map(device).collect();
        let devices = secrets.iter().map(|(device, key)| (device.clone(), key.public())).collect();
        let (words, profile) = (u32::try_from(WORDS).unwrap(), unproved().digest());
        let roster = Roster { region: name("north"), words, profile, devices };
        let (key, next) = (CommitmentKey::new(&srs), AtomicU64::new(1));
        Arc::new(Self { srs, key, roster, secrets, next, answered: Mutex::default() })
    }

    fn new_number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn answered(&self) -> MutexGuard<'_, Answered> {
        self.answered.lock().unwrap()
    }

    fn words(device: &Name, epoch: u64) -> Vec<u64> {
        let seed = u64::from(device.as_str().as_bytes()[1]).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (0..WORDS).map(|word| seed.wrapping_mul(epoch) ^ word).collect()
    }

    fn batch(&self, epoch: u64) -> Vec<Vec<u8>> {
        let sealed = self.secrets.iter().map(|(device, secret)| {
            let (region, profile) = (self.roster.region.clone(), self.roster.profile);
            let (device, srs) = (device.clone(), Digest(self.key.srs_id()));
            let words = Self::words(&device, epoch);
            let label = Label { region, epoch, device, sequence: epoch, profile, srs };
            Submission::seal(label, words, &self.key, secret, &mut OsRng).to_bytes()
        });
        sealed.collect()
    }
}

/// Whether the process is gone; a problem that nobody expects is the test's end.
fn is_over(error: &ClientError, expected: &[&str]) -> bool {
    match error {
        ClientError::Problem(problem) => {
            let is_busy = matches!(problem.status, 429 | 503);
            let is_expected = expected.iter().any(|kind| problem.is(kind));
            assert!(is_busy || is_expected, "{problem:?}");
            false
        }
        _ => true,
    }
}

impl Live {
    /// A job, asked for under a key: however often, it is one.
    async fn ask(&self, key: &str, request: &JobRequest) -> Result<Job, ClientError> {
        let asked = self.http.request("POST".parse().unwrap(), "/v1/jobs");
        let job: Job = self
            .http
            .json(asked.header("Idempotency-Key", format!("\"{key}\"")).json(request))
            .await?;
        let before = self.clients.answered().jobs.insert(key.to_owned(), job.id.clone());
        assert!(before.is_none_or(|before| before == job.id), "{key} is another job now");
        Ok(job)
    }

    async fn fetch(&self, job: &str) -> Result<Vec<u8>, ClientError> {
        let bytes = self.appliance.result(job).await?;
        let before = self.clients.answered().results.insert(job.to_owned(), bytes.clone());
        assert!(before.is_none_or(|before| before == bytes), "{job} has another result now");
        Ok(bytes)
    }

    async fn sums(&self) -> Result<(), ClientError> {
        let epoch = self.clients.new_number();
        let batch = self.clients.batch(epoch);
        self.clients.answered().epochs.insert(epoch, 0);
        let intake = self.appliance.submit(&name("north"), epoch, &batch).await?;
        assert_eq!(intake.accepted.len(), batch.len());
        self.clients.answered().epochs.insert(epoch, batch.len());
        let job = self.ask(&format!("sum-{epoch}"), &sum(epoch)).await?;
        self.appliance.wait(&job.id).await?;
        self.fetch(&job.id).await.map(drop)
    }

    async fn proofs(&self) -> Result<(), ClientError> {
        let number = self.clients.new_number();
        let witness = self.appliance.put_witness(&tiny("wtns")).await?;
        let request = JobRequest::Groth16(Groth16Request::from_witness(name("tiny"), witness));
        let job = self.ask(&format!("proof-{number}"), &request).await?;
        if number.is_multiple_of(3) {
            self.clients.answered().cancelled.insert(job.id.clone(), false);
            let cancelled = self.appliance.cancel(&job.id).await?;
            assert_eq!(cancelled.state, JobState::Cancelled);
            self.clients.answered().cancelled.insert(job.id, true);
            return Ok(());
        }
        self.appliance.wait(&job.id).await?;
        self.fetch(&job.id).await.map(drop)
    }

    async fn circuits(&self) -> Result<(), ClientError> {
        let circuit = name(&format!("extra-{}", self.clients.new_number()));
        let note = |state| self.clients.answered().circuits.insert(circuit.clone(), state);
        note(None);
        self.appliance.put_circuit(&circuit, &tiny("zkey")).await?;
        note(Some(true));
        if self.clients.new_number().is_multiple_of(8) {
            return Ok(());
        }
        note(None);
        self.appliance.delete_circuit(&circuit).await?;
        note(Some(false));
        Ok(())
    }

    async fn looks(&self) -> Result<(), ClientError> {
        self.appliance.health().await?;
        self.appliance.jobs("?limit=100").await?;
        self.appliance.metrics().await.map(drop)
    }

    /// Everything at once, over and over, until nobody answers.
    async fn load(&self) {
        macro_rules! over_and_over {
            ($what:ident, $($expected:literal),*) => {
                async {
                    loop {
                        match self.$what().await {
                            Ok(()) => {}
                            Err(error) if is_over(&error, &[$($expected),*]) => return,
                            Err(_) => sleep(Duration::from_millis(20)).await,
                        }
                    }
                }
            };
        }
        tokio::join!(
            // Once: a device's sequence numbers only grow.
            over_and_over!(sums,),
            over_and_over!(proofs, "job-finished"),
            over_and_over!(proofs, "job-finished"),
            over_and_over!(circuits, "too-many-circuits"),
            over_and_over!(looks,),
        );
    }
}

fn sum(epoch: u64) -> JobRequest {
    JobRequest::Aggregate { region: name("north"), epoch, weights: [].into() }
}

fn tiny(kind: &str) -> PathBuf {
    fixture("bn128", &format!("tiny.{kind}"))
}

fn live(clients: &Arc<Clients>, process: &Process) -> Live {
    let http = HttpService::new(process.appliance.url()).unwrap();
    Live { clients: Arc::clone(clients), http, appliance: process.appliance.clone() }
}

/// All that was answered, asked again of a process that lives.
async fn check(live: &Live) -> u64 {
    let clients = &live.clients;
    let mut summed = 0;
    let identity = live.appliance.identity().await.unwrap();
    let lists = ProfileVerifier::new(&unproved()).unwrap();
    let epochs = clients.answered().epochs.clone();
    for (epoch, accepted) in epochs {
        let job = match live.ask(&format!("sum-{epoch}"), &sum(epoch)).await {
            Ok(job) => job,
            Err(ClientError::Problem(problem)) if problem.is("nothing-to-sum") => {
                assert_eq!(accepted, 0, "epoch {epoch} was lost");
                continue;
            }
            Err(error) => panic!("epoch {epoch}: {error}"),
        };
        assert_eq!(live.appliance.wait(&job.id).await.unwrap().state, JobState::Done);
        let result = live.fetch(&job.id).await.unwrap();
        let result = ProvedResult::<C>::from_bytes(&result).unwrap();
        let key = &clients.srs.verifying_key;
        assert_eq!(result.verify(key, &clients.roster, &[identity], &lists), Ok(()));
        let devices: Vec<_> =
            result.claim.contributions.iter().map(|one| one.device.clone()).collect();
        assert!(devices.len() >= accepted, "epoch {epoch} lost {accepted} of {devices:?}");
        let mut expected = vec![0u64; usize::try_from(WORDS).unwrap()];
        for device in &devices {
            let words = Clients::words(device, epoch);
            expected.iter_mut().zip(words).for_each(|(sum, word)| *sum = sum.wrapping_add(word));
        }
        assert_eq!(result.aggregate, expected);
        summed += devices.len() as u64;
    }
    let jobs = clients.answered().jobs.clone();
    let cancelled = clients.answered().cancelled.clone();
    for id in jobs.iter().filter(|(key, _)| key.starts_with("proof")).map(|(_, id)| id) {
        match live.appliance.wait(id).await.map(|job| job.state) {
            Ok(JobState::Done) if cancelled.get(id) != Some(&true) => {
                verified(&tiny("zkey"), &live.fetch(id).await.unwrap());
            }
            ended => {
                let state = live.appliance.job(id).await.unwrap().state;
                assert!(cancelled.contains_key(id), "{id}: {ended:?}");
                assert_eq!(state, JobState::Cancelled);
            }
        }
    }
    let there = live.appliance.circuits().await.unwrap();
    let there: BTreeSet<_> = there.into_iter().map(|circuit| circuit.name).collect();
    for (circuit, expected) in clients.answered().circuits.iter() {
        assert!(expected.is_none_or(|is| there.contains(circuit) == is), "{circuit}: {expected:?}");
    }
    summed
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_answered_is_lost_or_doubled_however_often_it_is_killed() {
    let kills = std::env::var("PULSEPROOF_KILLS").map_or(20, |kills| kills.parse().unwrap());
    let home = tempfile::tempdir().unwrap();
    let start = || serving(&mut pulseproof(home.path()), &[]);
    let mut process = start();
    let clients = Clients::new(home.path());
    process.appliance.put_profile(&unproved()).await.unwrap();
    process.appliance.register(&clients.roster).await.unwrap();
    process.appliance.put_circuit(&name("tiny"), &tiny("zkey")).await.unwrap();
    for _ in 0..kills {
        let life = Duration::from_millis(OsRng.gen_range(0..LIFE_MAX));
        let live = live(&clients, &process);
        let load = tokio::spawn(async move { live.load().await });
        sleep(life).await;
        process.child.kill().unwrap();
        process.child.wait().unwrap();
        // Who waits for a job goes on asking.
        load.abort();
        if let Err(error) = load.await {
            assert!(error.is_cancelled(), "{error}");
        }
        process = start();
    }
    let summed = check(&live(&clients, &process)).await;
    let id = Pid::from_raw(i32::try_from(process.child.id()).unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    assert!(process.child.wait().unwrap().success());
    check_log(home.path(), kills, summed);
    let answered = clients.answered();
    let (epochs, jobs, results) =
        (answered.epochs.len(), answered.jobs.len(), answered.results.len());
    println!("{kills} kills, {epochs} epochs, {jobs} jobs, {results} results");
    assert!(epochs > kills && jobs > kills, "there was next to no load");
}

/// The log is whole, and has each job once, from its start to its end, and each submission that was summed.
fn check_log(home: &Path, kills: usize, summed: u64) {
    let run = |words: &[&str]| pulseproof(home).current_dir(home).args(words).output().unwrap();
    assert!(run(&["audit", "export", "--out", "log.jsonl"]).status.success());
    let shown = stdout(&run(&["keys", "show", "appliance/identity.key"]));
    let key = shown.lines().find_map(|line| line.strip_prefix("public: ")).unwrap();
    let verdict = run(&["audit", "verify", "--appliance", key, "log.jsonl"]);
    assert!(verdict.status.success(), "{}", stdout(&verdict));
    let log = std::fs::read_to_string(home.join("log.jsonl")).unwrap();
    let (mut accepted, mut crashes) = (0, 0);
    let mut jobs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let act = &entry["act"];
        match act["what"].as_str().unwrap() {
            "started" => crashes += 1,
            "stopped" => crashes -= 1,
            "submissions-accepted" => accepted += act["count"].as_u64().unwrap(),
            what @ ("job-queued" | "job-ended") => {
                jobs.entry(act["job"].to_string()).or_default().push(what.to_owned());
            }
            _ => {}
        }
    }
    assert_eq!((accepted, crashes), (summed, kills));
    for (job, steps) in jobs {
        assert_eq!(steps, ["job-queued", "job-ended"], "{job}");
    }
}
