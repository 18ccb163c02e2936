//! Where each quantity of each slot lies in a list, derived from what a sum must hold.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::decimal::Decimal;
use crate::error::{LayoutError, Quantity};
use crate::limbs::{Limb, Place, place, split};
use crate::list_total::ListTotal;
use crate::noise::{DIMENSION, NOISE_MAX_PER_SUMMAND, head_room};

/// Most decimals of a scale: a raw value has at most nineteen digits.
const DECIMALS_MAX: u32 = 18;

/// What a raw value means, and which raw values exist.
///
/// A reading is worth raw·10^-decimals. It is encrypted as its code, raw − minimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Decimal digits of a raw value that stand behind the point.
    pub decimals: u32,
    /// Smallest raw value.
    pub minimum: i64,
    /// Largest raw value.
    pub maximum: i64,
}

impl Scale {
    /// raw − minimum, if the raw value is on the scale.
    #[must_use]
    pub fn code(&self, raw: i64) -> Option<u64> {
        (self.minimum..=self.maximum).contains(&raw).then(|| raw.abs_diff(self.minimum))
    }

    /// The raw value of a number as people write it, whether it is on the scale or not, unless it has more decimals or
    /// does not fit.
    #[must_use]
    pub fn raw(&self, text: &str) -> Option<i64> {
        Decimal::parse(text)?.exactly_at(self.decimals)
    }

    /// A raw value as people write it.
    #[must_use]
    pub fn text(&self, raw: i64) -> String {
        let (digits, sign) = (raw.unsigned_abs().to_string(), if raw < 0 { "-" } else { "" });
        let decimals = self.decimals as usize;
        let digits = format!("{digits:0>width$}", width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }

    /// The largest code.
    #[must_use]
    pub fn code_max(&self) -> u64 {
        self.maximum.abs_diff(self.minimum)
    }
}

/// What a list must hold, and how many may be summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LayoutRequest {
    /// The scale of the readings.
    pub scale: Scale,
    /// First and last raw value that count as inside the range of interest.
    pub inside: (i64, i64),
    /// Readings that one list has places for.
    pub slots: usize,
    /// Largest total weight of any sum that will ever be decrypted.
    pub summands_max: u64,
    /// Whether a list also holds its [`ListTotal`]s, which homomorphic programs work on.
    #[serde(default)]
    pub totals: bool,
}

impl LayoutRequest {
    /// The largest contribution of one reading to each field, if the request makes sense.
    fn maxima(&self) -> Result<[(Quantity, u128); 4], LayoutError> {
        let Scale { decimals, minimum, maximum } = self.scale;
        let (low, high) = self.inside;
        if decimals > DECIMALS_MAX {
            return Err(LayoutError::Decimals { found: decimals, limit: DECIMALS_MAX });
        }
        if minimum >= maximum {
            return Err(LayoutError::EmptyScale { minimum, maximum });
        }
        if low > high || low < minimum || high > maximum {
            return Err(LayoutError::Inside { low, high, minimum, maximum });
        }
        if self.slots == 0 {
            return Err(LayoutError::NoSlots);
        }
        if self.summands_max == 0 {
            return Err(LayoutError::NoSummands);
        }
        let code = u128::from(self.scale.code_max());
        let maxima = [
            (Quantity::Count, 1),
            (Quantity::Inside, 1),
            (Quantity::Sum, code),
            (Quantity::SumOfSquares, code * code),
        ];
        let readings = u128::from(self.summands_max) * self.slots as u128;
        match maxima.iter().find(|(_, most)| readings.checked_mul(*most).is_none()) {
            Some(&(field, _)) => Err(LayoutError::TotalTooLarge { field }),
            None => Ok(maxima),
        }
    }

