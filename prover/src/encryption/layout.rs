//! From a layout to linear equations: which cell holds what, and what must hold between cells.
//!
//! | cells | hold |
//! |---|---|
//! | bits, rows 0 … 2047 | r, the randomness of the encryption |
//! | bits, from row 2048 on, three for each slot | count, inside, outside (counted and not inside) |
//! | values, three for each slot | the code x; t′; t′ + inside, see `System::slot` |
//! | digits | numbers in base 4096: each number here is shown not to be negative, or to have few bits |
//!
//! With totals there are, after the slots, one more bit and three more values; see `System::mean`.

#![cfg_attr(
    not(feature = "prove"),
    allow(dead_code, reason = "what digits are computed from, only a prover reads")
)]

use pulseproof_packing::{DIMENSION, Layout, Limb, ListTotal, Quantity};

use super::form::{Cell, Form};

/// Bits of a digit: digits are looked up in the table 0 … 4095.
pub(super) const DIGIT_BITS: u32 = 12;
/// Rows of every column: an SRS must be for vectors of at least as many words.
pub const ROWS: usize = 2 * DIMENSION;
/// Widest code: squares of what is computed with it, times powers of the base, stay below 2^127.
pub const CODE_BITS_MAX: u32 = 24;
/// Most columns of digits.
pub const DIGIT_COLUMNS_MAX: usize = 2;
/// Most slots: each takes three of the bits that the encryption's randomness leaves.
pub const SLOTS_MAX: usize = (ROWS - DIMENSION - 1) / 3;

/// No proof can be made of lists with this layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {found}, at most {limit} can be proved to be well-formed")]
pub struct NotProvable {
    /// What is too large.
    pub what: &'static str,
    /// How large.
    pub found: usize,
    /// The limit.
    pub limit: usize,
}

/// A number as digits: `value` = Σ digit·4096^i, so it is in 0 … 4096^`count` − 1.
#[derive(Clone, Debug)]
pub(super) struct Number {
    pub value: Form,
    pub first: usize,
    pub count: usize,
}

/// A quantity that a layout cuts: `value` = Σ limb·2^shift.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub value: Form,
    pub limbs: Vec<CutLimb>,
}

/// A limb of a cut as digits. Below the top limb, the top digit is shown to have no more bits than the
/// limb leaves it: its multiple by `scale` is a digit as well.
#[derive(Clone, Debug)]
pub(super) struct CutLimb {
    pub shift: u32,
    pub bits: u32,
    pub first: usize,
    pub count: usize,
    /// The cell of the multiple, and the factor.
    pub scaled: Option<(usize, i128)>,
}

/// The equations of a layout.
pub(super) struct System {
    /// The plaintext of each body, in its place at the top of the word.
    pub messages: Vec<Form>,
    /// What must be zero.
    pub zeros: Vec<Form>,
    /// What digits are computed from, in this order. Their equations are among `zeros`.
    pub numbers: Vec<Number>,
    /// The same of quantities that are cut.
    pub cuts: Vec<Cut>,
    /// The cells of each slot's quantities.
    digits: usize,
    off: i128,
}

/// The bits of a slot.
pub(super) fn slot_bits(slot: usize) -> [usize; 3] {
    [0, 1, 2].map(|bit| DIMENSION + 3 * slot + bit)
}

/// The bit that says whether a list with totals has readings.
pub(super) fn some_bit(slots: usize) -> usize {
    DIMENSION + 3 * slots
}

/// The values of a slot; behind the last slot, those of the mean.
pub(super) fn slot_values(slot: usize) -> [usize; 3] {
    [0, 1, 2].map(|value| 3 * slot + value)
}

fn cells(make: fn(usize) -> Cell, rows: [usize; 3]) -> [Form; 3] {
    rows.map(|row| Form::of(make(row)))
}

