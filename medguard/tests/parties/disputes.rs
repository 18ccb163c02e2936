//! A quorum of real appliances over HTTP, one of which has an engine that errs: who lied is named.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pulseproof_fhe::Ciphertext;
use pulseproof_fhe::bootstrap::engine::{Engine, EngineError, Lookup};
use pulseproof_fhe::bootstrap::keys::EvaluationKey;
use pulseproof_fhe::program::{Program, library};
use pulseproof_kernels::backend::BackendKind;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_medguard::authority::questions::write_question_with_outputs;
use pulseproof_medguard::authority::quorum::{Quorum, Signatory};
use pulseproof_medguard::authority::{Answering, Authority};
use pulseproof_sdk::api::{EngineKind, JobRequest};
use pulseproof_sdk::client::{ApplianceClient, ClientError, HttpService};
use pulseproof_sdk::fhe::{FheRequest, SumRef};
use pulseproof_sdk::identity::AppliancePublicKey;
use pulseproof_sdk::{Digest, Outputs, ProvedResult, Roster};
use pulseproof_server::{Config, Engines, Groth16, Machine, Programs, serve};
use reqwest::Method;
use tokio::net::TcpListener;

use crate::world::{self, C, World, engines, kind, name, refusal};

/// Engines whose results are wrong from a lookup on, counted over all that they do.
struct Erring(usize);

struct ErringEngine {
    honest: Arc<dyn Engine>,
    from: usize,
    done: AtomicUsize,
}

impl Engines for Erring {
    fn backend(&self) -> BackendKind {
        BackendKind::Cpu
    }

    fn exact(&self, key: &EvaluationKey) -> Result<Arc<dyn Engine>, EngineError> {
        let (honest, from, done) = (engines().exact(key)?, self.0, AtomicUsize::new(0));
        Ok(Arc::new(ErringEngine { honest, from, done }))
    }
}

impl Engine for ErringEngine {
    fn name(&self) -> String {
        self.honest.name()
    }

    fn fingerprint(&self) -> [u8; 32] {
        self.honest.fingerprint()
    }

