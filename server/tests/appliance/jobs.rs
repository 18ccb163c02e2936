//! What jobs and rosters are refused for, and how jobs fail.

use crate::common::*;
use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{JobRequest, JobState};
use pulseproof_sdk::signing::DeviceKey;

async fn refused(server: &Server, request: &JobRequest) -> Problem {
    problem(server.client.create_job(request).await)
}

#[tokio::test]
async fn a_region_that_nobody_registered() {
    let region: Region = Region::new(4, 1);
    let (_directory, server) = region.open().await;
    let job = JobRequest::Aggregate { region: name("south"), epoch: 1, weights: [].into() };
    let problem = refused(&server, &job).await;
    assert_problem(&problem, 404, "unknown-region", Some("region"), None);
}

#[tokio::test]
async fn weights_that_cannot_be() {
    let region: Region = Region::new(4, 3);
    let (_directory, server) = region.open().await;
    server.submit(1, &region.batch(2, 1)).await;
    let (zero, total) = (Some("weights.device-00"), Some("weights"));
    for (weights, field) in [
        (&[("device-00", 0)][..], zero),
        (&[("device-00", 16)], total),
        (&[("device-00", 8), ("device-01", 9)], total),
        (&[("device-00", u64::MAX), ("device-01", u64::MAX)], total),
    ] {
        let problem = refused(&server, &weighted(1, weights)).await;
        assert_problem(&problem, 422, "bad-weights", field, Some(16));
    }
    let problem = refused(&server, &weighted(1, &[("stranger", 1)])).await;
    assert_problem(&problem, 422, "unknown-device", Some("weights.stranger"), None);

    // None of these closed the epoch, and who did not submit does not count.
    let most = weighted(1, &[("device-00", 15), ("device-02", 16)]);
    let (_, bytes) = server.run(&most).await;
    assert_eq!(region.audit(&server, &bytes).await.aggregate, oracle([(0, 15), (1, 1)], 1));
}

#[tokio::test]
async fn an_epoch_without_submissions() {
    let region: Region = Region::new(4, 1);
    let (_directory, server) = region.open().await;
    let problem = refused(&server, &aggregate(1)).await;
    assert_problem(&problem, 409, "nothing-to-sum", Some("epoch"), None);
    // It was not closed by this.
    assert_eq!(accepted(&server.submit(1, &region.batch(1, 1)).await), [0]);
}

#[tokio::test]
async fn an_epoch_that_was_summed_already() {
    let region: Region = Region::new(4, 1);
    let (directory, server) = region.open().await;
    server.submit(1, &region.batch(1, 1)).await;
    let (job, _) = server.run(&aggregate(1)).await;
    let problem = refused(&server, &aggregate(1)).await;
    assert_problem(&problem, 409, "epoch-reused", Some("epoch"), None);
    assert!(problem.detail.contains(&job.id));
    assert_eq!(openings(directory.path()).await, [1]);
}

#[tokio::test]
async fn a_roster_changes_only_between_epochs() {
    let mut region: Region = Region::new(4, 2);
    let (_directory, server) = region.open().await;
    let old = region.roster.clone();
    let newcomer = DeviceKey::from_seed([9; 32]);
    region.roster.devices.insert(device(2), newcomer.public());
    region.secrets.insert(device(2), newcomer);
    server.submit(1, &region.batch(1, 1)).await;

    server.register(&old).await;
    let refusal = problem(server.client.register(&region.roster).await);
    assert_problem(&refusal, 409, "epoch-open", Some("region"), None);
    assert!(
        server.submit(1, &[region.honest(2, 1, 1)]).await.refused[0].problem.is("unknown-device")
    );

    // Once a job closed the epoch, the roster may change; the job keeps the old one.
    let job = server.client.create_job(&aggregate(1)).await.unwrap();
    server.register(&region.roster).await;
    server.client.wait(&job.id).await.unwrap();
    let result = server.client.result(&job.id).await.unwrap();
    let new = std::mem::replace(&mut region.roster, old);
    region.audit(&server, &result).await;

    region.roster = new;
    server.submit(2, &region.batch(3, 2)).await;
    let (_, bytes) = server.run(&aggregate(2)).await;
    assert_eq!(region.audit(&server, &bytes).await.claim.contributions.len(), 3);
}