impl System {
    pub fn new(layout: &Layout) -> Result<Self, NotProvable> {
        let slots = layout.request().slots;
        let check = |what, found, limit| match found <= limit {
            true => Ok(()),
            false => Err(NotProvable { what, found, limit }),
        };
        check("slots", slots, SLOTS_MAX)?;
        let code_bits = (u64::BITS - layout.code_max().leading_zeros()) as usize;
        check("bits of a code", code_bits, CODE_BITS_MAX as usize)?;

        let (low, high) = inside(layout);
        let code_max = i128::from(layout.code_max());
        let off = (low * high).max((code_max - low) * (code_max - high));
        let noise: Vec<u32> = layout.noise_bits().collect();
        let mut system = Self {
            messages: vec![Form::default(); noise.len()],
            zeros: Vec::new(),
            numbers: Vec::new(),
            cuts: Vec::new(),
            digits: 0,
            off,
        };
        for (slot, limbs) in layout.slots().enumerate() {
            let quantities = system.slot(layout, slot);
            let limbs: Vec<_> = limbs.collect();
            for (field, quantity) in quantities {
                let mine: Vec<_> = limbs.iter().filter(|(limb, _)| limb.field == field).collect();
                let parts = system.cut(quantity, mine.iter().map(|(limb, _)| *limb));
                for (part, (_, place)) in parts.iter().zip(mine) {
                    let shift = noise[place.body] + place.shift;
                    let message = std::mem::take(&mut system.messages[place.body]);
                    system.messages[place.body] = message.plus(1 << shift, part);
                }
            }
        }
        system.totals(layout, &noise);
        check("digits", system.digits, DIGIT_COLUMNS_MAX * ROWS)?;
        Ok(system)
    }

    /// How many columns the digits fill.
    pub fn digit_columns(&self) -> usize {
        self.digits.div_ceil(ROWS).max(1)
    }

    /// What is added to t so that it is never negative.
    pub fn off(&self) -> i128 {
        self.off
    }

    /// One slot: the four quantities, and what must hold among them.
    ///
    /// Let t = (x − low)(high − x) for a reading and 0 for an absent one; it is −x² + (low + high)·x −
    /// low·high·count, and not negative exactly for codes inside. t′ = t + off is never negative. With
    /// inside a bit, inside·t′ = ((t′ + inside)² − t′² − inside)/2. So
    /// inside·t ≥ 0 shows that what is marked as inside is, and (inside − 1)·t − outside ≥ 0 that what
    /// is not is not.
    fn slot(&mut self, layout: &Layout, slot: usize) -> [(Quantity, Form); 4] {
        let [count, inside_bit, outside] = cells(Cell::Bit, slot_bits(slot));
        let rows = slot_values(slot);
        let [code, shifted, both] = cells(Cell::Value, rows);
        let [square, shifted_square, both_square] = cells(Cell::Square, rows);
        let ((low, high), off) = (inside(layout), self.off);
        let code_max = i128::from(layout.code_max());

        self.zero(count.clone().plus(-1, &inside_bit).plus(-1, &outside));
        let t =
            (Form::default().plus(-1, &square)).plus(low + high, &code).plus(-low * high, &count);
        self.zero(shifted.clone().plus(-1, &t).plus_constant(-off));
        self.zero(both.plus(-1, &shifted).plus(-1, &inside_bit));

        self.not_negative(code.clone(), code_max);
        self.not_negative(Form::default().plus(code_max, &count).plus(-1, &code), code_max);
        // Twice inside·t.
        let kept = (both_square.plus(-1, &shifted_square)).plus(-1 - 2 * off, &inside_bit);
        let widest = (high - low) * (high - low) / 4;
        self.not_negative(kept.clone(), 2 * widest);
        let left = kept.plus(-2, &t).plus(-2, &outside);
        self.not_negative(left, 2 * off);
        [
            (Quantity::Count, count),
            (Quantity::Inside, inside_bit),
            (Quantity::Sum, code),
            (Quantity::SumOfSquares, square),
        ]
    }

    /// The device's own totals over all slots, in bodies of their own.
    fn totals(&mut self, layout: &Layout, noise: &[u32]) {
        let slots = layout.request().slots;
        let total = |form: fn(usize) -> Cell| {
            (0..slots).fold(Form::default(), |sum, slot| sum.plus_cell(1, form(slot)))
        };
        let count = total(|slot| Cell::Bit(slot_bits(slot)[0]));
        let sum = total(|slot| Cell::Value(slot_values(slot)[0]));
        for (of, body, _) in layout.totals() {
            let value = match of {
                ListTotal::Count => count.clone(),
                ListTotal::Inside => total(|slot| Cell::Bit(slot_bits(slot)[1])),
                ListTotal::Sum => sum.clone(),
                ListTotal::Mean => self.mean(layout, &count, &sum),
            };
            self.messages[body] = Form::default().plus(1 << noise[body], &value);
        }
    }

