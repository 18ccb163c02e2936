//! What a program becomes: lookups in linear combinations of inputs and of earlier lookups.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bootstrap::engine::{Lookup, WrongCount};
use crate::bootstrap::parameters::DIGIT_SHIFT;
use crate::bootstrap::table::Table;
use crate::ciphertext::Ciphertext;

/// A ciphertext that a linear combination may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// An input of the program.
    Input(usize),
    /// The result of a lookup.
    Lookup(usize),
}

/// Σ factor·source + constant, modulo 2^64. No factor is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Linear {
    terms: BTreeMap<Source, i64>,
    constant: u64,
}

/// One lookup.
#[derive(Clone, Debug)]
pub struct Node {
    /// In what.
    pub input: Linear,
    /// Which of the circuit's tables.
    pub table: usize,
    /// By how much the phase may be off, beside noise.
    pub deviation: u64,
}

/// What an output's ciphertexts encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// One digit, 0 or 1.
    Bit,
    /// Digits from 0 to 3, least significant first.
    Integer,
}

/// A named output.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name in the program.
    pub name: String,
    /// What its digits mean.
    pub kind: OutputKind,
    /// Its digits.
    pub digits: Vec<Linear>,
}

/// Which ciphertext of a job an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputCiphertext {
    /// A body of a sum, both counted from 0.
    Body {
        /// Which sum.
        sum: usize,
        /// Which of its bodies.
        body: usize,
    },
    /// A word, counted from 0.
    Word(usize),
}

/// Lookups in an order in which each needs only earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Circuit {
    /// The inputs.
    pub inputs: Vec<InputCiphertext>,
    /// The lookups.
    pub nodes: Vec<Node>,
    /// The tables.
    pub tables: Vec<Arc<Table>>,
    /// The outputs.
    pub outputs: Vec<Output>,
}

impl Linear {
    /// A source by itself.
    pub fn of(source: Source) -> Self {
        Self { terms: BTreeMap::from([(source, 1)]), constant: 0 }
    }

    /// A word that everybody knows.
    pub fn constant(word: u64) -> Self {
        Self { terms: BTreeMap::new(), constant: word }
    }

    /// A digit that everybody knows.
    pub fn digit(value: u64) -> Self {
        Self::constant(value << DIGIT_SHIFT)
    }

    /// self + factor·other.
    #[must_use]
    pub fn plus(mut self, factor: i64, other: &Self) -> Self {
        for (&source, &of) in &other.terms {
            let sum = self.terms.entry(source).or_default();
            *sum = sum.wrapping_add(of.wrapping_mul(factor));
        }
        self.terms.retain(|_, factor| *factor != 0);
        let constant = other.constant.wrapping_mul(factor.cast_unsigned());
        self.constant = self.constant.wrapping_add(constant);
        self
    }

    /// self + word.
    #[must_use]
    pub fn plus_word(mut self, word: u64) -> Self {
        self.constant = self.constant.wrapping_add(word);
        self
    }

    /// The same for ciphertexts with plaintexts of `plaintext_bits`, but for their noise, with the least
    /// factors: as a plaintext lies in the top bits of its word, factors count modulo 2^`plaintext_bits`.
    #[must_use]
    pub fn with_least_factors(mut self, plaintext_bits: u32) -> Self {
        let above = u64::BITS - plaintext_bits;
        self.terms.values_mut().for_each(|factor| *factor = *factor << above >> above);
        self.terms.retain(|_, factor| *factor != 0);
        self
    }

    /// The factors.
    pub fn terms(&self) -> impl Iterator<Item = (Source, i64)> {
        self.terms.iter().map(|(&source, &factor)| (source, factor))
    }

    /// The word, if nothing is encrypted.
    pub fn known(&self) -> Option<u64> {
        self.terms.is_empty().then_some(self.constant)
    }

    /// Sum of the squared factors of lookups: the variance in units of a bootstrap's.
    #[must_use]
    pub fn squared_norm(&self) -> f64 {
        let square = |(source, factor): (Source, i64)| match source {
            Source::Lookup(_) => (factor as f64).powi(2),
            Source::Input(_) => 0.0,
        };
        self.terms().map(square).sum()
    }

