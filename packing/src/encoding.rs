//! From readings to the plaintexts of a list, and from the plaintexts of a sum to totals.

use zeroize::Zeroizing;

use crate::error::{DecryptError, EncryptError, Quantity};
use crate::layout::Layout;
use crate::limbs::{Limb, Place};
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
    /// Everything is looked at before anything is refused, so that the time it takes does not reveal what was
    /// wrong.
    ///
    /// # Errors
    /// What no lists of that weight add up to: bits outside all fields, a field too large for another,
    /// a total that is not that of the slots.
    pub fn decode(&self, plaintexts: &[u64], summands: u64) -> Result<Totals, DecryptError> {
        let unused = |(&plaintext, &used): (&u64, &u32)| plaintext >> used;
        let unused = plaintexts.iter().zip(self.used()).map(unused).fold(0, |all, of| all | of);
        let mut wrong = (unused != 0).then_some(DecryptError::UnusedBits);
        let mut totals = Totals::default();
        for limbs in self.slots() {
            let (mut slot, implausible) = decode_slot(self, limbs, plaintexts, summands);
            let error = |field| DecryptError::Implausible { field, summands };
            wrong = wrong.or(implausible.map(error));
            for &(field, _) in self.field_maxima() {
                let total = totals.of_mut(field);
                *total = total.saturating_add(*slot.of_mut(field));
            }
        }
        // What exceeds a total's body is not in its word: there is nothing more to compare.
        let same = |total, value: u128| {
            let difference = |body: usize| u128::from(plaintexts[body]) ^ value;
            self.body_of(total).is_none_or(|(body, bits)| difference(body).trailing_zeros() >= bits)
        };
        for (total, value) in [
            (ListTotal::Count, totals.count),
            (ListTotal::Inside, totals.inside),
            (ListTotal::Sum, totals.sum),
        ] {
            let error = DecryptError::Inconsistent { total };
            wrong = wrong.or((!same(total, value)).then_some(error));
        }
        wrong.map_or(Ok(totals), Err)
    }
}

/// The totals of one slot, and a field that holds what so many readings cannot add up to, if any does.
fn decode_slot<'a>(
    layout: &Layout,
    limbs: impl Iterator<Item = (&'a Limb, Place)>,
    plaintexts: &[u64],
    summands: u64,
) -> (Totals, Option<Quantity>) {
    let (mut slot, mut implausible) = (Totals::default(), None);
    for (limb, place) in limbs {
        let width_mask = u64::MAX >> (u64::BITS - limb.width);
        let value = u128::from(plaintexts[place.body] >> place.shift & width_mask);
        let total = slot.of_mut(limb.field);
        let sum = value.checked_mul(1 << limb.shift).and_then(|value| total.checked_add(value));
        *total = sum.unwrap_or(u128::MAX);
        let too_large = value > u128::from(limb.maximum) * u128::from(summands) || sum.is_none();
        implausible = implausible.or(too_large.then_some(limb.field));
    }
    let checked = check(layout, &slot, summands).err();
    (slot, implausible.or(checked))
}

/// Whether `summands` readings at most can add up to this slot; if not, a field that shows it.
fn check(layout: &Layout, slot: &Totals, summands: u64) -> Result<(), Quantity> {
    let [.., (_, code_max), (_, square_max)] = *layout.field_maxima();
    let readings = u128::from(summands);
    let plausible = [
        (Quantity::Count, slot.count <= readings),
        (Quantity::Inside, slot.inside <= slot.count),
        (Quantity::Sum, slot.sum <= slot.count.saturating_mul(code_max)),
        // First on its own, so that no later product overflows.
        (Quantity::SumOfSquares, slot.sum_of_squares <= readings * square_max),
        // x ≤ x² ≤ code_max·x for every code x.
        (Quantity::SumOfSquares, slot.sum <= slot.sum_of_squares),
        (Quantity::SumOfSquares, slot.sum_of_squares <= slot.sum.saturating_mul(code_max)),
    ];
    plausible.iter().find(|(_, holds)| !holds).map_or(Ok(()), |&(field, _)| Err(field))
}