    /// The totals and the bits of their plaintexts, of at most `available` bits.
    fn totals(&self, available: u32) -> Result<Vec<(ListTotal, u32)>, LayoutError> {
        let all: &[ListTotal] = if self.totals { &ListTotal::ALL } else { &[] };
        let (slots, code_max) = (self.slots, self.scale.code_max());
        let plan = |&total: &ListTotal| {
            Ok((total, total.plaintext_bits(slots, code_max, self.summands_max, available)?))
        };
        all.iter().map(plan).collect()
    }
}

/// A plan of one list: 2048 mask words, then bodies that hold the limbs of every slot.
///
/// It is a function of its request alone. Only the request is serialised, and reading it back plans
/// it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "LayoutRequest", into = "LayoutRequest")]
pub struct Layout {
    request: LayoutRequest,
    plaintext_bits: u32,
    /// The largest contribution of one reading to each field.
    maxima: [(Quantity, u128); 4],
    /// The limbs of one slot.
    limbs: Vec<Limb>,
    /// Where they lie, slot by slot.
    places: Vec<Place>,
    /// Bits of each body that belong to a field.
    used: Vec<u32>,
    /// The totals in the bodies after those, and the bits of their plaintexts.
    totals: Vec<(ListTotal, u32)>,
}

impl Layout {
    /// Plans the layout with the widest plaintext that every sum decrypts to ([`head_room`]).
    ///
    /// # Errors
    /// A request that makes no sense, or one that does not fit.
    pub fn plan(request: LayoutRequest) -> Result<Self, LayoutError> {
        request.maxima()?;
        let summands_max = request.summands_max;
        let room = head_room(summands_max).ok_or(LayoutError::NoHeadRoom { summands_max })?;
        Self::with_plaintext_bits(request, room.plaintext_bits)
    }

    /// Packs into bodies of `plaintext_bits`, whether or not the noise leaves as many.
    pub(crate) fn with_plaintext_bits(
        request: LayoutRequest,
        plaintext_bits: u32,
    ) -> Result<Self, LayoutError> {
        let maxima = request.maxima()?;
        let summands_max = request.summands_max;
        let limbs = maxima
            .iter()
            .map(|&(field, most)| split(field, most, summands_max, plaintext_bits))
            .collect::<Option<Vec<_>>>()
            .ok_or(LayoutError::NoHeadRoom { summands_max })?
            .concat();

        let too_many =
            |needed| LayoutError::TooManyBodies { needed, limit: DIMENSION, plaintext_bits };
        let slot_bits: u32 = limbs.iter().map(|limb| limb.width).sum();
        let volume = request.slots as u128 * u128::from(slot_bits);
        let at_least = volume.div_ceil(u128::from(plaintext_bits));
        if at_least > DIMENSION as u128 {
            return Err(too_many(at_least));
        }
        let (places, used) = place(&limbs, request.slots, plaintext_bits);
        let totals = request.totals(plaintext_bits)?;
        let bodies = used.len() + totals.len();
        if bodies > DIMENSION {
            return Err(too_many(bodies as u128));
        }
        Ok(Self { request, plaintext_bits, maxima, limbs, places, used, totals })
    }

    /// What was planned for.
    #[must_use]
    pub fn request(&self) -> &LayoutRequest {
        &self.request
    }

    /// Words of a list: the mask and the bodies.
    #[must_use]
    pub fn words(&self) -> usize {
        DIMENSION + self.bodies()
    }

    /// Bodies of a list: first those of the slots, then one for each total.
    #[must_use]
    pub fn bodies(&self) -> usize {
        self.used.len() + self.totals.len()
    }

    /// The totals that a list holds, each with its body and the bits of that body's plaintext, which
    /// is nothing but the total.
    pub fn totals(&self) -> impl Iterator<Item = (ListTotal, usize, u32)> {
        let place = |(body, &(total, bits)): (usize, &(ListTotal, u32))| (total, body, bits);
        (self.used.len()..).zip(&self.totals).map(place)
    }

