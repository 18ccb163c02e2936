//! Regions whose devices encrypt, an authority's keys, and engines that are slow or fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::*;
use pulseproof_fhe::bootstrap::engine::{Engine, EngineError, Lookup};
use pulseproof_fhe::bootstrap::keys::EvaluationKey;
use pulseproof_fhe::program::plain::evaluate;
use pulseproof_fhe::program::{Program, library};
use pulseproof_fhe::{
    Ciphertext, Encrypt, Layout, LayoutRequest, ListTotal, PublicKey, Scale, SecretKey, Totals,
    generate_keys,
};
use pulseproof_kernels::Bn254;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_sdk::api::{EngineKind, Job, JobRequest};
use pulseproof_sdk::fhe::{FheRequest, SumRef};
use pulseproof_sdk::profile::meaning;
use pulseproof_sdk::{Digest, Outputs, Profile, Roster};
use pulseproof_server::{Config, Engines, ExactOn};

pub const DEVICES: usize = 3;

/// Two regions of the same three devices; few and small readings, so that bootstraps are few.
pub struct World {
    pub region: Region<Bn254>,
    pub layout: Layout,
    pub secret: SecretKey,
    pub public: PublicKey,
}

/// A device's readings.
pub fn readings(device: usize, epoch: u64) -> Vec<i64> {
    // High in odd epochs, low in even ones.
    let most = if epoch % 2 == 1 { 4 } else { 2 };
    let of = |slot: i64| (i64::try_from(device).unwrap() + slot) % most;
    vec![of(0), of(1)]
}

fn profile(layout: &Layout, public: &PublicKey) -> Profile {
    Profile::Unproved { meaning: meaning(layout, public.fingerprint()) }
}

impl World {
    pub fn new() -> Self {
        let scale = Scale { decimals: 0, minimum: 0, maximum: 3 };
        let request =
            LayoutRequest { scale, inside: (1, 2), slots: 2, summands_max: 12, totals: true };
        let layout = Layout::plan(request).unwrap();
        let mut region = Region::new(12, DEVICES);
        region.roster.words = u32::try_from(layout.words()).unwrap();
        let (secret, public) = generate_keys();
        region.roster.profile = profile(&layout, &public).digest();
        Self { region, layout, secret, public }
    }

    fn roster(&self, region: &str) -> Roster {
        Roster { region: name(region), ..self.region.roster.clone() }
    }

    pub async fn register(&self, server: &Server) {
        self.register_in(server, &["north", "south"]).await;
    }

    pub async fn register_in(&self, server: &Server, regions: &[&str]) {
        let profile = profile(&self.layout, &self.public);
        server.client.put_profile(&profile).await.unwrap();
        for region in regions {
            server.register(&self.roster(region)).await;
        }
    }

    /// Lets all devices submit, and the appliance sum and prove.
    pub async fn sum(&self, server: &Server, region: &str, epoch: u64) -> Vec<u8> {
        let seal = |index| {
            let mut label = self.region.label(index, epoch, epoch);
            label.region = name(region);
            let words = self.public.encrypt(&self.layout, &readings(index, epoch)).unwrap();
            self.region.seal(label, words).to_bytes()
        };
        let batch: Vec<_> = (0..DEVICES).map(seal).collect();
        let intake = server.client.submit(&name(region), epoch, &batch).await.unwrap();
        assert_eq!(intake.accepted.len(), DEVICES, "{:?}", intake.refused);
        let job = JobRequest::Aggregate { region: name(region), epoch, weights: [].into() };
        server.run(&job).await.1
    }

    pub fn ask(&self, key: Digest, sums: &[(&str, u64)], program: Program) -> FheRequest {
        let sum = |&(region, epoch): &(&str, u64)| SumRef::own(name(region), epoch);
        FheRequest {
            key,
            engine: EngineKind::Exact,
            layout: *self.layout.request(),
            sums: sums.iter().map(sum).collect(),
            words: vec![],
            program,
        }
    }

    pub fn above(&self, key: Digest, region: &str, epoch: u64) -> FheRequest {
        self.ask(key, &[(region, epoch)], library::mean_above(1))
    }

    pub async fn put_key(&self, server: &Server) -> Digest {
        let bytes = self.secret.evaluation_key().to_bytes();
        server.client.put_evaluation_key(bytes).await.unwrap()
    }

    /// What the authority reads in a result.
    pub fn open(&self, outputs: &Outputs) -> Vec<u128> {
        outputs.outputs.iter().map(|output| self.secret.open(output).unwrap()).collect()
    }

    /// What the program means on the readings in the clear.
    pub fn plain(&self, request: &FheRequest) -> Vec<u128> {
        let sum = |index: usize, total| {
            let epoch = request.sums[index].epoch;
            let of = |device| {
                let t = Totals::of_readings(&self.layout, readings(device, epoch));
                match total {
                    ListTotal::Count => t.count,
                    ListTotal::Inside => t.inside,
                    ListTotal::Sum => t.sum,
                    ListTotal::Mean => (2 * t.sum + t.count) / (2 * t.count),
                }
            };
            i128::try_from((0..DEVICES).map(of).sum::<u128>()).unwrap()
        };
        evaluate(&request.program, sum, |_| 0).unwrap()
    }

    pub fn start(&self, config: Config, engines: Arc<dyn Engines>) -> Server {
        Server::start_with(self.region.srs.clone(), engines, config)
    }
}

pub async fn create(server: &Server, request: &FheRequest) -> Job {
    server.client.create_job(&job(request)).await.unwrap()
}

pub fn job(request: &FheRequest) -> JobRequest {
    JobRequest::Fhe(Box::new(request.clone()))
}

/// The CPU, after a pause, and not before it failed some times.
pub struct Odd {
    pub pause: Duration,
    pub failures: Arc<AtomicUsize>,
    pub backend: BackendKind,
}

impl Odd {
    pub fn slow(pause: Duration) -> Arc<dyn Engines> {
        Arc::new(Self { pause, failures: Arc::default(), backend: BackendKind::Cpu })
    }

    pub fn failing(times: usize, backend: BackendKind) -> Arc<dyn Engines> {
        Arc::new(Self { pause: Duration::ZERO, failures: Arc::new(times.into()), backend })
    }
}

impl Engines for Odd {
    fn backend(&self) -> BackendKind {
        self.backend
    }

    fn exact(&self, key: &EvaluationKey) -> Result<Arc<dyn Engine>, EngineError> {
        let engine = ExactOn::new(Cpu::new()).exact(key)?;
        Ok(Arc::new(OddEngine { engine, pause: self.pause, failures: self.failures.clone() }))
    }
}

struct OddEngine {
    engine: Arc<dyn Engine>,
    pause: Duration,
    failures: Arc<AtomicUsize>,
}

impl Engine for OddEngine {
    fn name(&self) -> String {
        self.engine.name()
    }

    fn fingerprint(&self) -> [u8; 32] {
        self.engine.fingerprint()
    }

    fn look_up(&self, lookups: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError> {
        thread::sleep(self.pause);
        let less = |left: usize| left.checked_sub(1);
        if self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            return Err(EngineError::new(self.name(), "out of order"));
        }
        self.engine.look_up(lookups)
    }
}
