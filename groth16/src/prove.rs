//! The prover: a witness and two random numbers become three points.
//!
//! Groth, "On the size of pairing-based non-interactive arguments" (EUROCRYPT 2016), section 3.2, in
//! snarkjs's arrangement: the quotient is not divided out but given by its values on odd powers, whose
//! points the key holds. `docs/groth16.md` has the equations.

use std::time::{Duration, Instant};

use pulseproof_formats::wtns::Witness;
use pulseproof_kernels::backend::{AnyBuffer, Backend, Binary, FieldOps, MsmOps, NttOps};
use pulseproof_kernels::group::Group;
use pulseproof_kernels::msm::ScalarShape;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Error, G1, Scalar};
use rand::{CryptoRng, RngCore};
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::key::{ProvingKey, Sparse};
use crate::proof::{Proof, PublicInputs};
use crate::verify::verify;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The witness is another circuit's.
    #[error("witness: {got} values, the key's circuit has {expected}")]
    WitnessLength {
        /// The witness's length.
        got: usize,
        /// The key's number of signals.
        expected: usize,
    },
    /// The backend failed. Keys of a backend that was lost must be loaded again.
    #[error(transparent)]
    Kernel(#[from] Error),
    /// The proof does not verify, and was not released.
    #[error(
        "the proof does not verify: the witness does not satisfy the circuit, the key is damaged, or the backend \
         computed wrongly"
    )]
    Rejected,
}

/// What is wrong where a proof was rejected, of a witness that satisfies the circuit's constraints.
pub const KEY_AT_FAULT: &str = "the witness satisfies the circuit's .r1cs, but proofs made of it do not verify: the \
                                key is damaged, or that of another circuit";

/// A step of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The matrices times the witness, on the host.
    Rows,
    /// Copies of these to the backend.
    Upload,
    /// Transforms, and the quotient's values.
    Quotient,
    /// The sum over the points A.
    MsmA,
    /// The sum over the points B in G1.
    MsmB1,
    /// The sum over the points B in G2.
    MsmB2,
    /// The sum over the points C.
    MsmC,
    /// The sum over the points H.
    MsmH,
    /// The check before release.
    Verify,
}

impl Stage {
    /// The stage's name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Upload => "upload",
            Self::Quotient => "quotient",
            Self::MsmA => "msm-a",
            Self::MsmB1 => "msm-b1",
            Self::MsmB2 => "msm-b2",
            Self::MsmC => "msm-c",
            Self::MsmH => "msm-h",
            Self::Verify => "verify",
        }
    }
}

/// A proof that verifies.
#[derive(Clone, Debug)]
pub struct Proved<C: Curve> {
    /// The proof.
    pub proof: Proof<C>,
    /// The public signals, the constant 1 not included.
    pub public: PublicInputs<C>,
    /// How long each step took.
    pub stages: Vec<(Stage, Duration)>,
}

/// Proves that the witness satisfies the key's circuit, and checks the proof. With the same randomness
/// every backend gives the same proof.
///
/// Running time depends on the witness.
///
/// # Errors
/// A witness of another length, one that does not satisfy the circuit, or the backend failed.
pub fn prove<C: Curve>(
    key: &ProvingKey<C>,
    witness: &Witness<Scalar<C>>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Proved<C>, ProveError> {
    let (got, expected) = (witness.len(), key.signals());
    if got != expected {
        return Err(ProveError::WitnessLength { got, expected });
    }
    let mut clock = Clock { stages: Vec::new() };
    let values = values(witness);
    let public = PublicInputs(values[1..=key.public()].to_vec());
    let blinders = Zeroizing::new([Scalar::<C>::rand(rng), Scalar::<C>::rand(rng)]);
    let mut session = ProofRun { key, clock: &mut clock };
    let rows = [session.rows(0, &values)?, session.rows(1, &values)?];
    drop(values);
    let quotient = session.quotient(rows)?;
    let proof = session.proof(witness.words(), quotient, &blinders)?;
    clock
        .time(Stage::Verify, || verify(&key.verifying_key, &public, &proof))
        .map_err(|_| ProveError::Rejected)?;
    Ok(Proved { proof, public, stages: clock.stages })
}

/// The witness as field elements.
fn values<F: PrimeField>(witness: &Witness<F>) -> Zeroizing<Vec<F>> {
    Zeroizing::new(witness.values().with_min_len(1 << 10).collect())
}

struct Clock {
    stages: Vec<(Stage, Duration)>,
}

impl Clock {
    fn time<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        let took = start.elapsed();
        match self.stages.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, before)) => *before += took,
            None => self.stages.push((stage, took)),
        }
        done
    }
}

/// Rows that are copied to the backend at a time.
const PIECE: usize = 1 << 15;

