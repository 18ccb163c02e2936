//! Key switching: a product of digits, few bits each, with a matrix of words, modulo 2^64.
//!
//! The matrix is many times larger than any cache. It is kept in strips of a few columns, cut into blocks
//! that fit the second-level cache: a block is fetched once for many ciphertexts. Sums of a few
//! ciphertexts over a strip are kept in registers.

use rayon::prelude::*;

use super::multiples::Multiples;
use crate::bootstrap::KeyswitchShape;
use crate::bootstrap::integers::digits_of_word;
use crate::cpu::{reserve, zeroed};
use crate::error::Error;

/// Vectors that a strip is wide.
const WIDTH: usize = 2;
/// Rows of a block: 128 KiB where vectors have eight lanes.
const ROWS: usize = 1024;
/// Ciphertexts whose digits are kept at a time, at most.
const BATCH: usize = 64;
/// Digits that are kept at a time, where those of a tile are not more: 8 MiB.
const DIGITS: usize = 1 << 20;

/// A strip's part of a row.
type Row<V> = [V; WIDTH];

/// The matrix, strip by strip and in a strip row by row. The last strip is filled up with zeros.
pub(super) struct Prepared<A: Multiples<W>, const W: usize> {
    a: A,
    shape: KeyswitchShape,
    strips: Vec<Row<A::V>>,
}

impl<A: Multiples<W>, const W: usize> Prepared<A, W> {
    pub fn new(a: A, shape: KeyswitchShape, words: &[u64]) -> Result<Self, Error> {
        let rows = rows(&shape);
        let count = shape.row_to().div_ceil(WIDTH * W);
        let mut strips = reserve(count * rows)?;
        strips.resize(count * rows, [a.splat(0); WIDTH]);
        strips.par_chunks_exact_mut(rows).enumerate().for_each(|(strip, to)| {
            a.run(
                #[inline(always)]
                || {
                    for (to, row) in to.iter_mut().zip(words.chunks_exact(shape.row_to())) {
                        let words = row[strip * WIDTH * W..].chunks(W);
                        for (vector, words) in to.iter_mut().zip(words) {
                            let mut lanes = [0; W];
                            for (lane, &word) in lanes.iter_mut().zip(words) {
                                *lane = A::prepared(word);
                            }
                            *vector = a.load(&lanes);
                        }
                    }
                },
            );
        });
        Ok(Self { a, shape, strips })
    }

    /// Switches ciphertexts.
    pub fn switch(&self, ciphertexts: &[u64], results: &mut [u64]) -> Result<(), Error> {
        let batch = (DIGITS / rows(&self.shape) / A::TILE * A::TILE).clamp(A::TILE, BATCH);
        let batches = ciphertexts.par_chunks(batch * self.shape.row_from());
        let results = results.par_chunks_mut(batch * self.shape.row_to());
        batches.zip(results).try_for_each(|(batch, results)| self.switch_batch(batch, results))
    }

    fn switch_batch(&self, ciphertexts: &[u64], results: &mut [u64]) -> Result<(), Error> {
        let a = self.a;
        let rows = rows(&self.shape);
        let count = ciphertexts.len() / self.shape.row_from();
        let mut digits = zeroed(count * rows)?;
        let tiles = digits.par_chunks_mut(A::TILE * rows);
        tiles
            .zip(ciphertexts.par_chunks(A::TILE * self.shape.row_from()))
            .for_each(|(digits, ciphertexts)| write_digits(&self.shape, ciphertexts, digits));
        let len = self.strips.len() / rows * count;
        let mut sums = reserve(len)?;
        sums.resize(len, [a.splat(0); WIDTH]);
        let strips = self.strips.par_chunks_exact(rows);
        strips.zip(sums.par_chunks_exact_mut(count)).for_each(|(strip, sums)| {
            a.run(
                #[inline(always)]
                || add_strip(a, strip, &digits, sums),
            );
        });
        let outputs = results.par_chunks_exact_mut(self.shape.row_to()).enumerate();
        outputs.for_each(|(index, result)| {
            a.run(
                #[inline(always)]
                || {
                    let sums = sums.iter().skip(index).step_by(count).flatten();
                    for (words, &sum) in result.chunks_mut(W).zip(sums) {
                        let mut lanes = [0; W];
                        a.store(sum, &mut lanes);
                        words.copy_from_slice(&lanes[..words.len()]);
                    }
                },
            );
            let ciphertext = &ciphertexts[index * self.shape.row_from()..];
            let body = &mut result[self.shape.to];
            *body = body.wrapping_add(ciphertext[self.shape.from]);
        });
        Ok(())
    }
}

/// Rows of the matrix.
fn rows(shape: &KeyswitchShape) -> usize {
    shape.from * shape.levels as usize
}

/// The digits of a tile's ciphertexts: a row of them for each row of the matrix.
fn write_digits(shape: &KeyswitchShape, ciphertexts: &[u64], digits: &mut [u64]) {
    let KeyswitchShape { from, base_log, levels, .. } = *shape;
    let tile = ciphertexts.len() / shape.row_from();
    for (index, ciphertext) in ciphertexts.chunks_exact(shape.row_from()).enumerate() {
        let words = ciphertext[..from].iter();
        let values = words.flat_map(|&word| digits_of_word(word, base_log, levels));
        for (digit, value) in digits[index..].iter_mut().step_by(tile).zip(values) {
            *digit = value.cast_unsigned();
        }
    }
}

/// Subtracts the products of all digits with a strip.
#[inline(always)]
fn add_strip<A: Multiples<W>, const W: usize>(
    a: A,
    strip: &[Row<A::V>],
    digits: &[u64],
    sums: &mut [Row<A::V>],
) {
    for (index, block) in strip.chunks(ROWS).enumerate() {
        let tiles = digits.chunks(A::TILE * strip.len()).zip(sums.chunks_mut(A::TILE));
        for (digits, sums) in tiles {
            let tile = sums.len();
            let digits = &digits[index * ROWS * tile..][..block.len() * tile];
            match tile {
                1 => subtract::<A, W, 1>(a, block, digits, sums),
                2 => subtract::<A, W, 2>(a, block, digits, sums),
                3 => subtract::<A, W, 3>(a, block, digits, sums),
                _ => subtract::<A, W, 4>(a, block, digits, sums),
            }
        }
    }
}

/// Subtracts the products of the digits of T ciphertexts with a block.
#[inline(always)]
fn subtract<A: Multiples<W>, const W: usize, const T: usize>(
    a: A,
    block: &[Row<A::V>],
    digits: &[u64],
    sums: &mut [Row<A::V>],
) {
    let sums = sums.first_chunk_mut::<T>().expect("a tile is of T ciphertexts");
    let mut products = [[a.no_products(); WIDTH]; T];
    for (row, digits) in block.iter().zip(digits.as_chunks::<T>().0) {
        unroll!(i < T, {
            let digit = a.splat(digits[i]);
            unroll!(k < WIDTH, {
                products[i][k] = a.add_product(products[i][k], row[k], digit);
            });
        });
    }
    unroll!(i < T, {
        unroll!(k < WIDTH, {
            sums[i][k] = a.sub(sums[i][k], a.total(products[i][k]));
        });
    });
}
