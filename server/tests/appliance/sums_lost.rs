//! Sums whose device fails, gets the proof wrong, or the sum itself.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use crate::common::*;
use crate::mocks::{self, Mock, Mood};
use pulseproof_kernels::Bn254;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_prover::commitment::Opening;
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::Srs;
use pulseproof_prover::wsa::Statement;
use pulseproof_prover::wsa::modular::{Proof, ProveError};
use pulseproof_sdk::api::{Job, JobState, Retried};
use pulseproof_server::{Config, ExactOn, Machine, Prover};
use tempfile::TempDir;

/// What a device does when it is to sum and prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Well,
    Fail,
    Panic,
    /// The proof of another epoch.
    WrongProof,
    /// One bit of one word.
    WrongSum,
    /// A word too few.
    ShortSum,
}

/// The CPU, which is called a device and does what it is told.
struct Device {
    key: ProvingKey<Bn254>,
    kind: BackendKind,
    does: Mutex<Does>,
    asked: AtomicUsize,
}

impl Device {
    fn new(region: &Region, kind: BackendKind, does: Does) -> Arc<Self> {
        let key = ProvingKey::new(Cpu::new(), region.srs.clone()).unwrap();
        Arc::new(Self { key, kind, does: Mutex::new(does), asked: AtomicUsize::new(0) })
    }

    fn set(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }
}

impl Prover<Bn254> for Device {
    fn srs(&self) -> &Srs<Bn254> {
        self.key.srs()
    }

    fn backend(&self) -> BackendKind {
        self.kind
    }

