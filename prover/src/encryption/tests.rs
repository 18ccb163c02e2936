//! What the equations admit, exhaustively for small layouts, and what a malicious prover gets.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::sync::{Arc, OnceLock};

use pulseproof_kernels::Bn254;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::traits::*;
use pulseproof_packing::{
    DIMENSION, EncryptionWitness, Layout, LayoutRequest, ListTotal, PublicKey, Scale, Totals,
};
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};
use zeroize::Zeroizing;

use super::circuit::Columns;
use super::form::{Cell, Form};
use super::layout::{System, slot_bits, slot_values, some_bit};
use super::scheme::NOISE_BOUND;
use super::witness::Witness;
use super::*;
use crate::commitment::{Blinders, CommitmentKey};
use crate::engine::Circuit;
use crate::engine::prove::{Assignment, Blinding, Masked, ProvingKey, forge};
use crate::srs::{DEFAULT_LOG_SIZE, develop};

type C = Bn254;
type F = Scalar<C>;

fn plan(slots: usize, maximum: i64, inside: (i64, i64), summands_max: u64, totals: bool) -> Layout {
    let scale = Scale { decimals: 0, minimum: 0, maximum };
    Layout::plan(LayoutRequest { scale, inside, slots, summands_max, totals }).unwrap()
}

/// Values of cells that need not be those of any readings.
struct Cells {
    bits: Vec<i128>,
    values: Vec<i128>,
    digits: Vec<i128>,
}

impl Cells {
    fn of(&self, cell: Cell) -> i128 {
        match cell {
            Cell::Bit(row) => self.bits[row],
            Cell::Value(row) => self.values[row],
            Cell::Square(row) => self.values[row] * self.values[row],
            Cell::Digit(row) => self.digits[row],
        }
    }

    /// Fills the digits as well as can be, and says whether everything holds then.
    fn hold(&mut self, system: &System) -> bool {
        let mut fill = |value: i128, first: usize, count: usize| {
            for index in 0..count {
                self.digits[first + index] = value >> (12 * index) & 4095;
            }
        };
        let read = |cells: &[i128], values: &[i128], form: &Form| {
            form.value(|cell| match cell {
                Cell::Bit(row) => cells[row],
                Cell::Value(row) => values[row],
                Cell::Square(row) => values[row] * values[row],
                Cell::Digit(_) => unreachable!("numbers are computed from bits and values"),
            })
        };
        for number in &system.numbers {
            let value = read(&self.bits, &self.values, &number.value);
            fill(value, number.first, number.count);
        }
        let mut scaled = Vec::new();
        for cut in &system.cuts {
            let value = read(&self.bits, &self.values, &cut.value);
            for limb in &cut.limbs {
                let part = value >> limb.shift & ((1 << limb.bits) - 1);
                fill(part, limb.first, limb.count);
                scaled.extend(limb.scaled.map(|at| (limb.first + limb.count - 1, at)));
            }
        }
        for (top, (cell, scale)) in scaled {
            self.digits[cell] = self.digits[top] * scale;
        }
        self.digits.iter().all(|digit| (0..4096).contains(digit))
            && system.zeros.iter().all(|form| form.value(|cell| self.of(cell)) == 0)
    }
}

fn cells(system: &System) -> Cells {
    Cells {
        bits: vec![0; ROWS],
        values: vec![0; ROWS],
        digits: vec![0; system.digit_columns() * ROWS],
    }
}

#[test]
fn one_slot_holds_exactly_what_a_reading_or_none_contributes() {
    for (maximum, inside) in [(9, (3, 6)), (9, (0, 4)), (5, (0, 5)), (6, (6, 6)), (1, (0, 0))] {
        // So many summands that codes and squares are cut into limbs, and few.
        for summands in [1, 1 << 15, 1 << 17] {
            let layout = plan(1, maximum, inside, summands, false);
            let system = System::new(&layout).unwrap();
            let (low, high) = (i128::from(inside.0), i128::from(inside.1));
            let mut admitted = 0;
            for (pattern, code) in
                (0..8).flat_map(|p| (-3..=i128::from(maximum) + 3).map(move |x| (p, x)))
            {
                let [count, is_inside, outside] = [0, 1, 2].map(|bit| pattern >> bit & 1);
                let mut cells = cells(&system);
                for (row, bit) in slot_bits(0).into_iter().zip([count, is_inside, outside]) {
                    cells.bits[row] = bit;
                }
                let t = -code * code + (low + high) * code - low * high * count;
                let shifted = t + system.off();
                for (row, value) in
                    slot_values(0).into_iter().zip([code, shifted, shifted + is_inside])
                {
                    cells.values[row] = value;
                }
                let on_scale = (0..=i128::from(maximum)).contains(&code);
                let marked = is_inside == i128::from((low..=high).contains(&code));
                let reading = count == 1 && on_scale && marked && outside == 1 - is_inside;
                let nothing = (count, is_inside, outside, code) == (0, 0, 0, 0);
                let expected = reading || nothing;
                assert_eq!(cells.hold(&system), expected, "{layout:?}: {pattern:03b} {code}");
                admitted += usize::from(expected);
            }
            assert_eq!(admitted, usize::try_from(maximum).unwrap() + 2);
        }
    }
}

