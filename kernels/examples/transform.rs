//! A transform (NTT) and a multi-scalar multiplication (MSM) on the CPU, against the naive
//! algorithms.
//!
//! `cargo run --release -p pulseproof-kernels --example transform`

use pulseproof_kernels::backend::{CurveOps, MsmOps};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::msm::Integers;
use pulseproof_kernels::naive::Naive;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::transform::Transform;
use pulseproof_kernels::{Bls12_381, Curve, Error, G1, G1Affine, Scalar};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Rows that are transformed together. Operations take batches: one item is a batch of one.
const ROWS: usize = 3;
/// log2 of a row's length.
const LOG_SIZE: u32 = 6;

#[expect(clippy::print_stdout, reason = "printing is what this example is for")]
fn main() -> Result<(), Error> {
    let rng = &mut StdRng::seed_from_u64(1);
    let size = 1 << LOG_SIZE;

    // Coefficients become values on a coset: what quotients are computed on.
    let coefficients: Vec<_> = (0..ROWS * size).map(|_| Scalar::<Bls12_381>::rand(rng)).collect();
    let transform = Transform::forward(LOG_SIZE).on_coset(Scalar::<Bls12_381>::GENERATOR);
    let values = transformed::<Bls12_381, _>(&Cpu::new(), &transform, &coefficients)?;
    // Results are integers, and the same on every backend: they are compared bit for bit.
    assert_eq!(values, transformed::<Bls12_381, _>(&Naive, &transform, &coefficients)?);
    println!("{ROWS} transforms of 2^{LOG_SIZE}: the same");

    // Integers say how wide they are: 64 bits cost a quarter of 255.
    let points: Vec<_> = (0..size).map(|_| G1::<Bls12_381>::rand(rng)).collect();
    let points = G1::<Bls12_381>::normalize_batch(&points);
    let integers: Vec<u64> = (0..size).map(|_| u64::rand(rng)).collect();
    let sum = multiplied::<Bls12_381, _>(&Cpu::new(), &points, &integers)?;
    assert_eq!(sum, multiplied::<Bls12_381, _>(&Naive, &points, &integers)?);
    println!("a sum over {size} points: the same");
    Ok(())
}

/// Code above the kernels is generic over the backend, and so are these two.
fn transformed<C: Curve, B: CurveOps<C>>(
    backend: &B,
    transform: &Transform<Scalar<C>>,
    coefficients: &[Scalar<C>],
) -> Result<Vec<Scalar<C>>, Error> {
    // Buffers stay where the backend computes: on a device nothing crosses but this and the result.
    let mut data = backend.upload(coefficients)?;
    backend.ntt(transform, &mut data)?;
    backend.download(&data)
}

fn multiplied<C: Curve, B: CurveOps<C>>(
    backend: &B,
    points: &[G1Affine<C>],
    integers: &[u64],
) -> Result<Vec<G1Affine<C>>, Error> {
    // Bases are prepared once and multiplied often; two levels trade memory for time.
    let bases = MsmOps::<G1<C>>::bases(backend, points, 2)?;
    let words = backend.upload(integers)?;
    let shape = Integers::unsigned(integers.len(), u64::BITS);
    let sums = MsmOps::<G1<C>>::msm_batch(backend, &bases, &words, shape)?;
    // A point has many projective forms and one affine one.
    Ok(G1::<C>::normalize_batch(&sums))
}
