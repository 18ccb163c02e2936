//! Field vectors against one line of arithmetic each, in lengths around the sizes of chunks.

use ark_ff::{BigInteger, PrimeField};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::backend::{Backend, Binary, FieldOps};
use crate::cpu::Cpu;
use crate::cpu::CpuField;
use crate::cpu::parallel::CHUNK;
use crate::error::Error;
use crate::field::FieldId;
use crate::host::HostBuffer;
use crate::with_field;

const LENGTHS: [usize; 12] =
    [0, 1, 2, 7, 8, 9, 63, 64, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17];
const OPERATIONS: [Binary; 3] = [Binary::Add, Binary::Sub, Binary::Mul];

fn apply<F: CpuField>(op: Binary, x: F, y: F) -> F {
    match op {
        Binary::Add => x + y,
        Binary::Sub => x - y,
        Binary::Mul => x * y,
    }
}

/// Random elements with 0, 1 and p − 1 between them.
fn mixed<F: CpuField>(len: usize, seed: u64) -> Vec<F> {
    let rng = &mut StdRng::seed_from_u64(seed);
    let edges = [F::ZERO, F::ONE, -F::ONE];
    (0..len).map(|i| if i % 5 == 3 { edges[i / 5 % 3] } else { F::rand(rng) }).collect()
}

/// Runs `work` on all inputs: portable and with this machine's instructions; mixed, all zero, all
/// p − 1.
fn for_inputs<F: CpuField>(lengths: &[usize], work: impl Fn(Cpu, HostBuffer<F>)) {
    for cpu in Cpu::each() {
        for &len in lengths {
            for values in [mixed(len, len as u64), vec![F::ZERO; len], vec![-F::ONE; len]] {
                work(cpu, HostBuffer(values));
            }
        }
    }
}

fn element_wise<F: CpuField>() {
    let s = mixed::<F>(1, 9)[0];
    for_inputs::<F>(&LENGTHS, |cpu, a| {
        let len = a.0.len();
        for op in OPERATIONS {
            for period in [1, 2, 7, 17, len / 3, len / 2, len] {
                if period == 0 || len % period != 0 {
                    continue;
                }
                let b = HostBuffer(mixed::<F>(period, 2));
                let mut got = a.clone();
                cpu.map(op, &mut got, &b).unwrap();
                let pairs = a.0.iter().zip(b.0.iter().cycle());
                assert!(got.0.iter().copied().eq(pairs.map(|(&x, &y)| apply(op, x, y))));
            }
            for s in [s, F::ZERO, -F::ONE] {
                let mut got = a.clone();
                cpu.map_scalar(op, &mut got, s).unwrap();
                assert!(got.0.iter().copied().eq(a.0.iter().map(|&x| apply(op, x, s))));
            }
        }
        for prefix in [0, len / 2, len] {
            let b = HostBuffer(mixed::<F>(prefix, 3));
            let mut got = a.clone();
            cpu.add_scaled(&mut got, s, &b).unwrap();
            let sums = a.0.iter().zip(&b.0).map(|(&x, &y)| x + s * y);
            assert!(got.0.iter().copied().eq(sums.chain(a.0[prefix..].iter().copied())));
        }
    });
}

#[test]
fn element_wise_operations_agree() {
    for id in FieldId::ALL {
        with_field!(id, F => element_wise::<F>());
    }
}

fn one_result_each<F: CpuField>() {
    for_inputs::<F>(&LENGTHS, |cpu, a| {
        let len = a.0.len();
        for by in [0, 1, len / 2, len, len + 1, usize::MAX] {
            let got = cpu.rotate(&a, by).unwrap();
            let from = |i: usize| (i as u128 + by as u128) % len as u128;
            assert!(got.0.iter().enumerate().all(|(i, &x)| x == a.0[from(i) as usize]));
            assert_eq!(got.0.len(), len);
        }
        let mut inverted = a.clone();
        cpu.invert(&mut inverted).unwrap();
        let expected = |x: &F| x.inverse().unwrap_or(F::ZERO);
        assert!(inverted.0.iter().copied().eq(a.0.iter().map(expected)));
        assert_eq!(cpu.first_nonzero(&a).unwrap(), a.0.iter().position(|x| !x.is_zero()));
        let words = cpu.to_integers(&a).unwrap();
        let expected = a.0.iter().flat_map(|x| x.into_bigint().as_ref().to_vec());
        assert!(words.0.into_iter().eq(expected));
        let words = a.0.iter().map(|x| x.into_bigint().as_ref()[0]);
        let words: Vec<u64> = words.chain([0, u64::MAX, F::MODULUS.as_ref()[0]]).collect();
        let got: HostBuffer<F> = cpu.from_integers(&HostBuffer(words.clone())).unwrap();
        assert!(got.0.into_iter().eq(words.into_iter().map(F::from)));
        let base = a.0.first().copied().unwrap_or(F::GENERATOR);
        for (first, base) in [(F::ONE, base), (-F::GENERATOR, F::GENERATOR), (base, F::ZERO)] {
            let powers = cpu.powers(first, base, len).unwrap();
            let expected = std::iter::successors(Some(first), |&x| Some(x * base)).take(len);
            assert!(powers.0.into_iter().eq(expected));
        }
    });
}

