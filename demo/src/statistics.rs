//! The figures people read, from exact totals.

use pulseproof_fhe::{Scale, Totals};
use serde::{Deserialize, Serialize};

/// Count, mean, standard deviation and share in range. A function of [`Totals`] alone: equal totals
/// give equal figures, to the last bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Number of readings.
    pub count: u64,
    /// Mean, in the readings' unit; absent without a reading.
    pub mean: Option<f64>,
    /// Sample standard deviation (divisor count − 1); absent below two readings.
    pub standard_deviation: Option<f64>,
    /// Share of readings inside the range, 0 to 1; absent without a reading.
    pub share_inside: Option<f64>,
}

impl Statistics {
    /// The figures of totals over readings of this scale.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the figures are rounded here, once, at the end"
    )]
    pub fn of(totals: &Totals, scale: &Scale) -> Self {
        let count = totals.count as f64;
        let unit = 10f64.powi(-i32::try_from(scale.decimals).unwrap_or(i32::MAX));
        let some = |value: f64, least: u128| (totals.count >= least).then_some(value);
        let mean = (scale.minimum as f64 + totals.sum as f64 / count) * unit;
        Self {
            count: u64::try_from(totals.count).unwrap_or(u64::MAX),
            mean: some(mean, 1),
            standard_deviation: some(variance(totals).sqrt() * unit, 2),
            share_inside: some(totals.inside as f64 / count, 1),
        }
    }
}

/// (n·Σx² − (Σx)²) / (n·(n − 1)), the numerator in exact integers where they fit.
#[expect(clippy::cast_precision_loss, reason = "rounded once, after the exact subtraction")]
fn variance(totals: &Totals) -> f64 {
    let (n, sum, squares) = (totals.count, totals.sum, totals.sum_of_squares);
    let exact = n.checked_mul(squares).zip(sum.checked_mul(sum));
    let numerator = match exact {
        Some((left, right)) => left.saturating_sub(right) as f64,
        None => n as f64 * squares as f64 - sum as f64 * sum as f64,
    };
    numerator / (n as f64 * (n as f64 - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale { decimals: 1, minimum: -20, maximum: 100 };

    #[test]
    fn figures_of_a_few_readings() {
        // Readings −1.0, 2.0, 2.0, 5.0; codes 10, 40, 40, 70; mean 2, variance (9 + 9)/3 = 6.
        let totals = Totals { count: 4, inside: 2, sum: 160, sum_of_squares: 8200 };
        let figures = Statistics::of(&totals, &SCALE);
        assert_eq!(figures.count, 4);
        assert!((figures.mean.unwrap() - 2.0).abs() < 1e-12);
        assert!((figures.standard_deviation.unwrap() - 6f64.sqrt()).abs() < 1e-12);
        assert_eq!(figures.share_inside, Some(0.5));
    }

    #[test]
    fn figures_that_do_not_exist_are_absent() {
        let none = Statistics::of(&Totals::default(), &SCALE);
        assert_eq!((none.mean, none.standard_deviation, none.share_inside), (None, None, None));
        let one = Totals { count: 1, inside: 1, sum: 3, sum_of_squares: 9 };
        assert_eq!(Statistics::of(&one, &SCALE).standard_deviation, None);
    }

    #[test]
    fn large_totals_lose_nothing_before_the_end() {
        // 2^40 readings, half of them 2^20 and half 2^20 + 2: variance 1 (times n/(n−1)).
        let (n, x) = (1u128 << 40, 1u128 << 20);
        let totals = Totals {
            count: n,
            inside: 0,
            sum: n / 2 * (2 * x + 2),
            sum_of_squares: n / 2 * (x * x + (x + 2) * (x + 2)),
        };
        let scale = Scale { decimals: 0, minimum: 0, maximum: 1 << 21 };
        assert!((Statistics::of(&totals, &scale).standard_deviation.unwrap() - 1.0).abs() < 1e-9);
    }
}
