//! How much noise a sum can carry, and how many plaintext bits that leaves.
//!
//! `docs/encryption.md` proves the bound that this file evaluates, in whole numbers, so that every
//! machine plans the same layout.

/// LWE dimension: the words of a mask, and the most bodies that share one.
pub const DIMENSION: usize = 2048;

/// Every noise value lies within ±2^17: the distribution is TUniform(17).
pub const NOISE_BOUND_LOG2: u32 = 17;

/// 2^17, the largest noise value.
pub const NOISE_BOUND: u64 = 1 << NOISE_BOUND_LOG2;

/// No secret key has more ones.
pub const SECRET_WEIGHT_MAX: u64 = 1184;

/// Whatever a binary r selects of a public key's noise adds up to at most this, either way, in any body.
pub const KEY_NOISE_MAX: u64 = 608 * NOISE_BOUND;

/// No body of a list of weight one carries more noise, either way: what r selects of the public key's,
/// the mask's noise where the secret key is one, and its own.
pub const NOISE_MAX_PER_SUMMAND: u64 = KEY_NOISE_MAX + (SECRET_WEIGHT_MAX + 1) * NOISE_BOUND;

/// What remains for the plaintext of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadRoom {
    /// Bits at the top of a word that belong to the plaintext.
    pub plaintext_bits: u32,
    /// No body of the sum carries more noise than this, in words, either way: less than half of what
    /// one unit of the plaintext is worth.
    pub noise_max: u64,
}

/// The widest plaintext that every sum of total weight `summands_max` decrypts to, whoever encrypted:
/// W · [`NOISE_MAX_PER_SUMMAND`] < Δ/2 = 2^(63 − P).
///
/// `None` if no bit is left, or if `summands_max` is zero.
#[must_use]
pub fn head_room(summands_max: u64) -> Option<HeadRoom> {
    let noise_max = summands_max.checked_mul(NOISE_MAX_PER_SUMMAND)?;
    let noise_bits = u64::BITS - noise_max.leading_zeros();
    let plaintext_bits = (u64::BITS - 1).checked_sub(noise_bits)?;
    let some_room = summands_max > 0 && plaintext_bits > 0;
    some_room.then_some(HeadRoom { plaintext_bits, noise_max })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plaintexts_are_as_wide_as_the_bound_allows() {
        for summands in [1, 2, 10, 160, 4096, 100_000, 1 << 34] {
            let HeadRoom { plaintext_bits, noise_max } = head_room(summands).unwrap();
            let half_step = |bits: u32| 1u64 << (63 - bits);
            assert_eq!(noise_max, summands * 1793 * (1 << 17));
            assert!(noise_max < half_step(plaintext_bits), "{summands}");
            assert!(noise_max >= half_step(plaintext_bits + 1), "{summands}");
        }
    }

    #[test]
    fn a_doubling_costs_a_bit() {
        for doubling in 0..35 {
            assert_eq!(head_room(1 << doubling).unwrap().plaintext_bits, 35 - doubling);
        }
        assert_eq!(head_room(1 << 35), None);
    }

    #[test]
    fn nothing_is_promised_outside_the_domain() {
        assert_eq!(head_room(0), None);
        assert_eq!(head_room(u64::MAX), None);
    }

    /// The document says how rarely key generation has to try again.
    #[test]
    fn keys_are_rarely_made_anew() {
        let n = DIMENSION as f64;
        // Pr[Bin(n, 1/2) > 1184], term by term from the largest.
        let log2_choose: f64 =
            (0..1185).map(|i| ((n - f64::from(i)) / (f64::from(i) + 1.0)).log2()).sum();
        let ratios = (1185..2048).scan(1.0, |term, i| {
            let now = *term;
            *term *= (n - f64::from(i)) / (f64::from(i) + 1.0);
            Some(now)
        });
        let heavy = log2_choose - n + ratios.sum::<f64>().log2();
        // Chernoff: the mean of exp(t·max(e, 0)/L) is 1/2 + (exp(t) − 1)/2t and less than 2/L.
        // Of either sign, in each body.
        let slack = 2.0 / NOISE_BOUND as f64;
        let exponent = |t: f64| {
            let moment = 0.5 + t.exp_m1() / (2.0 * t) + slack;
            (n * moment.ln() - t * 608.0) / std::f64::consts::LN_2
        };
        let one = (1..200).map(|i| exponent(f64::from(i) / 100.0)).fold(0.0, f64::min);
        let skewed = one + (2.0 * n).log2();
        assert!(heavy < -40.0 && skewed < -17.0, "{heavy}, {skewed}");
    }
}