/// The work of one proof.
struct ProofRun<'a, C: Curve> {
    key: &'a ProvingKey<C>,
    clock: &'a mut Clock,
}

impl<C: Curve> ProofRun<'_, C> {
    fn proof(
        &mut self,
        words: &[u64],
        quotient: AnyBuffer<u64>,
        [r, s]: &[Scalar<C>; 2],
    ) -> Result<Proof<C>, Error> {
        let (header, points) = (&self.key.header, &self.key.points);
        let h = self.clock.time(Stage::MsmH, || self.key.sum_h(&quotient))?;
        drop(quotient);
        let a = self.clock.time(Stage::MsmA, || self.key.sum(&points.a, words))?;
        let b_g1 = self.clock.time(Stage::MsmB1, || self.key.sum(&points.b_g1, words))?;
        let b_g2 = self.clock.time(Stage::MsmB2, || self.key.sum(&points.b_g2, words))?;
        let private = &words[(header.public + 1) * width::<C>()..];
        let c = self.clock.time(Stage::MsmC, || self.key.sum(&points.c, private))?;

        let delta = header.delta_g1;
        let a = a + header.alpha_g1 + delta * r;
        let b_g1 = b_g1 + header.beta_g1 + delta * s;
        let b = b_g2 + header.beta_g2 + header.delta_g2 * s;
        let c = c + h + a * s + b_g1 * r - delta * (*r * s);
        Ok(Proof { a: a.into_affine(), b: b.into_affine(), c: c.into_affine() })
    }

    /// The integers a·b − c on the odd powers, where a and b are the matrices times the witness and c
    /// their product on the subgroup.
    fn quotient(
        &mut self,
        [mut a, mut b]: [AnyBuffer<Scalar<C>>; 2],
    ) -> Result<AnyBuffer<u64>, Error> {
        let Self { key, clock } = self;
        clock.time(Stage::Quotient, || {
            let backend = &key.backend;
            let mut c = backend.zeros(key.domain.size())?;
            backend.copy(&a, 0..key.domain.size(), &mut c, 0)?;
            backend.map(Binary::Mul, &mut c, &b)?;
            for values in [&mut a, &mut b, &mut c] {
                backend.ntt(&key.domain.interpolate(), values)?;
                backend.ntt(&key.domain.evaluate_odd(), values)?;
            }
            backend.map(Binary::Mul, &mut a, &b)?;
            drop(b);
            backend.map(Binary::Sub, &mut a, &c)?;
            drop(c);
            backend.to_integers(&a)
        })
    }

    /// A matrix times the witness, on the backend: piece by piece, so that it is not there twice.
    fn rows(&mut self, matrix: usize, values: &[Scalar<C>]) -> Result<AnyBuffer<Scalar<C>>, Error> {
        let Self { key, clock } = self;
        let (matrix, n) = (&key.rows[matrix], key.domain.size());
        let mut all = key.backend.zeros(n)?;
        for start in (0..n).step_by(PIECE) {
            let range = start..n.min(start + PIECE);
            let rows = || Zeroizing::new(matrix.times(range.clone(), values));
            let rows = clock.time(Stage::Rows, rows);
            clock.time(Stage::Upload, || {
                let piece = key.backend.upload(&rows)?;
                key.backend.copy(&piece, 0..range.len(), &mut all, start)
            })?;
        }
        Ok(all)
    }
}

impl<C: Curve> ProvingKey<C> {
    /// Σ words\[i\]·points\[i\].
    fn sum<G: Group>(&self, points: &Sparse<G>, words: &[u64]) -> Result<G, Error> {
        let shape = ScalarShape::unsigned(points.len(), Scalar::<C>::MODULUS_BIT_SIZE);
        let picked = Zeroizing::new(points.pick(words, width::<C>()));
        let scalars = self.backend.upload(&picked)?;
        drop(picked);
        Ok(one(MsmOps::<G>::msm_batch(&self.backend, points.bases(), &scalars, shape)?))
    }

    /// Σ quotient\[i\]·H\[i\].
    fn sum_h(&self, quotient: &AnyBuffer<u64>) -> Result<G1<C>, Error> {
        let shape = ScalarShape::unsigned(self.domain.size(), Scalar::<C>::MODULUS_BIT_SIZE);
        Ok(one(MsmOps::<G1<C>>::msm_batch(&self.backend, &self.points.h, quotient, shape)?))
    }
}

/// Words of a scalar.
fn width<C: Curve>() -> usize {
    Scalar::<C>::MODULUS_BIT_SIZE.div_ceil(64) as usize
}

/// The sum of a batch of one; of no points it is zero.
fn one<G: Zero>(sums: Vec<G>) -> G {
    sums.into_iter().next().unwrap_or_else(G::zero)
}
