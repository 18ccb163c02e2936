//! A region of devices, and an appliance on this machine that can be stopped, killed and started.

use std::collections::BTreeMap;
use std::net::{self, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fs, panic};

use crate::mocks;
use crate::watched::watch;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::{Bn254, Curve};
use pulseproof_prover::commitment::CommitmentKey;
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::{Srs, develop};
use pulseproof_sdk::api::{Intake, Job, JobRequest, JobState};
use pulseproof_sdk::client::{ApplianceClient, ClientError};
use pulseproof_sdk::profile::ProfileVerifier;
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::submission::Label;
use pulseproof_sdk::{Digest, Name, Problem, Profile, ProvedResult, Roster, Submission};
use pulseproof_server::{Config, Engines, ExactOn, Groth16, Machine, ServeError, serve};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// Words per device.
pub const WORDS: u32 = 5;

/// A region's devices, with their secrets, and the SRS.
pub struct Region<C: Curve = Bn254> {
    pub srs: Arc<Srs<C>>,
    pub key: CommitmentKey<C>,
    pub secrets: BTreeMap<Name, DeviceKey>,
    pub roster: Roster,
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub fn device(index: usize) -> Name {
    name(&format!("device-{index:02}"))
}

impl<C: Curve> Region<C> {
    /// Region `north`, with N = 2^`log_size`.
    pub fn new(log_size: u32, devices: usize) -> Self {
        let rng = &mut StdRng::seed_from_u64(7);
        let srs = Arc::new(develop::generate::<C>(log_size, rng).unwrap());
        let secrets: BTreeMap<_, _> =
            (0..devices).map(|index| (device(index), DeviceKey::generate(rng))).collect();
        let keys = secrets.iter().map(|(device, secret)| (device.clone(), secret.public()));
        let profile = unproved().digest();
        let roster =
            Roster { region: name("north"), words: WORDS, profile, devices: keys.collect() };
        Self { key: CommitmentKey::new(&srs), srs, secrets, roster }
    }

    pub fn label(&self, index: usize, epoch: u64, sequence: u64) -> Label {
        let (region, profile) = (self.roster.region.clone(), self.roster.profile);
        let srs = Digest(self.key.srs_id());
        Label { region, epoch, device: device(index), sequence, profile, srs }
    }

    /// A submission with a label of one's choice, signed by the device that it names.
    pub fn seal(&self, label: Label, words: Vec<u64>) -> Submission<C> {
        let secret = &self.secrets[&label.device];
        Submission::seal(label, words, &self.key, secret, &mut StdRng::from_entropy())
    }

    /// An honest submission.
    pub fn honest(&self, index: usize, epoch: u64, sequence: u64) -> Vec<u8> {
        self.seal(self.label(index, epoch, sequence), words(index, epoch)).to_bytes()
    }

    /// Honest submissions of the first `count` devices, with the epoch as sequence number.
    pub fn batch(&self, count: usize, epoch: u64) -> Vec<Vec<u8>> {
        (0..count).map(|index| self.honest(index, epoch, epoch)).collect()
    }

    pub fn start(&self, directory: &Path) -> Server {
        Server::start(self.srs.clone(), Config::new(directory))
    }

    /// Starts an appliance that knows the region.
    pub async fn open(&self) -> (TempDir, Server) {
        let directory = tempfile::tempdir().unwrap();
        let server = self.start(directory.path());
        server.register(&self.roster).await;
        (directory, server)
    }

