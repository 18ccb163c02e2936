//! The plans of all operations, on a device made of twins, against obvious computations.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use pulseproof_kernels::backend::*;
use pulseproof_kernels::field::{Goldilocks, KernelField, Prime50};
use pulseproof_kernels::gpu::{Buffer, Gpu};
use pulseproof_kernels::gpu::twin::TwinDevice;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::msm::Integers;
use pulseproof_kernels::transform::{Direction, Order, Transform};
use pulseproof_kernels::{Bls12_381, Bn254, G1, G2, Scalar, naive};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

type Twins = Gpu<TwinDevice>;

fn gpu() -> Twins {
    Gpu::new(TwinDevice::small())
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

fn elements<F: KernelField>(n: usize, rng: &mut StdRng) -> Vec<F> {
    (0..n).map(|i| if i % 5 == 3 { F::ZERO } else { F::rand(rng) }).collect()
}

fn vectors<F: KernelField>() {
    let (gpu, rng) = (gpu(), &mut rng());
    for n in [0, 1, 2, 31, 32, 33, 100, 1000, 4100] {
        let (a, b) = (elements::<F>(n, rng), elements::<F>(n.div_ceil(2), rng));
        let s = F::rand(rng);
        let device = gpu.upload(&a).unwrap();
        assert_eq!(gpu.download(&device).unwrap(), a);

        for (op, f) in [
            (Binary::Add, (|a, b| a + b) as fn(F, F) -> F),
            (Binary::Sub, |a, b| a - b),
            (Binary::Mul, |a, b| a * b),
        ] {
            let mut out = gpu.upload(&a).unwrap();
            gpu.map_scalar(op, &mut out, s).unwrap();
            assert_eq!(gpu.download(&out).unwrap(), a.iter().map(|&a| f(a, s)).collect::<Vec<_>>());
            for m in [n, 1, n / 2].into_iter().filter(|&m| m > 0 && n % m == 0) {
                let (mut out, b) = (gpu.upload(&a).unwrap(), elements::<F>(m, rng));
                gpu.map(op, &mut out, &gpu.upload(&b).unwrap()).unwrap();
                let expected: Vec<F> = (0..n).map(|i| f(a[i], b[i % m])).collect();
                assert_eq!(gpu.download(&out).unwrap(), expected);
            }
        }

        let mut out = gpu.upload(&a).unwrap();
        gpu.add_scaled(&mut out, s, &gpu.upload(&b).unwrap()).unwrap();
        let expected: Vec<F> =
            (0..n).map(|i| a[i] + s * b.get(i).copied().unwrap_or_default()).collect();
        assert_eq!(gpu.download(&out).unwrap(), expected);

        for by in [0, 1, n, n + 3] {
            let mut expected = a.clone();
            expected.rotate_left(by % n.max(1));
            assert_eq!(gpu.download(&gpu.rotate(&device, by).unwrap()).unwrap(), expected);
        }
        let first = b.first().copied().unwrap_or_default();
        let powers: Vec<F> = (0..n).map(|i| first * s.pow([i as u64])).collect();
        assert_eq!(gpu.download(&gpu.powers(first, s, n).unwrap()).unwrap(), powers);

        let mut out = gpu.upload(&a).unwrap();
        gpu.invert(&mut out).unwrap();
        let expected: Vec<F> = a.iter().map(|a| a.inverse().unwrap_or_default()).collect();
        assert_eq!(gpu.download(&out).unwrap(), expected);

        for x in [F::ZERO, F::ONE, s] {
            assert_eq!(gpu.evaluate(&device, x).unwrap(), naive::evaluate(&a, x));
            let quotient = gpu.download(&gpu.divide_out(&device, x).unwrap()).unwrap();
            assert_eq!(quotient.len(), n.saturating_sub(1));
            let mut expected = vec![F::ZERO; n.saturating_sub(1)];
            let mut carry = F::ZERO;
            for i in (0..expected.len()).rev() {
                carry = a[i + 1] + x * carry;
                expected[i] = carry;
            }
            assert_eq!(quotient, expected);
        }

        let integers = gpu.download(&gpu.to_integers(&device).unwrap()).unwrap();
        let expected: Vec<u64> =
            a.iter().flat_map(|a| a.into_bigint().as_ref().to_vec()).collect();
        assert_eq!(integers, expected);
        let words: Vec<u64> = (0..n as u64).map(|i| u64::MAX - i * i).collect();
        let from: Buffer<_, F> = gpu.from_integers(&gpu.upload(&words).unwrap()).unwrap();
        assert_eq!(gpu.download(&from).unwrap(), words.iter().map(|&w| F::from(w)).collect::<Vec<_>>());

        for at in [0, 1, n / 2, n].into_iter().filter(|&at| at <= n) {
            let sparse: Vec<F> = (0..n).map(|i| if i < at { F::ZERO } else { F::ONE }).collect();
            let first = gpu.first_nonzero(&gpu.upload(&sparse).unwrap()).unwrap();
            assert_eq!(first, (at < n).then_some(at));
        }
    }
}

fn scans<F: KernelField>() {
    let (gpu, rng) = (gpu(), &mut rng());
    for (rows, row) in [(0, 1), (1, 1), (1, 32), (3, 33), (2, 1500), (1, 33000), (40, 2)] {
        let a: Vec<F> = (0..rows * row).map(|_| F::rand(rng)).collect();
        for op in [Binary::Add, Binary::Mul] {
            let mut out = gpu.upload(&a).unwrap();
            gpu.scan(op, &mut out, row).unwrap();
            let mut expected = a.clone();
            for row in expected.chunks_mut(row) {
                for i in 1..row.len() {
                    row[i] = if op == Binary::Add { row[i - 1] + row[i] } else { row[i - 1] * row[i] };
                }
            }
            assert_eq!(gpu.download(&out).unwrap(), expected);
        }
    }
}

fn transforms<F: KernelField>() {
    let (gpu, rng) = (gpu(), &mut rng());
    for log_size in 0..=8 {
        let size = 1 << log_size;
        for rows in [0, 1, 3] {
            for shift in [F::ONE, F::GENERATOR] {
                let coefficients: Vec<F> = (0..rows * size).map(|_| F::rand(rng)).collect();
                let omega = F::get_root_of_unity(size as u64).unwrap();
                let natural: Vec<F> = coefficients
                    .chunks(size)
                    .flat_map(|row| naive::transform(row, omega, shift, size))
                    .collect();
                let reversed: Vec<F> = (0..rows * size)
                    .map(|i| natural[i / size * size + reverse(i % size, log_size)])
                    .collect();
                for (order, values) in [(Order::Natural, natural), (Order::BitReversed, reversed)] {
                    let transform =
                        Transform { log_size, direction: Direction::Forward, order, shift };
                    let mut data = gpu.upload(&coefficients).unwrap();
                    gpu.ntt(&transform, &mut data).unwrap();
                    assert_eq!(gpu.download(&data).unwrap(), values, "2^{log_size}");
                    let mut data = gpu.upload(&values).unwrap();
                    let inverse = Transform { direction: Direction::Inverse, ..transform };
                    gpu.ntt(&inverse, &mut data).unwrap();
                    assert_eq!(gpu.download(&data).unwrap(), coefficients, "2^{log_size}");
                }
            }
        }
    }
}

fn reverse(i: usize, bits: u32) -> usize {
    (0..bits).map(|bit| (i >> bit & 1) << (bits - 1 - bit)).sum()
}

#[test]
fn vectors_of_every_field() {
    vectors::<Scalar<Bls12_381>>();
    vectors::<Scalar<Bn254>>();
    vectors::<Goldilocks>();
    vectors::<Prime50>();
}

#[test]
fn running_totals_of_every_field() {
    scans::<Scalar<Bls12_381>>();
    scans::<Scalar<Bn254>>();
    scans::<Goldilocks>();
    scans::<Prime50>();
}

#[test]
fn transforms_of_every_field() {
    transforms::<Scalar<Bls12_381>>();
    transforms::<Scalar<Bn254>>();
    transforms::<Goldilocks>();
    transforms::<Prime50>();
}

/// A random integer of a shape, and often one at the edge, as words.
fn integer(shape: &Integers, kind: usize, rng: &mut StdRng) -> Vec<u64> {
    let mut bits: Vec<bool> = (0..shape.bits).map(|_| rng.r#gen()).collect();
    let top = bits.len() - 1;
    match kind {
        0 => bits.fill(false),
        1 => bits.fill(true),
        2 => bits.iter_mut().enumerate().for_each(|(i, bit)| *bit = i == top),
        3 => bits.iter_mut().enumerate().for_each(|(i, bit)| *bit = i < top),
        4 => bits.iter_mut().enumerate().for_each(|(i, bit)| *bit = i == 0),
        _ => {}
    }
    let beyond = shape.signed && bits[top];
    bits.resize(64 * shape.words(), beyond);
    bits.chunks(64).map(|word| word.iter().rev().fold(0, |w, &bit| w << 1 | u64::from(bit))).collect()
}

fn multiple<G: Group>(point: &G::Affine, words: &[u64], signed: bool) -> G {
    let point: G = (*point).into();
    if signed && words.last().unwrap() >> 63 == 1 {
        let negated: Vec<u64> = words.iter().map(|word| !word).collect();
        return -(point.mul_bigint(negated) + point);
    }
    point.mul_bigint(words)
}

fn points<G: Group>(n: usize, rng: &mut StdRng) -> Vec<G::Affine> {
    let mut points: Vec<G> = Vec::new();
    for i in 0..n {
        points.push(match i % 7 {
            3 => G::zero(),
            4 => -points[i - 2],
            5 => points[i - 3],
            _ => G::rand(rng),
        });
    }
    G::normalize_batch(&points)
}

fn check_msm<G: Group>(gpu: &Twins, bases: &[G::Affine], levels: u32, shape: Integers, scalars: &[u64]) {
    let vector = (shape.count * shape.words()).max(1);
    let expected: Vec<G> = scalars
        .chunks(vector)
        .map(|vector| {
            let scalars = vector.chunks(shape.words());
            bases.iter().zip(scalars).map(|(p, s)| multiple::<G>(p, s, shape.signed)).sum()
        })
        .collect();
    let bases = MsmOps::<G>::bases(gpu, bases, levels).unwrap();
    let scalars = gpu.upload(scalars).unwrap();
    let sums: Vec<G> = gpu.msm_batch(&bases, &scalars, shape).unwrap();
    assert_eq!(G::normalize_batch(&sums), G::normalize_batch(&expected), "{shape:?}, {levels}");
}

fn msms<G: Group>() {
    let (gpu, rng) = (gpu(), &mut rng());
    let bases = points::<G>(40, rng);
    for (bits, signed) in
        [(1, false), (1, true), (2, true), (7, false), (64, false), (64, true), (128, true), (255, false), (256, false), (256, true)]
    {
        for (vectors, count) in [(0, 5), (1, 0), (1, 1), (1, 40), (3, 9)] {
            for levels in [1, 3] {
                let shape = Integers { count, bits, signed };
                let scalars: Vec<u64> = (0..vectors * count)
                    .flat_map(|i| integer(&shape, i % 9, rng))
                    .collect();
                check_msm::<G>(&gpu, &bases, levels, shape, &scalars);
            }
        }
    }
}

#[test]
fn msm_in_every_group() {
    msms::<G1<Bls12_381>>();
    msms::<G2<Bls12_381>>();
    msms::<G1<Bn254>>();
    msms::<G2<Bn254>>();
}
