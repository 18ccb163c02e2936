//! The prover: a witness and two random numbers become three points.
//!
//! Groth, "On the size of pairing-based non-interactive arguments" (EUROCRYPT 2016), section 3.2, in
//! snarkjs's arrangement: the quotient is not divided out but given by its values on odd powers, whose
//! points the key holds. `docs/groth16.md` has the equations.

use std::time::{Duration, Instant};

use pulseproof_formats::wtns::Witness;
use pulseproof_kernels::backend::{AnyBuffer, Backend, Binary, FieldOps, NttOps};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Error, G1, G2, Scalar};
use rand::{CryptoRng, RngCore};
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::key::{Head, LoadError, ProvingKey};
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
    /// The key that is read meanwhile is damaged.
    #[error(transparent)]
    Key(#[from] LoadError),
    /// The backend failed. Keys of a backend that was lost must be loaded again.
    #[error(transparent)]
    Kernel(#[from] Error),
    /// The proof does not verify, and was not released.
    #[error(
        "the proof does not verify: the witness does not satisfy the circuit, the key is damaged, or the backend \
         computed wrongly"
    )]
    Rejected,
    /// A sum of the key's points is outside their group.
    #[error(
        "a sum of points is outside their group, and all points of the key are in it: the backend computed wrongly"
    )]
    OutsideGroup,
}

/// What is wrong where a proof was rejected, of a witness that satisfies the circuit's constraints.
pub const KEY_AT_FAULT: &str = "the witness satisfies the circuit's .r1cs, but proofs made of it do not verify: the \
                                key is damaged, or that of another circuit";

/// A step of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Of a key that is not kept: its points and terms, read and checked.
    Read,
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
            Self::Read => "read",
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

/// Two vectors as long as the domain, on a backend.
pub(crate) type Two<C> = [AnyBuffer<Scalar<C>>; 2];

/// What a proof is put together from: a key that is kept, or one that is read meanwhile. `words` are the witness's,
/// and of C those of the signals that are not public.
pub(crate) trait Parts<C: Curve> {
    /// The key, but for its points and matrices.
    fn head(&self) -> &Head<C>;

    /// The matrices A and B times the witness, each row in its [place](crate::domain::Domain::place).
    fn rows(&mut self, values: &[Scalar<C>], clock: &mut Clock) -> Result<Two<C>, ProveError>;

    /// The sum over the points H, of integers in their [places](crate::domain::Domain::odd_place).
    fn h(&mut self, quotient: AnyBuffer<u64>, clock: &mut Clock) -> Result<G1<C>, ProveError>;

    /// The sum over the points A.
    fn a(&mut self, words: &[u64], clock: &mut Clock) -> Result<G1<C>, ProveError>;

    /// The sum over the points B in G1.
    fn b_g1(&mut self, words: &[u64], clock: &mut Clock) -> Result<G1<C>, ProveError>;

    /// The sum over the points B in G2.
    fn b_g2(&mut self, words: &[u64], clock: &mut Clock) -> Result<G2<C>, ProveError>;

    /// The sum over the points C.
    fn c(&mut self, words: &[u64], clock: &mut Clock) -> Result<G1<C>, ProveError>;
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
    prove_of(key, witness, rng)
}

/// [`prove`] with any key.
pub(crate) fn prove_of<C: Curve>(
    mut key: impl Parts<C>,
    witness: &Witness<Scalar<C>>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Proved<C>, ProveError> {
    let (got, expected) = (witness.len(), key.head().signals());
    if got != expected {
        return Err(ProveError::WitnessLength { got, expected });
    }
    let mut clock = Clock { stages: Vec::new() };
    let values = values(witness);
    let public = PublicInputs(values[1..=key.head().public()].to_vec());
    let blinders = Zeroizing::new([Scalar::<C>::rand(rng), Scalar::<C>::rand(rng)]);
    let rows = key.rows(&values, &mut clock)?;
    drop(values);
    let quotient = clock.time(Stage::Quotient, || quotient(key.head(), rows))?;
    let proof = proof(&mut key, witness.words(), quotient, &blinders, &mut clock)?;
    clock
        .time(Stage::Verify, || verify(key.head().verifying_key(), &public, &proof))
        .map_err(|_| ProveError::Rejected)?;
    Ok(Proved { proof, public, stages: clock.stages })
}

/// The witness as field elements.
fn values<F: PrimeField>(witness: &Witness<F>) -> Zeroizing<Vec<F>> {
    Zeroizing::new(witness.values().with_min_len(1 << 10).collect())
}

/// How long what takes.
pub(crate) struct Clock {
    stages: Vec<(Stage, Duration)>,
}

impl Clock {
    /// Does some work, which is a part of a stage.
    pub fn time<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
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

/// The integers a·b − c on the odd powers, where a and b are the matrices times the witness and c
/// their product on the subgroup.
fn quotient<C: Curve>(
    Head { backend, domain, .. }: &Head<C>,
    [mut a, mut b]: Two<C>,
) -> Result<AnyBuffer<u64>, Error> {
    let mut c = backend.zeros(domain.size())?;
    backend.copy(&a, 0..domain.size(), &mut c, 0)?;
    backend.map(Binary::Mul, &mut c, &b)?;
    for values in [&mut a, &mut b, &mut c] {
        backend.ntt(&domain.interpolate(), values)?;
        backend.ntt(&domain.evaluate_odd(), values)?;
    }
    backend.map(Binary::Mul, &mut a, &b)?;
    drop(b);
    backend.map(Binary::Sub, &mut a, &c)?;
    drop(c);
    backend.to_integers(&a)
}

fn proof<C: Curve>(
    key: &mut impl Parts<C>,
    words: &[u64],
    quotient: AnyBuffer<u64>,
    [r, s]: &[Scalar<C>; 2],
    clock: &mut Clock,
) -> Result<Proof<C>, ProveError> {
    let h = key.h(quotient, clock)?;
    let a = key.a(words, clock)?;
    let b_g1 = key.b_g1(words, clock)?;
    let b_g2 = key.b_g2(words, clock)?;
    let private = &words[(key.head().public() + 1) * width::<C>()..];
    let c = key.c(private, clock)?;

    let header = &key.head().header;
    let delta = header.delta_g1;
    let a = a + header.alpha_g1 + delta * r;
    let b_g1 = b_g1 + header.beta_g1 + delta * s;
    let b = b_g2 + header.beta_g2 + header.delta_g2 * s;
    let c = c + h + a * s + b_g1 * r - delta * (*r * s);
    Ok(Proof { a: a.into_affine(), b: b.into_affine(), c: c.into_affine() })
}

/// Words of a scalar.
pub(crate) fn width<C: Curve>() -> usize {
    Scalar::<C>::MODULUS_BIT_SIZE.div_ceil(64) as usize
}

/// The sum of a batch of one; of no points it is zero.
pub(crate) fn one<G: Zero>(sums: Vec<G>) -> G {
    sums.into_iter().next().unwrap_or_else(G::zero)
}