#[tokio::test]
async fn a_roster_has_limits() {
    let region: Region = Region::new(4, 17);
    let directory = tempfile::tempdir().unwrap();
    let server = region.start(directory.path());
    let refusal = problem(server.client.register(&region.roster).await);
    assert_problem(&refusal, 422, "bad-roster", Some("devices"), Some(16));

    for words in [0, 17, u32::MAX] {
        let mut roster = region.roster.clone();
        roster.words = words;
        let refusal = problem(server.client.register(&roster).await);
        assert_problem(&refusal, 422, "bad-roster", Some("words"), Some(16));
    }
    let mut roster = region.roster.clone();
    roster.devices.clear();
    let refusal = problem(server.client.register(&roster).await);
    assert_problem(&refusal, 422, "bad-roster", Some("devices"), Some(16));
}

#[tokio::test]
async fn a_used_up_commitment_is_not_opened() {
    let region: Region = Region::new(4, 2);
    let (directory, server) = region.open().await;
    server.submit(1, &region.batch(2, 1)).await;
    let store = store(directory.path()).await;
    let used_up = "UPDATE submissions SET openings = 3 WHERE device = 'device-01'";
    sqlx::query(used_up).execute(&store).await.unwrap();

    let job = server.client.create_job(&aggregate(1)).await.unwrap();
    let failure = problem(server.client.wait(&job.id).await);
    assert_problem(&failure, 409, "openings-exhausted", Some("openings"), Some(3));
    assert!(failure.detail.contains("device-01"));
    assert!(problem(server.client.result(&job.id).await).is("openings-exhausted"));
    assert_eq!(openings(directory.path()).await.iter().sum::<i64>(), 3);
    // The store itself does not count past the limit.
    let once_more = "UPDATE submissions SET openings = openings + 1";
    assert!(sqlx::query(once_more).execute(&store).await.is_err());
}

#[tokio::test]
async fn a_job_over_damaged_data_fails_alone_and_releases_nothing() {
    let region: Region = Region::new(4, 1);
    let (directory, server) = region.open().await;
    for epoch in 1..=3 {
        server.submit(epoch, &region.batch(1, epoch)).await;
    }
    // Epoch 1 cannot be read any more; epoch 2 reads, but its words are not those committed to.
    let mut altered = region.seal(region.label(0, 2, 2), words(0, 2));
    altered.words[1] ^= 1;
    let store = store(directory.path()).await;
    for (epoch, bytes) in [(1u64, vec![1, 2, 3]), (2, altered.to_bytes())] {
        sqlx::query("UPDATE submissions SET bytes = ? WHERE epoch = ?")
            .bind(bytes)
            .bind(epoch.to_be_bytes().to_vec())
            .execute(&store)
            .await
            .unwrap();
    }
    for epoch in [1, 2] {
        let job = server.client.create_job(&aggregate(epoch)).await.unwrap();
        let failure = problem(server.client.wait(&job.id).await);
        assert_problem(&failure, 500, "internal", None, None);
        assert_eq!(server.client.job(&job.id).await.unwrap().state, JobState::Failed);
        assert!(problem(server.client.result(&job.id).await).is("internal"));
    }
    let metrics = server.client.metrics().await.unwrap();
    assert!(metrics.contains("pulseproof_proofs_rejected_total 1"), "{metrics}");
    let (_, bytes) = server.run(&aggregate(3)).await;
    assert_eq!(region.audit(&server, &bytes).await.aggregate, oracle([(0, 1)], 3));
    assert_eq!(openings(directory.path()).await, [0, 0, 1]);
}