    /// The combination of these ciphertexts.
    fn of_ciphertexts<'a>(
        &self,
        inputs: &'a [Ciphertext],
        result: impl Fn(usize) -> &'a Ciphertext,
    ) -> Ciphertext {
        let mut sum = Ciphertext::trivial(self.constant);
        for (source, factor) in self.terms() {
            let of = match source {
                Source::Input(index) => &inputs[index],
                Source::Lookup(index) => result(index),
            };
            sum.add_scaled(factor, of);
        }
        sum
    }
}

impl Circuit {
    /// The lookups by level: those of a level need only those of levels before.
    #[must_use]
    pub fn levels(&self) -> Vec<Vec<usize>> {
        let mut level_of = Vec::with_capacity(self.nodes.len());
        let mut levels: Vec<Vec<usize>> = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let after = |(source, _)| match source {
                Source::Lookup(earlier) => level_of[earlier] + 1,
                Source::Input(_) => 0,
            };
            let level = node.input.terms().map(after).max().unwrap_or(0);
            if level == levels.len() {
                levels.push(Vec::new());
            }
            levels[level].push(index);
            level_of.push(level);
        }
        levels
    }

    /// Evaluates the circuit and returns the digits of all outputs in order.
    ///
    /// # Errors
    /// What `look_up` returns, or that these are more or fewer results than it was asked for.
    ///
    /// # Panics
    /// If there are fewer ciphertexts than inputs.
    pub fn evaluate<E: From<WrongCount>>(
        &self,
        inputs: &[Ciphertext],
        look_up: impl FnMut(Vec<Lookup>) -> Result<Vec<Ciphertext>, E>,
    ) -> Result<Vec<Ciphertext>, E> {
        Ok(self.digits(inputs, &self.results(inputs, look_up)?))
    }

    /// What every lookup gives, in the circuit's order; they are made level by level.
    ///
    /// # Errors
    /// What `look_up` returns, or that these are more or fewer results than it was asked for.
    ///
    /// # Panics
    /// If there are fewer ciphertexts than inputs.
    pub fn results<E: From<WrongCount>>(
        &self,
        inputs: &[Ciphertext],
        mut look_up: impl FnMut(Vec<Lookup>) -> Result<Vec<Ciphertext>, E>,
    ) -> Result<Vec<Ciphertext>, E> {
        let mut results = BTreeMap::new();
        for level in self.levels() {
            let lookup = |&index: &usize| self.lookup(index, inputs, |earlier| &results[&earlier]);
            let found = look_up(level.iter().map(lookup).collect())?;
            WrongCount::check(level.len(), found.len())?;
            results.extend(level.into_iter().zip(found));
        }
        Ok(results.into_values().collect())
    }

    /// The lookup of a node, given the results of earlier ones.
    ///
    /// # Panics
    /// If there is no such node, or there are fewer ciphertexts than inputs.
    pub fn lookup<'a>(
        &self,
        index: usize,
        inputs: &'a [Ciphertext],
        result: impl Fn(usize) -> &'a Ciphertext,
    ) -> Lookup {
        let Node { input, table, .. } = &self.nodes[index];
        let ciphertext = input.of_ciphertexts(inputs, result);
        Lookup { ciphertext, table: Arc::clone(&self.tables[*table]) }
    }

    /// The digits of all outputs in order, given the results of all lookups.
    ///
    /// # Panics
    /// If there are fewer ciphertexts than inputs, or fewer results than lookups.
    #[must_use]
    pub fn digits(&self, inputs: &[Ciphertext], results: &[Ciphertext]) -> Vec<Ciphertext> {
        self.digits_of(inputs, |index| &results[index])
    }

    /// The same, given the results of those lookups that outputs take.
    ///
    /// # Panics
    /// If there are fewer ciphertexts than inputs.
    pub fn digits_of<'a>(
        &self,
        inputs: &'a [Ciphertext],
        result: impl Fn(usize) -> &'a Ciphertext,
    ) -> Vec<Ciphertext> {
        let digits = self.outputs.iter().flat_map(|output| &output.digits);
        digits.map(|digit| digit.of_ciphertexts(inputs, &result)).collect()
    }
}
