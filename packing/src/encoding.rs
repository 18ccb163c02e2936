//! From readings to the plaintexts of a list, and from the plaintexts of a sum to totals.

use zeroize::Zeroizing;

use crate::error::{DecryptError, EncryptError, Field};
use crate::layout::Layout;
use crate::list_total::ListTotal;
use crate::totals::Totals;

impl Layout {
    /// What each slot holds when these raw values lie in the first ones; a slot left over holds zeros.
    ///
    /// # Errors
    /// More readings than slots, a reading outside the scale.
    pub fn quantities(&self, readings: &[i64]) -> Result<Zeroizing<Vec<Totals>>, EncryptError> {
        let (slots, scale) = (self.request().slots, self.request().scale);
        if readings.len() > slots {
            return Err(EncryptError::TooManyReadings { found: readings.len(), slots });
        }
        let (low, high) = self.inside_codes();
        let mut quantities = Zeroizing::new(vec![Totals::default(); slots]);
        for (index, (&raw, slot)) in readings.iter().zip(quantities.iter_mut()).enumerate() {
            let code = scale.code(raw).ok_or(EncryptError::OutOfRange {
                index,
                found: raw,
                minimum: scale.minimum,
                maximum: scale.maximum,
            })?;
            let (inside, code) = (u128::from((low..=high).contains(&code)), u128::from(code));
            *slot = Totals { count: 1, inside, sum: code, sum_of_squares: code * code };
        }
        Ok(quantities)
    }

    /// The plaintext words of a list, one for each body, each in the upper bits of its word.
    ///
    /// # Errors
    /// Those of [`Self::quantities`].
    pub fn encode(&self, readings: &[i64]) -> Result<Zeroizing<Vec<u64>>, EncryptError> {
        let quantities = self.quantities(readings)?;
        let mut words = Zeroizing::new(vec![0u64; self.bodies()]);
        for (slot, limbs) in quantities.iter().zip(self.slots()) {
            for (limb, place) in limbs {
                words[place.body] |= limb.of(slot.of(limb.field)) << place.shift;
            }
        }
        let totals = Zeroizing::new(Totals::of_readings(self, readings.iter().copied()));
        for (total, body, _) in self.totals() {
            words[body] = total.of(&totals);
        }
        for (word, noise_bits) in words.iter_mut().zip(self.noise_bits()) {
            *word <<= noise_bits;
        }
        Ok(words)
    }

    /// The totals of the plaintexts of a sum of total weight `summands`, one plaintext for each body.
    ///
    /// # Errors
    /// What no lists of that weight add up to: bits outside all fields, a field too large for another,
    /// a total that is not that of the slots.
    pub fn decode(&self, plaintexts: &[u64], summands: u64) -> Result<Totals, DecryptError> {
        let unused = |(&plaintext, &used): (&u64, &u32)| plaintext >> used != 0;
        if plaintexts.iter().zip(self.used()).any(unused) {
            return Err(DecryptError::UnusedBits);
        }
        let mut totals = Totals::default();
        for limbs in self.slots() {
            let mut slot = Totals::default();
            for (limb, place) in limbs {
                let implausible = DecryptError::Implausible { field: limb.field, summands };
                let width_mask = u64::MAX >> (u64::BITS - limb.width);
                let value = u128::from(plaintexts[place.body] >> place.shift & width_mask);
                if value > u128::from(limb.maximum) * u128::from(summands) {
                    return Err(implausible);
                }
                let total = slot.of_mut(limb.field);
                *total = value
                    .checked_mul(1 << limb.shift)
                    .and_then(|value| total.checked_add(value))
                    .ok_or(implausible)?;
            }
            check(self, &slot, summands)
                .map_err(|field| DecryptError::Implausible { field, summands })?;
            for &(field, _) in self.field_maxima() {
                *totals.of_mut(field) += *slot.of_mut(field);
            }
        }
        let claimed = |total| self.body_of(total).map(|(body, _)| u128::from(plaintexts[body]));
        let same = |total, value| claimed(total).is_none_or(|claimed| claimed == value);
        let of_slots = [
            (ListTotal::Count, totals.count),
            (ListTotal::Inside, totals.inside),
            (ListTotal::Sum, totals.sum),
        ];
        match of_slots.into_iter().find(|&(total, value)| !same(total, value)) {
            None => Ok(totals),
            Some((total, _)) => Err(DecryptError::Inconsistent { total }),
        }
    }
}

/// Whether `summands` readings at most can add up to this slot; if not, a field that shows it.
fn check(layout: &Layout, slot: &Totals, summands: u64) -> Result<(), Field> {
    let [.., (_, code_max), (_, square_max)] = *layout.field_maxima();
    let readings = u128::from(summands);
    let plausible = [
        (Field::Count, slot.count <= readings),
        (Field::Inside, slot.inside <= slot.count),
        (Field::Sum, slot.sum <= slot.count.saturating_mul(code_max)),
        // First on its own, so that no later product overflows.
        (Field::SumOfSquares, slot.sum_of_squares <= readings * square_max),
        // x ≤ x² ≤ code_max·x for every code x.
        (Field::SumOfSquares, slot.sum <= slot.sum_of_squares),
        (Field::SumOfSquares, slot.sum_of_squares <= slot.sum.saturating_mul(code_max)),
    ];
    plausible.iter().find(|(_, holds)| !holds).map_or(Ok(()), |&(field, _)| Err(field))
}
