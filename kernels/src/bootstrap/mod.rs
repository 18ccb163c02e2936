//! Key switching and programmable bootstrapping of LWE ciphertexts, defined on integers.
//!
//! A ciphertext of dimension n is n mask words and a body, modulo 2^64. Bootstrapping computes modulo p,
//! the modulus of [`Prime50`], in the ring of polynomials modulo X^N + 1, and its result is again modulo
//! 2^64. Every rounding is written down in this file and in [`integers`], so that there is one right
//! answer for each input; `docs/bootstrapping.md` says why it decrypts to what it should.
//!
//! **Key switching** of (a_0, …, a_(n−1), b): each a_i is cut into digits, and
//! (0, …, 0, b) − Σ_i Σ_l digit_l(a_i)·K\[i\]\[l\] is the result.
//!
//! **Bootstrapping** of (a_0, …, a_(n−1), b) with a table T of N words:
//! 1. [`integers::monomials`] turns the ciphertext into exponents ã_i and b̃ modulo 2N.
//! 2. The accumulator (A, B) begins as (0, X^(−b̃)·T′), where T′ holds the words of T switched to p.
//! 3. For each i: (X^ã_i − 1)·(A, B) is cut into digits, coefficient by coefficient, and
//!    Σ_l Σ_r digit_l(component r)·K\[i\]\[l\]\[r\] is added to (A, B).
//! 4. The constant coefficient of (A, B) is taken out: the mask is A_0, −A_(N−1), …, −A_1, the body B_0.
//! 5. All words are switched back to 2^64.
//!
//! Source: Chillotti, Gama, Georgieva, Izabachène, "TFHE: Fast fully homomorphic encryption over the
//! torus" (J. Cryptology 2020); Joye, "Guide to fully homomorphic encryption over the \[discretized\]
//! torus" (ePrint 2021/1402). The order of keys, digits and roundings is that of tfhe-rs, so that its
//! key switching and its bootstrapping by number-theoretic transforms are oracles of ours.

pub mod integers;

use crate::error::Error;
use crate::field::Prime50;

/// The least log2 of the ring's degree.
pub const LOG_SIZE_MIN: u32 = 6;
/// The greatest log2 of the ring's degree.
pub const LOG_SIZE_MAX: u32 = 12;
/// The greatest LWE dimension.
pub const DIMENSION_MAX: usize = 1 << 14;
/// The most bits of a digit.
pub const BASE_LOG_MAX: u32 = 31;

/// p, the modulus bootstrapping computes with.
pub const MODULUS: u64 = {
    let modulus = <Prime50 as ark_ff::PrimeField>::MODULUS;
    modulus.0[0]
};

/// Shape of a key-switching key.
///
/// Its words are, for each word of the mask switched from and each digit, least significant digit first,
/// a ciphertext of dimension `to`: `from`·`levels`·(`to` + 1) words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyswitchShape {
    /// LWE dimension switched from.
    pub from: usize,
    /// LWE dimension switched to.
    pub to: usize,
    /// Bits of a digit.
    pub base_log: u32,
    /// Digits of a word: its `levels`·`base_log` top bits, rounded.
    pub levels: u32,
}

/// Shape of a bootstrapping key.
///
/// Its words are residues modulo p: for each word of the mask, for each digit, least significant first,
/// for the digits of A and then for those of B, what they contribute to A and then to B:
/// `dimension`·`levels`·4 polynomials of N coefficients, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BootstrapShape {
    /// LWE dimension of the ciphertexts that are bootstrapped.
    pub dimension: usize,
    /// log2 of N, the ring's degree and the LWE dimension of results.
    pub log_size: u32,
    /// Bits of a digit.
    pub base_log: u32,
    /// Digits of a residue.
    pub levels: u32,
}

impl KeyswitchShape {
    /// Words of a ciphertext that is switched.
    #[must_use]
    pub fn row_from(&self) -> usize {
        self.from + 1
    }

    /// Words of a result.
    #[must_use]
    pub fn row_to(&self) -> usize {
        self.to + 1
    }

    /// Words of a key.
    #[must_use]
    pub fn key_words(&self) -> usize {
        self.from * self.levels as usize * self.row_to()
    }

    /// # Errors
    /// A dimension or digits out of range.
    pub fn check(&self) -> Result<(), Error> {
        check_dimension("dimension switched from", self.from)?;
        check_dimension("dimension switched to", self.to)?;
        check_digits(self.base_log, self.levels, u64::BITS - 1)
    }
}

impl BootstrapShape {
    /// N.
    #[must_use]
    pub fn size(&self) -> usize {
        1 << self.log_size
    }

    /// Words of a ciphertext that is bootstrapped.
    #[must_use]
    pub fn row_from(&self) -> usize {
        self.dimension + 1
    }

    /// Words of a result.
    #[must_use]
    pub fn row_to(&self) -> usize {
        self.size() + 1
    }

    /// Words of a key.
    #[must_use]
    pub fn key_words(&self) -> usize {
        self.dimension * self.levels as usize * 4 * self.size()
    }

    /// # Errors
    /// A dimension, size or digits out of range.
    pub fn check(&self) -> Result<(), Error> {
        check_dimension("dimension bootstrapped", self.dimension)?;
        if !(LOG_SIZE_MIN..=LOG_SIZE_MAX).contains(&self.log_size) {
            let got = u64::from(self.log_size);
            return Err(Error::Argument { what: "log2 of the ring", got, expected: "6 to 12" });
        }
        check_digits(self.base_log, self.levels, integers::MODULUS_BITS - 1)
    }
}

fn check_dimension(what: &'static str, got: usize) -> Result<(), Error> {
    if (1..=DIMENSION_MAX).contains(&got) {
        return Ok(());
    }
    Err(Error::Argument { what, got: got as u64, expected: "1 to 16384" })
}

/// Digits fit a 32-bit word with their sign, and leave at least one bit to round.
fn check_digits(base_log: u32, levels: u32, bits: u32) -> Result<(), Error> {
    if !(1..=BASE_LOG_MAX).contains(&base_log) {
        let got = u64::from(base_log);
        return Err(Error::Argument { what: "bits of a digit", got, expected: "1 to 31" });
    }
    if levels == 0 || levels > bits / base_log {
        let (got, expected) = (u64::from(levels), "1 up to what the modulus has bits for");
        return Err(Error::Argument { what: "digits", got, expected });
    }
    Ok(())
}
