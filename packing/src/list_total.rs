//! Totals that a device adds up itself: each in a body of its own, for homomorphic programs.
//!
//! The slots of a list lie several to a body, which serves decryption; a program needs its inputs one
//! by one. The authority checks that both say the same.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{LayoutError, Quantity};
use crate::limbs::bits;
use crate::totals::Totals;

/// A total over all readings of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ListTotal {
    /// Readings.
    Count,
    /// Readings inside the range of interest.
    Inside,
    /// Sum of the codes.
    Sum,
    /// Mean of the codes, rounded, a half upwards; 0 for a list without readings.
    Mean,
}

impl ListTotal {
    /// Every total, in the order of their bodies.
    pub const ALL: [Self; 4] = [Self::Count, Self::Inside, Self::Sum, Self::Mean];

    /// The largest contribution of one list of weight one.
    pub(crate) fn maximum(self, slots: usize, code_max: u64) -> u128 {
        match self {
            Self::Count | Self::Inside => slots as u128,
            Self::Sum => slots as u128 * u128::from(code_max),
            Self::Mean => code_max.into(),
        }
    }

    /// Whose sums are compared with one another lie in plaintexts of one width: that of the widest.
    fn widest(self) -> Self {
        match self {
            Self::Count | Self::Inside | Self::Sum => Self::Sum,
            Self::Mean => Self::Mean,
        }
    }

    /// Bits that are left free above the largest sum, as far as a plaintext has them: for the sign of a
    /// difference, and for means also for factors, with which they are brought to one denominator. What a
    /// sum's plaintext gains, noise has less room for. Without them, and where not even the largest sum has
    /// room, sums of less than the largest weight can still be compared.
    fn spare_bits(self) -> u32 {
        match self.widest() {
            Self::Mean => 6,
            _ => 1,
        }
    }

    /// The width of the plaintext, if the noise leaves as much as a list of weight one needs. Larger sums that
    /// do not fit count modulo its power of two.
    pub(crate) fn plaintext_bits(
        self,
        slots: usize,
        code_max: u64,
        summands_max: u64,
        available: u32,
    ) -> Result<u32, LayoutError> {
        let of_one = self.widest().maximum(slots, code_max);
        let most = of_one.checked_mul(summands_max.into());
        let most = most.ok_or(LayoutError::TotalTooLarge { field: Quantity::Sum })?;
        let needed = bits(of_one);
        if needed > available {
            return Err(LayoutError::ListTotalTooWide { total: self, needed, available });
        }
        Ok((bits(most) + self.spare_bits()).min(available))
    }

    /// What a list with these totals contributes.
    ///
    /// # Panics
    /// If they are not the totals of a list of a layout with totals, which has checked the largest.
    #[must_use]
    pub fn of(self, totals: &Totals) -> u64 {
        let value = match self {
            Self::Count => totals.count,
            Self::Inside => totals.inside,
            Self::Sum => totals.sum,
            // Without readings 0 is divided by 1: nothing branches on how many there are.
            Self::Mean => (2 * totals.sum + totals.count) / (2 * totals.count).max(1),
        };
        u64::try_from(value).expect("the layout has checked the largest")
    }
}

impl fmt::Display for ListTotal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "count",
            Self::Inside => "inside",
            Self::Sum => "sum",
            Self::Mean => "mean",
        })
    }
}
