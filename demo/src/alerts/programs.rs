//! Questions of medicine as programs, for one layout and the weights of the sums at hand.

use pulseproof_fhe::LayoutRequest;
use pulseproof_fhe::program::Program;
use pulseproof_fhe::program::library::{self, Deviations};
use serde::Serialize;

/// Most epochs of a moving window, beside the newest.
pub const WINDOW_MAX: usize = 4;
/// Fewest: a single epoch has no spread.
pub const WINDOW_MIN: usize = 2;
/// How far from the moving average is a spike.
pub const SPIKE: Deviations = Deviations { numerator: 2, denominator: 1 };
/// Bits of a deviation that are kept: each costs bootstraps, and so does each digit of its square.
const DEVIATION_BITS: u32 = 10;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Whether the mean of an epoch's readings is above a threshold.
    Above,
    /// Whether an epoch's mean is further than `SPIKE` from the moving average before it.
    Spike,
    /// Whether means rise or fall by more than one unit per epoch.
    Trend,
}

impl Question {
    /// Every kind.
    pub const ALL: [Question; 3] = [Question::Above, Question::Spike, Question::Trend];
}

/// Whether the mean of all readings is above a raw value, if that is on the scale.
#[must_use]
pub fn above(layout: &LayoutRequest, raw: i64) -> Option<Program> {
    let threshold = raw.checked_sub(layout.scale.minimum)?;
    Some(library::mean_above(u32::try_from(threshold).ok()?))
}

/// Whether the first of these sums is a spike against the others, if its numbers are not too large.
#[must_use]
pub fn spike(layout: &LayoutRequest, weights: &[u32]) -> Option<Program> {
    let window = u64::try_from(weights.len()).ok()?.checked_sub(1)?;
    // Deviations are at most w times the largest mean, in the common denominator.
    let code_max = layout.scale.maximum.abs_diff(layout.scale.minimum);
    let most = window.checked_mul(denominator(weights)?)?.checked_mul(code_max)?;
    let drop_bits = (u64::BITS - most.leading_zeros()).saturating_sub(DEVIATION_BITS);
    Some(library::spike(weights, SPIKE, drop_bits))
}

/// Whether the means of these sums, oldest first, rise or fall by more than one unit per epoch, if its
/// numbers are not too large.
#[must_use]
pub fn trend(layout: &LayoutRequest, weights: &[u32]) -> Option<Program> {
    let w = u64::try_from(weights.len()).ok()?;
    let unit = 10u64.checked_pow(layout.scale.decimals)?;
    // A slope of b per epoch is b·(w³ − w)/6 in the library's measure, times the denominator.
    let measure = w.checked_pow(3)?.checked_sub(w)? / 6;
    let tolerance = unit.checked_mul(denominator(weights)?)?.checked_mul(measure)?;
    Some(library::trend(weights, u32::try_from(tolerance).ok()?))
}

/// The least common multiple of the weights.
fn denominator(weights: &[u32]) -> Option<u64> {
    let gcd = |mut a: u64, mut b: u64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    weights.iter().try_fold(1u64, |least, &weight| {
        let weight = u64::from(weight.max(1));
        (least / gcd(least, weight)).checked_mul(weight)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulseproof_fhe::program::plain::evaluate;
    use pulseproof_fhe::program::{Op, SumContext};
    use pulseproof_fhe::{Layout, Scale};

    fn layout() -> LayoutRequest {
        let scale = Scale { decimals: 0, minimum: 40, maximum: 400 };
        LayoutRequest { scale, inside: (70, 180), slots: 288, summands_max: 133, totals: true }
    }

    #[test]
    fn thresholds_are_codes() {
        assert_eq!(above(&layout(), 140), Some(library::mean_above(100)));
        assert_eq!(above(&layout(), 39), None);
        assert_eq!(above(&layout(), i64::MAX), None);
    }

    #[test]
    fn questions_of_a_region_compile() {
        let plan = Layout::plan(layout()).unwrap();
        for weights in [&[10, 10, 10][..], &[9, 10, 10, 10, 10], &[10, 9, 8, 10, 9]] {
            let summands: Vec<u64> = weights.iter().map(|&w| w.into()).collect();
            for program in [spike(&layout(), weights), trend(&layout(), weights)] {
                let given = SumContext { layout: &plan, summands: &summands, words: 0 };
                program.unwrap().compile(given).unwrap();
            }
        }
    }

    #[test]
    fn deviations_keep_ten_bits() {
        let program = spike(&layout(), &[10; 5]).unwrap();
        let dropped = program.steps.iter().find_map(|step| match step.op {
            Op::Absolute { drop_bits, .. } => Some(drop_bits),
            _ => None,
        });
        // 4·10·360 = 14,400 has 14 bits.
        assert_eq!(dropped, Some(4));
    }

    #[test]
    fn means_that_climb_a_unit_per_epoch_do_not_rise_and_more_do() {
        let program = trend(&layout(), &[10; 5]).unwrap();
        let rising =
            |step: i128| evaluate(&program, |i, _| 1000 + 10 * step * i as i128, |_| 0).unwrap();
        assert_eq!(rising(1), [0, 0]);
        assert_eq!(rising(2), [1, 0]);
        assert_eq!(rising(-2), [0, 1]);
    }
}
