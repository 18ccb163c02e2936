//! Blind rotation: a group of accumulators is multiplied by X to the power of phases, bit of the key by
//! bit.
//!
//! The key is many times larger than any cache. A group goes through it together, so that each part
//! is fetched once for all of them, while the accumulators stay in the second-level cache.
//!
//! Work depends on exponents, which are those of ciphertexts: nothing here is secret.

use super::digits::turned_difference;
use super::key::Prepared;
use super::memory::Lines;
use super::product::multiply;
use super::residues::Residues;
use super::transform::{forward_head, inverse_head};
use crate::bootstrap::integers::{monomials, to_residue, to_word};
use crate::cpu::reserve;
use crate::error::Error;

/// Ciphertexts that are multiplied with a block of a key while it is in the first-level cache.
const TILE: usize = 4;

/// Bootstraps ciphertexts with a table each, together.
pub(super) fn bootstrap<A: Residues<W>, const W: usize>(
    key: &Prepared<A, W>,
    ciphertexts: &[u64],
    tables: &[&[u64]],
    results: &mut [u64],
) -> Result<(), Error> {
    let shape = &key.shape;
    let mut group = Group::new(key, tables.len())?;
    let rows = ciphertexts.chunks_exact(shape.row_from());
    let exponents: Vec<_> = rows.map(|row| monomials(row, shape.log_size)).collect();
    for (index, (exponents, table)) in exponents.iter().zip(tables).enumerate() {
        turn::<A, W>(table, exponents[shape.dimension], &mut group.pair(index)[shape.size() + W..]);
    }
    let mut parts = key.parts().enumerate().peekable();
    while let Some((index, part)) = parts.next() {
        let next = parts.peek().map_or(&[][..], |&(_, next)| next);
        let exponents = exponents.iter().map(|exponents| exponents[index] as usize).enumerate();
        // X^0 − 1 is zero.
        let rotations: Vec<_> = exponents.filter(|&(_, exponent)| exponent > 0).collect();
        let tiles = rotations.chunks(TILE);
        let count = tiles.len();
        for (index, rotations) in tiles.enumerate() {
            group.rotate(rotations, part, if index + 1 == count { next } else { &[] });
        }
    }
    for (index, result) in results.chunks_exact_mut(shape.row_to()).enumerate() {
        extract::<A, W>(group.pair(index), shape.size(), result);
    }
    Ok(())
}

/// Accumulators, and what is needed to rotate them.
struct Group<'a, A: Residues<W>, const W: usize> {
    key: &'a Prepared<A, W>,
    /// (A, B) after (A, B), reduced; after each polynomial W words that [`repeat`] writes.
    pairs: Lines,
    /// The digits of a tile.
    digits: Vec<A::V>,
}

impl<'a, A: Residues<W>, const W: usize> Group<'a, A, W> {
    /// Accumulators that are zero.
    fn new(key: &'a Prepared<A, W>, count: usize) -> Result<Self, Error> {
        let size = key.shape.size();
        let pairs = Lines::zeroed(count * 2 * (size + W))?;
        let len = count.min(TILE) * 2 * key.shape.levels as usize * size / W;
        let mut digits = reserve(len)?;
        digits.resize(len, key.a.zero());
        Ok(Self { key, pairs, digits })
    }

    /// An accumulator.
    fn pair(&mut self, index: usize) -> &mut [u64] {
        let words = 2 * (self.key.shape.size() + W);
        &mut self.pairs.words()[index * words..][..words]
    }

    /// Adds to each of a tile of accumulators its product with X^exponent − 1 and what `part` encrypts.
    fn rotate(&mut self, rotations: &[(usize, usize)], part: &[A::V], next: &[A::V]) {
        let (key, a) = (self.key, self.key.a);
        let (size, vectors) = (key.shape.size(), key.shape.size() / W);
        let polynomials = 2 * key.shape.levels as usize;
        let mut digits = std::mem::take(&mut self.digits);
        let tile = &mut digits[..rotations.len() * polynomials * vectors];
        for (digits, &(index, exponent)) in tile.chunks_mut(polynomials * vectors).zip(rotations) {
            for (r, polynomial) in self.pair(index).chunks_exact(size + W).enumerate() {
                let (digits, constants) = (&mut digits[r * vectors..], &key.tables.before);
                turned_difference(a, &key.shape, polynomial, exponent, constants, digits);
                for digits in digits.chunks_mut(vectors).step_by(2) {
                    forward_head(a, digits, &key.tables.forward);
                }
            }
        }
        multiply(a, key, part, next, tile);
        for (products, &(index, _)) in tile.chunks_mut(polynomials * vectors).zip(rotations) {
            let pair = self.pair(index).chunks_exact_mut(size + W);
            for (products, polynomial) in products.chunks_mut(vectors).zip(pair) {
                let (sums, _) = polynomial.as_chunks_mut();
                inverse_head(a, products, &key.tables.inverse, sums);
                repeat::<A, W>(polynomial);
            }
        }
        self.digits = digits;
    }
}

/// X^(−exponent)·table modulo p, exponent from 0 to 2N − 1.
fn turn<A: Residues<W>, const W: usize>(table: &[u64], exponent: u32, polynomial: &mut [u64]) {
    let size = table.len();
    let (is_negative, exponent) = (exponent as usize >= size, exponent as usize % size);
    let (first, second) = table.split_at(exponent);
    let words = second.iter().map(|word| (word, is_negative));
    let words = words.chain(first.iter().map(|word| (word, !is_negative)));
    for (coefficient, (&word, is_negative)) in polynomial.iter_mut().zip(words) {
        let stored = A::stored(to_residue(word));
        *coefficient = if is_negative { A::negative(stored) } else { stored };
    }
    repeat::<A, W>(polynomial);
}

/// Writes the first W coefficients, negated, after the last.
fn repeat<A: Residues<W>, const W: usize>(polynomial: &mut [u64]) {
    let (coefficients, again) = polynomial.split_at_mut(polynomial.len() - W);
    for (again, &coefficient) in again.iter_mut().zip(&*coefficients) {
        *again = A::negative(coefficient);
    }
}

/// The constant coefficient of (A, B), as words.
fn extract<A: Residues<W>, const W: usize>(pair: &[u64], size: usize, result: &mut [u64]) {
    let (a, b) = (&pair[..size], &pair[pair.len() / 2..]);
    let others = a[1..].iter().rev().map(|&stored| A::negative(stored));
    let coefficients = [a[0]].into_iter().chain(others).chain([b[0]]);
    for (word, stored) in result.iter_mut().zip(coefficients) {
        *word = to_word(A::residue(stored));
    }
}
