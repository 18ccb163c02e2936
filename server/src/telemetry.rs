//! Every metric of the appliance, by name. Nothing secret is ever a label or a value.
//!
//! The recorder belongs to the process: several appliances in one process count together.

use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::response::Response;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use pulseproof_fhe::batcher::BatchStats;
use pulseproof_kernels::CurveId;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::Problem;
use pulseproof_sdk::api::JobState;
use pulseproof_service::ProblemKind;
use pulseproof_service::doors::DoorCounts;
use pulseproof_store::jobs::Unfinished;
use tokio::sync::watch;

use crate::room::Room;
use crate::stopping::stopped;

/// Submissions stored.
const ACCEPTED: &str = "pulseproof_submissions_accepted_total";
/// Submissions refused; label `reason` is the kind of problem.
const REFUSED: &str = "pulseproof_submissions_refused_total";
/// Jobs that entered a state; label `state`.
const JOBS: &str = "pulseproof_jobs_total";
/// Proofs that verified and were released; label `backend`.
const PROOFS: &str = "pulseproof_proofs_total";
/// Proofs of sums that did not verify and were not released. Anything but 0 is a fault of ours, or of a
/// device.
const PROOFS_REJECTED: &str = "pulseproof_proofs_rejected_total";
/// Time to prove a sum.
const PROVE: &str = "pulseproof_prove_seconds";
/// Time to verify it before its release.
const VERIFY: &str = "pulseproof_verify_seconds";
/// Time to check and store a batch, without reading it from the network.
const INTAKE: &str = "pulseproof_intake_seconds";
/// Programs computed; label `engine`.
const PROGRAMS: &str = "pulseproof_programs_total";
/// Time from a program's first bootstrap to its last; label `engine`.
const PROGRAM: &str = "pulseproof_program_seconds";
/// Bootstraps; label `engine`.
const LOOKUPS: &str = "pulseproof_bootstraps_total";
/// Batches of bootstraps; labels `engine` and `outcome`: `done` or `failed`.
const BATCHES: &str = "pulseproof_bootstrap_batches_total";
/// How full batches are: bootstraps by those that there was room for; label `engine`.
const BATCH_FILL: &str = "pulseproof_bootstrap_batch_fill_ratio";
/// Regions that had bootstraps waiting when a batch was closed; label `engine`.
const BATCH_REGIONS: &str = "pulseproof_bootstrap_batch_regions";
/// How long the oldest of a batch had waited; label `engine`.
const BATCH_WAIT: &str = "pulseproof_bootstrap_batch_wait_seconds";
/// How long the engine took for a batch; label `engine`.
const BATCH: &str = "pulseproof_bootstrap_batch_seconds";
/// Proofs of circuits that verified and were released; label `backend`.
const GROTH16_PROOFS: &str = "pulseproof_groth16_proofs_total";
/// Time to prove a circuit; label `backend`.
const GROTH16_PROVE: &str = "pulseproof_groth16_prove_seconds";
/// Time to verify that proof before its release; label `backend`.
const GROTH16_VERIFY: &str = "pulseproof_groth16_verify_seconds";
/// Time to compute a witness from inputs.
const GROTH16_WITNESS: &str = "pulseproof_groth16_witness_seconds";
/// Jobs that a backend failed at, or got wrong, and that the CPU then did; label `backend`.
/// Anything but 0 is a fault of the device.
const BACKEND_FAILURES: &str = "pulseproof_backend_failures_total";
/// 1 while jobs are done on the backend, 0 once it failed too often; label `backend`.
const BACKEND_IN_SERVICE: &str = "pulseproof_backend_in_service";
/// Circuits' keys loaded into memory; labels `backend` and `outcome`: `done` or `failed`.
const KEY_LOADS: &str = "pulseproof_circuit_key_loads_total";
/// Bytes that circuits' keys take in memory, or that are kept free for those being loaded; label
/// `backend`.
const KEY_BYTES: &str = "pulseproof_circuit_key_resident_bytes";
/// Requests that were answered; labels `method`, `route` (`none` for what there is not), `status`: the first digit and
/// `xx`.
const REQUESTS: &str = "pulseproof_http_requests_total";
/// Time from a request's head to that of its answer; labels `method` and `route`.
const REQUEST: &str = "pulseproof_http_request_seconds";
/// Answers that were problems; label `kind`.
const PROBLEMS: &str = "pulseproof_http_problems_total";
/// Connections that are open.
const CONNECTIONS: &str = "pulseproof_connections";
/// Connections that ended before their time; label `why`: `made-room` for another, `broken`, or `failed` to come in.
const CONNECTIONS_ENDED: &str = "pulseproof_connections_ended_total";
/// Bytes of bodies that are in memory.
const BODY_BYTES: &str = "pulseproof_body_bytes";
/// Bytes that are free on the disk with the data.
const DISK_FREE: &str = "pulseproof_disk_free_bytes";
/// Bytes of that disk.
const DISK: &str = "pulseproof_disk_bytes";
/// 1; labels `version` and `curve` say what runs.
const BUILD: &str = "pulseproof_build_info";
/// Jobs queued or running.
const QUEUE: &str = "pulseproof_queue_length";
/// Those by kind; labels `kind` and `state`: `queued` or `running`.
const UNFINISHED: &str = "pulseproof_jobs_unfinished";
/// When the process started, in seconds since 1970.
const STARTED: &str = "process_start_time_seconds";
/// 1 if the SRS is a development one: its proofs convince nobody.
const INSECURE: &str = "pulseproof_insecure_srs";