#[test]
fn inverses_powers_rotations_and_conversions_agree() {
    for id in FieldId::ALL {
        with_field!(id, F => one_result_each::<F>());
    }
}

fn running<F: CpuField>() {
    for_inputs::<F>(&LENGTHS, |cpu, a| {
        let len = a.0.len();
        for (op, zero) in [(Binary::Add, F::ZERO), (Binary::Mul, F::ONE)] {
            for row in [1, 2, 7, len / 3, len / 2, len] {
                if row == 0 || len % row != 0 {
                    continue;
                }
                let mut got = a.clone();
                cpu.scan(op, &mut got, row).unwrap();
                for (got, given) in got.0.chunks(row).zip(a.0.chunks(row)) {
                    let mut total = zero;
                    let totals = given.iter().map(|&x| {
                        total = apply(op, total, x);
                        total
                    });
                    assert!(got.iter().copied().eq(totals), "{op:?} of rows of {row}");
                }
            }
        }
        for x in [mixed::<F>(1, 4)[0], F::ZERO, F::ONE, -F::ONE] {
            let mut power = F::ONE;
            let value = a.0.iter().map(|&c| {
                let term = c * power;
                power *= x;
                term
            });
            let value: F = value.sum();
            assert_eq!(cpu.evaluate(&a, x).unwrap(), value);
            // The quotient times X − x, plus p(x), is p.
            let quotient = cpu.divide_out(&a, x).unwrap().0;
            assert_eq!(quotient.len(), len.saturating_sub(1));
            let at = |i: usize| quotient.get(i).copied().unwrap_or(F::ZERO);
            for (i, &c) in a.0.iter().enumerate() {
                let below = if i == 0 { value } else { at(i - 1) };
                assert_eq!(c, below - x * at(i));
            }
        }
    });
}

#[test]
fn scans_values_and_quotients_agree() {
    for id in FieldId::ALL {
        with_field!(id, F => running::<F>());
    }
}

#[test]
fn the_first_that_is_not_zero_is_found_anywhere() {
    type F = crate::field::Goldilocks;
    let len = 2 * CHUNK + 5;
    for at in [0, 1, CHUNK - 1, CHUNK, len - 1] {
        let mut a = HostBuffer(vec![F::from(0u64); len]);
        a.0[at] = F::from(3u64);
        a.0[len - 1] = F::from(1u64);
        assert_eq!(Cpu::new().first_nonzero(&a), Ok(Some(at)));
    }
}

#[test]
fn bad_lengths_and_operations_are_refused() {
    type F = crate::field::Prime50;
    let cpu = Cpu::new();
    let of = |len: usize| HostBuffer(mixed::<F>(len, 1));
    let mut a = of(6);
    for period in [0, 4, 7] {
        let got = cpu.map(Binary::Add, &mut a, &of(period));
        assert!(matches!(got, Err(Error::Length { what: "second operand", .. })));
        let got = cpu.scan(Binary::Mul, &mut a, period);
        assert!(matches!(got, Err(Error::Length { what: "row of a scan", .. })));
    }
    let got = cpu.add_scaled(&mut a, F::from(2u64), &of(7));
    assert!(matches!(got, Err(Error::Length { what: "second operand", .. })));
    let got = cpu.scan(Binary::Sub, &mut a, 2);
    assert!(matches!(got, Err(Error::Argument { .. })));
    let got = cpu.powers(F::from(1u64), F::from(1u64), usize::MAX);
    assert!(matches!(got, Err(Error::OutOfMemory { .. })));
    assert_eq!(a, of(6));
}

#[test]
fn integers_are_below_the_modulus() {
    type F = crate::field::Prime50;
    let a = HostBuffer(vec![-F::from(1u64)]);
    let words = Cpu::new().to_integers(&a).unwrap();
    let mut largest = F::MODULUS;
    largest.sub_with_borrow(&1u64.into());
    assert_eq!(Cpu::new().download(&words).unwrap(), largest.as_ref());
}
