//! Weighted sums, one product at a time.

use super::Naive;
use crate::backend::arguments::check_weights;
use crate::backend::{Signedness, WordOps};
use crate::error::Error;
use crate::host::HostBuffer;

impl WordOps for Naive {
    fn weighted_sums(
        &self,
        vectors: &HostBuffer<u64>,
        weights: &[u64],
        signedness: Signedness,
    ) -> Result<(HostBuffer<u64>, HostBuffer<u64>), Error> {
        let n = check_weights(vectors.0.len(), weights.len())?;
        let mut low = HostBuffer::zeros(n);
        let mut high = HostBuffer::zeros(n);
        for j in 0..n {
            let products = weights.iter().enumerate().map(|(i, &weight)| {
                u128::from(weight).wrapping_mul(extend(vectors.0[i * n + j], signedness))
            });
            let sum = products.fold(0, u128::wrapping_add);
            low.0[j] = word(sum);
            high.0[j] = word(sum >> 64);
        }
        Ok((low, high))
    }
}

/// The word in two's complement of 128 bits.
#[expect(clippy::cast_sign_loss, reason = "two's complement is meant")]
fn extend(word: u64, signedness: Signedness) -> u128 {
    match signedness {
        Signedness::Unsigned => word.into(),
        Signedness::Signed => i128::from(word.cast_signed()) as u128,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low word is meant")]
fn word(value: u128) -> u64 {
    value as u64
}
