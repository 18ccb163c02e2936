//! What a bootstrap computes: a table of words over the phase of its input.

use pulseproof_packing::DIMENSION;

use crate::bootstrap::parameters::{DIGIT_SHIFT, DIGIT_VALUES};

/// A table, as the polynomial that is rotated and a word that is added to the result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    polynomial: Vec<u64>,
    offset: u64,
    /// How far a phase may lie from what it should be.
    margin: u64,
}

impl Table {
    /// Maps a digit v, encrypted as v·2^59, to the v-th of these words.
    ///
    /// A value takes N/16 coefficients, centred on its own phase; the lower half of those of 0 lies at
    /// the end of the polynomial, where a phase below zero is found with its sign turned.
    #[must_use]
    pub fn of_words(words: &[u64; DIGIT_VALUES]) -> Self {
        let step = DIMENSION / DIGIT_VALUES;
        let word = |at: usize| words.get(at / step).copied().unwrap_or(words[0].wrapping_neg());
        let polynomial = (0..DIMENSION).map(|j| word(j + step / 2)).collect();
        Self { polynomial, offset: 0, margin: 1 << (DIGIT_SHIFT - 1) }
    }

    /// Maps a digit to a digit.
    ///
    /// # Panics
    /// If the function gives a value over 15.
    #[must_use]
    pub fn of_digits(function: impl Fn(u64) -> u64) -> Self {
        let mut words = [0; DIGIT_VALUES];
        for (value, word) in (0..).zip(&mut words) {
            let digit = function(value);
            assert!(digit < DIGIT_VALUES as u64, "a digit is below 16, not {digit}");
            *word = digit << DIGIT_SHIFT;
        }
        Self::of_words(&words)
    }

    /// Maps a phase in the lower half of the torus to the digit 0, one in the upper half to 1.
    #[must_use]
    pub fn of_top_bit() -> Self {
        let half = 1u64 << (DIGIT_SHIFT - 1);
        Self { polynomial: vec![half.wrapping_neg(); DIMENSION], offset: half, margin: 1 << 62 }
    }

    /// N words: the polynomial, lowest coefficient first.
    #[must_use]
    pub fn polynomial(&self) -> &[u64] {
        &self.polynomial
    }

    /// What is added to the body of a result.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Results are right while the phase is off by less than this.
    #[must_use]
    pub fn margin(&self) -> u64 {
        self.margin
    }
}
