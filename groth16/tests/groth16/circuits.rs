//! Circuits made up at random, with witnesses that satisfy them.

#![allow(clippy::cast_possible_truncation, reason = "small numbers, in tests")]

use pulseproof_formats::r1cs::{Labels, Matrix, R1cs};
use pulseproof_formats::wtns::Witness;
use pulseproof_kernels::traits::*;
use rand::Rng;
use rand::rngs::StdRng;

/// The shape of a circuit.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub constraints: usize,
    pub public: usize,
    /// Signals that are in no constraint.
    pub idle: usize,
}

/// Every constraint multiplies two sums of earlier signals and defines a new one. Coefficients are ones,
/// small numbers of both signs, and arbitrary ones; values of inputs are bits and arbitrary numbers.
pub fn sample<F: PrimeField>(shape: Shape, rng: &mut StdRng) -> (R1cs<F>, Witness<F>) {
    let Shape { constraints, public, idle } = shape;
    let inputs = 3;
    let mut values = vec![F::ONE];
    for i in 0..public + inputs + idle {
        values.push(if i % 3 == 0 { F::from(rng.gen_range(0..2u64)) } else { F::rand(rng) });
    }
    // Whatever comes before these is used.
    let used: Vec<usize> = (0..=public + inputs).collect();
    let mut known = used;
    let mut rows: [Matrix<F>; 3] = Default::default();
    for _ in 0..constraints {
        let sums: [Vec<(u32, F)>; 2] = [(); 2].map(|()| terms(&known, rng));
        let value =
            |sum: &[(u32, F)]| -> F { sum.iter().map(|(s, c)| values[*s as usize] * c).sum() };
        let product = value(&sums[0]) * value(&sums[1]);
        let scale = coefficient::<F>(rng);
        let signal = values.len();
        values.push(product * scale.inverse().unwrap());
        known.push(signal);
        let [a, b] = sums;
        for (matrix, row) in rows.iter_mut().zip([a, b, vec![(signal as u32, scale)]]) {
            matrix.push_row(row);
        }
    }
    let [a, b, c] = rows;
    let circuit = R1cs {
        wires: values.len(),
        outputs: 0,
        public_inputs: public,
        private_inputs: inputs + idle,
        labels: Labels::default(),
        a,
        b,
        c,
    };
    (circuit, Witness::from_values(&values).expect("the first is 1"))
}

fn terms<F: PrimeField>(known: &[usize], rng: &mut StdRng) -> Vec<(u32, F)> {
    let mut signals: Vec<u32> =
        (0..rng.gen_range(1..4)).map(|_| known[rng.gen_range(0..known.len())] as u32).collect();
    signals.sort_unstable();
    signals.dedup();
    signals.into_iter().map(|signal| (signal, coefficient(rng))).collect()
}

fn coefficient<F: PrimeField>(rng: &mut StdRng) -> F {
    match rng.gen_range(0..4) {
        0 => F::ONE,
        1 => -F::ONE,
        2 => F::from(1u64 << rng.gen_range(1..40)),
        _ => F::rand(rng),
    }
}
