//! Programs on sums that the appliance has proved: what they answer, and what is refused.

use crate::common::*;
use crate::world::*;
use pulseproof_fhe::Ciphertext;
use pulseproof_fhe::bootstrap::tfhe_cuda::TfheCuda;
use pulseproof_fhe::program::library;
use pulseproof_fhe::{Layout, generate_keys};
use pulseproof_kernels::Bn254;
use pulseproof_sdk::api::{EngineKind, JobRequest, JobState};
use pulseproof_sdk::fhe::{FheRequest, program_digest, word_to_text};
use pulseproof_sdk::{Digest, Outputs, Problem, Profile, ProvedResult};

#[tokio::test]
async fn a_program_on_proved_sums_answers_what_it_means() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let server = world.region.start(directory.path());
    world.register(&server).await;
    let key = world.put_key(&server).await;
    assert!(!server.client.evaluation_key(&key).await.unwrap().resident);
    let mut proved = Vec::new();
    for epoch in 1..=2 {
        proved.push(world.sum(&server, "north", epoch).await);
    }
    let mut opened = Vec::new();
    for epoch in 1..=2 {
        let request = world.above(key, "north", epoch);
        let queued = create(&server, &request).await;
        let estimate = queued.estimate.unwrap();
        assert!(estimate.failure_log2 <= -100.0 && estimate.lookups > 0 && estimate.depth > 0);
        let (job, bytes) = (server.client.wait(&queued.id).await.unwrap(), queued.id);
        assert_eq!((job.state, job.engine.as_deref()), (JobState::Done, Some("exact/cpu")));
        assert!(job.compute_us.unwrap() > 0 && job.estimate == Some(estimate));
        let bytes = server.client.result(&bytes).await.unwrap();
        let outputs = Outputs::from_bytes(&bytes).unwrap();
        assert_eq!((outputs.key, outputs.engine.as_str()), (key, "exact/cpu"));
        assert_eq!(outputs.program, program_digest(&request.program));
        assert!(outputs.is_signed_by(&server.client.identity().await.unwrap()));
        let index = usize::try_from(epoch).unwrap() - 1;
        let proved = ProvedResult::<Bn254>::from_bytes(&proved[index]).unwrap();
        assert_eq!(outputs.sums[0].sum, proved.sum_digest());
        assert_eq!(world.open(&outputs), world.plain(&request));
        opened.push(world.open(&outputs));
    }
    assert!(opened.contains(&vec![0]) && opened.contains(&vec![1]), "{opened:?}");
    assert!(server.client.evaluation_key(&key).await.unwrap().resident);
}

#[tokio::test]
async fn engines_answer_the_same_and_refuse_the_keys_of_others() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let server = world.region.start(directory.path());
    world.register(&server).await;
    let exact = world.put_key(&server).await;
    let floating = world.secret.floating_key().to_bytes();
    let floating = server.client.put_evaluation_key(floating).await.unwrap();
    world.sum(&server, "north", 1).await;
    world.sum(&server, "north", 2).await;

    let sums = [("north", 1), ("north", 2)];
    let weights = [u32::try_from(DEVICES).unwrap(); 2];
    let program = library::trend(&weights, 1);
    let mut request = world.ask(floating, &sums, program);
    let refusal = problem(server.client.create_job(&job(&request)).await);
    assert_problem(&refusal, 422, "wrong-engine", Some("engine"), None);
    request.engine = EngineKind::TfheCpu;
    let (done, bytes) = server.run(&job(&request)).await;
    assert_eq!(done.engine.as_deref(), Some("tfhe-cpu"));
    assert_eq!(world.open(&Outputs::from_bytes(&bytes).unwrap()), world.plain(&request));
    // The same key is for tfhe-rs on CUDA, where there is CUDA.
    request.engine = EngineKind::TfheCuda;
    if let Err(error) = TfheCuda::check() {
        let refusal = problem(server.client.create_job(&job(&request)).await);
        assert_problem(&refusal, 422, "engine-unavailable", Some("engine"), None);
        assert_eq!(refusal.detail, error.to_string());
    } else {
        let (done, bytes) = server.run(&job(&request)).await;
        assert_eq!(done.engine.as_deref(), Some("tfhe-cuda"));
        assert_eq!(world.open(&Outputs::from_bytes(&bytes).unwrap()), world.plain(&request));
    }
    request.key = exact;
    let refusal = problem(server.client.create_job(&job(&request)).await);
    assert_problem(&refusal, 422, "wrong-engine", Some("engine"), None);
    request.engine = EngineKind::Exact;
    let (_, bytes) = server.run(&job(&request)).await;
    assert_eq!(world.open(&Outputs::from_bytes(&bytes).unwrap()), world.plain(&request));
}