    /// The mean, rounded: the m with 2·count·m ≤ 2·sum + count < 2·count·(m + 1), or 0 without readings.
    ///
    /// The count, the mean and their sum are values, so that 2·count·m is a difference of squares.
    /// The bit `some` is 1 exactly if the count is not zero.
    fn mean(&mut self, layout: &Layout, count: &Form, sum: &Form) -> Form {
        let slots = layout.request().slots;
        let (most, code_max) = (slots as i128, i128::from(layout.code_max()));
        let rows = slot_values(slots);
        let [counted, mean, both] = cells(Cell::Value, rows);
        let [counted_square, mean_square, both_square] = cells(Cell::Square, rows);
        let some = Form::of(Cell::Bit(some_bit(slots)));

        self.zero(counted.clone().plus(-1, count));
        self.zero(both.plus(-1, &counted).plus(-1, &mean));
        let product = both_square.plus(-1, &counted_square).plus(-1, &mean_square);
        let rest = counted.clone().plus(2, sum).plus(-1, &product);
        self.not_negative(rest.clone(), 2 * most);
        let room = Form::default().plus(2, &counted).plus(-1, &some).plus(-1, &rest);
        self.not_negative(room, 2 * most);
        self.not_negative(Form::default().plus(most, &some).plus(-1, &counted), most);
        self.not_negative(counted.plus(-1, &some), most);
        self.not_negative(mean.clone(), code_max);
        self.not_negative(Form::default().plus(code_max, &some).plus(-1, &mean), code_max);
        mean
    }

    fn zero(&mut self, form: Form) {
        self.zeros.push(form);
    }

    /// Shows that a number, which for honest devices is at most `most`, is not negative.
    fn not_negative(&mut self, value: Form, most: i128) {
        let bits = i128::BITS - most.leading_zeros();
        let (first, count) = self.digits_of(bits);
        let digits = digit_sum(first, count);
        self.zero(value.clone().plus(-1, &digits));
        self.numbers.push(Number { value, first, count });
    }

    /// The limbs of a quantity. Lower limbs have exactly the bits that the cut gives them; the top one
    /// is then what remains.
    fn cut<'a>(
        &mut self,
        value: Form,
        limbs: impl ExactSizeIterator<Item = &'a Limb>,
    ) -> Vec<Form> {
        let count = limbs.len();
        if count == 1 {
            return vec![value];
        }
        let mut cut = Vec::with_capacity(count);
        for (index, limb) in limbs.enumerate() {
            let bits = u64::BITS - limb.maximum.leading_zeros();
            let (first, digits) = self.digits_of(bits);
            let spare = bits.next_multiple_of(DIGIT_BITS) - bits;
            let exact = index + 1 < count && spare > 0;
            let scaled = exact.then(|| (self.digits_of(1).0, 1 << spare));
            if let Some((cell, scale)) = scaled {
                let top = Cell::Digit(first + digits - 1);
                self.zero(Form::of(Cell::Digit(cell)).plus_cell(-scale, top));
            }
            cut.push(CutLimb { shift: limb.shift, bits, first, count: digits, scaled });
        }
        let parts: Vec<_> = cut.iter().map(|limb| digit_sum(limb.first, limb.count)).collect();
        let whole =
            |whole: Form, (limb, part): (&CutLimb, &Form)| whole.plus(-1 << limb.shift, part);
        self.zero(cut.iter().zip(&parts).fold(value.clone(), whole));
        self.cuts.push(Cut { value, limbs: cut });
        parts
    }

    /// Takes as many digits as so many bits need.
    fn digits_of(&mut self, bits: u32) -> (usize, usize) {
        let (first, count) = (self.digits, bits.div_ceil(DIGIT_BITS) as usize);
        self.digits += count;
        (first, count)
    }
}

/// First and last code that count as inside.
fn inside(layout: &Layout) -> (i128, i128) {
    let (low, high) = layout.inside_codes();
    (low.into(), high.into())
}

/// Σ digit·4096^i.
fn digit_sum(first: usize, count: usize) -> Form {
    let place = |sum: Form, index: usize| {
        let weight = 1i128 << (DIGIT_BITS as usize * index);
        sum.plus_cell(weight, Cell::Digit(first + index))
    };
    (0..count).fold(Form::default(), place)
}
