//! What the authority learns.

use serde::{Deserialize, Serialize};

use crate::error::Quantity;
use crate::layout::Layout;

/// Totals over all slots of all summands, each counted with its weight.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, zeroize::Zeroize,
)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Readings.
    pub count: u128,
    /// Readings inside the range of interest.
    pub inside: u128,
    /// Sum of the codes (raw value − minimum).
    pub sum: u128,
    /// Sum of the squared codes.
    pub sum_of_squares: u128,
}

impl Totals {
    /// The totals of readings in the clear, with no limbs and no encryption: what
    /// decryption must return.
    ///
    /// # Panics
    ///
    /// If a reading is outside the layout's scale, which encryption refuses.
    #[must_use]
    pub fn of_readings(layout: &Layout, readings: impl IntoIterator<Item = i64>) -> Self {
        let scale = layout.request().scale;
        let (low, high) = layout.request().inside;
        readings.into_iter().fold(Self::default(), |totals, raw| {
            assert!((scale.minimum..=scale.maximum).contains(&raw), "{raw} is outside the scale");
            let code = u128::from(raw.abs_diff(scale.minimum));
            Self {
                count: totals.count + 1,
                inside: totals.inside + u128::from((low..=high).contains(&raw)),
                sum: totals.sum + code,
                sum_of_squares: totals.sum_of_squares + code * code,
            }
        })
    }

    /// What one field adds up to.
    #[must_use]
    pub fn of(&self, field: Quantity) -> u128 {
        match field {
            Quantity::Count => self.count,
            Quantity::Inside => self.inside,
            Quantity::Sum => self.sum,
            Quantity::SumOfSquares => self.sum_of_squares,
        }
    }

    pub(crate) fn of_mut(&mut self, field: Quantity) -> &mut u128 {
        match field {
            Quantity::Count => &mut self.count,
            Quantity::Inside => &mut self.inside,
            Quantity::Sum => &mut self.sum,
            Quantity::SumOfSquares => &mut self.sum_of_squares,
        }
    }
}