#[test]
fn messages_are_what_encryption_packs() {
    let mut rng = StdRng::seed_from_u64(1);
    for (slots, maximum, summands, totals) in [
        (5, 360, 20, true),
        (288, 360, 10, true),
        (100, 70_000, 1000, false),
        (20, 360, 60_000, false),
    ] {
        let layout = plan(slots, maximum, (maximum / 4, maximum / 2), summands, totals);
        let system = System::new(&layout).unwrap();
        for count in [0, 1, slots - 1, slots] {
            let readings: Vec<i64> = (0..count).map(|_| rng.gen_range(0..=maximum)).collect();
            let witness = witness_of(&layout, &readings);
            let value = |form: &Form| form.value(|cell| witness.value(cell));
            let messages: Vec<u64> =
                system.messages.iter().map(|m| u64::try_from(value(m)).unwrap()).collect();
            assert_eq!(messages, *layout.encode(&readings).unwrap());
            assert!(system.zeros.iter().all(|form| value(form) == 0));
        }
    }
}

#[test]
fn a_mean_is_the_rounded_one_and_no_other() {
    let layout = plan(3, 5, (1, 2), 10, true);
    let system = System::new(&layout).unwrap();
    for readings in [&[][..], &[0], &[5], &[1, 2], &[5, 5, 4], &[0, 0, 1], &[0, 1, 1]] {
        let witness = witness_of(&layout, readings);
        let totals = Totals::of_readings(&layout, readings.iter().copied());
        let right = i128::from(ListTotal::Mean.of(&totals));
        for mean in -2..=8 {
            let mut cells = cells(&system);
            for (to, from) in cells.bits.iter_mut().zip(&witness.bits) {
                *to = (*from).into();
            }
            for (to, from) in cells.values.iter_mut().zip(&witness.values) {
                *to = (*from).into();
            }
            let [counted, of_mean, both] = slot_values(3);
            cells.values[of_mean] = mean;
            cells.values[both] = cells.values[counted] + mean;
            assert_eq!(cells.hold(&system), mean == right, "{readings:?} {mean}");
            // Whether there is any reading is not the prover's to say.
            cells.bits[some_bit(3)] = 1 - cells.bits[some_bit(3)];
            assert!(!cells.hold(&system), "{readings:?} {mean}");
        }
    }
}

#[test]
fn what_is_too_large_is_named() {
    let refused =
        |slots, maximum| System::new(&plan(slots, maximum, (0, 1), 1, false)).err().unwrap();
    assert_eq!(refused(683, 5), NotProvable { what: "slots", found: 683, limit: 682 });
    let wide = NotProvable { what: "bits of a code", found: 25, limit: 24 };
    assert_eq!(refused(1, 1 << 24), wide);
    let digits = refused(682, (1 << 24) - 1);
    assert_eq!((digits.what, digits.limit), ("digits", 2 * 4096));
}

fn key() -> &'static ProvingKey<C> {
    static KEY: OnceLock<ProvingKey<C>> = OnceLock::new();
    KEY.get_or_init(|| {
        let srs = develop::generate(DEFAULT_LOG_SIZE, &mut StdRng::seed_from_u64(3)).unwrap();
        ProvingKey::new(Cpu::new(), Arc::new(srs)).unwrap()
    })
}

fn scheme_of(layout: &Layout) -> Scheme<C> {
    let mut rng = StdRng::seed_from_u64(4);
    let words = (0..2 * DIMENSION).map(|_| rng.next_u64()).collect();
    Scheme::new(layout.clone(), PublicKey::from_words(words).unwrap()).unwrap()
}

/// The witness of a list whose randomness and noise is zero.
fn witness_of(layout: &Layout, readings: &[i64]) -> Witness {
    let quiet = |count: usize| Zeroizing::new(vec![0; count]);
    let encryption = EncryptionWitness::new(
        Zeroizing::new(vec![0; DIMENSION]),
        quiet(DIMENSION),
        quiet(layout.bodies()),
    );
    let slots = layout.quantities(readings).unwrap();
    let secrets = Secrets { encryption: &encryption, slots: &slots };
    let words = [vec![0; DIMENSION], layout.encode(readings).unwrap().to_vec()].concat();
    Witness::new(&scheme_of(layout), &words, &secrets)
}

