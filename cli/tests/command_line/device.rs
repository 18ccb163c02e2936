//! An appliance whose GPU fails, over the emulated driver: the device has a process of its own, and its faults cost jobs
//! their time and nothing else.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use pulseproof_kernels::Bn254;
use pulseproof_prover::srs::Srs;
use pulseproof_sdk::ProvedResult;
use pulseproof_sdk::api::{Job, JobRequest, JobState};
use pulseproof_sdk::groth16::Groth16Request;

use crate::common::fixture;
use crate::durability::{Process, name, serving, submissions, unproved};

/// `pulseproof` as if a CUDA device was there, which does what the file `control` in its home says.
fn over_a_device(home: &Path) -> Command {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../ci/emulated-cuda"));
    command
        .arg(env!("CARGO_BIN_EXE_pulseproof"))
        .env("EMULATED_FOLDER", concat!(env!("CARGO_TARGET_TMPDIR"), "/emulated"))
        .env("EMULATED_CONTROL", home.join("control"))
        .env("EMULATED_EVENTS", home.join("events"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("PULSEPROOF_HOME", home)
        .env("PULSEPROOF_BACKEND", "cuda");
    command
}

struct World {
    home: tempfile::TempDir,
    process: Process,
    regions: u64,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("control"), "").unwrap();
        let process = serving(&mut over_a_device(home.path()), &["--log-size", "7"]);
        Self { home, process, regions: 0 }
    }

    /// Says how the device is from now on.
    fn set(&self, control: &str) {
        fs::write(self.home.path().join("control"), control).unwrap();
    }

    /// A sum of another region, which is right.
    async fn sum(&mut self) -> Job {
        self.regions += 1;
        let region = format!("region-{}", self.regions);
        let srs = Srs::<Bn254>::load(&self.home.path().join("srs-bn254-7.bin")).unwrap();
        let (roster, bodies, sum) = submissions(&srs, &region, 0);
        let appliance = &self.process.appliance;
        appliance.put_profile(&unproved()).await.unwrap();
        appliance.register(&roster).await.unwrap();
        appliance.submit(&roster.region, 0, &bodies).await.unwrap();
        let (region, weights) = (roster.region, [].into());
        let job = JobRequest::Aggregate { region, epoch: 0, weights };
        let job = appliance.create_job(&job).await.unwrap();
        let done = appliance.wait(&job.id).await.unwrap();
        let bytes = appliance.result(&job.id).await.unwrap();
        assert_eq!(ProvedResult::<Bn254>::from_bytes(&bytes).unwrap().aggregate, sum);
        done
    }

    /// A proof of a circuit, which the appliance verified.
    async fn proof(&self) -> Job {
        let appliance = &self.process.appliance;
        let witness = appliance.put_witness(&fixture("bn128", "tiny.wtns")).await.unwrap();
        let request = Groth16Request::from_witness(name("tiny"), witness);
        let job = appliance.create_job(&JobRequest::Groth16(request)).await.unwrap();
        appliance.wait(&job.id).await.unwrap()
    }

    /// The processes that the appliance has started.
    fn workers(&self) -> Vec<u32> {
        let pid = self.process.child.id();
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        // Of threads that have ended meanwhile there is nothing to read.
        let children = tasks.flatten().map(|task| fs::read_to_string(task.path().join("children")));
        let children = children.flatten().collect::<String>();
        children.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    }
}

/// Whether a process has not ended, heard of by its parent or not.
fn is_running(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

fn on_device(job: &Job) {
    assert_eq!((job.state, job.backend.as_deref()), (JobState::Done, Some("cuda")), "{job:?}");
    assert_eq!(job.retried, None);
}

fn on_cpu(job: &Job, reason: &str) {
    assert_eq!((job.state, job.backend.as_deref()), (JobState::Done, Some("cpu")), "{job:?}");
    let retried = job.retried.clone().unwrap();
    assert!(retried.backend == "cuda" && retried.reason.contains(reason), "{retried:?}");
}

/// After each of these the driver would serve the appliance itself no more.
#[tokio::test]
async fn a_fault_of_the_device_costs_the_job_its_time_and_nothing_else() {
    let mut world = World::new();
    let circuit = fixture("bn128", "tiny.zkey");
    world.process.appliance.put_circuit(&name("tiny"), &circuit).await.unwrap();
    on_device(&world.sum().await);
    on_device(&world.proof().await);
    let mut before = world.workers();
    assert_eq!(before.len(), 1);
    for (fault, reason) in [("fault 700", "700"), ("signal 6", "SIGABRT")] {
        world.set(fault);
        if reason == "700" {
            on_cpu(&world.sum().await, reason);
        } else {
            on_cpu(&world.proof().await, reason);
        }
        world.set("");
        // The device is back, for sums and for circuits, whose keys are sent to it again.
        on_device(&world.proof().await);
        on_device(&world.sum().await);
        let after = world.workers();
        assert!(after.len() == 1 && after != before, "{before:?} {after:?}");
        before = after;
    }
    let metrics = world.process.appliance.metrics().await.unwrap();
    for line in [
        r#"pulseproof_backend_failures_total{backend="cuda"} 2"#,
        r#"pulseproof_backend_in_service{backend="cuda"} 1"#,
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    world.process.child.kill().unwrap();
    world.process.child.wait().unwrap();
}

#[tokio::test]
async fn the_process_of_a_device_ends_with_the_appliance() {
    let mut world = World::new();
    let worker = world.workers()[0];
    world.process.child.kill().unwrap();
    world.process.child.wait().unwrap();
    let start = Instant::now();
    while is_running(worker) {
        assert!(start.elapsed() < Duration::from_secs(20), "{worker} is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}
