//! Many at once: nothing is lost, nothing happens twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::*;
use pulseproof_sdk::Name;
use pulseproof_sdk::client::ClientError;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn many_gateways_lose_nothing() {
    let region: Arc<Region> = Arc::new(Region::new(5, 32));
    let (directory, server) = region.open().await;
    let mut gateways = JoinSet::new();
    for index in 0..32 {
        let (region, client) = (region.clone(), server.client.clone());
        gateways.spawn(async move {
            let batch = [region.honest(index, 1, 1)];
            client.submit(&name("north"), 1, &batch).await.unwrap().accepted.len()
        });
    }
    assert_eq!(gateways.join_all().await.iter().sum::<usize>(), 32);
    assert_eq!(openings(directory.path()).await.len(), 32);
    let (_, bytes) = server.run(&aggregate(1)).await;
    let result = region.audit(&server, &bytes).await;
    assert_eq!(result.aggregate, oracle((0..32).map(|index| (index, 1)), 1));
    assert!(result.claim.missing.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_identical_submissions_one_is_accepted() {
    let region: Region = Region::new(4, 1);
    let (_directory, server) = region.open().await;
    for epoch in 1..=8 {
        let batch = region.batch(1, epoch);
        let (first, second) =
            tokio::join!(server.submit(epoch, &batch), server.submit(epoch, &batch));
        assert_eq!(first.accepted.len() + second.accepted.len(), 1);
        let refused = first.refused.iter().chain(&second.refused).next().unwrap();
        assert!(refused.problem.is("sequence-reused"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_jobs_for_an_epoch_one_is_created() {
    let region: Region = Region::new(4, 1);
    let (directory, server) = region.open().await;
    for epoch in 1..=8 {
        server.submit(epoch, &region.batch(1, epoch)).await;
        let request = aggregate(epoch);
        let create = || server.client.create_job(&request);
        let (jobs, problems): (Vec<_>, Vec<_>) =
            <[_; 2]>::from(tokio::join!(create(), create())).into_iter().partition(Result::is_ok);
        let (created, refused) = (jobs.into_iter().next(), problems.into_iter().next());
        let job = created.expect("one job is created").unwrap();
        let refused = problem(refused.expect("and only one"));
        assert!(refused.is("epoch-reused") && refused.detail.contains(&job.id));
        server.client.wait(&job.id).await.unwrap();
    }
    assert_eq!(openings(directory.path()).await, [1; 8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_accepted_while_the_epoch_closed_is_in_the_sum() {
    let region: Arc<Region> = Arc::new(Region::new(4, 8));
    let (_directory, server) = region.open().await;
    server.submit(1, &region.batch(1, 1)).await;
    let mut gateways = JoinSet::new();
    for index in 1..8 {
        let (region, client) = (region.clone(), server.client.clone());
        gateways.spawn(async move {
            let batch = [region.honest(index, 1, 1)];
            client.submit(&name("north"), 1, &batch).await.unwrap().accepted
        });
    }
    let (_, bytes) = server.run(&aggregate(1)).await;
    let late = gateways.join_all().await.into_iter().flatten().map(|accepted| accepted.device);
    let accepted: BTreeSet<Name> = late.chain([device(0)]).collect();
    let result = region.audit(&server, &bytes).await;
    let summed: BTreeSet<Name> =
        result.claim.contributions.into_iter().map(|contribution| contribution.device).collect();
    assert_eq!(summed, accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roster_never_changes_under_an_accepted_submission() {
    let region: Region = Region::new(4, 2);
    let (_directory, server) = region.open().await;
    let (north, mut smaller) = (name("north"), region.roster.clone());
    smaller.devices.remove(&device(1));
    for epoch in 1..=8 {
        server.register(&region.roster).await;
        let batch = [region.honest(1, epoch, epoch)];
        let (intake, replaced) = tokio::join!(
            server.client.submit(&north, epoch, &batch),
            server.client.register(&smaller),
        );
        match (intake, replaced) {
            (Ok(intake), Ok(())) => assert!(intake.refused[0].problem.is("unknown-device")),
            (Err(ClientError::Problem(problem)), Ok(())) => assert!(problem.is("roster-changed")),
            (Ok(intake), replaced) => {
                assert_eq!(intake.accepted.len(), 1);
                assert!(problem(replaced).is("epoch-open"));
                let (_, bytes) = server.run(&aggregate(epoch)).await;
                region.audit(&server, &bytes).await;
            }
            (intake, replaced) => panic!("{intake:?} {replaced:?}"),
        }
    }
}
