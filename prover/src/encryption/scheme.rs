//! The public side of the statement: a key and a layout, as a circuit and its weights.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Scalar};
use pulseproof_packing::{DIMENSION, Layout, NOISE_BOUND_LOG2, PublicKey};
use sha2::{Digest, Sha256};

use super::form::{Cell, Form};
use super::layout::{DIGIT_BITS, NotProvable, ROWS, System};

/// Noise is between minus and plus this.
pub(super) const NOISE_BOUND: u64 = 1 << NOISE_BOUND_LOG2;
/// Half of the table that carries are looked up in: carries are from −2048 to 2047.
pub(super) const CARRY_OFFSET: u64 = 1 << (DIGIT_BITS - 1);
/// A noise value plus its bound is 64·high + low with low from 0 to 64 and high from 0 to 4095, and so
/// from 0 to twice the bound.
pub(super) const NOISE_LOW: u64 = 64;

/// What lists are encrypted with and how they are packed, prepared for proving and verifying.
pub struct Scheme<C: Curve> {
    pub(super) layout: Layout,
    pub(super) key: PublicKey,
    digest: [u8; 32],
    /// The key's two polynomials, lowest coefficient first, each coefficient between ±2^63.
    mask: Vec<Scalar<C>>,
    body: Vec<Scalar<C>>,
    /// The equations of words from the first body on, then those that must be zero.
    equations: Vec<Equation<C>>,
    pub(super) system: System,
}

/// Σ factor·cell + constant, over the field.
struct Equation<C: Curve> {
    terms: Vec<(Cell, Scalar<C>)>,
    constant: Scalar<C>,
}

impl<C: Curve> Equation<C> {
    fn new(form: &Form, sign: i128) -> Self {
        let field = |value: i128| Scalar::<C>::from(sign * value);
        let terms = form.terms.iter().map(|&(cell, factor)| (cell, field(factor)));
        Self { terms: terms.collect(), constant: field(form.constant) }
    }
}

impl<C: Curve> Scheme<C> {
    /// Prepares a key and a layout.
    ///
    /// # Errors
    /// The layout is too large to be proved.
    pub fn new(layout: Layout, key: PublicKey) -> Result<Self, NotProvable> {
        let system = System::new(&layout)?;
        let digest = Sha256::new()
            .chain_update(b"pulseproof encryption scheme v1")
            .chain_update(layout.id())
            .chain_update(key.fingerprint())
            .finalize();
        let field = |words: &[u64]| {
            words.iter().map(|word| Scalar::<C>::from(word.cast_signed())).collect::<Vec<_>>()
        };
        // A word is what its message and the rest add up to.
        let messages = system.messages.iter().map(|form| Equation::new(form, -1));
        let zeros = system.zeros.iter().map(|form| Equation::new(form, 1));
        Ok(Self {
            digest: digest.into(),
            mask: field(key.mask()),
            body: field(key.body()),
            equations: messages.chain(zeros).collect(),
            system,
            layout,
            key,
        })
    }

    /// Identifies key and layout.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Words of a list.
    pub fn words(&self) -> usize {
        self.layout.words()
    }

    /// The packing.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The encryption key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Columns of digits, at least one.
    pub fn digit_columns(&self) -> usize {
        self.system.digit_columns()
    }

