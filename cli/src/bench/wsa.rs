//! The weighted-sum argument, beside one arkworks MSM of the same length on the same threads.

use std::sync::Arc;

use pulseproof_kernels::backend::AnyBackend;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::UniformRand;
use pulseproof_kernels::{Curve, Error, G1, G1Affine, Scalar};
use pulseproof_prover::commitment::{Blinders, CommitmentKey, Opening, find_culprits};
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::{SrsError, develop};
use pulseproof_prover::wsa::Statement;
use pulseproof_prover::wsa::modular::{Proof, ProveError, verify};
use pulseproof_server::Prover;
use rand::RngCore;
use rand::rngs::OsRng;
use serde::Serialize;

use super::measure::{median, peak_memory_mb, processor, simd, time};

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// log2 of the vectors' length.
    pub log_size: u32,
    /// Vectors in the sum.
    pub devices: usize,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There is no SRS of this size.
    #[error(transparent)]
    Srs(#[from] SrsError),
    /// The backend failed.
    #[error(transparent)]
    Kernel(#[from] Error),
    /// There is nothing to prove, or the prover failed.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

/// Inputs of all measurements, made once.
pub struct Fixture<C: Curve> {
    prover: Arc<dyn Prover<C>>,
    key: CommitmentKey<C>,
    vectors: Vec<(G1Affine<C>, Vec<u64>, Blinders<C>)>,
    weights: Vec<u64>,
    statement: Statement<C, u64>,
    proof: Vec<u8>,
    peer_scalars: Vec<Scalar<C>>,
}

impl<C: Curve> Fixture<C> {
    /// Random full-length vectors, committed and proved once.
    ///
    /// # Errors
    /// There is no SRS of this size, no room for it on the backend, or nothing to prove: no devices, or more than
    /// 2^`log_size`.
    pub fn new(shape: Shape, backend: AnyBackend) -> Result<Self, Failure> {
        let srs = develop::generate::<C>(shape.log_size, &mut OsRng)?;
        let key = CommitmentKey::new(&srs);
        let vector = |_| {
            let words: Vec<u64> = (0..srs.size()).map(|_| OsRng.next_u64()).collect();
            let blinders = Blinders::random(&mut OsRng);
            (key.commit(&words, &blinders), words, blinders)
        };
        let vectors: Vec<_> = (0..shape.devices).map(vector).collect();
        let weights = vec![1; shape.devices];
        let srs = Arc::new(srs);
        let prover: Arc<dyn Prover<C>> = Arc::new(ProvingKey::new(backend, srs.clone())?);
        let (statement, proof) = prover.prove(&openings(&vectors), &weights, b"bench")?;
        let peer_scalars = (0..srs.size()).map(|_| Scalar::<C>::rand(&mut OsRng)).collect();
        let proof = proof.to_bytes();
        Ok(Self { prover, key, vectors, weights, statement, proof, peer_scalars })
    }

    /// The peer: one arkworks MSM with full-width scalars.
    pub fn peer_msm(&self) -> G1<C> {
        G1::<C>::arkworks_msm(&self.prover.srs().lagrange, &self.peer_scalars)
    }

    /// A device commits to its vector.
    pub fn commit(&self) -> G1Affine<C> {
        let (_, words, blinders) = &self.vectors[0];
        self.key.commit(words, blinders)
    }

    /// The appliance checks all openings at once.
    pub fn intake(&self) -> bool {
        find_culprits(&self.key, &openings(&self.vectors), 1, &mut OsRng).is_none()
    }

    /// The appliance sums and proves.
    ///
    /// # Panics
    /// Never: the same inputs were proved before.
    pub fn prove(&self) -> Proof<C> {
        let openings = openings(&self.vectors);
        self.prover.prove(&openings, &self.weights, b"bench").expect("proved before").1
    }

    /// A verifier reads the proof and checks it.
    pub fn verify(&self) -> bool {
        let proof = Proof::from_bytes(&self.proof);
        proof.is_ok_and(|p| verify(&self.prover.srs().verifying_key, &self.statement, &p).is_ok())
    }
}

fn openings<C: Curve>(vectors: &[(G1Affine<C>, Vec<u64>, Blinders<C>)]) -> Vec<Opening<'_, C>> {
    let opening = |(commitment, words, blinders)| Opening { commitment, words, blinders };
    vectors.iter().map(|(c, w, b)| opening((*c, w.as_slice(), b))).collect()
}

/// Times in milliseconds, and the median's ratio to the peer's.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Timing {
    /// Median.
    pub median_ms: f64,
    /// Least.
    pub min_ms: f64,
    /// Most.
    pub max_ms: f64,
    /// Median over the peer's median.
    pub to_peer: f64,
}