    /// The body of a total and the bits of its plaintext, if lists hold totals.
    #[must_use]
    pub fn body_of(&self, total: ListTotal) -> Option<(usize, u32)> {
        let (_, body, bits) = self.totals().find(|&(other, ..)| other == total)?;
        Some((body, bits))
    }

    /// The largest value of a total in a sum of total weight `summands`.
    #[must_use]
    pub fn maximum_of(&self, total: ListTotal, summands: u64) -> u128 {
        total.maximum(self.request.slots, self.code_max()) * u128::from(summands)
    }

    /// Bits at the bottom of each body that belong to the noise; those above are the plaintext's.
    pub fn noise_bits(&self) -> impl Iterator<Item = u32> {
        let of_slots = self.used.iter().map(|_| self.plaintext_bits);
        of_slots.chain(self.totals.iter().map(|&(_, bits)| bits)).map(|bits| u64::BITS - bits)
    }

    /// Bits at the top of each body of slots that belong to the plaintext.
    #[must_use]
    pub fn plaintext_bits(&self) -> u32 {
        self.plaintext_bits
    }

    /// SHA-256 of the request and of everything derived from it: two parties with the same id put
    /// every bit in the same place.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"pulseproof/fhe/layout/v2");
        let mut number = |value: u128| hash.update(value.to_le_bytes());
        let mut signed = |value: i64| number(u128::from(value.cast_unsigned()));
        signed(self.request.scale.minimum);
        signed(self.request.scale.maximum);
        signed(self.request.inside.0);
        signed(self.request.inside.1);
        number(u128::from(self.request.scale.decimals));
        number(self.request.slots as u128);
        number(u128::from(self.request.summands_max));
        number(DIMENSION as u128);
        number(u128::from(NOISE_MAX_PER_SUMMAND));
        number(u128::from(self.plaintext_bits));
        number(self.used.len() as u128);
        number(self.limbs.len() as u128);
        for limb in &self.limbs {
            number(limb.field as u128);
            number(u128::from(limb.shift));
            number(u128::from(limb.maximum));
            number(u128::from(limb.width));
        }
        for place in &self.places {
            number(place.body as u128);
            number(u128::from(place.shift));
        }
        for &(total, bits) in &self.totals {
            number(total as u128);
            number(u128::from(bits));
        }
        hash.finalize().into()
    }

    /// The largest contribution of one reading to each field.
    #[must_use]
    pub fn field_maxima(&self) -> &[(Quantity, u128); 4] {
        &self.maxima
    }

    /// Bits of each body of slots, from the plaintext's lowest on, that belong to a field.
    #[must_use]
    pub fn used(&self) -> &[u32] {
        &self.used
    }

    /// The limbs of a slot, the same for every slot: field by field, low limbs first.
    #[must_use]
    pub fn limbs(&self) -> &[Limb] {
        &self.limbs
    }

    /// The limbs of each slot, slot by slot, with their places.
    pub fn slots(&self) -> impl Iterator<Item = impl Iterator<Item = (&Limb, Place)>> {
        self.places
            .chunks_exact(self.limbs.len())
            .map(|places| self.limbs.iter().zip(places.iter().copied()))
    }

    /// The largest code of a reading.
    #[must_use]
    pub fn code_max(&self) -> u64 {
        self.request.scale.code_max()
    }

    /// The codes of the first and the last raw value inside the range of interest.
    #[must_use]
    pub fn inside_codes(&self) -> (u64, u64) {
        let (low, high) = self.request.inside;
        let code = |raw: i64| raw.abs_diff(self.request.scale.minimum);
        (code(low), code(high))
    }
}

impl TryFrom<LayoutRequest> for Layout {
    type Error = LayoutError;

    fn try_from(request: LayoutRequest) -> Result<Self, LayoutError> {
        Self::plan(request)
    }
}

impl From<Layout> for LayoutRequest {
    fn from(layout: Layout) -> Self {
        layout.request
    }
}
