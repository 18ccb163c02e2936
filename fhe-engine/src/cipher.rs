//! Encryption of readings, addition of lists, decryption of sums.

use tfhe::core_crypto::commons::generators::NoiseRandomGenerator;
use tfhe::core_crypto::prelude::*;
use zeroize::Zeroizing;

use crate::ciphertext::Ciphertext;
use crate::error::{DecryptError, EncryptError, Field};
use crate::keys::{PublicKey, SecretKey, SystemSeeder, noise};
use crate::layout::Layout;
use crate::list_total::ListTotal;
use crate::noise::DIMENSION;
use crate::packing::{Limb, Place};
use crate::totals::Totals;

/// Adds `weight` times `list` to `sum`, word by word, modulo 2^64.
///
/// # Panics
///
/// If the two are not equally long.
pub fn add_assign(sum: &mut [u64], list: &[u64], weight: u64) {
    assert_eq!(sum.len(), list.len(), "lists of one layout are equally long");
    for (sum, word) in sum.iter_mut().zip(list) {
        *sum = sum.wrapping_add(word.wrapping_mul(weight));
    }
}

impl PublicKey {
    /// Encrypts raw values, each in the next slot; slots left over count as absent.
    pub fn encrypt(&self, layout: &Layout, readings: &[i64]) -> Result<Vec<u64>, EncryptError> {
        self.encrypt_from(layout, readings, &mut SystemSeeder)
    }

    /// Encrypts with the randomness of `seeder`.
    pub(crate) fn encrypt_from(
        &self,
        layout: &Layout,
        readings: &[i64],
        seeder: &mut impl Seeder,
    ) -> Result<Vec<u64>, EncryptError> {
        Ok(self.encrypt_words(&encode(layout, readings)?, seeder))
    }

    /// Encrypts a number by itself, in a plaintext of `plaintext_bits`: a word for a program.
    ///
    /// # Panics
    /// If the number does not fit.
    #[must_use]
    pub fn encrypt_word(&self, value: u64, plaintext_bits: u32) -> Ciphertext {
        assert!(value.checked_shr(plaintext_bits).is_none_or(|rest| rest == 0), "too wide");
        let word = Zeroizing::new([value << (u64::BITS - plaintext_bits)]);
        Ciphertext::of_body(&self.encrypt_words(&word[..], &mut SystemSeeder), 0)
    }

    /// One mask, and a body for each plaintext.
    fn encrypt_words(&self, words: &[u64], seeder: &mut impl Seeder) -> Vec<u64> {
        let plaintext = PlaintextList::from_container(words);
        let mut list = LweCompactCiphertextList::new(
            0,
            LweDimension(DIMENSION).to_lwe_size(),
            LweCiphertextCount(words.len()),
            CiphertextModulus::new_native(),
        );
        encrypt_lwe_compact_ciphertext_list_with_compact_public_key(
            self.key(),
            &mut list,
            &plaintext,
            noise(),
            noise(),
            &mut NoiseRandomGenerator::<DefaultRandomGenerator>::new(seeder),
        );
        list.into_container()
    }
}

impl SecretKey {
    /// Opens a sum of total weight `summands` and returns its totals, or refuses it whole if any
    /// field holds what that many readings per slot cannot add up to.
    pub fn decrypt(
        &self,
        layout: &Layout,
        sum: &[u64],
        summands: u64,
    ) -> Result<Totals, DecryptError> {
        if sum.len() != layout.words() {
            return Err(DecryptError::Length { found: sum.len(), expected: layout.words() });
        }
        if summands == 0 {
            return Err(DecryptError::NoSummands);
        }
        let limit = layout.request().summands_max;
        if summands > limit {
            return Err(DecryptError::TooManySummands { found: summands, limit });
        }
        let (mask, bodies) = sum.split_at(DIMENSION);
        let mut plaintexts = phases(self.bits(), mask, bodies);
        for (word, noise_bits) in plaintexts.iter_mut().zip(layout.noise_bits()) {
            *word = word.wrapping_add(1 << (noise_bits - 1)) >> noise_bits;
        }
        decode(layout, &plaintexts, summands)
    }
}