impl Timing {
    /// The figures of these times, of which there is at least one.
    pub(super) fn of(times: &mut [f64], peer: f64) -> Self {
        let median_ms = median(times);
        let (min_ms, max_ms) = (times[0], times[times.len() - 1]);
        Self { median_ms, min_ms, max_ms, to_peer: median_ms / peer }
    }

    /// A row of a table.
    pub fn row(&self, name: String) -> [String; 4] {
        [
            name,
            format!("{:.2}", self.median_ms),
            format!("{:.2} – {:.2}", self.min_ms, self.max_ms),
            format!("{:.2}", self.to_peer),
        ]
    }
}

/// Everything measured in one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Curve.
    pub curve: String,
    /// Who proves.
    pub backend: String,
    /// log2 of the vectors' length.
    pub log_size: u32,
    /// Vectors in the sum.
    pub devices: usize,
    /// Threads of the pool that peer and prover share.
    pub threads: usize,
    /// Processor.
    pub processor: String,
    /// The CPU's instructions that our kernels use.
    pub simd: String,
    /// Repetitions.
    pub samples: usize,
    /// Bytes of a proof.
    pub proof_bytes: usize,
    /// arkworks MSM of length N, full-width scalars.
    pub peer_msm: Timing,
    /// One device's commitment.
    pub commit: Timing,
    /// The opening check of all devices.
    pub intake: Timing,
    /// Proving.
    pub prove: Timing,
    /// Verifying, from the proof's bytes.
    pub verify: Timing,
    /// Peak resident memory of the process, where the system tells.
    pub peak_memory_mb: Option<f64>,
}

/// Measures everything `samples` times, in turn, so that a disturbance meets all alike.
///
/// # Errors
/// There is no SRS of this size, or no room for it on the backend.
///
/// # Panics
/// If a measured operation gives a wrong answer.
pub fn measure<C: Curve>(
    shape: Shape,
    samples: usize,
    backend: AnyBackend,
) -> Result<Report, Failure> {
    let fixture = Fixture::<C>::new(shape, backend)?;
    let mut times: [Vec<f64>; 5] = Default::default();
    for round in 0..=samples.max(1) {
        let measured = [
            time(|| fixture.peer_msm()).0,
            time(|| fixture.commit()).0,
            time(|| assert!(fixture.intake())).0,
            time(|| fixture.prove()).0,
            time(|| assert!(fixture.verify())).0,
        ];
        // The first round warms caches and is not counted.
        if round > 0 {
            times.iter_mut().zip(measured).for_each(|(all, one)| all.push(one));
        }
    }
    let peer = median(&mut times[0]);
    let [peer_msm, commit, intake, prove, verify] = times.map(|mut all| Timing::of(&mut all, peer));
    Ok(Report {
        curve: C::ID.to_string(),
        backend: fixture.prover.backend().to_string(),
        log_size: shape.log_size,
        devices: shape.devices,
        threads: rayon::current_num_threads(),
        processor: processor(),
        simd: simd(),
        samples,
        proof_bytes: fixture.proof.len(),
        peer_msm,
        commit,
        intake,
        prove,
        verify,
        peak_memory_mb: peak_memory_mb(),
    })
}
