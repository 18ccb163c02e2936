//! Builds a circuit: bits out of wide words, lookups in digits, none twice.

use std::collections::HashMap;
use std::sync::Arc;

use super::circuit::{Circuit, InputCiphertext, Linear, Node, Source};
use crate::bootstrap::parameters::{DIGIT_SHIFT, DIGIT_VALUES};
use crate::bootstrap::table::Table;

/// The most that squared factors of lookups may add up to in the input of a digit's table. A test holds
/// it to a failure probability of 2^-128.
pub const SQUARED_NORM_MAX: f64 = 25.0;
/// How many lower bits are taken off before a bit of a wide word is read; what lower ones leave is at
/// most half of 2^59 either way, for which the margin has room.
const BITS_TAKEN_OFF: usize = 4;

/// What is looked up, by value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Content {
    TopBit,
    Digits([u64; DIGIT_VALUES]),
}

impl Content {
    fn table(&self) -> Table {
        match self {
            Self::TopBit => Table::of_top_bit(),
            Self::Digits(values) => Table::of_digits(|v| values[usize::try_from(v).unwrap_or(0)]),
        }
    }
}

/// A circuit that grows.
#[derive(Debug, Default)]
pub struct Builder {
    circuit: Circuit,
    tables: HashMap<Content, usize>,
    known: HashMap<(Linear, usize), usize>,
}

impl Builder {
    /// Adds an input.
    pub fn input(&mut self, input: InputCiphertext) -> Linear {
        let index = self.circuit.inputs.len();
        self.circuit.inputs.push(input);
        Linear::of(Source::Input(index))
    }

    /// How many lookups there are.
    pub fn lookups(&self) -> usize {
        self.circuit.nodes.len()
    }

    /// What there is so far.
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    pub fn finish(self) -> Circuit {
        self.circuit
    }

    /// A function of a digit.
    pub fn digit(&mut self, input: Linear, function: impl Fn(u64) -> u64) -> Linear {
        if let Some(word) = input.known() {
            return Linear::digit(function(word >> DIGIT_SHIFT));
        }
        let mut values = [0; DIGIT_VALUES];
        (0..).zip(&mut values).for_each(|(v, value)| *value = function(v));
        self.node(input, Content::Digits(values), 0)
    }

    /// Σ factor·part, with parts bootstrapped again where the noise would be too much.
    pub fn combine(&mut self, parts: &[(i64, &Linear)]) -> Linear {
        let sum = parts.iter().fold(Linear::default(), |sum, &(f, part)| sum.plus(f, part));
        if sum.squared_norm() <= SQUARED_NORM_MAX {
            return sum;
        }
        let mut sum = Linear::default();
        for &(factor, part) in parts {
            let fresh = self.refresh(part);
            sum = sum.plus(factor, &fresh);
        }
        sum
    }

    /// The same digit with the noise of one bootstrap.
    fn refresh(&mut self, digit: &Linear) -> Linear {
        if digit.squared_norm() <= 1.0 { digit.clone() } else { self.digit(digit.clone(), |v| v) }
    }

    /// The `count` lowest bits of a wide word with a plaintext of `plaintext_bits`, lowest first.
    ///
    /// Bit j is the top bit of the word times 2^(plaintext_bits − 1 − j), once the bits below it are
    /// taken off: each found bit serves the next ones. What is multiplied has its least factors: without,
    /// noise would grow with the factors in `wide`, which are thresholds.
    pub fn bits(&mut self, wide: &Linear, plaintext_bits: u32, count: u32) -> Vec<Linear> {
        let mut bits: Vec<Linear> = Vec::new();
        for j in 0..count {
            let shift = 1i64 << (plaintext_bits - 1 - j);
            let shifted = Linear::default().plus(shift, wide).with_least_factors(plaintext_bits);
            let mut input = shifted.plus_word(1 << 62);
            for (below, bit) in bits.iter().rev().take(BITS_TAKEN_OFF).enumerate() {
                input = input.plus(-(1 << (BITS_TAKEN_OFF - 1 - below)), bit);
            }
            let is_rest = bits.len() > BITS_TAKEN_OFF;
            let rest = if is_rest { 1u64 << (DIGIT_SHIFT - 1) } else { 0 };
            let input = input.plus_word(rest.wrapping_neg());
            bits.push(self.top_bit(input, rest));
        }
        bits
    }

    fn top_bit(&mut self, input: Linear, deviation: u64) -> Linear {
        match input.known() {
            Some(word) => Linear::digit(word >> 63),
            None => self.node(input, Content::TopBit, deviation),
        }
    }

    fn node(&mut self, input: Linear, content: Content, deviation: u64) -> Linear {
        let table = match self.tables.get(&content) {
            Some(&table) => table,
            None => {
                self.circuit.tables.push(Arc::new(content.table()));
                self.tables.insert(content, self.circuit.tables.len() - 1);
                self.circuit.tables.len() - 1
            }
        };
        let key = (input, table);
        if let Some(&index) = self.known.get(&key) {
            return Linear::of(Source::Lookup(index));
        }
        let index = self.circuit.nodes.len();
        self.circuit.nodes.push(Node { input: key.0.clone(), table, deviation });
        self.known.insert(key, index);
        Linear::of(Source::Lookup(index))
    }

    /// Names what comes out.
    pub fn output(&mut self, output: super::circuit::Output) {
        self.circuit.outputs.push(output);
    }
}