/// The plaintext words of a list.
fn encode(layout: &Layout, readings: &[i64]) -> Result<Zeroizing<Vec<u64>>, EncryptError> {
    let slots = layout.request().slots;
    if readings.len() > slots {
        return Err(EncryptError::TooManyReadings { found: readings.len(), slots });
    }
    let scale = layout.request().scale;
    let noise_bits = u64::BITS - layout.plaintext_bits();
    let mut words = Zeroizing::new(vec![0u64; layout.bodies()]);
    for (index, (&raw, limbs)) in readings.iter().zip(layout.slots()).enumerate() {
        let code = scale.code(raw).ok_or(EncryptError::OutOfRange {
            index,
            found: raw,
            minimum: scale.minimum,
            maximum: scale.maximum,
        })?;
        let code = u128::from(code);
        for (limb, place) in limbs {
            let value = match limb.field {
                Field::Count => 1,
                Field::Inside => u128::from(layout.is_inside(raw)),
                Field::Sum => code,
                Field::SumOfSquares => code * code,
            };
            words[place.body] |= limb.of(value) << (noise_bits + place.shift);
        }
    }
    let totals = Zeroizing::new(Totals::of_readings(layout, readings.iter().copied()));
    for total in ListTotal::ALL {
        if let Some((body, bits)) = layout.body_of(total) {
            words[body] = total.of(&totals) << (u64::BITS - bits);
        }
    }
    Ok(words)
}

/// The totals of the plaintexts of a sum. Everything is looked at before anything is refused, so that the
/// time it takes does not tell what was wrong.
pub(crate) fn decode(
    layout: &Layout,
    plaintexts: &[u64],
    summands: u64,
) -> Result<Totals, DecryptError> {
    let unused = |(&plaintext, &used): (&u64, &u32)| plaintext >> used;
    let unused = plaintexts.iter().zip(layout.used()).map(unused).fold(0, |all, of| all | of);
    let mut wrong = (unused != 0).then_some(DecryptError::UnusedBits);
    let mut totals = Totals::default();
    for limbs in layout.slots() {
        let (mut slot, implausible) = decode_slot(layout, limbs, plaintexts, summands);
        wrong = wrong.or(implausible.map(|field| DecryptError::Implausible { field, summands }));
        for &(field, _) in layout.field_maxima() {
            let total = totals.of_mut(field);
            *total = total.saturating_add(*slot.of_mut(field));
        }
    }
    let claimed = |total| layout.body_of(total).map(|(body, _)| u128::from(plaintexts[body]));
    for (total, value) in [
        (ListTotal::Count, totals.count),
        (ListTotal::Inside, totals.inside),
        (ListTotal::Sum, totals.sum),
    ] {
        let same = claimed(total).is_none_or(|claimed| claimed == value);
        wrong = wrong.or((!same).then_some(DecryptError::Inconsistent { total }));
    }
    wrong.map_or(Ok(totals), Err)
}

/// The totals of one slot, and a field that holds what so many readings cannot add up to, if any does.
fn decode_slot<'a>(
    layout: &Layout,
    limbs: impl Iterator<Item = (&'a Limb, Place)>,
    plaintexts: &[u64],
    summands: u64,
) -> (Totals, Option<Field>) {
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

/// Plaintext plus noise of each body: the body minus the inner product of the key with the mask
/// times X^i, in the ring of polynomials modulo X^2048 + 1.
///
/// Which words are added does not depend on the key, only whether each is masked to zero.
pub(crate) fn phases(key: &[u64], mask: &[u64], bodies: &[u64]) -> Zeroizing<Vec<u64>> {
    // Coefficient j of mask·X^i is word DIMENSION − i + j of this.
    let rotations: Vec<u64> =
        mask.iter().map(|word| word.wrapping_neg()).chain(mask.iter().copied()).collect();
    let phase = |(i, &body): (usize, &u64)| {
        let rotated = &rotations[DIMENSION - i..];
        key.iter()
            .zip(rotated)
            .fold(body, |phase, (bit, word)| phase.wrapping_sub(word & bit.wrapping_neg()))
    };
    Zeroizing::new(bodies.iter().enumerate().map(phase).collect())
}
