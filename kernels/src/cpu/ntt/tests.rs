//! Transforms against evaluation at every point, and against ark-poly where that is too slow.

use ark_ff::{AdditiveGroup, FftField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::backend::NttOps;
use crate::cpu::Cpu;
use crate::cpu::CpuField;
use crate::error::Error;
use crate::field::FieldId;
use crate::host::HostBuffer;
use crate::transform::{Direction, Order, Transform};
use crate::{naive, with_field};

/// With each kind of instructions that this machine has.
fn machines() -> Vec<Cpu> {
    Cpu::each().collect()
}

fn random<F: CpuField>(len: usize, seed: u64) -> Vec<F> {
    let rng = &mut StdRng::seed_from_u64(seed);
    (0..len).map(|_| F::rand(rng)).collect()
}

/// Random elements, and the edges: all zero, all p − 1, one that is not zero (the first, the last).
fn inputs<F: CpuField>(len: usize) -> Vec<Vec<F>> {
    let one_at = |at: usize| (0..len).map(|i| F::from(u64::from(i == at))).collect::<Vec<F>>();
    let random = random(len, len as u64);
    vec![random, vec![F::ZERO; len], vec![-F::ONE; len], one_at(0), one_at(len - 1)]
}

fn reversed<F: Copy>(values: &[F]) -> Vec<F> {
    let bits = values.len().trailing_zeros();
    let position = |i: usize| i.reverse_bits().checked_shr(usize::BITS - bits).unwrap_or(0);
    (0..values.len()).map(|i| values[position(i)]).collect()
}

/// Coefficients become `values` and values `coefficients`, in either order.
fn check_both_ways<F: CpuField>(cpu: Cpu, shift: F, coefficients: &[F], values: &[F]) {
    let log_size = coefficients.len().trailing_zeros();
    for order in [Order::Natural, Order::BitReversed] {
        let values = match order {
            Order::Natural => values.to_vec(),
            Order::BitReversed => reversed(values),
        };
        for direction in [Direction::Forward, Direction::Inverse] {
            let (from, to) = match direction {
                Direction::Forward => (coefficients, &values[..]),
                Direction::Inverse => (&values[..], coefficients),
            };
            let transform = Transform { log_size, direction, order, shift };
            let mut data = HostBuffer(from.to_vec());
            cpu.ntt(&transform, &mut data).unwrap();
            assert!(data.0 == to, "{} {transform:?} {:?}", F::ID, cpu.instructions());
        }
    }
}

fn agrees_with_naive<F: CpuField>() {
    for log_size in 0..=8 {
        let size = 1 << log_size;
        let omega = Transform::<F>::forward(log_size).root().unwrap();
        for shift in [F::ONE, F::GENERATOR, random(1, 7)[0], -F::ONE] {
            for coefficients in inputs::<F>(size) {
                let values = naive::transform(&coefficients, omega, shift, size);
                for cpu in machines() {
                    check_both_ways(cpu, shift, &coefficients, &values);
                }
            }
        }
    }
}

#[test]
fn small_transforms_agree_with_naive() {
    for id in FieldId::ALL {
        with_field!(id, F => agrees_with_naive::<F>());
    }
}

fn agrees_with_ark_poly<F: CpuField>() {
    for log_size in 9..=14 {
        let size = 1 << log_size;
        let subgroup = Radix2EvaluationDomain::<F>::new(size).unwrap();
        for shift in [F::ONE, F::GENERATOR] {
            let domain = subgroup.get_coset(shift).unwrap();
            for coefficients in inputs::<F>(size) {
                let values = domain.fft(&coefficients);
                for cpu in machines() {
                    check_both_ways(cpu, shift, &coefficients, &values);
                }
            }
        }
    }
}

#[test]
fn large_transforms_agree_with_ark_poly() {
    for id in FieldId::ALL {
        with_field!(id, F => agrees_with_ark_poly::<F>());
    }
}

fn rows_agree<F: CpuField>() {
    for (log_size, rows) in [(0, 5), (1, 7), (3, 3), (5, 100), (11, 9), (13, 2), (4, 0)] {
        let size = 1 << log_size;
        let data: Vec<F> = random(rows * size, 3);
        for direction in [Direction::Forward, Direction::Inverse] {
            for order in [Order::Natural, Order::BitReversed] {
                let transform = Transform { log_size, direction, order, shift: F::GENERATOR };
                for cpu in machines() {
                    let mut together = HostBuffer(data.clone());
                    cpu.ntt(&transform, &mut together).unwrap();
                    for (row, got) in data.chunks(size).zip(together.0.chunks(size)) {
                        let mut alone = HostBuffer(row.to_vec());
                        cpu.ntt(&transform, &mut alone).unwrap();
                        assert_eq!(alone.0, got, "{} {transform:?}", F::ID);
                    }
                }
            }
        }
    }
}

#[test]
fn rows_are_transformed_each_by_itself() {
    for id in FieldId::ALL {
        with_field!(id, F => rows_agree::<F>());
    }
}

#[test]
fn bad_arguments_are_refused_and_change_nothing() {
    for id in FieldId::ALL {
        with_field!(id, F => {
            let given = random::<F>(6, 1);
            let cases = [
                Transform::<F>::forward(2),
                Transform::inverse(3),
                Transform::forward(1).on_coset(F::ZERO),
                Transform::forward(F::TWO_ADICITY + 1),
                Transform::forward(64),
                Transform::forward(u32::MAX),
            ];
            for transform in cases {
                let mut data = HostBuffer(given.clone());
                let error = Cpu::new().ntt(&transform, &mut data).unwrap_err();
                assert_eq!(data.0, given);
                match error {
                    Error::Length { what, .. } => assert_eq!(what, "transform data"),
                    Error::Argument { what, .. } => assert_eq!(what, "shift"),
                    Error::TransformSize { got, limit } => {
                        assert_eq!((got, limit), (transform.log_size, F::TWO_ADICITY));
                    }
                    other => panic!("{other}"),
                }
            }
        });
    }
}