    /// Checks a result as an auditor would, and returns it.
    pub async fn audit(&self, server: &Server, bytes: &[u8]) -> ProvedResult<C> {
        let result = ProvedResult::<C>::from_bytes(bytes).unwrap();
        let appliance = server.client.identity().await.unwrap();
        result
            .verify(
                &self.srs.verifying_key,
                &self.roster,
                &[appliance],
                &ProfileVerifier::new(&unproved()).unwrap(),
            )
            .unwrap();
        result
    }
}

/// Devices that cannot prove what their words mean.
pub fn unproved() -> Profile {
    Profile::Unproved { meaning: Digest::of("meaning", b"") }
}

/// The words of a device: large, so that sums wrap.
pub fn words(index: usize, epoch: u64) -> Vec<u64> {
    let seed = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ epoch;
    (0..u64::from(WORDS)).map(|word| (seed | 1 << 63).wrapping_add(word)).collect()
}

/// The weighted sum modulo 2^64, the obvious way.
pub fn oracle(terms: impl IntoIterator<Item = (usize, u64)>, epoch: u64) -> Vec<u64> {
    let mut sum = vec![0u64; WORDS as usize];
    for (index, weight) in terms {
        for (total, word) in sum.iter_mut().zip(words(index, epoch)) {
            *total = total.wrapping_add(word.wrapping_mul(weight));
        }
    }
    sum
}

pub fn aggregate(epoch: u64) -> JobRequest {
    weighted(epoch, &[])
}

pub fn weighted(epoch: u64, weights: &[(&str, u64)]) -> JobRequest {
    let weights = weights.iter().map(|&(device, weight)| (name(device), weight)).collect();
    JobRequest::Aggregate { region: name("north"), epoch, weights }
}

/// Panics in the threads of each appliance of this process, by the name of its threads.
static PANICS: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// Counts what panics from now on: an answer that is missing does not tell.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            if let Some(name) = thread::current().name() {
                let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
                *panics.entry(name.to_owned()).or_default() += 1;
            }
            told(what);
        }));
    });
}

/// Bytes of memory that this process has.
pub fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// A connection on which nothing was said yet; an answer that does not come is an error.
pub fn connect_to(base: &str) -> TcpStream {
    let stream = TcpStream::connect(base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// The same, to an appliance.
pub fn connect(server: &Server) -> TcpStream {
    connect_to(&server.base)
}

/// An appliance with its own runtime, so that it can die without the test.
pub struct Server {
    pub base: String,
    pub client: ApplianceClient,
    /// What its threads are called.
    name: String,
    stop: Option<oneshot::Sender<()>>,
    kill: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Server {
    pub fn start<C: Curve>(srs: Arc<Srs<C>>, config: Config) -> Self {
        Self::start_with(srs, Arc::new(ExactOn::new(Cpu::new())), config)
    }

    /// Starts it with other engines for programs.
    pub fn start_with<C: Curve>(
        srs: Arc<Srs<C>>,
        engines: Arc<dyn Engines>,
        config: Config,
    ) -> Self {
        Self::start_on(srs, engines, mocks::good(), config)
    }

    /// Starts it with other backends for circuits.
    pub fn start_on<C: Curve>(
        srs: Arc<Srs<C>>,
        engines: Arc<dyn Engines>,
        groth16: Groth16,
        config: Config,
    ) -> Self {
        let prover = Arc::new(ProvingKey::new(Cpu::new(), srs).unwrap());
        Self::start_machine(
            Machine { prover: prover.clone(), cpu: prover, engines, groth16 },
            config,
        )
    }

    /// Starts it with other backends for everything.
    pub fn start_machine<C: Curve>(machine: Machine<C>, config: Config) -> Self {
        watch();
        count_panics();
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (base, name) = (format!("http://{address}"), format!("port-{}", address.port()));
        let (stop, stopped) = oneshot::channel();
        let (kill, killed) = oneshot::channel();
        let named = thread::Builder::new().name(name.clone());
        let of_workers = name.clone();
        let body = move || {
            let mut runtime = runtime::Builder::new_multi_thread();
            let runtime = runtime.enable_all().thread_name(of_workers).build().unwrap();
            let ended = runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                let shutdown = async { stopped.await.unwrap_or(()) };
                tokio::select! {
                    ended = serve(listener, machine, config, shutdown) => ended,
                    _ = killed => Ok(()),
                }
            });
            runtime.shutdown_background();
            ended
        };
        let thread = named.spawn(body).unwrap();
        let client = ApplianceClient::new(base.clone()).unwrap();
        Self { base, client, name, stop: Some(stop), kill: Some(kill), thread: Some(thread) }
    }

    /// How many of its threads panicked.
    pub fn panics(&self) -> usize {
        let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
        panics.get(&self.name).copied().unwrap_or_default()
    }

    /// How many threads it has; those of others in this process do not count.
    pub fn threads(&self) -> usize {
        let tasks = fs::read_dir("/proc/self/task").unwrap();
        let names =
            tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.trim_end() == self.name).count()
    }

    /// Asks it to stop, and waits.
    pub fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.join().unwrap();
    }

    /// Ends it wherever it is.
    pub fn kill(self) {}

    /// Waits until it ends by itself.
    pub fn join(&mut self) -> Result<(), ServeError> {
        self.thread.take().unwrap().join().unwrap()
    }

    /// Registers a region whose devices do not prove what their words mean.
    pub async fn register(&self, roster: &Roster) {
        self.client.put_profile(&unproved()).await.unwrap();
        self.client.register(roster).await.unwrap();
    }

    pub async fn submit<B: AsRef<[u8]>>(&self, epoch: u64, batch: &[B]) -> Intake {
        self.client.submit(&name("north"), epoch, batch).await.unwrap()
    }

    /// Runs a job to its end and returns it with its result.
    pub async fn run(&self, request: &JobRequest) -> (Job, Vec<u8>) {
        let job = self.client.create_job(request).await.unwrap();
        let job = self.client.wait(&job.id).await.unwrap();
        let result = self.client.result(&job.id).await.unwrap();
        (job, result)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = self.kill.take().map(|kill| kill.send(()));
            let _ = thread.join();
        }
    }
}

