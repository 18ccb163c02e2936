//! The prover's columns, from what a device knows of its encryption.

use pulseproof_kernels::Curve;
use pulseproof_packing::{DIMENSION, EncryptionWitness, ListTotal, Totals};
use zeroize::{Zeroize, Zeroizing};

use super::form::Cell;
use super::layout::{DIGIT_BITS, ROWS, slot_bits, slot_values, some_bit};
use super::scheme::{CARRY_OFFSET, NOISE_BOUND, NOISE_LOW, Scheme};

/// What a device knows of its list.
#[derive(Clone, Copy)]
pub struct Secrets<'a> {
    /// What it was encrypted with.
    pub encryption: &'a EncryptionWitness,
    /// The quantities of each slot.
    pub slots: &'a [Totals],
}

/// The columns that the prover commits to, in the circuit's order but as integers.
pub(super) struct Witness {
    pub carries: Vec<u64>,
    pub noise_high: Vec<u64>,
    pub noise_low: Vec<u64>,
    pub bits: Vec<u64>,
    pub values: Vec<u64>,
    pub digits: Vec<u64>,
}

impl Drop for Witness {
    fn drop(&mut self) {
        for column in [
            &mut self.carries,
            &mut self.noise_high,
            &mut self.noise_low,
            &mut self.bits,
            &mut self.values,
            &mut self.digits,
        ] {
            column.zeroize();
        }
    }
}

impl Witness {
    /// The columns of these secrets, and the words they encrypt to.
    pub fn new<C: Curve>(scheme: &Scheme<C>, words: &[u64], secrets: &Secrets<'_>) -> Self {
        let mut witness = Self {
            carries: vec![0; ROWS],
            noise_high: vec![0; ROWS],
            noise_low: vec![0; ROWS],
            bits: vec![0; ROWS],
            values: vec![0; ROWS],
            digits: vec![0; scheme.digit_columns() * ROWS],
        };
        witness.fill_slots(scheme, secrets);
        witness.fill_digits(scheme);
        witness.fill_words(scheme, words, secrets);
        witness
    }

    fn fill_slots<C: Curve>(&mut self, scheme: &Scheme<C>, secrets: &Secrets<'_>) {
        let layout = scheme.layout();
        self.bits[..DIMENSION].copy_from_slice(secrets.encryption.selector());
        let (low, high) = layout.inside_codes();
        let (low, high, off) = (i128::from(low), i128::from(high), scheme.system.off());
        let mut totals = Totals::default();
        for (slot, quantities) in secrets.slots.iter().enumerate() {
            let [count, inside, code] =
                [quantities.count, quantities.inside, quantities.sum].map(narrow);
            for (row, bit) in
                slot_bits(slot).into_iter().zip([count, inside, count.wrapping_sub(inside)])
            {
                self.bits[row] = bit;
            }
            let x = i128::from(code);
            let t = (x - low) * (high - x) * i128::from(count);
            let shifted = narrow((t + off).unsigned_abs());
            for (row, value) in slot_values(slot).into_iter().zip([code, shifted, shifted + inside])
            {
                self.values[row] = value;
            }
            totals.count += quantities.count;
            totals.sum += quantities.sum;
        }
        if layout.body_of(ListTotal::Mean).is_some() {
            let (count, mean) = (narrow(totals.count), ListTotal::Mean.of(&totals));
            self.bits[some_bit(secrets.slots.len())] = u64::from(count > 0);
            let rows = slot_values(secrets.slots.len());
            for (row, value) in rows.into_iter().zip([count, mean, count + mean]) {
                self.values[row] = value;
            }
        }
        totals.zeroize();
    }

    pub fn value(&self, cell: Cell) -> i128 {
        let square = |value: u64| i128::from(value) * i128::from(value);
        match cell {
            Cell::Bit(row) => self.bits[row].into(),
            Cell::Value(row) => self.values[row].into(),
            Cell::Square(row) => square(self.values[row]),
            Cell::Digit(row) => self.digits[row].into(),
        }
    }