/// A dishonest device's columns: K, H, L, R, A, D, as field elements.
struct Lie {
    scheme: Scheme<C>,
    columns: Vec<Vec<F>>,
    words: Vec<F>,
}

const CARRY: usize = 0;
const HIGH: usize = 1;
const LOW: usize = 2;
const BIT: usize = 3;
const VALUE: usize = 4;
const DIGIT: usize = 5;

impl Lie {
    /// The columns of an honest device with readings 3 and 8 of 0 … 9, inside from 2 to 5.
    fn begin() -> Self {
        let layout = plan(3, 9, (2, 5), 10, true);
        let witness = witness_of(&layout, &[3, 8]);
        let field = |column: &[u64]| column.iter().map(|&v| F::from(v)).collect::<Vec<_>>();
        let columns = [
            &witness.carries,
            &witness.noise_high,
            &witness.noise_low,
            &witness.bits,
            &witness.values,
            &witness.digits,
        ];
        let mut columns: Vec<_> = columns.into_iter().map(|column| field(column)).collect();
        columns.iter_mut().for_each(|column| column.resize(ROWS, F::ZERO));
        let mut lie = Self { scheme: scheme_of(&layout), columns, words: vec![F::ZERO; ROWS] };
        lie.finish();
        lie
    }

    fn of(&self, cell: Cell) -> F {
        match cell {
            Cell::Bit(row) => self.columns[BIT][row],
            Cell::Value(row) => self.columns[VALUE][row],
            Cell::Square(row) => self.columns[VALUE][row].square(),
            Cell::Digit(row) => self.columns[DIGIT][row],
        }
    }

    fn value(&self, form: &Form) -> F {
        let term = |&(cell, factor): &(Cell, i128)| F::from(factor) * self.of(cell);
        form.terms.iter().map(term).sum::<F>() + F::from(form.constant)
    }

    /// Makes every linear equation hold: what a number's digits cannot say, the lowest says; and words
    /// are what the columns give, as field elements.
    fn finish(&mut self) {
        for index in 0..self.scheme.system.numbers.len() {
            let number = self.scheme.system.numbers[index].clone();
            let above = (1..number.count)
                .map(|p| F::from(1u64 << (12 * p)) * self.columns[DIGIT][number.first + p]);
            let lowest = self.value(&number.value) - above.sum::<F>();
            self.columns[DIGIT][number.first] = lowest;
        }
        let n = DIMENSION;
        for row in 0..self.scheme.words() {
            let noise = F::from(64u64) * self.columns[HIGH][row] + self.columns[LOW][row]
                - F::from(NOISE_BOUND);
            let carry = F::from(1u128 << 64) * (F::from(2048u64) - self.columns[CARRY][row]);
            let message = match row.checked_sub(n) {
                Some(body) => self.value(&self.scheme.system.messages[body]),
                None => F::ZERO,
            };
            // r̄ is zero but for its first bit.
            let key = match row.checked_sub(n) {
                Some(body) => self.scheme.key.body()[n - 1 - body],
                None => self.scheme.key.mask()[row],
            };
            let product = F::from(key.cast_signed()) * self.columns[BIT][0];
            self.words[row] = product + noise + message + carry;
        }
    }

    /// What the verifier says of the forgery, and what it would say with another circuit.
    fn told(&self, circuit: &Circuit<F>) -> bool {
        let rng = &mut StdRng::seed_from_u64(5);
        let blinders = Blinders::<C>::random(rng);
        let commitment =
            CommitmentKey::new(key().srs()).commit_scalars(&self.words, &blinders.0).into_affine();
        let statement = Statement { commitment, context: b"lie" };
        let weights = |alpha| self.scheme.weights(alpha, ROWS);
        let assignment = Assignment {
            public: vec![table()],
            given: vec![Masked {
                values: self.words.clone(),
                blinding: Blinding(blinders.0.to_vec()),
            }],
            witness: self.columns.clone(),
            weights: &weights,
        };
        let verifying_key = &key().srs().verifying_key;
        let begin = || transcript(verifying_key, &self.scheme, statement);
        let proof = forge(key(), circuit, &mut begin(), assignment, rng).unwrap();
        let instance = Instance {
            public: vec![table()],
            given: vec![vec![(F::ONE, commitment)]],
            weights: &weights,
        };
        let reduced = reduce(verifying_key, circuit, &mut begin(), &instance, &proof);
        reduced.is_ok_and(|equation| equation.holds(verifying_key))
    }