#[tokio::test]
async fn jobs_of_several_regions_share_batches() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let server = world.region.start(directory.path());
    world.register(&server).await;
    let key = world.put_key(&server).await;
    let mut jobs = Vec::new();
    for region in ["north", "south"] {
        world.sum(&server, region, 1).await;
    }
    let mut lookups = 0;
    for region in ["north", "south", "north", "south"] {
        let job = create(&server, &world.above(key, region, 1)).await;
        lookups += job.estimate.unwrap().lookups;
        jobs.push(job);
    }
    for job in jobs {
        server.client.wait(&job.id).await.unwrap();
    }
    let metrics = server.client.metrics().await.unwrap();
    let value = |name: &str| -> f64 {
        let line = metrics.lines().find(|line| line.starts_with(name));
        line.unwrap_or_else(|| panic!("{name} in {metrics}"))
            .rsplit(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    let engine = r#"{engine="exact/cpu"}"#;
    let of = |name: &str| value(&format!("pulseproof_{name}{engine}"));
    assert!((of("bootstraps_total") - lookups as f64).abs() < 0.5);
    let batches = of("bootstrap_batch_fill_ratio_count");
    assert!(batches < lookups as f64, "{batches} batches for {lookups} bootstraps");
    assert!((of("bootstrap_batch_fill_ratio_sum") * 64.0 - lookups as f64).abs() < 0.5);
    assert!(of("bootstrap_batch_regions_sum") > batches, "both regions were in a batch");
    assert!((of("programs_total") - 4.0).abs() < 0.5);
    assert!(metrics.contains(r#"pulseproof_jobs_total{state="done"} 6"#), "{metrics}");
}

/// Two authorities in one process, whose programs wait for the same engines.
#[tokio::test]
async fn what_is_computed_under_two_keys_at_once_is_each_ones_own() {
    let (one, other) = (World::new(), World::new());
    let directory = tempfile::tempdir().unwrap();
    let server = one.region.start(directory.path());
    let mut asked = Vec::new();
    for (world, region) in [(&one, "north"), (&other, "south")] {
        world.register_in(&server, &[region]).await;
        let key = world.put_key(&server).await;
        for epoch in 1..=2 {
            world.sum(&server, region, epoch).await;
            asked.push((world, world.above(key, region, epoch)));
        }
    }
    let mut jobs = Vec::new();
    for index in [0, 2, 1, 3, 0, 2] {
        let (world, request) = &asked[index];
        jobs.push((world, request, create(&server, request).await));
    }
    for (world, request, job) in jobs {
        server.client.wait(&job.id).await.unwrap();
        let bytes = server.client.result(&job.id).await.unwrap();
        assert_eq!(world.open(&Outputs::from_bytes(&bytes).unwrap()), world.plain(request));
    }
}

async fn refused(server: &Server, request: &FheRequest) -> Problem {
    problem(server.client.create_job(&job(request)).await)
}

#[tokio::test]
async fn what_cannot_be_computed_is_refused_at_once() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let server = world.region.start(directory.path());
    world.register(&server).await;
    let key = world.put_key(&server).await;
    world.sum(&server, "north", 1).await;
    let good = world.above(key, "north", 1);
    let with = |change: &dyn Fn(&mut FheRequest)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    let word = word_to_text(&Ciphertext::trivial(0));
    let long = &word[1..];
    let words = u64::from(world.region.roster.words);
    type Case<'a> = (&'a dyn Fn(&mut FheRequest), &'a str, Option<&'a str>, Option<u64>);
    let cases: &[Case<'_>] = &[
        (&|r| r.key = Digest::sha256(b""), "unknown-key", Some("key"), None),
        (&|r| r.engine = EngineKind::TfheCpu, "wrong-engine", Some("engine"), None),
        (&|r| r.sums.clear(), "bad-job", Some("sums"), Some(64)),
        (&|r| r.sums = vec![r.sums[0].clone(); 65], "bad-job", Some("sums"), Some(64)),
        (&|r| r.words = vec![word.clone(); 17], "bad-job", Some("words"), Some(16)),
        (&|r| r.words = vec![long.into()], "bad-word", Some("words[0]"), Some(32_784)),
        (&|r| r.words = vec!["x".into()], "bad-word", Some("words[0]"), Some(32_784)),
        (&|r| r.sums[0].epoch = 2, "unknown-sum", Some("sums[0]"), None),
        (&|r| r.sums[0].region = name("west"), "unknown-sum", Some("sums[0]"), None),
        (&|r| r.layout.slots = 0, "bad-layout", Some("layout"), None),
        (&|r| r.layout.totals = false, "wrong-length", Some("sums[0]"), Some(words - 4)),
        (&|r| r.layout.summands_max = 2, "too-many-summands", Some("sums[0]"), Some(2)),
        (&|r| r.program.version = 2, "bad-program", Some("program.version"), Some(1)),
        (
            &|r| r.program = library::mean_above(u32::MAX),
            "bad-program",
            Some("program.below-zero-if-above"),
            None,
        ),
        (&|r| r.program.outputs[0] = "x".into(), "bad-program", Some("program.outputs"), None),
    ];
    for &(change, kind, field, limit) in cases {
        let problem = refused(&server, &with(change)).await;
        assert_problem(&problem, 422, kind, field, limit);
    }
    // A region that is there, whose sum is not finished.
    let batch =
        [world.region.seal(world.region.label(0, 9, 9), vec![1; words.try_into().unwrap()])];
    server.submit(9, &batch.map(|submission| submission.to_bytes())).await;
    let store = store(directory.path()).await;
    leave_sum(directory.path(), "lost", 9, "failed").await;
    let problem = refused(&server, &with(&|r| r.sums[0].epoch = 9)).await;
    assert_problem(&problem, 409, "sum-not-ready", Some("sums[0]"), None);
    // Nothing of this was queued.
    let queued: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs WHERE kind = 'fhe'")
        .fetch_one(&store)
        .await
        .unwrap();
    assert_eq!(queued, 0);
}

#[tokio::test]
async fn a_threshold_may_stay_encrypted_and_sums_of_other_profiles_do_not_mix() {
    let mut world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let server = world.region.start(directory.path());
    world.register(&server).await;
    let key = world.put_key(&server).await;
    world.sum(&server, "north", 1).await;
    let (_, bits) = world.layout.body_of(pulseproof_fhe::ListTotal::Mean).unwrap();
    let program = library::mean_above_secret(u32::try_from(DEVICES).unwrap(), 3, bits);
    let mut request = world.ask(key, &[("north", 1)], program);
    // Without noise, but the appliance does not know that.
    request.words = vec![word_to_text(&Ciphertext::trivial(2 << (64 - bits)))];
    let (_, bytes) = server.run(&job(&request)).await;
    let expected = pulseproof_fhe::program::plain::evaluate(
        &request.program,
        |_, _| (0..DEVICES).map(|d| mean(&readings(d, 1))).sum(),
        |_| 2,
    );
    let outputs = Outputs::from_bytes(&bytes).unwrap();
    assert_eq!((Some(world.open(&outputs)), outputs.words.len()), (expected, 1));

    // Readings up to 2, packed into as many words: another program is computed on the same sum.
    let mut other = world.ask(key, &[("north", 1)], library::mean_above(1));
    other.layout.scale.maximum = 2;
    assert_eq!(Layout::plan(other.layout).unwrap().words(), world.layout.words());
    let problem = refused(&server, &other).await;
    assert_problem(&problem, 422, "wrong-profile", Some("layout"), None);
    let (foreign, _) = generate_keys();
    let bytes = foreign.evaluation_key().to_bytes();
    let foreign = server.client.put_evaluation_key(bytes).await.unwrap();
    let problem = refused(&server, &world.above(foreign, "north", 1)).await;
    assert_problem(&problem, 422, "wrong-profile", Some("layout"), None);

    let another = Profile::Unproved { meaning: Digest::of("another", b"meaning") };
    server.client.put_profile(&another).await.unwrap();
    world.region.roster.profile = another.digest();
    world.register(&server).await;
    world.sum(&server, "south", 1).await;
    let weights = [u32::try_from(DEVICES).unwrap(); 2];
    let mixed = world.ask(key, &[("north", 1), ("south", 1)], library::trend(&weights, 1));
    let problem = refused(&server, &mixed).await;
    assert_problem(&problem, 422, "mixed-profiles", Some("sums[1]"), None);
}

/// Rounded, a half upwards.
fn mean(readings: &[i64]) -> i128 {
    let (sum, count) = (readings.iter().sum::<i64>(), i64::try_from(readings.len()).unwrap());
    ((2 * sum + count) / (2 * count)).into()
}

#[tokio::test]
async fn a_sum_is_not_taken_back() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let server = world.region.start(directory.path());
    world.register(&server).await;
    world.sum(&server, "north", 1).await;
    let id: String = sqlx::query_scalar("SELECT id FROM jobs")
        .fetch_one(&store(directory.path()).await)
        .await
        .unwrap();
    let refusal = problem(server.client.cancel(&id).await);
    assert_problem(&refusal, 409, "not-cancellable", Some("id"), None);
    let refusal = problem(server.client.cancel("nobody").await);
    assert_problem(&refusal, 404, "unknown-job", Some("id"), None);
    let unknown = serde_json::json!({ "kind": "fhe", "key": "00" });
    assert!(serde_json::from_value::<JobRequest>(unknown).is_err());
}
