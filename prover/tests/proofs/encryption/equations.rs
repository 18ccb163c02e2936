//! The equations of `docs/encryption-proof.md`, one by one, as sums of cells times numbers.
//!
//! Nothing is gathered, shared or shortened: a row of a product has 2048 terms here.

use pulseproof_packing::{DIMENSION, Layout, ListTotal, PublicKey, Quantity};

const BASE: usize = 4096;
const NOISE: i128 = 1 << 17;
const CARRY: i128 = 2048;
const Q: i128 = 1 << 64;

/// A cell of a column, or the square of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    Word(usize),
    Carry(usize),
    High(usize),
    Low(usize),
    Bit(usize),
    Value(usize),
    Square(usize),
    Digit(usize),
}
use Cell::{Bit, Carry, Digit, High, Low, Square, Value, Word};

/// Σ number·cell + constant.
#[derive(Clone, Debug, Default)]
pub struct Form {
    pub terms: Vec<(Cell, i128)>,
    pub constant: i128,
}

impl Form {
    fn of(terms: impl IntoIterator<Item = (i128, Cell)>) -> Self {
        Self::default().plus(1, terms)
    }

    /// This, and `factor` times those.
    fn plus(mut self, factor: i128, terms: impl IntoIterator<Item = (i128, Cell)>) -> Self {
        self.terms.extend(terms.into_iter().map(|(number, cell)| (cell, factor * number)));
        self
    }

    fn plus_form(mut self, factor: i128, other: &Self) -> Self {
        self.terms.extend(other.terms.iter().map(|&(cell, number)| (cell, factor * number)));
        self.constant += factor * other.constant;
        self
    }

    fn and(mut self, constant: i128) -> Self {
        self.constant += constant;
        self
    }
}

/// Every equation with its number e.
pub struct Equations<'a, S> {
    layout: &'a Layout,
    /// N.
    rows: usize,
    next: usize,
    digits: usize,
    /// For each slot and limb, what the layout puts in its place.
    limbs: Vec<Vec<Form>>,
    sink: S,
}

/// Tells all equations to `sink`, and how many digits they take.
pub fn equations(
    layout: &Layout,
    key: &PublicKey,
    rows: usize,
    sink: impl FnMut(usize, &Form),
) -> usize {
    let mut all = Equations { layout, rows, next: rows, digits: 0, limbs: Vec::new(), sink };
    for slot in 0..layout.request().slots {
        all.slot(slot);
    }
    if layout.totals().next().is_some() {
        all.mean();
    }
    all.words(key);
    all.digits
}

fn bits(value: i128) -> u32 {
    i128::BITS - value.leading_zeros()
}