    fn look_up(&self, lookups: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError> {
        let mut found = self.honest.look_up(lookups)?;
        let before = self.done.fetch_add(lookups.len(), Ordering::SeqCst);
        for (index, result) in found.iter_mut().enumerate() {
            if before + index >= self.from {
                result.add_constant(1 << 60);
            }
        }
        Ok(found)
    }
}

async fn start(
    world: &World,
    roster: &Roster,
    engines: Arc<dyn Engines>,
    config: Config,
) -> ApplianceClient {
    let key = Arc::new(pulseproof_prover::engine::prove::ProvingKey::standby(
        Cpu::new(),
        Arc::new(world::key().srs().clone()),
    ));
    let machine: Machine<C> = Machine {
        prover: key.clone(),
        cpu: key,
        engines,
        groth16: Groth16::on(Cpu::new(), Programs::new(1 << 20, None)),
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let client =
        ApplianceClient::new(format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(serve(listener, machine, config, std::future::pending()));
    client.put_profile(&world.profile.described()).await.unwrap();
    client.register(roster).await.unwrap();
    client
}

/// A program on a sum that another appliance proved.
fn request(world: &World, key: Digest, program: &Program, sum: SumRef) -> JobRequest {
    JobRequest::Fhe(Box::new(FheRequest {
        key,
        engine: EngineKind::Exact,
        layout: *world.profile.layout.request(),
        sums: vec![sum],
        words: Vec::new(),
        program: program.clone(),
    }))
}

fn of_others(result: &ProvedResult<C>) -> SumRef {
    let (region, epoch) = (result.claim.region.clone(), result.claim.epoch);
    SumRef { region, epoch, result: Some(result.sum_digest()) }
}

/// Has an appliance compute a program on a result that another one proved.
async fn compute(
    world: &World,
    appliance: &ApplianceClient,
    key: Digest,
    program: &Program,
    result: &ProvedResult<C>,
) -> Outputs {
    let request = request(world, key, program, of_others(result));
    let job = appliance.create_job(&request).await.unwrap();
    appliance.wait(&job.id).await.unwrap();
    Outputs::from_bytes(&appliance.result(&job.id).await.unwrap()).unwrap()
}

fn problem<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> (String, u16) {
    match answer.unwrap_err() {
        ClientError::Problem(problem) => kind::<()>(Err(*problem)),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appliances_that_disagree_are_heard_and_the_liar_is_named() {
    let world = World::new(3);
    let roster = world.roster("north", &[0, 1, 2]);
    let result = world.sum(&roster, 0, &[0, 1, 2], &[3, 3]);
    let folder = tempfile::tempdir().unwrap();
    let all: [(&str, Arc<dyn Engines>); 3] =
        [("a", engines()), ("b", Arc::new(Erring(4))), ("c", engines())];
    let mut appliances = Vec::new();
    for (folder_name, engines) in all {
        let config = Config::new(folder.path().join(folder_name));
        appliances.push(start(&world, &roster, engines, config).await);
    }
    let mut keys: Vec<AppliancePublicKey> = Vec::new();
    for appliance in &appliances {
        keys.push(appliance.identity().await.unwrap());
    }

    // The third one is listed at an address where nobody answers.
    let ports = ["a", "b"].len();
    let mut setup = world.setup(&folder.path().join("vault"), std::slice::from_ref(&roster));
    setup.engines = Some(engines());
    let url = |index: usize| match index < ports {
        true => appliances[index].url().to_owned(),
        false => "http://127.0.0.1:1".to_owned(),
    };
    let listed = keys.iter().enumerate().map(|(i, &key)| Signatory { key, url: url(i) });
    setup.policy.answering = Answering::Quorum(Quorum { needed: 2, appliances: listed.collect() });
    let authority = Arc::new(Authority::open(setup).await.unwrap());
    let evaluation_key = std::fs::read(folder.path().join("vault").join("evaluation.key")).unwrap();

    let program = library::mean_above(2);
    let mut outputs = Vec::new();
    for appliance in &appliances {
        let key = appliance.put_evaluation_key(evaluation_key.clone()).await.unwrap();
        assert_eq!(appliance.put_result(&result).await.unwrap(), result.sum_digest());
        outputs.push(compute(&world, appliance, key, &program, &result).await);
    }
    let [honest, erring, other] = &outputs[..] else { panic!() };
    assert_eq!(honest.digest(), other.digest(), "appliances of different parties agree");
    assert_ne!(honest.digest(), erring.digest());

    let question = |outputs: &[&Outputs]| {
        let outputs: Vec<_> = outputs.iter().map(|&outputs| outputs.clone()).collect();
        write_question_with_outputs(&program, &[result.to_bytes()], &outputs).unwrap()
    };
    let no_quorum = refusal("no-quorum", 409);
    assert_eq!(kind(authority.answer(question(&[honest, erring])).await), no_quorum);
    let heard = authority.hear(question(&[honest, erring])).await.unwrap();
    assert_eq!((heard.lookup, &heard.liars[..]), (Some(4), &keys[1..2]));
    let heard = authority.hear(question(&[erring, honest])).await.unwrap();
    assert_eq!((heard.lookup, &heard.liars[..]), (Some(4), &keys[1..2]));

    // Two that agree, one alone, and one twice are no dispute.
    for outputs in [&[honest, other][..], &[erring], &[erring, erring], &[honest, other, erring]] {
        let refused = kind(authority.hear(question(outputs)).await);
        assert_eq!(refused, refusal("no-dispute", 422));
    }
    let mut forged = erring.clone();
    forged.outputs[0].digits[0].add_constant(1);
    let refused = kind(authority.hear(question(&[honest, &forged])).await);
    assert_eq!(refused, refusal("untrusted-appliance", 403));
    // Who does not answer is no liar for it, and is named.
    let silent = authority.hear(question(&[erring, other])).await.unwrap_err();
    assert_eq!(silent.field.as_deref(), Some("outputs[1]"));
    assert_eq!(kind::<()>(Err(silent)), refusal("appliance-silent", 502));
    // The quorum is reached without the one that errs.
    let answered = authority.answer(question(&[erring, honest, other])).await.unwrap();
    assert!(answered.bits[0].value);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_appliance_takes_in_results_that_verify_and_no_others() {
    let world = World::new(3);
    let roster = world.roster("north", &[0, 1, 2]);
    let result = world.sum(&roster, 0, &[0, 1, 2], &[3, 3]);
    let folder = tempfile::tempdir().unwrap();
    let appliance = start(&world, &roster, engines(), Config::new(folder.path())).await;
    let id = appliance.put_result(&result).await.unwrap();
    // A sum proved and published again is no other one.
    let anew = ProvedResult { signature: [7; 64], ..result.clone() };
    assert_eq!(appliance.put_result(&anew).await.unwrap(), id);
    let refused = async |result: &ProvedResult<C>| problem(appliance.put_result(result).await);
    let mut forged = result.clone();
    forged.aggregate[0] ^= 1;
    assert_eq!(refused(&forged).await, refusal("result-rejected", 422));
    let elsewhere = world.sum(&world.roster("south", &[0, 1, 2]), 0, &[0, 1, 2], &[3, 3]);
    assert_eq!(refused(&elsewhere).await, refusal("unknown-region", 404));
    let other_roster = world.sum(&world.roster("north", &[0, 1]), 0, &[0, 1], &[3, 3]);
    assert_eq!(refused(&other_roster).await, refusal("result-rejected", 422));
    let service = HttpService::new(appliance.url()).unwrap();
    for (path, body, status) in [
        (format!("/v1/results/{id}"), b"PPRS".to_vec(), 400),
        (format!("/v1/results/{}", Digest([0; 32])), result.to_bytes(), 422),
    ] {
        let refused = service.send(service.request(Method::PUT, &path).body(body)).await;
        assert_eq!(problem(refused).1, status, "{path}");
    }
    // What is not there computes nothing, nor under another epoch's name.
    let evaluation_key = world.secret.evaluation_key().to_bytes();
    let key = appliance.put_evaluation_key(evaluation_key).await.unwrap();
    for (epoch, digest) in [(0, forged.sum_digest()), (1, id)] {
        let sum = SumRef { region: name("north"), epoch, result: Some(digest) };
        let refused =
            appliance.create_job(&request(&world, key, &library::mean_above(2), sum)).await;
        assert_eq!(problem(refused), refusal("unknown-result", 422));
    }
    appliance.delete_result(&id).await.unwrap();
    assert_eq!(problem(appliance.delete_result(&id).await), refusal("unknown-result", 404));
}

/// Engines that take their time.
struct Slow;

struct SlowEngine(Arc<dyn Engine>);

impl Engines for Slow {
    fn backend(&self) -> BackendKind {
        BackendKind::Cpu
    }

    fn exact(&self, key: &EvaluationKey) -> Result<Arc<dyn Engine>, EngineError> {
        Ok(Arc::new(SlowEngine(engines().exact(key)?)))
    }
}

impl Engine for SlowEngine {
    fn name(&self) -> String {
        self.0.name()
    }

    fn fingerprint(&self) -> [u8; 32] {
        self.0.fingerprint()
    }

    fn look_up(&self, lookups: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError> {
        std::thread::sleep(std::time::Duration::from_secs(3));
        self.0.look_up(lookups)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_stay_while_they_are_needed_and_are_not_too_many() {
    let world = World::new(3);
    let roster = world.roster("north", &[0, 1, 2]);
    let folder = tempfile::tempdir().unwrap();
    let config = Config { results_max: 1, ..Config::new(folder.path()) };
    let appliance = start(&world, &roster, Arc::new(Slow), config).await;
    let [result, other] = [0, 1].map(|epoch| world.sum(&roster, epoch, &[0, 1, 2], &[3, 3]));
    let id = appliance.put_result(&result).await.unwrap();
    let refused = problem(appliance.put_result(&other).await);
    assert_eq!(refused, refusal("too-many-results", 507));
    let evaluation_key = world.secret.evaluation_key().to_bytes();
    let key = appliance.put_evaluation_key(evaluation_key).await.unwrap();
    let request = request(&world, key, &library::mean_above(2), of_others(&result));
    let job = appliance.create_job(&request).await.unwrap();
    assert_eq!(problem(appliance.delete_result(&id).await), refusal("result-in-use", 409));
    appliance.cancel(&job.id).await.unwrap();
    appliance.delete_result(&id).await.unwrap();
    appliance.put_result(&other).await.unwrap();
}