/// Upper bounds of the histograms' buckets, in seconds.
const BUCKETS: [f64; 16] = [
    0.00025, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0,
    600.0,
];
/// Upper bounds of the buckets of how full batches are.
const FILL_BUCKETS: [f64; 8] = [0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0];
/// Upper bounds of the buckets of regions in a batch.
const REGION_BUCKETS: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
/// How often samples are folded into their histograms when nobody scrapes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The process's recorder.
#[derive(Clone)]
pub struct Telemetry(PrometheusHandle);

impl Telemetry {
    /// Installs the recorder, once per process; `None` if the process has another one.
    pub fn install() -> Option<Self> {
        static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
        HANDLE.get_or_init(|| recorder().ok()).clone().map(Self)
    }

    /// All metrics in Prometheus's text format.
    pub fn render(&self) -> String {
        self.0.render()
    }
}

fn recorder() -> Result<PrometheusHandle, BuildError> {
    let of = |name: &str| Matcher::Full(name.to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)?
        .set_buckets_for_metric(of(BATCH_FILL), &FILL_BUCKETS)?
        .set_buckets_for_metric(of(BATCH_REGIONS), &REGION_BUCKETS)?
        .install_recorder()?;
    describe_counter!(ACCEPTED, "Submissions stored");
    describe_counter!(REFUSED, "Submissions refused, by reason");
    describe_counter!(JOBS, "Jobs that entered a state");
    describe_counter!(PROOFS, "Proofs verified and released, by backend");
    describe_counter!(PROOFS_REJECTED, "Proofs of sums that did not verify and were not released");
    describe_histogram!(PROVE, "Seconds to prove a sum");
    describe_histogram!(VERIFY, "Seconds to verify a proof before its release");
    describe_histogram!(INTAKE, "Seconds to check and store a batch");
    describe_counter!(PROGRAMS, "Programs computed, by engine");
    describe_histogram!(PROGRAM, "Seconds from a program's first bootstrap to its last");
    describe_counter!(LOOKUPS, "Bootstraps, by engine");
    describe_counter!(BATCHES, "Batches of bootstraps, by engine and outcome");
    describe_histogram!(BATCH_FILL, "Bootstraps of a batch by those that there was room for");
    describe_histogram!(BATCH_REGIONS, "Regions that had bootstraps waiting");
    describe_histogram!(BATCH_WAIT, "Seconds that the oldest of a batch had waited");
    describe_histogram!(BATCH, "Seconds that the engine took for a batch");
    describe_counter!(GROTH16_PROOFS, "Proofs of circuits verified and released, by backend");
    describe_histogram!(GROTH16_PROVE, "Seconds to prove a circuit");
    describe_histogram!(GROTH16_VERIFY, "Seconds to verify a proof of a circuit");
    describe_histogram!(GROTH16_WITNESS, "Seconds to compute a witness from inputs");
    describe_counter!(BACKEND_FAILURES, "Jobs that a backend failed at and the CPU did");
    describe_gauge!(BACKEND_IN_SERVICE, "1 while jobs are done on the backend");
    describe_counter!(KEY_LOADS, "Circuits' keys loaded into memory, by backend and outcome");
    describe_gauge!(KEY_BYTES, "Bytes that circuits' keys take in memory, by backend");
    describe_counter!(REQUESTS, "Requests answered, by method, route and status");
    describe_histogram!(
        REQUEST,
        "Seconds from a request's head to that of its answer, by method and route"
    );
    describe_counter!(PROBLEMS, "Answers that were problems, by kind");
    describe_gauge!(CONNECTIONS, "Connections that are open");
    describe_counter!(CONNECTIONS_ENDED, "Connections that ended before their time, by why");
    describe_gauge!(BODY_BYTES, "Bytes of bodies in memory");
    describe_gauge!(DISK_FREE, "Bytes that are free on the disk with the data");
    describe_gauge!(BUILD, "1, with what runs");
    describe_gauge!(QUEUE, "Jobs queued or running");
    describe_gauge!(UNFINISHED, "Jobs queued or running, by kind and state");
    describe_gauge!(STARTED, "When the process started, in seconds since 1970");
    describe_gauge!(DISK, "Bytes of the disk with the data");
    describe_gauge!(INSECURE, "1 if the SRS is a development one");
    begin();
    Ok(handle)
}

