//! From submissions to a result that an auditor accepts.

use crate::common::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve};
use pulseproof_sdk::api::JobState;

async fn everything_works<C: Curve>() {
    let region = Region::<C>::new(4, 4);
    let (_directory, server) = region.open().await;

    let intake = server.submit(1, &region.batch(3, 1)).await;
    assert_eq!((accepted(&intake), intake.refused.len()), (vec![0, 1, 2], 0));
    assert_eq!((&intake.accepted[2].device, intake.accepted[2].sequence), (&device(2), 1));

    let (job, bytes) = server.run(&weighted(1, &[("device-01", 7)])).await;
    assert_eq!((job.state, job.backend.as_deref()), (JobState::Done, Some("cpu")));
    assert!(job.prove_us.is_some() && job.verify_us.is_some());

    let result = region.audit(&server, &bytes).await;
    assert_eq!(result.aggregate, oracle([(0, 1), (1, 7), (2, 1)], 1));
    assert_eq!(result.claim.missing, [device(3)]);
    let weights: Vec<_> = result.claim.contributions.iter().map(|c| c.weight).collect();
    assert_eq!((weights, result.claim.epoch), (vec![1, 7, 1], 1));
}

#[tokio::test]
async fn a_sum_is_proved_on_bn254() {
    everything_works::<Bn254>().await;
}

#[tokio::test]
async fn a_sum_is_proved_on_bls12_381() {
    everything_works::<Bls12_381>().await;
}

#[tokio::test]
async fn an_epoch_may_come_in_many_batches_and_any_order() {
    let region: Region = Region::new(4, 3);
    let (_directory, server) = region.open().await;
    for index in [2, 0, 1] {
        server.submit(u64::MAX, &[region.honest(index, u64::MAX, u64::MAX)]).await;
    }
    let (_, bytes) = server.run(&aggregate(u64::MAX)).await;
    let result = region.audit(&server, &bytes).await;
    assert_eq!(result.aggregate, oracle([(0, 1), (1, 1), (2, 1)], u64::MAX));
    assert!(result.claim.missing.is_empty());
}

#[tokio::test]
async fn the_queue_is_worked_off_in_order() {
    let region: Region = Region::new(4, 2);
    let (_directory, server) = region.open().await;
    let mut ids = Vec::new();
    for epoch in 1..=5 {
        server.submit(epoch, &region.batch(2, epoch)).await;
        ids.push(server.client.create_job(&aggregate(epoch)).await.unwrap().id);
    }
    server.client.wait(&ids[4]).await.unwrap();
    for (id, epoch) in ids.iter().zip(1..) {
        assert_eq!(server.client.job(id).await.unwrap().state, JobState::Done);
        let result = region.audit(&server, &server.client.result(id).await.unwrap()).await;
        assert_eq!(result.aggregate, oracle([(0, 1), (1, 1)], epoch));
    }
}

#[tokio::test]
async fn health_warns_of_a_development_srs() {
    let region: Region = Region::new(4, 1);
    let (_directory, server) = region.open().await;
    let health = server.client.health().await.unwrap();
    assert_eq!((health.status.as_str(), health.curve.as_str()), ("ok", "bn254"));
    assert_eq!(health.srs.0, region.srs.verifying_key.id());
    assert!(health.warning.unwrap().contains("forge"));
}

#[tokio::test]
async fn metrics_tell_what_happened() {
    let region: Region = Region::new(4, 3);
    let (_directory, server) = region.open().await;
    let mut batch = region.batch(2, 1);
    batch.push(b"nonsense".to_vec());
    server.submit(1, &batch).await;
    server.run(&aggregate(1)).await;

    let text = server.client.metrics().await.unwrap();
    // Other tests of this process may count as well.
    let value = |name: &str| -> f64 {
        let line = text.lines().find(|line| line.split(' ').next() == Some(name));
        line.unwrap_or_else(|| panic!("{name} is missing in\n{text}"))
            .rsplit(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    for (name, at_least) in [
        ("pulseproof_submissions_accepted_total", 2.0),
        ("pulseproof_submissions_refused_total{reason=\"malformed\"}", 1.0),
        ("pulseproof_jobs_total{state=\"queued\"}", 1.0),
        ("pulseproof_jobs_total{state=\"running\"}", 1.0),
        ("pulseproof_jobs_total{state=\"done\"}", 1.0),
        ("pulseproof_proofs_total{backend=\"cpu\"}", 1.0),
        ("pulseproof_prove_seconds_count", 1.0),
        ("pulseproof_verify_seconds_count", 1.0),
        ("pulseproof_intake_seconds_count", 1.0),
        ("pulseproof_proofs_rejected_total", 0.0),
        ("pulseproof_insecure_srs", 1.0),
    ] {
        assert!(value(name) >= at_least, "{name} in\n{text}");
    }
    assert!(text.contains("# TYPE pulseproof_prove_seconds histogram"), "{text}");
    assert!(text.contains("pulseproof_queue_length 0"), "{text}");
}
