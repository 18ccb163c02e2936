//! Programs that are cancelled, interrupted, or whose engine fails.

use std::time::Duration;

use crate::common::*;
use crate::world::*;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::api::JobState;
use pulseproof_sdk::{Digest, Outputs};
use pulseproof_server::Config;
use tokio::time::sleep;

/// Long enough that a job of some levels is met at work.
const PAUSE: Duration = Duration::from_millis(400);

/// An appliance with odd engines, a key, and a proved sum of the region north, epoch 1.
async fn open(
    world: &World,
    config: Config,
    engines: std::sync::Arc<dyn pulseproof_server::Engines>,
) -> (Server, Digest) {
    let server = world.start(config, engines);
    world.register(&server).await;
    let key = world.put_key(&server).await;
    world.sum(&server, "north", 1).await;
    (server, key)
}

#[tokio::test]
async fn queued_and_running_programs_are_cancelled() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let config =
        Config { fhe_jobs_max: 1, fhe_jobs_unfinished_max: 4, ..Config::new(directory.path()) };
    let (server, key) = open(&world, config, Odd::slow(PAUSE)).await;
    let request = world.above(key, "north", 1);
    let running = create(&server, &request).await;
    let queued = create(&server, &request).await;
    let busy = problem(server.client.create_job(&job(&request)).await);
    assert_problem(&busy, 429, "too-many-jobs", Some("kind"), Some(2));
    until_running(&server, &running).await;
    let in_use = problem(server.client.delete_evaluation_key(&key).await);
    assert_problem(&in_use, 409, "key-in-use", Some("id"), None);
    for cancelled in [&queued, &running] {
        let answer = server.client.cancel(&cancelled.id).await.unwrap();
        assert_eq!(answer.state, JobState::Cancelled);
        // Once more changes nothing.
        assert_eq!(server.client.cancel(&cancelled.id).await.unwrap().state, JobState::Cancelled);
        let refusal = problem(server.client.result(&cancelled.id).await);
        assert_problem(&refusal, 409, "job-cancelled", None, None);
        assert!(problem(server.client.wait(&cancelled.id).await).is("job-cancelled"));
    }
    // The place is free again, and a job that ended is not cancelled.
    let (done, bytes) = server.run(&job(&request)).await;
    assert_eq!(world.open(&Outputs::from_bytes(&bytes).unwrap()), world.plain(&request));
    let late = problem(server.client.cancel(&done.id).await);
    assert_problem(&late, 409, "job-finished", Some("id"), None);
    let metrics = server.client.metrics().await.unwrap();
    assert!(metrics.contains(r#"pulseproof_jobs_total{state="cancelled"} 2"#), "{metrics}");
    assert!(metrics.contains("pulseproof_queue_length 0"), "{metrics}");
}

#[tokio::test]
async fn a_program_says_how_much_of_it_is_done() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let config = Config::new(directory.path());
    // Longer than what is done is kept to itself.
    let (server, key) = open(&world, config, Odd::slow(3 * PAUSE)).await;
    let asked = create(&server, &world.above(key, "north", 1)).await;
    assert!(asked.estimate.unwrap().depth > 1, "{asked:?}");
    let mut seen = Vec::new();
    loop {
        let job = server.client.job(&asked.id).await.unwrap();
        match job.state {
            JobState::Queued | JobState::Running => {
                if let Some(progress) = job.progress {
                    assert_eq!(job.stage.as_deref(), Some("computing"));
                    seen.push(progress);
                }
            }
            state => break assert_eq!(state, JobState::Done),
        }
        sleep(Duration::from_millis(50)).await;
    }
    let some = seen.iter().any(|progress| (1..1000).contains(progress));
    assert!(some && seen.is_sorted(), "{seen:?}");
}

