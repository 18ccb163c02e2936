//! The noise of key switching and bootstrapping, and the probability of a wrong answer.
//!
//! Variances are of phases in words, that is, relative to 2^64 squared. The formulas are those of
//! Chillotti et al. (J. Cryptology 2020) for exact products of polynomials; `docs/bootstrapping.md`
//! derives them. Digits and rounding errors are taken for uniform and independent, noise sums for
//! Gaussian: the usual heuristics, and tests measure the noise against them.

use pulseproof_kernels::bootstrap::MODULUS;
use pulseproof_packing::DIMENSION;

use crate::bootstrap::parameters::{
    BOOTSTRAP, KEYSWITCH, RING_NOISE_BOUND_LOG2, SMALL_NOISE_BOUND_LOG2,
};

/// A lookup may fail with probability at most two to this power.
pub const FAILURE_LOG2_MAX: f64 = -128.0;

/// 2^64.
const WORDS: f64 = 18_446_744_073_709_551_616.0;

/// Variance of TUniform(b): (2^(2b+1) + 1)/6.
fn tuniform(bound_log2: u32) -> f64 {
    ((1u128 << (2 * bound_log2 + 1)) as f64 + 1.0) / 6.0
}

/// Mean square of a balanced digit of base 2^`base_log`.
fn digit(base_log: u32) -> f64 {
    ((1u64 << (2 * base_log)) as f64 + 2.0) / 12.0
}

/// Variance of an error that is uniform on an interval of this width.
fn uniform(width: f64) -> f64 {
    width * width / 12.0
}

/// Of a bootstrap's result, whatever went in.
#[must_use]
pub fn bootstrap_variance() -> f64 {
    let (n, ring) = (BOOTSTRAP.dimension as f64, DIMENSION as f64);
    let scale = WORDS / MODULUS as f64;
    let key = scale * scale * tuniform(RING_NOISE_BOUND_LOG2);
    let products = 2.0 * f64::from(BOOTSTRAP.levels) * ring * digit(BOOTSTRAP.base_log) * key;
    // What the digits leave out, where the bit of the key is 1; half of the ring key's bits are.
    let step = WORDS / f64::from(BOOTSTRAP.levels * BOOTSTRAP.base_log).exp2();
    let rounding = 0.5 * (1.0 + ring / 2.0) * uniform(step);
    n * (products + rounding)
}

/// What key switching adds.
#[must_use]
pub fn keyswitch_variance() -> f64 {
    let from = KEYSWITCH.from as f64;
    let key = tuniform(SMALL_NOISE_BOUND_LOG2);
    let products = f64::from(KEYSWITCH.levels) * digit(KEYSWITCH.base_log) * key;
    let step = WORDS / f64::from(KEYSWITCH.levels * KEYSWITCH.base_log).exp2();
    from * (products + uniform(step) / 2.0)
}

/// What the switch to exponents adds, with the mean of its error centred.
#[must_use]
pub fn exponent_variance() -> f64 {
    let step = WORDS / (2 * DIMENSION) as f64;
    (BOOTSTRAP.dimension as f64 / 4.0 + 1.0) * uniform(step)
}

/// log2 of the probability that a bootstrap whose input has this variance is off by `margin` or more:
/// a Gaussian's two tails, bounded by exp(−t²/2)/(t·√(π/2)).
#[must_use]
pub fn failure_log2(input_variance: f64, margin: u64) -> f64 {
    let variance = input_variance + keyswitch_variance() + exponent_variance();
    tails_log2(margin as f64 / variance.sqrt())
}

/// log2 of the probability that a Gaussian is `t` standard deviations off or more.
#[must_use]
pub fn tails_log2(t: f64) -> f64 {
    let bound = -t * t / 2.0 / std::f64::consts::LN_2;
    bound - (t * std::f64::consts::FRAC_PI_2.sqrt()).max(1.0).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn std_log2(variance: f64) -> f64 {
        variance.log2() / 2.0
    }

    #[test]
    fn as_worked_out_in_the_document() {
        let near = |got: f64, expected: f64| assert!((got - expected).abs() < 0.05, "{got}");
        near(std_log2(bootstrap_variance()), 49.00);
        near(std_log2(keyswitch_variance()), 52.98);
        near(std_log2(exponent_variance()), 54.13);
    }

    #[test]
    fn digits_fail_as_seldom_as_promised() {
        // Fresh digits, and sums whose squared weights add up to 25.
        let margin = 1 << 58;
        assert!(failure_log2(bootstrap_variance(), margin) < -128.0);
        let sum = failure_log2(25.0 * bootstrap_variance(), margin);
        assert!(sum < -128.0, "{sum}");
        assert!(failure_log2(400.0 * bootstrap_variance(), margin) > -128.0);
    }

    #[test]
    fn tails_are_those_of_a_gaussian() {
        // erfc(t/√2) for t = 5 and 13, from a table of the complementary error function.
        assert!((tails_log2(5.0) - 5.733e-7f64.log2()).abs() < 0.1);
        assert!((tails_log2(13.0) - 1.223e-38f64.log2()).abs() < 0.1);
    }
}
