//! Decimal text, exactly: what people write is the reading that it says, and no neighbour of it.

/// Most decimals a value may have.
pub const DECIMALS_MAX: u32 = 9;

/// `raw`·10^-`decimals`, with no trailing zero in `raw` if `decimals` > 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    raw: i64,
    /// The digits behind the point.
    pub decimals: u32,
}

impl Decimal {
    /// Reads plain decimal text; magnitudes stay below 2^52, so that nine decimals still fit.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let decimals = u32::try_from(fraction.len()).ok()?;
        if whole.is_empty() || !plain(whole) || !plain(fraction) || decimals > DECIMALS_MAX {
            return None;
        }
        let magnitude: i64 = format!("{whole}{fraction}").parse().ok()?;
        let raw = if text.starts_with('-') { -magnitude } else { magnitude };
        Some(Self { raw, decimals }).filter(|value| value.raw.unsigned_abs() < 1 << 52)
    }

    /// The raw value at a finer place; saturates where it would not fit, and the scale then refuses it.
    #[must_use]
    pub fn at(self, decimals: u32) -> i64 {
        let saturated = if self.raw < 0 { i64::MIN } else { i64::MAX };
        self.exactly_at(decimals).unwrap_or(saturated)
    }

    /// The raw value at a place, if it is not coarser and the value fits.
    #[must_use]
    pub fn exactly_at(self, decimals: u32) -> Option<i64> {
        let finer = decimals.checked_sub(self.decimals)?;
        self.raw.checked_mul(10_i64.checked_pow(finer)?)
    }

    /// In units of the finest place there is, where every value fits.
    #[must_use]
    pub fn finest(self) -> i128 {
        i128::from(self.raw) * 10i128.pow(DECIMALS_MAX - self.decimals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plain_decimal_is_refused() {
        for text in ["", "-", ".", "1e5", "NaN", "--1", "1.2.3", "0x1", "4503599627370496"] {
            assert_eq!(Decimal::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn one_number_is_one_value_however_it_is_written() {
        assert_eq!(Decimal::parse("5"), Decimal::parse("+5.00"));
        assert_eq!(Decimal::parse("-0"), Decimal::parse("0.0"));
        let seven = Decimal::parse("7.10").unwrap();
        assert_eq!((seven.at(2), seven.exactly_at(2), seven.exactly_at(0)), (710, Some(710), None));
        assert_eq!(
            (seven.at(30), seven.exactly_at(18), seven.exactly_at(30)),
            (i64::MAX, Some(7_100_000_000_000_000_000), None)
        );
        assert_eq!(Decimal::parse("-9.3").unwrap().at(18), i64::MIN);
        assert_eq!(Decimal::parse("-1.000000001").unwrap().finest(), -1_000_000_001);
    }
}
