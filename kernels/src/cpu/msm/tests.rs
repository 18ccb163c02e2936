//! Multi-scalar multiplication of the CPU, with lanes and without, against double-and-add and
//! against arkworks.

use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{BigInteger, PrimeField, UniformRand};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::Bases;
use crate::backend::{Backend, MsmOps};
use crate::cpu::Cpu;
use crate::cpu::CpuGroup;
use crate::msm::{ScalarShape, Subsets};
use crate::naive::Naive;
use crate::{Bls12_381, Bn254, G1, G2};

/// With each kind of instructions that this machine has.
fn processors() -> impl Iterator<Item = Cpu> {
    Cpu::each()
}

/// Distinct points, of which every seventh is infinity and some repeat or oppose others.
fn awkward_points<G: CpuGroup>(n: usize, rng: &mut StdRng) -> Vec<G::Affine> {
    let mut points: Vec<G::Affine> = (0..n).map(|_| G::rand(rng).into_affine()).collect();
    for i in 3..n {
        match i % 7 {
            0 => points[i] = G::Affine::zero(),
            1 | 2 => points[i] = points[i - 3],
            3 => points[i] = (-points[i - 1].into_group()).into_affine(),
            _ => {}
        }
    }
    points
}

/// Integers of a shape: random, and the ends of the range among them.
fn integers(shape: &ScalarShape, rng: &mut StdRng) -> Vec<u64> {
    let mut words = Vec::new();
    for i in 0..shape.count {
        let mut integer: Vec<u64> = (0..shape.words())
            .map(|_| match i % 5 {
                0 => u64::MAX,
                1 if i % 2 == 0 => 0,
                _ => rng.r#gen(),
            })
            .collect();
        if i % 11 == 3 {
            // The least number, or the greatest power of two.
            integer.fill(0);
            integer[(shape.bits as usize - 1) / 64] = 1 << ((shape.bits - 1) % 64);
        }
        trim(&mut integer, shape);
        words.extend(integer);
    }
    words
}

/// Makes the bits beyond the width what they must be.
fn trim(integer: &mut [u64], shape: &ScalarShape) {
    let used = shape.bits % 64;
    if used > 0 {
        let top = integer.last_mut().unwrap();
        *top <<= 64 - used;
        *top = if shape.signed {
            (top.cast_signed() >> (64 - used)).cast_unsigned()
        } else {
            *top >> (64 - used)
        };
    }
}

fn agree<G: CpuGroup>(points: &[G::Affine], scalars: &[u64], shape: ScalarShape, levels: u32) {
    let naive = MsmOps::<G>::bases(&Naive, points, 1).unwrap();
    let buffer = Naive.upload(scalars).unwrap();
    let expected: Vec<G> = Naive.msm_batch(&naive, &buffer, shape).unwrap();
    for cpu in processors() {
        let bases = MsmOps::<G>::bases(&cpu, points, levels).unwrap();
        let sums: Vec<G> = cpu.msm_batch(&bases, &cpu.upload(scalars).unwrap(), shape).unwrap();
        assert_eq!(sums, expected, "{shape:?}, {levels} levels, {:?}", cpu.instructions());
    }
}

fn all_shapes<G: CpuGroup>(counts: &[usize]) {
    let rng = &mut StdRng::seed_from_u64(7);
    for &count in counts {
        let points = awkward_points::<G>(count + 3, rng);
        for (bits, signed, levels) in [
            (1, false, 1),
            (1, true, 1),
            (2, true, 2),
            (13, false, 1),
            (13, true, 4),
            (64, false, 1),
            (64, true, 8),
            (65, false, 32),
            (128, true, 2),
            (255, false, 1),
            (255, false, 4),
            (256, false, 1),
            (256, true, 1),
            (256, true, 8),
            (256, false, 32),
        ] {
            let shape = ScalarShape { count, bits, signed };
            let mut scalars = integers(&shape, rng);
            scalars.extend(integers(&shape, rng));
            agree::<G>(&points, &scalars, shape, levels);
        }
    }
}

#[test]
fn agrees_with_double_and_add_on_g1() {
    all_shapes::<G1<Bn254>>(&[0, 1, 2, 3, 9, 40, 150]);
    all_shapes::<G1<Bls12_381>>(&[1, 2, 33]);
}

#[test]
fn agrees_with_double_and_add_on_g2() {
    all_shapes::<G2<Bn254>>(&[1, 2, 33]);
    all_shapes::<G2<Bls12_381>>(&[1, 2, 33]);
}

/// Many points made cheaply: multiples of one another's sums.
fn many_points<G: CpuGroup>(n: usize, rng: &mut StdRng) -> Vec<G::Affine> {
    let step = G::rand(rng);
    let start = G::rand(rng);
    let points: Vec<G> =
        std::iter::successors(Some(start), |&point| Some(point + step)).take(n).collect();
    G::normalize_batch(&points)
}

fn words<G: CpuGroup>(scalars: &[G::ScalarField]) -> Vec<u64> {
    scalars.iter().flat_map(|s| s.into_bigint().as_ref().to_vec()).collect()
}

