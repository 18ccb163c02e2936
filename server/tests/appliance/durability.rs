//! What was accepted outlives the appliance, however that ends. The real process is killed in
//! `cli/tests/command_line/durability.rs`.

use std::path::Path;

use crate::common::*;
use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{Job, JobState};
use pulseproof_sdk::client::ApplianceClient;
use pulseproof_server::{ServeError, StoreError};

const EPOCHS: u64 = 12;

async fn queue(client: &ApplianceClient, region: &Region, epoch: u64) -> Job {
    let intake = client.submit(&name("north"), epoch, &region.batch(2, epoch)).await.unwrap();
    assert_eq!(intake.accepted.len(), 2);
    client.create_job(&aggregate(epoch)).await.unwrap()
}

async fn assert_all_done(server: &Server, region: &Region, jobs: &[Job], directory: &Path) {
    for (job, epoch) in jobs.iter().zip(1..) {
        server.client.wait(&job.id).await.unwrap();
        let result = region.audit(server, &server.client.result(&job.id).await.unwrap()).await;
        assert_eq!(result.aggregate, oracle([(0, 1), (1, 1)], epoch));
    }
    let openings = openings(directory).await;
    assert_eq!(openings, vec![1; 2 * jobs.len()], "each result was released exactly once");
}

#[tokio::test]
async fn a_job_outlives_an_abrupt_end() {
    let region = Region::new(4, 2);
    let (directory, server) = region.open().await;
    let mut jobs = Vec::new();
    for epoch in 1..=EPOCHS {
        jobs.push(queue(&server.client, &region, epoch).await);
    }
    server.kill();
    let server = region.start(directory.path());
    assert_all_done(&server, &region, &jobs, directory.path()).await;
}

#[tokio::test]
async fn a_job_outlives_an_orderly_end() {
    let region = Region::new(4, 2);
    let (directory, server) = region.open().await;
    let mut jobs = Vec::new();
    for epoch in 1..=EPOCHS {
        jobs.push(queue(&server.client, &region, epoch).await);
    }
    server.stop();
    // The job at work was finished: none is left running.
    let running = "SELECT count(*) FROM jobs WHERE state = 'running'";
    let running: i64 =
        sqlx::query_scalar(running).fetch_one(&store(directory.path()).await).await.unwrap();
    assert_eq!(running, 0);
    let server = region.start(directory.path());
    assert_all_done(&server, &region, &jobs, directory.path()).await;
}

#[tokio::test]
async fn an_interrupted_job_is_taken_up_again() {
    let region = Region::new(4, 2);
    let (directory, server) = region.open().await;
    let intake = server.submit(1, &region.batch(2, 1)).await;
    assert_eq!(intake.accepted.len(), 2);
    server.stop();
    // What a process leaves behind that ends while it proves.
    leave_sum(directory.path(), "interrupted", 1, "running").await;
    let server = region.start(directory.path());
    let job = server.client.job("interrupted").await.unwrap();
    assert_all_done(&server, &region, &[job], directory.path()).await;
}

#[tokio::test]
async fn a_job_whose_worker_fell_silent_is_taken_over() {
    let region = Region::new(4, 2);
    let (directory, server) = region.open().await;
    server.submit(1, &region.batch(2, 1)).await;
    leave_sum(directory.path(), "silent", 1, "running").await;
    let run_out = "UPDATE jobs SET lease = 'gone', lease_expires_ms = 1 WHERE id = 'silent'";
    sqlx::query(run_out).execute(&store(directory.path()).await).await.unwrap();
    // Whatever makes the driver look.
    let other = queue(&server.client, &region, 2).await;
    let silent = server.client.job("silent").await.unwrap();
    assert_all_done(&server, &region, &[silent, other], directory.path()).await;
}

#[tokio::test]
async fn nothing_is_forgotten_by_a_restart() {
    let region = Region::new(4, 2);
    let (directory, server) = region.open().await;
    let job = queue(&server.client, &region, 1).await;
    server.client.wait(&job.id).await.unwrap();
    let result = server.client.result(&job.id).await.unwrap();
    server.submit(2, &[region.honest(0, 2, 2)]).await;
    server.kill();

    let server = region.start(directory.path());
    assert_eq!(server.client.job(&job.id).await.unwrap().state, JobState::Done);
    assert_eq!(server.client.result(&job.id).await.unwrap(), result);
    let late = server.submit(1, &[region.honest(1, 1, 9)]).await;
    assert!(late.refused[0].problem.is("epoch-closed"));
    let replay = server.submit(2, &[region.honest(0, 2, 2)]).await;
    assert!(replay.refused[0].problem.is("sequence-reused"));
    let again: Problem = problem(server.client.create_job(&aggregate(1)).await);
    assert!(again.is("epoch-reused"));
    assert_eq!(openings(directory.path()).await, [1, 1, 0]);
}

#[tokio::test]
async fn a_store_has_one_appliance_and_one_srs() {
    let region: Region = Region::new(4, 2);
    let (directory, server) = region.open().await;
    let mut second = region.start(directory.path());
    assert!(matches!(second.join(), Err(ServeError::InUse(_))));
    server.client.health().await.unwrap();
    server.stop();

    let mut other = Region::<pulseproof_kernels::Bn254>::new(5, 2).start(directory.path());
    assert!(matches!(other.join(), Err(ServeError::Store(StoreError::WrongSrs { .. }))));
}