    fn fill_digits<C: Curve>(&mut self, scheme: &Scheme<C>) {
        for number in &scheme.system.numbers {
            let value = number.value.value(|cell| self.value(cell));
            self.write(number.first, number.count, value.unsigned_abs());
        }
        for cut in &scheme.system.cuts {
            let value = cut.value.value(|cell| self.value(cell)).unsigned_abs();
            for limb in &cut.limbs {
                let part = value >> limb.shift & (u128::MAX >> (u128::BITS - limb.bits));
                self.write(limb.first, limb.count, part);
                if let Some((cell, scale)) = limb.scaled {
                    let top = self.digits[limb.first + limb.count - 1];
                    self.digits[cell] = top * narrow(scale.unsigned_abs());
                }
            }
        }
    }

    fn write(&mut self, first: usize, count: usize, value: u128) {
        let mask = (1 << DIGIT_BITS) - 1;
        for (index, digit) in self.digits[first..first + count].iter_mut().enumerate() {
            *digit = narrow(value >> (DIGIT_BITS as usize * index) & mask);
        }
    }

    /// Noise, and the carries of key·r̄ + noise + message over the word.
    fn fill_words<C: Curve>(&mut self, scheme: &Scheme<C>, words: &[u64], secrets: &Secrets<'_>) {
        let messages = scheme.system.messages.iter();
        let messages: Zeroizing<Vec<i128>> =
            Zeroizing::new(messages.map(|form| form.value(|cell| self.value(cell))).collect());
        let masks = product(scheme.key().mask(), secrets.encryption.selector(), 0..DIMENSION);
        let bodies = (0..scheme.words() - DIMENSION).map(|body| DIMENSION - 1 - body);
        let bodies = product(scheme.key().body(), secrets.encryption.selector(), bodies);
        let sums = masks.iter().chain(bodies.iter());
        let noise = secrets.encryption.mask_noise().iter().chain(secrets.encryption.body_noise());
        let messages = std::iter::repeat_n(&0, DIMENSION).chain(messages.iter());
        let rows = sums.zip(noise).zip(messages).zip(words).enumerate();
        for (row, (((&sum, &noise), &message), &word)) in rows {
            let shifted = noise.wrapping_add_unsigned(NOISE_BOUND).cast_unsigned();
            // The last value takes one more than 64·4095 + 63.
            let high = (shifted / NOISE_LOW).min((1 << DIGIT_BITS) - 1);
            self.noise_high[row] = high;
            self.noise_low[row] = shifted.wrapping_sub(NOISE_LOW.wrapping_mul(high));
            let carry = (sum + i128::from(noise) + message - i128::from(word)) >> u64::BITS;
            self.carries[row] =
                narrow(carry.wrapping_add_unsigned(CARRY_OFFSET.into()).unsigned_abs());
        }
    }
}

/// These coefficients of a polynomial times one of bits, modulo X^2048 + 1 and over the integers.
/// Which words are added does not depend on the bits, only whether each is masked to zero.
fn product(
    key: &[u64],
    bits: &[u64],
    coefficients: impl Iterator<Item = usize>,
) -> Zeroizing<Vec<i128>> {
    let signed = key.iter().map(|word| i128::from(word.cast_signed()));
    // Coefficient c of key·X^l is number 2048 + c − l of this.
    let turned: Vec<i128> = signed.clone().map(|word| -word).chain(signed).collect();
    let masks: Zeroizing<Vec<i128>> =
        Zeroizing::new(bits.iter().map(|&bit| -i128::from(bit)).collect());
    let coefficient = |c: usize| {
        let words = turned[c + 1..=DIMENSION + c].iter().rev();
        masks.iter().zip(words).map(|(mask, word)| mask & word).sum()
    };
    Zeroizing::new(coefficients.map(coefficient).collect())
}

/// # Panics
/// Never for the secrets of an encryption: all values were bounded by the layout.
fn narrow(value: u128) -> u64 {
    u64::try_from(value).expect("values of a layout fit a word")
}
