//! The matrices A and B of a circuit: rows of few terms, times a witness.

use std::collections::HashMap;
use std::ops::Range;

use pulseproof_kernels::traits::*;
use rayon::prelude::*;

/// Coefficients 1 and −1 come first in every table: they are most of all terms, and need no product.
const ONE: u32 = 0;
const MINUS_ONE: u32 = 1;
/// Rows that are worth a thread's while.
const CHUNK: usize = 1 << 10;

/// One term of a row.
#[derive(Clone, Copy, Debug)]
struct Term {
    signal: u32,
    /// Where in the table of coefficients.
    coefficient: u32,
}

/// A matrix by rows. Circuits use few different coefficients, so a term names one.
#[derive(Debug)]
pub struct Rows<F> {
    /// Where each row begins, and the last one ends.
    starts: Vec<u32>,
    terms: Vec<Term>,
    coefficients: Vec<F>,
}

impl<F: PrimeField> Rows<F> {
    /// The products of some rows with the values of the signals.
    ///
    /// # Panics
    /// If there are no such rows, or one names a signal that has no value.
    pub fn times(&self, rows: Range<usize>, values: &[F]) -> Vec<F> {
        let product = |row| self.row(row, values);
        rows.into_par_iter().with_min_len(CHUNK).map(product).collect()
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.starts) + size_of_val(&*self.terms) + size_of_val(&*self.coefficients)
    }

    fn row(&self, row: usize, values: &[F]) -> F {
        let terms = &self.terms[self.starts[row] as usize..self.starts[row + 1] as usize];
        let mut sum = F::ZERO;
        for term in terms {
            let value = &values[term.signal as usize];
            match term.coefficient {
                ONE => sum += value,
                MINUS_ONE => sum -= value,
                other => sum += self.coefficients[other as usize] * value,
            }
        }
        sum
    }
}

/// Takes terms in any order.
#[derive(Debug)]
pub struct Builder<F> {
    terms: Vec<(u32, Term)>,
    coefficients: Vec<F>,
    known: HashMap<F, u32>,
}

impl<F: PrimeField> Default for Builder<F> {
    fn default() -> Self {
        let coefficients = vec![F::ONE, -F::ONE];
        let known = HashMap::from([(F::ONE, ONE), (-F::ONE, MINUS_ONE)]);
        Self { terms: Vec::new(), coefficients, known }
    }
}

impl<F: PrimeField> Builder<F> {
    /// Adds coefficient·signal to a row. Returns false if there are more terms than numbers for them.
    #[must_use]
    pub fn push(&mut self, row: u32, signal: u32, coefficient: F) -> bool {
        let Ok(next) = u32::try_from(self.coefficients.len()) else { return false };
        let place = *self.known.entry(coefficient).or_insert_with(|| {
            self.coefficients.push(coefficient);
            next
        });
        self.terms.push((row, Term { signal, coefficient: place }));
        u32::try_from(self.terms.len()).is_ok()
    }

    /// The matrix with so many rows.
    ///
    /// # Panics
    /// If a term is in a row beyond them.
    pub fn finish(self, rows: usize) -> Rows<F> {
        let mut starts = vec![0u32; rows + 1];
        for (row, _) in &self.terms {
            starts[*row as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut terms = vec![Term { signal: 0, coefficient: ONE }; self.terms.len()];
        for (row, term) in self.terms {
            let place = &mut next[row as usize];
            terms[*place as usize] = term;
            *place += 1;
        }
        let mut coefficients = self.coefficients;
        coefficients.shrink_to_fit();
        Rows { starts, terms, coefficients }
    }
}

#[cfg(test)]
mod tests {
    use pulseproof_kernels::{Bn254, Scalar};

    use super::*;

    type F = Scalar<Bn254>;

    #[test]
    fn products_are_those_of_the_dense_matrix() {
        let (rows, signals) = (3 * CHUNK / 2, 7);
        let mut dense = vec![vec![F::ZERO; signals]; rows];
        let mut builder = Builder::default();
        // In no order, with a term twice, and rows without any.
        for step in 0..4 * rows {
            let (row, signal) = (step * 7919 % rows, step * 31 % signals);
            let step = step as u64;
            let coefficient = match step % 5 {
                0 => F::ONE,
                1 => -F::ONE,
                other => F::from(other) - F::from(step % 11),
            };
            if row % 97 != 0 {
                dense[row][signal] += coefficient;
                let number = |n| u32::try_from(n).unwrap();
                assert!(builder.push(number(row), number(signal), coefficient));
            }
        }
        let values: Vec<F> = (0..signals).map(|i| F::from(3 + 5 * i as u64).pow([9])).collect();
        let expected: Vec<F> = dense
            .iter()
            .map(|row| row.iter().zip(&values).map(|(c, value)| *c * value).sum())
            .collect();
        let matrix = builder.finish(rows);
        assert_eq!(matrix.times(0..rows, &values), expected);
        assert_eq!(matrix.times(5..CHUNK + 7, &values), expected[5..CHUNK + 7]);
    }

    #[test]
    fn an_empty_matrix_gives_zeros() {
        assert_eq!(Builder::<F>::default().finish(2).times(0..2, &[]), [F::ZERO; 2]);
    }
}