    /// The weight columns of the circuit, in the order they are declared, for vectors of length N.
    ///
    /// Equation e is weighted with α^e. The first N say what each word is, and that words behind the
    /// list are zero; the others are those of the layout.
    pub(super) fn weights(&self, alpha: Scalar<C>, size: usize) -> Vec<Vec<Scalar<C>>> {
        let words = powers(alpha, size);
        let used = words[..self.words()].to_vec();
        let mut columns = Cells::<C>::new(self.digit_columns());
        self.add_key(alpha, &words, &mut columns.bits);

        let others = powers(alpha, self.equations.len() - (self.words() - DIMENSION));
        let after = words[size - 1] * alpha;
        let others = others.into_iter().map(|power| after * power);
        let weights = words[DIMENSION..self.words()].iter().copied().chain(others);
        for (weight, equation) in weights.zip(&self.equations) {
            for &(cell, factor) in &equation.terms {
                *columns.at(cell) += weight * factor;
            }
            columns.constant += weight * equation.constant;
        }
        // Noise is shifted by its bound, carries by the offset of their table.
        let shift = Scalar::<C>::from(NOISE_BOUND)
            - Scalar::<C>::from(u128::from(CARRY_OFFSET) << u64::BITS);
        columns.constant += shift * used.iter().sum::<Scalar<C>>();

        let mut weights = vec![words, used, columns.bits, columns.values, columns.squares];
        weights.extend(columns.digits);
        weights.push(vec![columns.constant]);
        weights
    }

    /// Subtracts, from the weight of each bit of r, what it adds to all words.
    ///
    /// For the mask that is f_l = Σ_j α^j·[X^j](a·X^l). Multiplying by X turns the ring's polynomial:
    /// f_{l+1} = α·f_l − [X^{n−1}](a·X^l)·(α^n + 1). For the k bodies it is α^n times
    /// g_l = Σ_{i<k} α^i·[X^{n−1−i}](b·X^l), which X shifts by one place: g_l = α·(g_{l+1} −
    /// α^{k−1}·[X^{n−1−k}](b·X^l)) + [X^{n−1}](b·X^l), from g_n = −g_0 downwards.
    fn add_key(&self, alpha: Scalar<C>, words: &[Scalar<C>], bits: &mut [Scalar<C>]) {
        let (n, k) = (DIMENSION, self.words() - DIMENSION);
        let turn = words[n - 1] * alpha;
        let mut of_mask: Scalar<C> =
            self.mask.iter().zip(words).map(|(&a, &power)| a * power).sum();
        for (weight, top) in bits[..n].iter_mut().zip(self.mask.iter().rev()) {
            *weight -= of_mask;
            of_mask = alpha * of_mask - *top * (turn + Scalar::<C>::ONE);
        }
        let first = self.body.iter().rev().zip(words).take(k).map(|(&b, &power)| b * power);
        let mut of_bodies = -first.sum::<Scalar<C>>();
        for l in (0..n).rev() {
            // [X^{n−1−k}](b·X^l), which wraps around with the sign changed.
            let leaves = match (n - 1).checked_sub(k + l) {
                Some(index) => self.body[index],
                None => -self.body[2 * n - 1 - k - l],
            };
            of_bodies = alpha * (of_bodies - words[k - 1] * leaves) + self.body[n - 1 - l];
            bits[l] -= turn * of_bodies;
        }
    }
}

/// The weights of cells, as they are added up.
struct Cells<C: Curve> {
    bits: Vec<Scalar<C>>,
    values: Vec<Scalar<C>>,
    squares: Vec<Scalar<C>>,
    digits: Vec<Vec<Scalar<C>>>,
    constant: Scalar<C>,
}

impl<C: Curve> Cells<C> {
    fn new(digit_columns: usize) -> Self {
        let column = || vec![Scalar::<C>::ZERO; ROWS];
        Self {
            bits: column(),
            values: column(),
            squares: column(),
            digits: (0..digit_columns).map(|_| column()).collect(),
            constant: Scalar::<C>::ZERO,
        }
    }

    fn at(&mut self, cell: Cell) -> &mut Scalar<C> {
        match cell {
            Cell::Bit(row) => &mut self.bits[row],
            Cell::Value(row) => &mut self.values[row],
            Cell::Square(row) => &mut self.squares[row],
            Cell::Digit(row) => &mut self.digits[row / ROWS][row % ROWS],
        }
    }
}

/// 1, x, …, x^(count − 1).
fn powers<F: Field>(x: F, count: usize) -> Vec<F> {
    std::iter::successors(Some(F::ONE), |power| Some(*power * x)).take(count).collect()
}