    fn prove(
        &self,
        openings: &[Opening<'_, Bn254>],
        weights: &[u64],
        context: &[u8],
    ) -> Result<(Statement<Bn254, u64>, Proof<Bn254>), ProveError> {
        self.asked.fetch_add(1, SeqCst);
        let does = *self.does.lock().unwrap();
        let other = [context, b"another epoch"].concat();
        let context = if does == Does::WrongProof { &other } else { context };
        let (mut statement, proof) = Prover::prove(&self.key, openings, weights, context)?;
        match does {
            Does::Well | Does::WrongProof => {}
            Does::Fail => {
                let reason = "out of order".to_owned();
                return Err(
                    pulseproof_kernels::Error::DeviceLost { backend: self.kind, reason }.into()
                );
            }
            Does::Panic => panic!("a device's panic, on purpose"),
            Does::WrongSum => statement.aggregate[3] ^= 1 << 40,
            Does::ShortSum => drop(statement.aggregate.pop()),
        }
        Ok((statement, proof))
    }
}

/// An appliance with a device and a CPU.
async fn open(region: &Region, device: &Arc<Device>, cpu: &Arc<Device>) -> (TempDir, Server) {
    let directory = tempfile::tempdir().unwrap();
    let server = start(&directory, device, cpu);
    server.register(&region.roster).await;
    (directory, server)
}

fn start(directory: &TempDir, device: &Arc<Device>, cpu: &Arc<Device>) -> Server {
    let engines = Arc::new(ExactOn::new(Cpu::new()));
    let circuits = Mock::new(device.kind, Mood::Good);
    let groth16 = mocks::on(&circuits, &Mock::new(BackendKind::Cpu, Mood::Good));
    let machine = Machine { prover: device.clone(), cpu: cpu.clone(), engines, groth16 };
    Server::start_machine(machine, Config::new(directory.path()))
}

/// Sums an epoch of two devices, whose result has to be right whoever made it.
async fn sum(region: &Region, server: &Server, epoch: u64) -> Job {
    server.submit(epoch, &region.batch(2, epoch)).await;
    let (job, result) = server.run(&aggregate(epoch)).await;
    assert_eq!(region.audit(server, &result).await.aggregate, oracle([(0, 1), (1, 1)], epoch));
    job
}

#[tokio::test]
async fn the_processor_sums_what_a_device_fails_at_until_it_is_out_of_service() {
    let region: Region = Region::new(4, 2);
    let device = Device::new(&region, BackendKind::Cuda, Does::Well);
    let cpu = Device::new(&region, BackendKind::Cpu, Does::Well);
    let (directory, server) = open(&region, &device, &cpu).await;
    let job = sum(&region, &server, 1).await;
    assert_eq!((job.backend.as_deref(), job.retried), (Some("cuda"), None));
    assert_eq!(cpu.asked.load(SeqCst), 0);
    let (failures, in_service) = (
        r#"pulseproof_backend_failures_total{backend="cuda"}"#,
        r#"pulseproof_backend_in_service{backend="cuda"}"#,
    );
    let moods = [(Does::Fail, "out of order"), (Does::Well, ""), (Does::WrongProof, "not verify")];
    let mut failed = 0.0;
    for (epoch, (does, reason)) in
        (2..).zip(moods.into_iter().chain([(Does::WrongSum, "not verify")]))
    {
        assert_eq!(metric(&server, in_service).await, 1.0);
        device.set(does);
        let job = sum(&region, &server, epoch).await;
        if does == Does::Well {
            assert_eq!((job.backend.as_deref(), job.retried), (Some("cuda"), None));
            continue;
        }
        failed += 1.0;
        assert_eq!(job.backend.as_deref(), Some("cpu"));
        let Retried { backend, reason: given } = job.retried.clone().unwrap();
        assert_eq!(backend, "cuda");
        assert!(given.contains(reason), "{given}");
        assert_eq!(metric(&server, failures).await, failed);
        assert_eq!(server.client.job(&job.id).await.unwrap(), job, "the store knows it");
    }
    assert_eq!(metric(&server, in_service).await, 0.0);
    assert_eq!(metric(&server, "pulseproof_proofs_rejected_total").await, 2.0);
    assert_eq!(metric(&server, r#"pulseproof_proofs_total{backend="cpu"}"#).await, 3.0);
    // It is not asked any more, though it would do well.
    device.set(Does::Well);
    let asked = device.asked.load(SeqCst);
    let job = sum(&region, &server, 6).await;
    assert_eq!((job.backend.as_deref(), job.retried), (Some("cpu"), None));
    assert_eq!(device.asked.load(SeqCst), asked);
    assert_eq!(openings(directory.path()).await, [1; 12], "every commitment was opened once");
    server.stop();
    // With the next process it is back.
    let server = start(&directory, &device, &cpu);
    assert_eq!(sum(&region, &server, 7).await.backend.as_deref(), Some("cuda"));
}

#[tokio::test]
async fn a_panic_and_a_sum_of_another_length_are_the_device_s_failures() {
    let region: Region = Region::new(4, 2);
    let device = Device::new(&region, BackendKind::Wgpu, Does::Panic);
    let cpu = Device::new(&region, BackendKind::Cpu, Does::Well);
    let (_directory, server) = open(&region, &device, &cpu).await;
    for (epoch, (does, reason)) in (1..).zip([(Does::Panic, "panic"), (Does::ShortSum, "words")]) {
        device.set(does);
        let retried = sum(&region, &server, epoch).await.retried.unwrap();
        assert!(retried.reason.contains(reason), "{retried:?}");
    }
}

#[tokio::test]
async fn a_device_that_gets_sums_wrong_proves_no_circuits_either() {
    let region: Region = Region::new(4, 2);
    let device = Device::new(&region, BackendKind::Cuda, Does::WrongSum);
    let cpu = Device::new(&region, BackendKind::Cpu, Does::Well);
    let (directory, server) = open(&region, &device, &cpu).await;
    let file = directory.path().join("key");
    std::fs::write(&file, crate::circuits::zkey(1, 64)).unwrap();
    server.client.put_circuit(&name("sum"), &file).await.unwrap();
    std::fs::write(&file, "wasm module").unwrap();
    let wasm = pulseproof_sdk::client::circuits::CircuitPart::Wasm;
    server.client.put_circuit_part(&name("sum"), wasm, &file).await.unwrap();
    let prove = async || server.client.prove(crate::proofs::inputs(2)).await.unwrap().0;
    assert_eq!(prove().await.backend.as_deref(), Some("cuda"));
    for epoch in 1..=3 {
        sum(&region, &server, epoch).await;
    }
    let job = prove().await;
    assert_eq!((job.backend.as_deref(), job.retried), (Some("cpu"), None));
    let resident = server.client.circuit(&name("sum")).await.unwrap().resident;
    assert_eq!((resident["cuda"], resident["cpu"]), (false, true));
}

#[tokio::test]
async fn what_nobody_can_prove_is_no_failure_of_the_device() {
    let region: Region = Region::new(4, 2);
    let device = Device::new(&region, BackendKind::Cuda, Does::Well);
    let cpu = Device::new(&region, BackendKind::Cpu, Does::Well);
    let (directory, server) = open(&region, &device, &cpu).await;
    // Words that are not those committed to.
    let mut altered = region.seal(region.label(0, 1, 1), words(0, 1));
    altered.words[1] ^= 1;
    server.submit(1, &region.batch(1, 1)).await;
    sqlx::query("UPDATE submissions SET bytes = ?")
        .bind(altered.to_bytes())
        .execute(&store(directory.path()).await)
        .await
        .unwrap();
    let job = server.client.create_job(&aggregate(1)).await.unwrap();
    let failure = problem(server.client.wait(&job.id).await);
    assert_problem(&failure, 500, "internal", None, None);
    let job = server.client.job(&job.id).await.unwrap();
    assert_eq!((job.state, job.retried), (JobState::Failed, None));
    assert_eq!((device.asked.load(SeqCst), cpu.asked.load(SeqCst)), (1, 1));
    let failures = r#"pulseproof_backend_failures_total{backend="cuda"}"#;
    assert_eq!(metric(&server, failures).await, 0.0);
    // When the CPU is wrong, too, the job fails and its neighbour does not.
    device.set(Does::WrongProof);
    cpu.set(Does::WrongSum);
    server.submit(2, &region.batch(2, 2)).await;
    let job = server.client.create_job(&aggregate(2)).await.unwrap();
    assert!(problem(server.client.wait(&job.id).await).is("internal"));
    assert_eq!(metric(&server, failures).await, 0.0);
    device.set(Does::Well);
    assert_eq!(sum(&region, &server, 3).await.backend.as_deref(), Some("cuda"));
}