/// What is known to be counted is there from the start, so that what has not happened yet reads 0.
fn begin() {
    for counter in [ACCEPTED, PROOFS_REJECTED] {
        counter!(counter).absolute(0);
    }
    for histogram in [PROVE, VERIFY, INTAKE, GROTH16_WITNESS] {
        histogram!(histogram).record_many(0.0, 0);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    gauge!(STARTED).set(now.as_secs_f64().floor());
    for state in JobState::ALL {
        counter!(JOBS, "state" => state.name()).absolute(0);
    }
}

/// A route that will be asked: what has not been answered yet reads 0.
pub fn route(method: &'static str, path: &str) {
    for status in ["2xx", "4xx", "5xx"] {
        let route = path.to_owned();
        counter!(REQUESTS, "method" => method, "route" => route, "status" => status).absolute(0);
    }
}

/// Keeps memory bounded while nobody scrapes, until told to stop.
pub async fn upkeep(telemetry: &Telemetry, stopping: watch::Receiver<bool>) {
    while tokio::time::timeout(UPKEEP_INTERVAL, stopped(stopping.clone())).await.is_err() {
        telemetry.0.run_upkeep();
    }
}

/// Counts an answered request.
pub fn answered(method: &'static str, route: &str, answer: &Response, took: Duration) {
    let status = format!("{}xx", answer.status().as_u16() / 100);
    let route = || route.to_owned();
    counter!(REQUESTS, "method" => method, "route" => route(), "status" => status).increment(1);
    histogram!(REQUEST, "method" => method, "route" => route()).record(took);
    if let Some(ProblemKind(kind)) = answer.extensions().get() {
        counter!(PROBLEMS, "kind" => kind.clone()).increment(1);
    }
}

/// Says what runs.
pub fn build(curve: CurveId) {
    let version = env!("CARGO_PKG_VERSION");
    gauge!(BUILD, "version" => version, "curve" => curve.to_string()).set(1.0);
}

/// Sets how much room there is on the disk.
#[expect(clippy::cast_precision_loss, reason = "disks are smaller than 2^52 bytes, or nearly")]
pub fn disk(Room { free, all }: Room) {
    gauge!(DISK_FREE).set(free as f64);
    gauge!(DISK).set(all as f64);
}

/// Says what happens at the doors.
#[expect(clippy::cast_precision_loss, reason = "there are far fewer connections than 2^52")]
pub fn doors(counts: &DoorCounts) {
    gauge!(CONNECTIONS).set(counts.open() as f64);
    for (why, count) in
        [("made-room", &counts.made_room), ("broken", &counts.broken), ("failed", &counts.failed)]
    {
        counter!(CONNECTIONS_ENDED, "why" => why).absolute(count.load(Ordering::Relaxed));
    }
}

/// Sets how many bytes of bodies are in memory.
#[expect(clippy::cast_precision_loss, reason = "memories are far smaller than 2^52 bytes")]
pub fn bodies(bytes: u64) {
    gauge!(BODY_BYTES).set(bytes as f64);
}

/// Counts stored submissions.
pub fn accepted(count: usize) {
    counter!(ACCEPTED).increment(count as u64);
}

/// Counts a refused submission.
pub fn refused(problem: &Problem) {
    counter!(REFUSED, "reason" => problem.short_kind().to_owned()).increment(1);
}

/// Counts a job's step.
pub fn job(state: JobState) {
    counter!(JOBS, "state" => state.name()).increment(1);
}

/// Counts a released proof.
pub fn proved(backend: BackendKind, prove: Duration, verify: Duration) {
    counter!(PROOFS, "backend" => backend.to_string()).increment(1);
    histogram!(PROVE).record(prove);
    histogram!(VERIFY).record(verify);
}

/// Counts a proof of ours that does not verify.
pub fn proof_rejected() {
    counter!(PROOFS_REJECTED).increment(1);
}

/// Counts a computed program.
pub fn computed(engine: &str, took: Duration) {
    counter!(PROGRAMS, "engine" => engine.to_owned()).increment(1);
    histogram!(PROGRAM, "engine" => engine.to_owned()).record(took);
}

/// Records a batch of bootstraps.
#[expect(clippy::cast_precision_loss, reason = "batches are far smaller than 2^52")]
pub fn batch(report: &BatchStats) {
    let engine = || report.engine.clone();
    let outcome = if report.failed { "failed" } else { "done" };
    let fill = report.size as f64 / report.capacity.max(1) as f64;
    counter!(BATCHES, "engine" => engine(), "outcome" => outcome).increment(1);
    counter!(LOOKUPS, "engine" => engine()).increment(report.size as u64);
    histogram!(BATCH_FILL, "engine" => engine()).record(fill);
    histogram!(BATCH_REGIONS, "engine" => engine()).record(report.regions as f64);
    histogram!(BATCH_WAIT, "engine" => engine()).record(report.waited);
    histogram!(BATCH, "engine" => engine()).record(report.took);
}

/// Counts a released proof of a circuit.
pub fn groth16_proved(backend: BackendKind, prove: Duration, verify: Duration) {
    let backend = backend.to_string();
    counter!(GROTH16_PROOFS, "backend" => backend.clone()).increment(1);
    histogram!(GROTH16_PROVE, "backend" => backend.clone()).record(prove);
    histogram!(GROTH16_VERIFY, "backend" => backend).record(verify);
}

/// Records the time that a witness took.
pub fn witness_computed(took: Duration) {
    histogram!(GROTH16_WITNESS).record(took);
}

/// Counts a proof that a backend failed at and the CPU made.
pub fn backend_failed(backend: BackendKind) {
    counter!(BACKEND_FAILURES, "backend" => backend.to_string()).increment(1);
}

/// Says whether proofs of circuits are made on a backend. What is counted of it is there from then on.
pub fn backend_in_service(backend: BackendKind, in_service: bool) {
    for counter in [BACKEND_FAILURES, PROOFS, GROTH16_PROOFS] {
        counter!(counter, "backend" => backend.to_string()).absolute(0);
    }
    for outcome in ["done", "failed"] {
        counter!(KEY_LOADS, "backend" => backend.to_string(), "outcome" => outcome).absolute(0);
    }
    for histogram in [GROTH16_PROVE, GROTH16_VERIFY] {
        histogram!(histogram, "backend" => backend.to_string()).record_many(0.0, 0);
    }
    let value = if in_service { 1.0 } else { 0.0 };
    gauge!(BACKEND_IN_SERVICE, "backend" => backend.to_string()).set(value);
}

/// Counts a circuit's key that was loaded, or was not.
pub fn key_loaded(backend: BackendKind, loaded: bool) {
    let outcome = if loaded { "done" } else { "failed" };
    counter!(KEY_LOADS, "backend" => backend.to_string(), "outcome" => outcome).increment(1);
}

/// Sets how many bytes circuits' keys take.
#[expect(clippy::cast_precision_loss, reason = "memories are far smaller than 2^52 bytes")]
pub fn resident_bytes(backend: BackendKind, bytes: u64) {
    gauge!(KEY_BYTES, "backend" => backend.to_string()).set(bytes as f64);
}

/// Records the time that a batch of submissions took.
pub fn intake(elapsed: Duration) {
    histogram!(INTAKE).record(elapsed);
}

/// Sets how many jobs of each kind are queued and running.
#[expect(clippy::cast_precision_loss, reason = "queues are far shorter than 2^52")]
pub fn unfinished(jobs: &[Unfinished]) {
    let mut all = 0;
    for Unfinished { kind, queued, running } in jobs {
        for (state, count) in [(JobState::Queued, *queued), (JobState::Running, *running)] {
            gauge!(UNFINISHED, "kind" => kind.name(), "state" => state.name()).set(count as f64);
            all += count;
        }
    }
    gauge!(QUEUE).set(all as f64);
}

/// Says whether proofs convince anybody.
pub fn insecure_srs(insecure: bool) {
    gauge!(INSECURE).set(if insecure { 1.0 } else { 0.0 });
}
