//! `vector`: every operation on random and edge values.

use ark_ff::{
    AdditiveGroup, BigInteger, FftField, Field, PrimeField, UniformRand, batch_inversion,
};
use pulseproof_kernels::element::to_words;
use pulseproof_kernels::field::{FieldId, KernelField};
use pulseproof_kernels::gpu::Unit;
use pulseproof_kernels::{naive, with_field};

use super::{buffer, buffer_u32, count, launch, parameters_of, rng, values, values_u32};

/// 0, 1, −1, small values, values whose Montgomery forms have extreme words, and random ones.
fn samples<F: KernelField>(n: usize) -> Vec<F> {
    let rng = &mut rng();
    let one_word = |bits: u32| F::from(2u64).pow([u64::from(bits)]);
    let r = one_word(64).pow([F::WORDS as u64]);
    let mut samples = vec![F::ZERO, F::ONE, -F::ONE, F::from(2u64), -F::from(2u64)];
    // Their Montgomery forms are 1, −1 and single bits at the edges of words.
    samples.extend([r.inverse().unwrap(), -r.inverse().unwrap(), r, -r]);
    samples.extend((1..count(2 * F::WORDS)).map(|i| one_word(32 * i) / r - F::ONE / r));
    samples.extend((1..count(2 * F::WORDS)).map(|i| one_word(32 * i) / r));
    samples.extend((samples.len()..n).map(|_| F::rand(rng)));
    samples.truncate(n);
    samples
}

/// Every sample against every other.
fn pairs<F: KernelField>() -> (Vec<F>, Vec<F>) {
    let samples = samples::<F>(60);
    let all = samples.iter().flat_map(|&a| samples.iter().map(move |&b| (a, b)));
    all.unzip()
}

fn on_every_field(test: impl Fn(FieldId)) {
    FieldId::ALL.into_iter().for_each(test);
}

#[test]
fn map_and_map_scalar() {
    on_every_field(|id| {
        with_field!(id, F => {
            let (a, b) = pairs::<F>();
            let ops: [fn(F, F) -> F; 3] = [|a, b| a + b, |a, b| a - b, |a, b| a * b];
            for (op, expected) in (0..).zip(ops) {
                for m in [a.len(), 60] {
                    let (left, right) = (buffer(&a), buffer(&b[..m]));
                    let parameters = [count(a.len()), count(m), op];
                    launch(Unit::Vector(id), "vector_map", a.len(), &[&left, &right], &parameters);
                    let right = b[..m].iter().cycle();
                    let expected: Vec<F> = a.iter().zip(right).map(|(&a, &b)| expected(a, b)).collect();
                    assert_eq!(values::<F>(&left, a.len()), expected, "{id}: {op}");
                }
                for s in samples::<F>(20) {
                    let n = 77;
                    let left = buffer(&a[..n]);
                    let parameters = [vec![count(n), op, 0, 0], parameters_of(s)].concat();
                    launch(Unit::Vector(id), "vector_map_scalar", n, &[&left], &parameters);
                    let expected: Vec<F> = a[..n].iter().map(|&a| expected(a, s)).collect();
                    assert_eq!(values::<F>(&left, n), expected, "{id}: {op}");
                }
            }
        });
    });
}

#[test]
fn add_scaled_and_rotate() {
    on_every_field(|id| {
        with_field!(id, F => {
            let (a, b) = pairs::<F>();
            let n = 130;
            let s = samples::<F>(40)[39];
            let (left, right) = (buffer(&a), buffer(&b[..n]));
            let parameters = [vec![count(n), 0, 0, 0], parameters_of(s)].concat();
            launch(Unit::Vector(id), "vector_add_scaled", n, &[&left, &right], &parameters);
            let expected: Vec<F> = (0..a.len()).map(|i| if i < n { a[i] + s * b[i] } else { a[i] }).collect();
            assert_eq!(values::<F>(&left, a.len()), expected, "{id}");

            let b = samples::<F>(n);
            for by in [0, 1, n - 1] {
                let (out, given) = (buffer(&vec![F::ZERO; n]), buffer(&b));
                launch(Unit::Vector(id), "vector_rotate", n, &[&out, &given], &[count(n), count(by)]);
                let expected: Vec<F> = (0..n).map(|i| b[(i + by) % n]).collect();
                assert_eq!(values::<F>(&out, n), expected, "{id}");
            }
        });
    });
}

