//! What a result must be before anything is decrypted of it, and who computes programs. Everything here is
//! public.

use std::num::NonZeroU32;

use pulseproof_fhe::{Layout, Totals};
use pulseproof_kernels::Curve;
use pulseproof_sdk::result::Claim;
use pulseproof_sdk::{Problem, ProvedResult};

use super::quorum::Quorum;

/// What the authority insists on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Fewest devices that a result may speak for. Their readings must be more than one device fewer could
    /// have: lists without readings make no group.
    pub devices_min: usize,
    /// Smallest share of its roster that a result may speak for.
    pub share_min: Fraction,
    /// Bits that may be told about a region's epoch, ever; see [`totals_bits`] and
    /// [`questions`](super::questions).
    pub bits_max: u64,
    /// Who computes programs.
    pub answering: Answering,
    /// Requests a minute from one address; one more is turned away with a 429.
    pub per_minute_max: NonZeroU32,
    /// Requests at work at a time.
    pub at_work_max: usize,
    /// Requests that wait for their turn, unread; one more is turned away with a 429.
    pub waiting_max: usize,
}

/// Who computes the programs that the authority decrypts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answering {
    /// The authority, and nobody else.
    Recompute,
    /// Appliances, of which enough must agree.
    Quorum(Quorum),
}

/// A fraction of a whole, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// Above the line.
    pub numerator: u32,
    /// Below it; not 0.
    pub denominator: u32,
}

impl Fraction {
    /// Whether `part` of `whole` is at least this share.
    #[must_use]
    pub fn is_reached(self, part: usize, whole: usize) -> bool {
        let of = |count: usize, factor: u32| count as u128 * u128::from(factor);
        of(part, self.denominator) >= of(whole, self.numerator)
    }
}

impl Default for Policy {
    /// Three devices and half of the roster. 384 bits are the totals of two sums of most sizes (some 90
    /// bits each for a week of 19 people), and many questions.
    fn default() -> Self {
        Self {
            devices_min: 3,
            share_min: Fraction { numerator: 1, denominator: 2 },
            bits_max: 384,
            answering: Answering::Recompute,
            per_minute_max: const { NonZeroU32::new(600).expect("not 0") },
            at_work_max: 8,
            waiting_max: 1024,
        }
    }
}

impl Policy {
    /// Whether so many of a roster's devices are enough.
    #[must_use]
    pub fn is_group(&self, devices: usize, roster: usize) -> bool {
        devices >= self.devices_min && self.share_min.is_reached(devices, roster)
    }

    /// Whether so many readings are more than one device too few could have.
    #[must_use]
    pub fn is_enough(&self, readings: u128, slots: usize) -> bool {
        readings > self.devices_min.saturating_sub(1) as u128 * slots as u128
    }

    /// Checks what everybody can see of verified results.
    ///
    /// # Errors
    /// A weight that is not one, or too few devices.
    pub(super) fn check<C: Curve>(&self, results: &[ProvedResult<C>]) -> Result<(), Problem> {
        results.iter().try_for_each(|result| self.check_one(&result.claim))
    }

    fn check_one<C: Curve>(&self, claim: &Claim<C>) -> Result<(), Problem> {
        let (region, epoch) = (&claim.region, claim.epoch);
        if let Some(heavy) = claim.contributions.iter().find(|c| c.weight != 1) {
            let detail = format!(
                "{region} epoch {epoch} counts {} {} times; only plain sums are decrypted, since unequal \
                 weights can single a device out",
                heavy.device, heavy.weight
            );
            return Err(Problem::new(403, "weighted-sum", detail).field("weights").limit(1));
        }
        // Verified: everybody in the roster is either summed or missing.
        let devices = claim.contributions.len();
        let roster = devices + claim.missing.len();
        if self.is_group(devices, roster) {
            return Ok(());
        }
        let Fraction { numerator, denominator } = self.share_min;
        let least = (roster as u128 * u128::from(numerator)).div_ceil(denominator.into());
        let least = least.max(self.devices_min as u128);
        let detail = format!(
            "the result of {region} for epoch {epoch} speaks for {devices} of {roster} devices; at least \
             {least} are required before anything is decrypted"
        );
        let limit = u64::try_from(least).unwrap_or(u64::MAX);
        Err(Problem::new(403, "too-few-devices", detail).field("contributions").limit(limit))
    }
}

/// Bits that the totals of a sum of this weight reveal: those it takes to write each of the four, which is at
/// least the logarithm of how many there may be.
#[must_use]
pub fn totals_bits(layout: &Layout, weight: u64) -> u64 {
    let request = layout.request();
    let readings = u128::from(weight).saturating_mul(request.slots as u128);
    let code = u128::from(request.scale.maximum.abs_diff(request.scale.minimum));
    let sum = readings.saturating_mul(code);
    let bits = |most: u128| u64::from(u128::BITS - most.leading_zeros());
    2 * bits(readings) + bits(sum) + bits(sum.saturating_mul(code))
}

/// The totals of all sums together.
pub(super) fn add_up(totals: impl IntoIterator<Item = Totals>) -> Totals {
    totals.into_iter().fold(Totals::default(), |sum, of| Totals {
        count: sum.count + of.count,
        inside: sum.inside + of.inside,
        sum: sum.sum + of.sum,
        sum_of_squares: sum.sum_of_squares + of.sum_of_squares,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulseproof_fhe::{LayoutRequest, Scale};

    #[test]
    fn a_group_is_enough_devices_and_enough_of_the_roster() {
        let policy = Policy::default();
        assert!(policy.is_group(3, 6) && policy.is_group(3, 3));
        assert!(!policy.is_group(2, 2), "too few");
        assert!(!policy.is_group(3, 7), "too small a share");
        assert!(policy.is_group(4, 7));
    }

    #[test]
    fn readings_of_one_device_too_few_are_not_enough() {
        let policy = Policy::default();
        assert!(!policy.is_enough(24, 12), "two devices can have as many");
        assert!(policy.is_enough(25, 12));
    }

    #[test]
    fn totals_are_charged_by_what_it_takes_to_write_them() {
        let scale = Scale { decimals: 0, minimum: 0, maximum: 3 };
        let request =
            LayoutRequest { scale, inside: (1, 2), slots: 2, summands_max: 24, totals: true };
        let layout = Layout::plan(request).unwrap();
        // 8 readings, a sum up to 24, squares up to 72: 4 + 4 + 5 + 7 bits.
        assert_eq!(totals_bits(&layout, 4), 20);
    }
}