#[tokio::test]
async fn an_interrupted_program_is_finished_once() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let config = Config::new(directory.path());
    let (server, key) = open(&world, config.clone(), Odd::slow(PAUSE)).await;
    let request = world.above(key, "north", 1);
    let interrupted = create(&server, &request).await;
    until_running(&server, &interrupted).await;
    server.kill();
    let server = world.start(config.clone(), Odd::slow(PAUSE));
    until_running(&server, &interrupted).await;
    server.stop();
    let server = world.region.start(directory.path());
    let done = server.client.wait(&interrupted.id).await.unwrap();
    assert_eq!((done.state, done.estimate), (JobState::Done, interrupted.estimate));
    let bytes = server.client.result(&interrupted.id).await.unwrap();
    assert_eq!(world.open(&Outputs::from_bytes(&bytes).unwrap()), world.plain(&request));
    server.kill();
    let server = world.region.start(directory.path());
    assert_eq!(server.client.job(&interrupted.id).await.unwrap(), done);
    assert_eq!(server.client.result(&interrupted.id).await.unwrap(), bytes);
}

#[tokio::test]
async fn an_engine_that_fails_once_is_tried_again() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let (server, key) =
        open(&world, Config::new(directory.path()), Odd::failing(1, BackendKind::Cpu)).await;
    let request = world.above(key, "north", 1);
    let (_, bytes) = server.run(&job(&request)).await;
    assert_eq!(world.open(&Outputs::from_bytes(&bytes).unwrap()), world.plain(&request));
    let metrics = server.client.metrics().await.unwrap();
    let failed = r#"pulseproof_bootstrap_batches_total{engine="exact/cpu",outcome="failed"} 1"#;
    assert!(metrics.contains(failed), "{metrics}");
}

#[tokio::test]
async fn an_engine_that_fails_twice_fails_the_job_alone() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let engines = Odd::failing(2, BackendKind::Cpu);
    let (server, key) = open(&world, Config::new(directory.path()), engines).await;
    let request = world.above(key, "north", 1);
    let failed = create(&server, &request).await;
    let failure = problem(server.client.wait(&failed.id).await);
    assert_problem(&failure, 500, "engine-failed", Some("engine"), None);
    assert!(problem(server.client.result(&failed.id).await).is("engine-failed"));
    let (_, bytes) = server.run(&job(&request)).await;
    assert_eq!(world.open(&Outputs::from_bytes(&bytes).unwrap()), world.plain(&request));
}

/// As sums and circuits. Other jobs of the same batches are done as well, and a device that fails too often is asked no
/// more.
#[tokio::test]
async fn what_a_device_fails_at_twice_the_cpu_computes() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let config = Config { backend_failures_max: 2, ..Config::new(directory.path()) };
    let (server, key) = open(&world, config, Odd::failing(usize::MAX, BackendKind::Cuda)).await;
    let request = world.above(key, "north", 1);
    for _ in 0..2 {
        let job = create(&server, &request).await;
        let done = server.client.wait(&job.id).await.unwrap();
        let retried = done.retried.unwrap();
        assert_eq!((retried.backend.as_str(), done.state), ("cuda", JobState::Done));
        assert!(retried.reason.contains("out of order"), "{retried:?}");
        let bytes = server.client.result(&job.id).await.unwrap();
        assert_eq!(world.open(&Outputs::from_bytes(&bytes).unwrap()), world.plain(&request));
    }
    let batches = async || {
        let metrics = server.client.metrics().await.unwrap();
        assert!(
            metrics.contains(r#"pulseproof_backend_failures_total{backend="cuda"} 2"#),
            "{metrics}"
        );
        assert!(
            metrics.contains(r#"pulseproof_backend_in_service{backend="cuda"} 0"#),
            "{metrics}"
        );
        let is_failed = |line: &&str| {
            line.starts_with("pulseproof_bootstrap_batches") && line.contains(r#"outcome="failed""#)
        };
        let failed = metrics.lines().find(is_failed);
        failed.unwrap().to_owned()
    };
    let before = batches().await;
    let (job, _) = server.run(&job(&request)).await;
    assert_eq!((job.retried, batches().await), (None, before));
}

#[tokio::test]
async fn a_damaged_key_fails_the_job_and_nothing_else() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let (server, key) =
        open(&world, Config::new(directory.path()), Odd::slow(Duration::ZERO)).await;
    let path = directory.path().join("blobs").join(key.to_string());
    std::fs::write(&path, b"rot").unwrap();
    let failed = create(&server, &world.above(key, "north", 1)).await;
    let failure = problem(server.client.wait(&failed.id).await);
    assert_problem(&failure, 500, "engine-failed", Some("engine"), None);
    server.client.health().await.unwrap();
}
