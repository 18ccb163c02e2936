//! How much noise a sum can carry, and how many plaintext bits that leaves.
//!
//! `docs/encryption.md` proves the bound that this file evaluates. Only additions, products and
//! quotients of doubles decide anything here, so every machine plans the same layout.

/// LWE dimension: the words of a mask, and the most bodies that share one.
pub const DIMENSION: usize = 2048;

/// A list may decrypt wrongly with probability at most two to this power.
pub const FAILURE_LOG2_MAX: f64 = -128.0;

/// Every noise value lies within ±2^17: the distribution is TUniform(17).
pub const NOISE_BOUND_LOG2: u32 = 17;

/// Variance of one TUniform(17) variable, (2^35 + 1)/6; it is also its sub-Gaussian proxy.
pub const NOISE_VARIANCE: f64 = ((1u64 << (2 * NOISE_BOUND_LOG2 + 1)) + 1) as f64 / 6.0;

/// What remains for the plaintext of a sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadRoom {
    /// Bits at the top of a word that belong to the plaintext.
    pub plaintext_bits: u32,
    /// Bound on log2 of the probability that any body of the sum decrypts wrongly.
    pub failure_log2: f64,
    /// Bound on log2 of the standard deviation of the noise of one body.
    pub noise_std_log2: f64,
}

/// The widest plaintext that a sum of total weight `summands_max` over `bodies` bodies allows while
/// its failure probability stays within [`FAILURE_LOG2_MAX`].
///
/// `None` if no bit is left, if `summands_max` is zero, or if `bodies` is not in 1..=[`DIMENSION`].
#[must_use]
pub fn head_room(summands_max: u64, bodies: usize) -> Option<HeadRoom> {
    if summands_max == 0 || !(1..=DIMENSION).contains(&bodies) {
        return None;
    }
    let noise_std_log2 = variance_bound(summands_max).log2() / 2.0;
    (1..u64::BITS)
        .rev()
        .map(|plaintext_bits| HeadRoom {
            plaintext_bits,
            failure_log2: failure_log2(summands_max, bodies, plaintext_bits),
            noise_std_log2,
        })
        .find(|room| room.failure_log2 <= FAILURE_LOG2_MAX)
}

/// log2 of 2·bodies·exp(-(Δ/2)²/(2V)), with `bodies` rounded up to a power of two.
pub(crate) fn failure_log2(summands_max: u64, bodies: usize, plaintext_bits: u32) -> f64 {
    let half_step = (1u64 << (u64::BITS - 1 - plaintext_bits)) as f64;
    let exponent = half_step * half_step / (2.0 * variance_bound(summands_max));
    let union = f64::from(1 + bodies.next_power_of_two().ilog2());
    union - exponent / std::f64::consts::LN_2
}

/// V = (2·2048 + 1)·W²·σ²: the proxy variance of the noise of one body, for any key, any encryption
/// randomness and any weights of total W.
#[must_use]
pub fn variance_bound(summands_max: u64) -> f64 {
    let weight = summands_max as f64;
    (2 * DIMENSION + 1) as f64 * weight * weight * NOISE_VARIANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_bit_would_break_the_bound() {
        for summands in [1, 2, 10, 160, 4096, 100_000] {
            for bodies in [1, 3, 288, 2048] {
                let room = head_room(summands, bodies).unwrap();
                assert!(room.failure_log2 <= FAILURE_LOG2_MAX);
                let more = failure_log2(summands, bodies, room.plaintext_bits + 1);
                assert!(more > FAILURE_LOG2_MAX, "{summands} summands, {bodies} bodies: {more}");
            }
        }
    }

    #[test]
    fn one_bit_per_doubling_at_most() {
        let mut before = head_room(1, DIMENSION).unwrap();
        for doubling in 1..36 {
            let room = head_room(1 << doubling, DIMENSION).unwrap();
            assert_eq!(room.plaintext_bits, before.plaintext_bits - 1);
            assert!((room.noise_std_log2 - before.noise_std_log2 - 1.0).abs() < 1e-9);
            before = room;
        }
        assert_eq!(before.plaintext_bits, 1);
        assert_eq!(head_room(1 << 36, DIMENSION), None);
    }

    /// The lemma of `docs/encryption.md`, summed up over all values of TUniform(17).
    #[test]
    fn tuniform_is_strictly_sub_gaussian() {
        let end = 1i64 << NOISE_BOUND_LOG2;
        let mean_of = |of: &dyn Fn(f64) -> f64| {
            let inner: f64 = (1 - end..end).map(|value| of(value as f64)).sum();
            (inner + (of(end as f64) + of(-end as f64)) / 2.0) / (2 * end) as f64
        };
        let variance = mean_of(&|value| value * value);
        assert!((variance / NOISE_VARIANCE - 1.0).abs() < 1e-12);
        for scaled in [0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 20.0] {
            let t = scaled / end as f64;
            let moment = mean_of(&|value| (t * value).exp());
            assert!(moment.ln() <= t * t * NOISE_VARIANCE / 2.0 * (1.0 + 1e-9), "at {scaled}");
        }
    }

    #[test]
    fn nothing_is_promised_outside_the_domain() {
        assert_eq!(head_room(0, 1), None);
        assert_eq!(head_room(1, 0), None);
        assert_eq!(head_room(1, DIMENSION + 1), None);
        assert_eq!(head_room(u64::MAX, 1), None);
    }
}