fn agrees_with_arkworks<G: CpuGroup + VariableBaseMSM<MulBase = <G as CurveGroup>::Affine>>(
    n: usize,
) {
    let rng = &mut StdRng::seed_from_u64(n as u64);
    let points = many_points::<G>(n, rng);
    let random: Vec<_> = (0..n).map(|_| G::ScalarField::rand(rng)).collect();
    let one = random[0];
    let small: Vec<_> = (0..n).map(|_| G::ScalarField::from(rng.r#gen::<u64>())).collect();
    let mut single = vec![G::ScalarField::from(0u64); n];
    single[n / 2] = random[1];
    let cases = [
        ("random", random),
        ("small", small),
        ("all equal", vec![one; n]),
        ("all one", vec![G::ScalarField::from(1u64); n]),
        ("all minus one", vec![-G::ScalarField::from(1u64); n]),
        ("one not zero", single),
        ("all zero", vec![G::ScalarField::from(0u64); n]),
    ];
    let bits = G::ScalarField::MODULUS.num_bits();
    for cpu in processors() {
        for levels in [1, 4] {
            let bases = MsmOps::<G>::bases(&cpu, &points, levels).unwrap();
            for (case, scalars) in &cases {
                let expected: G = G::msm_unchecked(&points, scalars);
                let scalars = cpu.upload(&words::<G>(scalars)).unwrap();
                let sums: Vec<G> =
                    cpu.msm_batch(&bases, &scalars, ScalarShape::unsigned(n, bits)).unwrap();
                assert_eq!(sums, [expected], "{case}, n = {n}, {levels} levels");
            }
        }
    }
}

#[test]
fn agrees_with_arkworks_on_many_points() {
    agrees_with_arkworks::<G1<Bn254>>(1 << 14);
    agrees_with_arkworks::<G1<Bn254>>(1000);
    agrees_with_arkworks::<G1<Bls12_381>>(3001);
    agrees_with_arkworks::<G2<Bn254>>(1025);
    agrees_with_arkworks::<G2<Bls12_381>>(700);
}

/// All points of a multiplication in one bucket, so many that the bucket is cut.
#[test]
fn one_bucket_of_equal_and_opposite_points() {
    type G = G1<Bn254>;
    let n = 70_000;
    let rng = &mut StdRng::seed_from_u64(8);
    let mut points = many_points::<G>(n, rng);
    points[100] = points[0];
    points[n - 1] = (-points[1].into_group()).into_affine();
    let sum: G = points.iter().sum();
    let equal = vec![points[0]; n];
    let many = points[0] * <G as ark_ec::PrimeGroup>::ScalarField::from(n as u64);
    let opposite: Vec<_> = (0..n)
        .map(|i| if i % 2 == 0 { points[5] } else { (-points[5].into_group()).into_affine() })
        .collect();
    for cpu in processors() {
        for (points, expected) in [(&points, sum), (&equal, many), (&opposite, G::default())] {
            let bases = MsmOps::<G>::bases(&cpu, points, 1).unwrap();
            for (shape, expected) in [
                (ScalarShape::unsigned(n, 1), expected),
                (ScalarShape { count: n, bits: 1, signed: true }, -expected),
            ] {
                let scalar = if shape.signed { u64::MAX } else { 1 };
                let scalars = cpu.upload(&vec![scalar; n]).unwrap();
                let sums: Vec<G> = cpu.msm_batch(&bases, &scalars, shape).unwrap();
                assert_eq!(sums, [expected]);
            }
        }
    }
}

fn subsets_agree_with_single_sums<G: CpuGroup>() {
    let rng = &mut StdRng::seed_from_u64(31);
    for (points, count) in [(0, 3), (1, 1), (7, 2), (100, 4), (3000, 9), (3000, 14)] {
        let points = awkward_points::<G>(points, rng);
        let masks: Vec<u32> = points.iter().map(|_| rng.gen_range(0..1 << count)).collect();
        let has = |mask: u32, k: u32| mask >> k & 1 == 1;
        let expected: Vec<G> = (0..count)
            .map(|k| {
                let members = points.iter().zip(&masks).filter(|(_, mask)| has(**mask, k));
                members.fold(G::zero(), |sum, (point, _)| sum + point)
            })
            .collect();
        for cpu in processors() {
            let bases = Bases::<G>::for_cpu(cpu, &points, 1).unwrap();
            assert_eq!(bases.subset_sums(&masks, count), expected, "{} points", points.len());
        }
        assert_eq!(Subsets::<G>::new(&points).unwrap().sums(&masks, count).unwrap(), expected);
    }
}

#[test]
fn sums_of_subsets_are_those_of_their_points() {
    subsets_agree_with_single_sums::<G1<Bn254>>();
    subsets_agree_with_single_sums::<G2<Bn254>>();
    subsets_agree_with_single_sums::<G1<Bls12_381>>();
    subsets_agree_with_single_sums::<G2<Bls12_381>>();
}

#[test]
fn masks_that_do_not_fit_are_refused() {
    let subsets =
        Subsets::<G1<Bn254>>::new(&[<G1<Bn254> as CurveGroup>::Affine::generator(); 2]).unwrap();
    assert!(subsets.sums(&[0, 3], 2).is_ok());
    for (masks, count) in [(&[0, 4][..], 2), (&[0], 2), (&[0; 3], 2), (&[0; 2], 0), (&[0; 2], 20)] {
        assert!(subsets.sums(masks, count).is_err(), "{masks:?}, {count}");
    }
}

#[test]
fn refuses_what_does_not_fit() {
    type G = G1<Bn254>;
    let cpu = Cpu::new();
    let points = many_points::<G>(4, &mut StdRng::seed_from_u64(9));
    assert!(MsmOps::<G>::bases(&cpu, &points, 0).is_err());
    assert!(MsmOps::<G>::bases(&cpu, &points, 33).is_err());
    let bases = MsmOps::<G>::bases(&cpu, &points, 1).unwrap();
    assert_eq!(MsmOps::<G>::bases_len(&cpu, &bases), 4);
    let scalars = cpu.upload(&[1u64; 5]).unwrap();
    for (count, bits) in [(5, 64), (4, 64), (1, 0), (1, 257)] {
        let shape = ScalarShape::unsigned(count, bits);
        let sums: Result<Vec<G>, _> = cpu.msm_batch(&bases, &scalars, shape);
        assert!(sums.is_err(), "{shape:?}");
    }
}