impl<S: FnMut(usize, &Form)> Equations<'_, S> {
    fn say(&mut self, form: &Form) {
        (self.sink)(self.next, form);
        self.next += 1;
    }

    /// The next digits, as many as numbers up to `most` need: Σ digit·4096^p, and the last of them.
    fn digits(&mut self, most: i128) -> Form {
        let count = bits(most).div_ceil(12) as usize;
        let first = self.digits;
        self.digits += count;
        Form::of((0..count).map(|p| (1 << (12 * p), Digit(first + p))))
    }

    fn number(&mut self, form: Form, most: i128) {
        let digits = self.digits(most);
        self.say(&form.plus_form(-1, &digits));
    }

    fn slot(&mut self, s: usize) {
        let x_max = i128::from(self.layout.code_max());
        let (low, high) = self.layout.inside_codes();
        let (low, high) = (i128::from(low), i128::from(high));
        let off = (low * high).max((x_max - low) * (x_max - high));
        let [c, i, o] = [0, 1, 2].map(|at| Bit(DIMENSION + 3 * s + at));
        let (x, square) = (Value(3 * s), Square(3 * s));
        let t = || Form::of([(-1, square), (low + high, x), (-low * high, c)]);

        self.say(&Form::of([(1, c), (-1, i), (-1, o)]));
        let shifted = Form::of([(1, Value(3 * s + 1))]);
        self.say(&shifted.plus_form(-1, &t()).and(-off));
        self.say(&Form::of([(1, Value(3 * s + 2)), (-1, Value(3 * s + 1)), (-1, i)]));
        self.number(Form::of([(1, x)]), x_max);
        self.number(Form::of([(x_max, c), (-1, x)]), x_max);
        let u = || {
            let squares = [(1, Square(3 * s + 2)), (-1, Square(3 * s + 1))];
            Form::of(squares).plus(-(1 + 2 * off), [(1, i)])
        };
        self.number(u(), 2 * ((high - low) * (high - low) / 4));
        self.number(u().plus_form(-2, &t()).plus(-2, [(1, o)]), 2 * off);

        let quantities = [
            (Quantity::Count, c),
            (Quantity::Inside, i),
            (Quantity::Sum, x),
            (Quantity::SumOfSquares, square),
        ];
        let mut limbs = Vec::new();
        for (field, cell) in quantities {
            limbs.extend(self.limbs_of(field, cell));
        }
        self.limbs.push(limbs);
    }

    /// What stands for each limb of a quantity.
    fn limbs_of(&mut self, field: Quantity, quantity: Cell) -> Vec<Form> {
        let layout = self.layout;
        let limbs: Vec<_> = layout.limbs().iter().filter(|limb| limb.field == field).collect();
        if limbs.len() == 1 {
            return vec![Form::of([(1, quantity)])];
        }
        let mut forms = Vec::new();
        for (index, limb) in limbs.iter().enumerate() {
            let form = self.digits(limb.maximum.into());
            let width = bits(limb.maximum.into());
            if index + 1 < limbs.len() && !width.is_multiple_of(12) {
                let &(top, _) = form.terms.last().expect("it has bits");
                let one_more = Digit(self.digits);
                self.digits += 1;
                let spare = 12 * width.div_ceil(12) - width;
                self.say(&Form::of([(1, one_more), (-(1 << spare), top)]));
            }
            forms.push(form);
        }
        let whole = Form::of([(1, quantity)]);
        let parts = limbs.iter().zip(&forms);
        let rest = parts.fold(whole, |rest, (limb, form)| rest.plus_form(-(1 << limb.shift), form));
        self.say(&rest);
        forms
    }

    /// Σ over slots of the cell that stands at `at` of slot 0, in steps of three.
    fn over_slots(&self, cell: fn(usize) -> Cell, at: usize) -> Form {
        Form::of((0..self.layout.request().slots).map(|s| (1, cell(at + 3 * s))))
    }

    fn mean(&mut self) {
        let slots = self.layout.request().slots;
        let (s, x_max) = (slots as i128, i128::from(self.layout.code_max()));
        let [count, mean, both] = [0, 1, 2].map(|at| 3 * slots + at);
        let f = Bit(DIMENSION + 3 * slots);
        let w = || {
            let squares = [(-1, Square(both)), (1, Square(count)), (1, Square(mean))];
            let codes = self.over_slots(Value, 0);
            Form::of([(1, Value(count))]).plus_form(2, &codes).plus(1, squares)
        };
        let (w, again) = (w(), w());
        let counts = self.over_slots(Bit, DIMENSION);
        self.say(&Form::of([(1, Value(count))]).plus_form(-1, &counts));
        self.say(&Form::of([(1, Value(both)), (-1, Value(count)), (-1, Value(mean))]));
        self.number(w, 2 * s);
        self.number(Form::of([(2, Value(count)), (-1, f)]).plus_form(-1, &again), 2 * s);
        self.number(Form::of([(s, f), (-1, Value(count))]), s);
        self.number(Form::of([(1, Value(count)), (-1, f)]), s);
        self.number(Form::of([(1, Value(mean))]), x_max);
        self.number(Form::of([(x_max, f), (-1, Value(mean))]), x_max);
    }

    /// m_j of every body.
    fn plaintexts(&self) -> Vec<Form> {
        let mut plaintexts = vec![Form::default(); self.layout.bodies()];
        let add = |plaintext: &mut Form, factor, form: &Form| {
            *plaintext = std::mem::take(plaintext).plus_form(factor, form);
        };
        for (forms, places) in self.limbs.iter().zip(self.layout.slots()) {
            for (form, (_, place)) in forms.iter().zip(places) {
                add(&mut plaintexts[place.body], 1 << place.shift, form);
            }
        }
        for (total, body, _) in self.layout.totals() {
            let form = match total {
                ListTotal::Count => self.over_slots(Bit, DIMENSION),
                ListTotal::Inside => self.over_slots(Bit, DIMENSION + 1),
                ListTotal::Sum => self.over_slots(Value, 0),
                ListTotal::Mean => Form::of([(1, Value(3 * self.limbs.len() + 1))]),
            };
            add(&mut plaintexts[body], 1, &form);
        }
        plaintexts
    }

    fn words(&mut self, key: &PublicKey) {
        let n = DIMENSION;
        let plaintexts = self.plaintexts();
        let noise_bits: Vec<u32> = self.layout.noise_bits().collect();
        for j in 0..self.rows {
            let mut form = Form::of([(1, Word(j))]);
            if j < n + plaintexts.len() {
                let product = if j < n {
                    coefficient(key.mask(), j)
                } else {
                    coefficient(key.body(), n - 1 - (j - n))
                };
                form = form.plus(-1, product);
                form = form.plus(-1, [(64, High(j)), (1, Low(j))]).and(NOISE);
                form = form.plus(Q, [(1, Carry(j))]).and(-Q * CARRY);
            }
            if (n..n + plaintexts.len()).contains(&j) {
                form = form.plus_form(-(1 << noise_bits[j - n]), &plaintexts[j - n]);
            }
            (self.sink)(j, &form);
        }
    }
}

/// [X^j](a·R): X^n is −1.
fn coefficient(a: &[u64], j: usize) -> impl Iterator<Item = (i128, Cell)> {
    let signed = |word: u64| i128::from(word.cast_signed());
    (0..DIMENSION).map(move |l| {
        let number = if l <= j { signed(a[j - l]) } else { -signed(a[DIMENSION + j - l]) };
        (number, Bit(l))
    })
}

/// g, the columns of digits.
pub fn digit_columns(digits: usize) -> usize {
    digits.div_ceil(BASE).max(1)
}