    /// The circuit does not believe the lie; the one without this guard does.
    fn is_caught_only_by(&self, guard: Guard) {
        assert!(!self.told(&circuit::<C>(1)), "a lie is believed");
        assert!(self.told(&circuit_without(guard)), "another guard than {guard:?} catches the lie");
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Guard {
    Lookup,
    Bits,
    Sum,
}

fn circuit_without(guard: Guard) -> Circuit<F> {
    let (mut circuit, columns) = Columns::declare(1);
    let guards = [
        (Guard::Lookup, Columns::look_up as fn(&Columns, &mut Circuit<F>)),
        (Guard::Bits, Columns::constrain_bits),
        (Guard::Sum, Columns::sum_up),
    ];
    let kept = guards.iter().filter(|(kept, _)| *kept != guard);
    kept.for_each(|(_, add)| add(&columns, &mut circuit));
    circuit
}

#[test]
fn an_honest_device_is_believed() {
    assert!(Lie::begin().told(&circuit::<C>(1)));
}

#[test]
fn randomness_that_is_no_bit_is_caught() {
    let mut lie = Lie::begin();
    lie.columns[BIT][0] = F::from(2u64);
    lie.finish();
    lie.is_caught_only_by(Guard::Bits);
}

#[test]
fn noise_beyond_its_range_is_caught() {
    // One more than the range at either end, and half a step of the plaintext: the attack on the key.
    for (high, low) in [(4095u64, 65u64), (4096, 0), (1 << 40, 0)] {
        let mut lie = Lie::begin();
        (lie.columns[HIGH][7], lie.columns[LOW][7]) = (high.into(), low.into());
        lie.finish();
        lie.is_caught_only_by(Guard::Lookup);
    }
    let mut lie = Lie::begin();
    (lie.columns[HIGH][7], lie.columns[LOW][7]) = (F::ZERO, -F::ONE);
    lie.finish();
    lie.is_caught_only_by(Guard::Lookup);
}

/// A slot that says these bits and this code, and everything that follows from them.
fn slot_lie(bits: [u64; 3], code: i64) -> Lie {
    let mut lie = Lie::begin();
    for (row, bit) in slot_bits(0).into_iter().zip(bits) {
        lie.columns[BIT][row] = bit.into();
    }
    let (x, [count, inside, _]) = (F::from(code), bits.map(F::from));
    let t = -x.square() + F::from(7u64) * x - F::from(10u64) * count;
    let shifted = t + F::from(lie.scheme.system.off());
    for (row, value) in slot_values(0).into_iter().zip([x, shifted, shifted + inside]) {
        lie.columns[VALUE][row] = value;
    }
    // The list's own totals follow.
    let counted = count + F::ONE;
    let [of_count, mean, both] = slot_values(3);
    lie.columns[VALUE][of_count] = counted;
    lie.columns[VALUE][both] = counted + lie.columns[VALUE][mean];
    lie.finish();
    lie
}

#[test]
fn slots_that_lie_are_caught() {
    slot_lie([1, 1, 0], 6).is_caught_only_by(Guard::Lookup); // outside, marked as inside
    slot_lie([1, 0, 1], 4).is_caught_only_by(Guard::Lookup); // inside, marked as outside
    slot_lie([1, 0, 1], 10).is_caught_only_by(Guard::Lookup); // above the scale
    slot_lie([1, 0, 1], -1).is_caught_only_by(Guard::Lookup); // below it: cancels others
    slot_lie([0, 0, 0], 3).is_caught_only_by(Guard::Lookup); // a value without a reading
    assert!(!slot_lie([2, 1, 1], 3).told(&circuit::<C>(1)), "two readings in one slot");
}

#[test]
fn a_mean_that_lies_is_caught() {
    let mut lie = Lie::begin();
    let [counted, mean, both] = slot_values(3);
    lie.columns[VALUE][mean] = F::from(9u64);
    lie.columns[VALUE][both] = lie.columns[VALUE][counted] + F::from(9u64);
    lie.finish();
    lie.is_caught_only_by(Guard::Lookup);
}

#[test]
fn words_that_are_not_the_encryption_are_caught() {
    let n = DIMENSION;
    let used = Lie::begin().scheme.words();
    // A mask word, a body, the first and the last word behind the list, a device's own total.
    for row in [0, n, used, ROWS - 1, used - 1] {
        let mut lie = Lie::begin();
        lie.words[row] += F::from(1u64 << 60);
        lie.is_caught_only_by(Guard::Sum);
    }
}

#[test]
fn a_message_between_the_fields_is_caught() {
    // All carries are in the table, but a body gains what no field holds: an unused bit.
    let mut lie = Lie::begin();
    lie.words[DIMENSION] += F::from(1u64 << 63);
    lie.is_caught_only_by(Guard::Sum);
}
