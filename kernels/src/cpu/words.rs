//! Weighted sums of 64-bit words, in 128-bit arithmetic.

use rayon::prelude::*;

use super::{Cpu, zeroed};
use crate::backend::arguments::check_weights;
use crate::backend::{Signedness, WordOps};
use crate::error::Error;
use crate::host::HostBuffer;

/// Columns whose sums stay in the first-level cache while the vectors stream by: 8 KiB of them.
const COLUMNS: usize = 512;

impl WordOps for Cpu {
    fn weighted_sums(
        &self,
        vectors: &HostBuffer<u64>,
        weights: &[u64],
        signedness: Signedness,
    ) -> Result<(HostBuffer<u64>, HostBuffer<u64>), Error> {
        let len = check_weights(vectors.0.len(), weights.len())?;
        let mut low: Vec<u64> = zeroed(len)?;
        let mut high: Vec<u64> = zeroed(len)?;
        let blocks = low.par_chunks_mut(COLUMNS).zip(high.par_chunks_mut(COLUMNS)).enumerate();
        blocks.for_each(|(block, (low, high))| {
            let mut sums = [0u128; COLUMNS];
            let sums = &mut sums[..low.len()];
            let first = block * COLUMNS;
            for (index, &weight) in weights.iter().enumerate() {
                let words = &vectors.0[index * len + first..][..sums.len()];
                match signedness {
                    Signedness::Unsigned => add_unsigned(sums, weight, words),
                    Signedness::Signed => add_signed(sums, weight, words),
                }
            }
            for ((sum, low), high) in sums.iter().zip(low).zip(high) {
                (*low, *high) = split(*sum);
            }
        });
        Ok((HostBuffer(low), HostBuffer(high)))
    }
}

fn add_unsigned(sums: &mut [u128], weight: u64, words: &[u64]) {
    for (sum, &word) in sums.iter_mut().zip(words) {
        *sum = sum.wrapping_add(u128::from(weight) * u128::from(word));
    }
}

/// A negative word is the unsigned one less 2^64: its product is less by the weight times 2^64.
fn add_signed(sums: &mut [u128], weight: u64, words: &[u64]) {
    for (sum, &word) in sums.iter_mut().zip(words) {
        let product = u128::from(weight) * u128::from(word);
        let excess = if word >> 63 == 1 { u128::from(weight) << 64 } else { 0 };
        *sum = sum.wrapping_add(product).wrapping_sub(excess);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves")]
fn split(value: u128) -> (u64, u64) {
    (value as u64, (value >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    /// The sums in arbitrary width would be these modulo 2^128.
    fn expected(vectors: &[u64], weights: &[u64], signedness: Signedness) -> Vec<(u64, u64)> {
        let len = vectors.len() / weights.len();
        (0..len)
            .map(|j| {
                let mut sum = 0i128;
                for (i, &weight) in weights.iter().enumerate() {
                    let word = vectors[i * len + j];
                    let word = match signedness {
                        Signedness::Unsigned => i128::from(word),
                        Signedness::Signed => i128::from(word.cast_signed()),
                    };
                    sum = sum.wrapping_add(i128::from(weight).wrapping_mul(word));
                }
                split(sum.cast_unsigned())
            })
            .collect()
    }

    #[test]
    fn sums_are_those_of_128_bit_integers() {
        let rng = &mut StdRng::seed_from_u64(1);
        let edges = [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1];
        for (count, len) in [(1, 0), (1, 1), (5, 5), (3, 511), (2, 512), (7, 513), (300, 1500)] {
            let word = |rng: &mut StdRng| {
                if rng.gen_bool(0.5) { rng.r#gen() } else { edges[rng.gen_range(0..5)] }
            };
            let vectors: Vec<u64> = (0..count * len).map(|_| word(rng)).collect();
            let weights: Vec<u64> = (0..count).map(|_| word(rng)).collect();
            for signedness in [Signedness::Unsigned, Signedness::Signed] {
                let buffer = HostBuffer(vectors.clone());
                let (low, high) = Cpu::new().weighted_sums(&buffer, &weights, signedness).unwrap();
                let got: Vec<_> = low.0.into_iter().zip(high.0).collect();
                assert_eq!(got, expected(&vectors, &weights, signedness), "{count} x {len}");
            }
        }
    }

    #[test]
    fn sums_wrap_at_128_bits() {
        let vectors = HostBuffer(vec![u64::MAX; 4]);
        let sums = |s| Cpu::new().weighted_sums(&vectors, &[u64::MAX; 4], s).unwrap();
        let square = u128::from(u64::MAX) * u128::from(u64::MAX);
        let (low, high) = split(square.wrapping_mul(4));
        assert_eq!(sums(Signedness::Unsigned), (HostBuffer(vec![low]), HostBuffer(vec![high])));
        let (low, high) = split((-4 * i128::from(u64::MAX)).cast_unsigned());
        assert_eq!(sums(Signedness::Signed), (HostBuffer(vec![low]), HostBuffer(vec![high])));
    }

    #[test]
    fn no_weights_and_uneven_vectors_are_refused() {
        let words = HostBuffer(vec![1, 2, 3]);
        for weights in [&[][..], &[1, 2]] {
            let got = Cpu::new().weighted_sums(&words, weights, Signedness::Unsigned);
            assert!(matches!(got, Err(Error::Length { .. })));
        }
    }
}
