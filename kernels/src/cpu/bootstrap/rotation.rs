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
use super::transform::{forward, forward_within, inverse, inverse_within};
use super::vectors::Vectors;
use crate::bootstrap::MODULUS;
use crate::bootstrap::integers::{monomials, to_residue, to_word};
use crate::cpu::reserve;
use crate::error::Error;

/// Bootstraps ciphertexts with a table each, together.
pub(super) fn bootstrap<A: Vectors<W>, const W: usize>(
    a: A,
    key: &Prepared<A::V>,
    ciphertexts: &[u64],
    tables: &[&[u64]],
    results: &mut [u64],
) -> Result<(), Error> {
    let shape = &key.shape;
    let rows = ciphertexts.chunks_exact(shape.row_from());
    let exponents: Vec<_> = rows.map(|row| monomials(row, shape.log_size)).collect();
    let words = 2 * (shape.size() + W);
    let mut accumulators = Lines::zeroed(tables.len() * words)?;
    let mut digits = reserve(2 * shape.levels as usize * shape.size() / W)?;
    digits.resize(digits.capacity(), a.splat(0));
    let begin = exponents.iter().zip(tables).zip(accumulators.words().chunks_exact_mut(words));
    for ((exponents, table), accumulator) in begin {
        turn_table::<W>(table, exponents[shape.dimension], &mut accumulator[shape.size() + W..]);
    }
    a.run(
        #[inline(always)]
        || {
            for (index, part) in key.parts().enumerate() {
                let group = accumulators.words().chunks_exact_mut(words);
                for (accumulator, exponents) in group.zip(&exponents) {
                    let exponent = exponents[index] as usize;
                    if exponent > 0 {
                        rotate(a, key, part, exponent, accumulator, &mut digits);
                    }
                }
            }
        },
    );
    let group = accumulators.words().chunks_exact(words);
    for (accumulator, result) in group.zip(results.chunks_exact_mut(shape.row_to())) {
        let (mask, body) = accumulator.split_at(shape.size() + W);
        extract(&mask[..shape.size()], body[0], result);
    }
    Ok(())
}

/// X^(−exponent)·table modulo p, exponent from 0 to 2N − 1, with its first coefficients once more.
fn turn_table<const W: usize>(table: &[u64], exponent: u32, polynomial: &mut [u64]) {
    let size = table.len();
    let (is_negative, exponent) = (exponent as usize >= size, exponent as usize % size);
    let (first, second) = table.split_at(exponent);
    let words = second.iter().map(|word| (word, is_negative));
    let words = words.chain(first.iter().map(|word| (word, !is_negative)));
    for (coefficient, (&word, is_negative)) in polynomial.iter_mut().zip(words) {
        let residue = to_residue(word);
        *coefficient = if is_negative { negative(residue) } else { residue };
    }
    repeat::<W>(polynomial);
}

/// Writes the first W coefficients, negated, after the last.
#[inline(always)]
fn repeat<const W: usize>(polynomial: &mut [u64]) {
    let (coefficients, again) = polynomial.split_at_mut(polynomial.len() - W);
    for (again, &coefficient) in again.iter_mut().zip(&*coefficients) {
        *again = negative(coefficient);
    }
}

#[inline(always)]
fn negative(residue: u64) -> u64 {
    if residue == 0 { 0 } else { MODULUS - residue }
}

/// Adds to (A, B) the product of (X^exponent − 1)·(A, B) with what `part` encrypts.
#[inline(always)]
fn rotate<A: Vectors<W>, const W: usize>(
    a: A,
    key: &Prepared<A::V>,
    part: &[A::V],
    exponent: usize,
    accumulator: &mut [u64],
    digits: &mut [A::V],
) {
    let size = key.shape.size();
    let vectors = size / W;
    for (r, polynomial) in accumulator.chunks_exact(size + W).enumerate() {
        let digits = &mut digits[r * vectors..];
        turned_difference(a, &key.shape, polynomial, exponent, digits);
        for digits in digits.chunks_mut(vectors).step_by(2) {
            forward(a, digits, &key.forward);
        }
    }
    for square in 0..vectors / W {
        multiply(a, key, part, square, digits);
    }
    let products = digits.chunks_exact_mut(vectors);
    for (products, polynomial) in products.zip(accumulator.chunks_exact_mut(size + W)) {
        let (sums, _) = polynomial.as_chunks_mut();
        inverse(
            a,
            products,
            &key.inverse,
            #[inline(always)]
            |at, product| add(a, &mut sums[at], product),
        );
        repeat::<W>(polynomial);
    }
}

/// Adds a product from 0 to 2p.
#[inline(always)]
fn add<A: Vectors<W>, const W: usize>(a: A, sum: &mut [u64; W], product: A::V) {
    let total = a.add(a.load(sum), product);
    let total = a.min(total, a.sub(total, a.splat(2 * MODULUS)));
    a.store(a.min(total, a.sub(total, a.splat(MODULUS))), sum);
}

/// Replaces the digits of A and B in a square by what they contribute to A and to B. The levels of
/// transforms within vectors are done here, too.
#[inline(always)]
fn multiply<A: Vectors<W>, const W: usize>(
    a: A,
    key: &Prepared<A::V>,
    part: &[A::V],
    square: usize,
    digits: &mut [A::V],
) {
    let vectors = key.shape.size() / W;
    let polynomials = 2 * key.shape.levels as usize;
    let (values, _) = part[square * 2 * polynomials * W..].as_chunks::<W>();
    for digits in digits.chunks_exact_mut(vectors) {
        let (squares, _) = digits.as_chunks_mut();
        forward_within(a, &mut squares[square], key.forward.of_square::<W>(square));
    }
    let mut products = [[a.splat(0); W]; 2];
    let (squares, _) = digits.as_chunks::<W>();
    unroll!(r < 2, {
        unroll!(i < W, {
            let mut sum = a.sum();
            for level in 0..key.shape.levels as usize {
                if level > 0 {
                    sum = a.carry(sum);
                }
                let (x, y) = (2 * level * vectors / W + square, 4 * level + r);
                sum = a.add_product(sum, squares[x][i], values[y][i]);
                sum = a.add_product(sum, squares[x + vectors / W][i], values[y + 2][i]);
            }
            if key.shape.levels > 1 {
                sum = a.carry(sum);
            }
            let product = a.reduce(sum);
            products[r][i] = a.min(product, a.add(product, a.splat(2 * MODULUS)));
        });
    });
    for (digits, mut products) in digits.chunks_exact_mut(vectors).zip(products) {
        inverse_within(a, &mut products, key.inverse.of_square::<W>(square));
        digits[square * W..][..W].copy_from_slice(&products);
    }
}

/// The constant coefficient of (A, B), as words: `mask` is A, and `body` the constant coefficient of B.
fn extract(mask: &[u64], body: u64, result: &mut [u64]) {
    let others = mask[1..].iter().rev().map(|&residue| negative(residue));
    let residues = [mask[0]].into_iter().chain(others).chain([body]);
    for (word, residue) in result.iter_mut().zip(residues) {
        *word = to_word(residue);
    }
}
