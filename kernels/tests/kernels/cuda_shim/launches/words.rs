//! `words`: sums modulo 2^128.

use pulseproof_kernels::gpu::Unit;
use rand::Rng;

use super::{buffer, count, launch, rng, values};

#[test]
fn weighted_sums() {
    let rng = &mut rng();
    let edges = [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1];
    for (n, vectors) in [(1, 1), (100, 5), (65, 40)] {
        for signed in [false, true] {
            let mut word =
                || if rng.gen_bool(0.5) { edges[rng.gen_range(0..5)] } else { rng.r#gen() };
            let weights: Vec<u64> = (0..vectors).map(|_| word()).collect();
            let words: Vec<u64> = (0..n * vectors).map(|_| word()).collect();
            let (low, high) = (buffer(&vec![0; n]), buffer(&vec![0; n]));
            let buffers = [&low, &high, &buffer(&words), &buffer(&weights)];
            let parameters = [count(n), count(vectors), u32::from(signed)];
            launch(Unit::Words, "words_weighted_sums", n, &buffers, &parameters);
            let (low, high) = (values::<u64>(&low, n), values::<u64>(&high, n));
            for j in 0..n {
                let expected = (0..vectors).fold(0u128, |sum, i| {
                    let word = words[i * n + j];
                    let word = if signed {
                        i128::from(word.cast_signed()).cast_unsigned()
                    } else {
                        word.into()
                    };
                    sum.wrapping_add(u128::from(weights[i]).wrapping_mul(word))
                });
                assert_eq!(u128::from(high[j]) << 64 | u128::from(low[j]), expected);
            }
        }
    }
}
