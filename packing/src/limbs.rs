//! Cutting quantities into limbs and placing the limbs of all slots in bodies.

use crate::error::Quantity;

/// A slice of the bits of one quantity, small enough for the sum of all summands to fit a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limb {
    /// Of which quantity.
    pub field: Quantity,
    /// Place of the slice in the quantity: how many bits lie below it.
    pub shift: u32,
    /// Largest value that one summand of weight one puts here.
    pub maximum: u64,
    /// Bits that the sum may need.
    pub width: u32,
}

impl Limb {
    /// This slice of `value`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the bits above are masked away")]
    pub fn of(&self, value: u128) -> u64 {
        (value >> self.shift) as u64 & (u64::MAX >> self.maximum.leading_zeros())
    }
}

/// Where the limb of one slot lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In the plaintext of which body.
    pub body: usize,
    /// How many bits above that plaintext's lowest.
    pub shift: u32,
}

/// The fewest equal limbs of a quantity up to `maximum` of which `summands` add up within
/// `capacity` bits; `None` if not even single bits do.
pub(crate) fn split(
    field: Quantity,
    maximum: u128,
    summands: u64,
    capacity: u32,
) -> Option<Vec<Limb>> {
    let room = ((1u64 << capacity) - 1) / summands;
    let bits = bits(maximum);
    (1..=bits).find_map(|count| {
        let step = bits.div_ceil(count);
        (0..count).map(|index| limb(field, maximum, index * step, step, summands, room)).collect()
    })
}

/// The limb at `shift`, unless one summand may exceed `room` there.
fn limb(
    field: Quantity,
    maximum: u128,
    shift: u32,
    step: u32,
    summands: u64,
    room: u64,
) -> Option<Limb> {
    let rest = maximum >> shift;
    let all_ones = u128::MAX >> (u128::BITS - step);
    let maximum = u64::try_from(rest.min(all_ones)).ok().filter(|&most| most <= room)?;
    let width = bits(u128::from(maximum) * u128::from(summands));
    Some(Limb { field, shift, maximum, width })
}

/// First-fit decreasing over the limbs of all slots: the places, slot by slot, and the bits used of
/// each body.
pub(crate) fn place(limbs: &[Limb], slots: usize, capacity: u32) -> (Vec<Place>, Vec<u32>) {
    let mut order: Vec<usize> = (0..limbs.len()).collect();
    order.sort_by_key(|&limb| std::cmp::Reverse(limbs[limb].width));

    let mut places = vec![Place { body: 0, shift: 0 }; limbs.len() * slots];
    let mut used: Vec<u32> = Vec::new();
    for limb in order {
        let width = limbs[limb].width;
        // All slots need the same width here: a body too full for one is too full for the next.
        let mut body = 0;
        for slot in 0..slots {
            while used.get(body).is_some_and(|used| used + width > capacity) {
                body += 1;
            }
            if body == used.len() {
                used.push(0);
            }
            places[slot * limbs.len() + limb] = Place { body, shift: used[body] };
            used[body] += width;
        }
    }
    (places, used)
}

/// Bits of `value`, none for zero.
pub(crate) fn bits(value: u128) -> u32 {
    u128::BITS - value.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn limbs_rebuild_every_value(
            maximum in 1u128..=u128::from(u64::MAX) * u128::from(u64::MAX),
            fraction in any::<u64>(),
            summands in 1u64..100_000,
            capacity in 18u32..38,
        ) {
            let limbs = split(Quantity::Sum, maximum, summands, capacity).unwrap();
            let some = (maximum / u128::from(u64::MAX)).saturating_mul(u128::from(fraction));
            for value in [0, 1, maximum, maximum / 2, maximum - 1, some.min(maximum)] {
                let rebuilt: u128 =
                    limbs.iter().map(|limb| u128::from(limb.of(value)) << limb.shift).sum();
                prop_assert_eq!(rebuilt, value);
                prop_assert!(limbs.iter().all(|limb| limb.of(value) <= limb.maximum));
            }
            for limb in &limbs {
                prop_assert!(limb.width <= capacity);
                prop_assert!(u128::from(limb.maximum) * u128::from(summands) < 1 << limb.width);
            }
        }

        #[test]
        fn places_neither_overlap_nor_overflow(
            maxima in prop::collection::vec(1u128..1 << 30, 1..4),
            slots in 1usize..60,
            summands in 1u64..1000,
        ) {
            let capacity = 29;
            let limbs: Vec<_> = maxima
                .iter()
                .flat_map(|&most| split(Quantity::Sum, most, summands, capacity).unwrap())
                .collect();
            let (places, used) = place(&limbs, slots, capacity);
            let mut taken = vec![0u64; used.len()];
            for (place, limb) in places.iter().zip(limbs.iter().cycle()) {
                let bits = ((1u64 << limb.width) - 1) << place.shift;
                prop_assert_eq!(taken[place.body] & bits, 0);
                taken[place.body] |= bits;
            }
            for (taken, used) in taken.iter().zip(used) {
                prop_assert_eq!(*taken, (1u64 << used) - 1);
                prop_assert!(used <= capacity);
            }
        }
    }

    #[test]
    fn limbs_are_as_few_as_possible() {
        let count = |maximum, capacity| {
            split(Quantity::SumOfSquares, maximum, 160, capacity).map_or(0, |limbs| limbs.len())
        };
        assert_eq!(count(129_600, 25), 1);
        assert_eq!(count(129_600, 24), 2);
        assert_eq!(count(129_600, 9), 9, "two bits each");
        assert_eq!(count(129_600, 8), 17, "one bit each");
        assert_eq!(count(129_600, 7), 0, "160 ones do not fit seven bits");
    }
}