/// Waits until a job is at work.
pub async fn until_running(server: &Server, job: &Job) {
    // Looked at once a round: a job that the last process left running is queued again soon after a start.
    loop {
        match server.client.job(&job.id).await.unwrap().state {
            JobState::Queued => sleep(Duration::from_millis(5)).await,
            state => return assert_eq!(state, JobState::Running),
        }
    }
}

/// The value of a metric, by its whole name with labels.
pub async fn metric(server: &Server, name: &str) -> f64 {
    let text = server.client.metrics().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.unwrap_or_else(|| panic!("{name} is missing in\n{text}"))
}

/// A second hand on the store, for what no request can do or see.
pub async fn store(directory: &Path) -> sqlx::SqlitePool {
    let file = directory.join("appliance.sqlite");
    sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap()
}

/// How often each stored commitment was opened.
pub async fn openings(directory: &Path) -> Vec<i64> {
    let store = store(directory).await;
    sqlx::query_scalar("SELECT openings FROM submissions").fetch_all(&store).await.unwrap()
}

/// The problem that a call ended with.
pub fn problem<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> Problem {
    match answer.unwrap_err() {
        ClientError::Problem(problem) => *problem,
        other => panic!("no problem document: {other}"),
    }
}

#[track_caller]
pub fn assert_problem(
    problem: &Problem,
    status: u16,
    kind: &str,
    field: Option<&str>,
    limit: Option<u64>,
) {
    let got = (problem.status, problem.field.as_deref(), problem.limit);
    assert!(problem.is(kind), "expected {kind}, got {problem:?}");
    assert_eq!(got, (status, field, limit), "{problem:?}");
}

/// Devices accepted, in batch order.
pub fn accepted(intake: &Intake) -> Vec<usize> {
    intake.accepted.iter().map(|accepted| accepted.index).collect()
}

/// A job that sums an epoch of the region north, left in a store without the appliance's knowledge.
pub async fn leave_sum(directory: &Path, id: &str, epoch: u64, state: &str) {
    let store = store(directory).await;
    let problem = (state == "failed").then_some("{}");
    sqlx::query(
        "INSERT INTO jobs (id, kind, request, state, facts, problem) VALUES (?, 'aggregate', ?, ?, '{}', ?)",
    )
    .bind(id)
    .bind(serde_json::to_string(&aggregate(epoch)).unwrap())
    .bind(state)
    .bind(problem)
    .execute(&store)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO closed_epochs (region, epoch, job, roster)
         SELECT name, ?, ?, roster FROM regions WHERE name = 'north'",
    )
    .bind(epoch.to_be_bytes().to_vec())
    .bind(id)
    .execute(&store)
    .await
    .unwrap();
}