#[test]
fn powers() {
    on_every_field(|id| {
        with_field!(id, F => {
            for (first, base) in [(F::ONE, F::ZERO), (-F::ONE, F::GENERATOR), (F::from(3u64), -F::ONE)] {
                let n = 100;
                let out = buffer(&vec![F::ZERO; n]);
                let parameters = [vec![count(n), 0, 0, 0], parameters_of(first), parameters_of(base)];
                launch(Unit::Vector(id), "vector_powers", n, &[&out], &parameters.concat());
                let expected: Vec<F> = (0..n as u64).map(|i| first * base.pow([i])).collect();
                assert_eq!(values::<F>(&out, n), expected, "{id}");
            }
        });
    });
}

#[test]
fn invert_leaves_zeros() {
    on_every_field(|id| {
        with_field!(id, F => {
            for (n, threads) in [(1, 1), (100, 7), (100, 128), (64, 64), (65, 64)] {
                let mut a = samples::<F>(n);
                let (given, scratch) = (buffer(&a), buffer(&vec![F::ZERO; n]));
                let parameters = [count(n), count(threads)];
                launch(Unit::Vector(id), "vector_invert", threads, &[&given, &scratch], &parameters);
                batch_inversion(&mut a);
                assert_eq!(values::<F>(&given, n), a, "{id}: {n} by {threads}");
            }
        });
    });
}

#[test]
fn evaluate() {
    on_every_field(|id| {
        with_field!(id, F => {
            for (n, chunk) in [(1, 1), (1, 5), (100, 7), (130, 1), (128, 64)] {
                let a = samples::<F>(n);
                let x = F::rand(&mut rng());
                let parts = n.div_ceil(chunk);
                let (out, given) = (buffer(&vec![F::ZERO; parts]), buffer(&a));
                let parameters = [vec![count(n), count(chunk), 0, 0], parameters_of(x)].concat();
                launch(Unit::Vector(id), "vector_evaluate", parts, &[&out, &given], &parameters);
                let expected: Vec<F> = a.chunks(chunk).map(|part| naive::evaluate(part, x)).collect();
                assert_eq!(values::<F>(&out, parts), expected, "{id}: {n} by {chunk}");
            }
        });
    });
}

#[test]
fn to_and_from_integers() {
    on_every_field(|id| {
        with_field!(id, F => {
            let a = samples::<F>(90);
            let n = a.len();
            let (out, given) = (buffer(&vec![F::ZERO; n]), buffer(&a));
            launch(Unit::Vector(id), "vector_to_integers", n, &[&out, &given], &[count(n)]);
            let expected: Vec<u64> =
                a.iter().flat_map(|a| a.into_bigint().as_ref().to_vec()).collect();
            assert_eq!(to_words(&values::<F>(&out, n)), expected, "{id}");

            let modulus = F::MODULUS.as_ref()[0];
            let mut integers = vec![0, 1, u64::MAX, u64::MAX - 1, 1 << 63, modulus, modulus.wrapping_sub(1)];
            integers.extend((0..80).map(|_| u64::rand(&mut rng())));
            let n = integers.len();
            let (out, given) = (buffer(&vec![F::ZERO; n]), buffer(&integers));
            launch(Unit::Vector(id), "vector_from_integers", n, &[&out, &given], &[count(n)]);
            let expected: Vec<F> = integers.iter().map(|&integer| F::from(integer)).collect();
            assert_eq!(values::<F>(&out, n), expected, "{id}");
            assert!(F::MODULUS.num_bits() >= 50);
        });
    });
}

#[test]
fn first_nonzero() {
    on_every_field(|id| {
        with_field!(id, F => {
            let n = 200;
            for first in [0, 1, 63, 64, 199, 200] {
                let a: Vec<F> = (0..n).map(|i| F::from(u64::from(i >= first))).collect();
                let (out, given) = (buffer_u32(&[u32::MAX, 7]), buffer(&a));
                launch(Unit::Vector(id), "vector_first_nonzero", n, &[&out, &given], &[count(n)]);
                let expected = if first < n { count(first) } else { u32::MAX };
                assert_eq!(values_u32(&out, 2), [expected, 7], "{id}");
            }
        });
    });
}
