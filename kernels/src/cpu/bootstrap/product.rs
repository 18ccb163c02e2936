//! Products of digits with a part of a key, as values; and the levels of transforms just before and after,
//! while a few vectors are in the first-level cache.

use super::key::Prepared;
use super::residues::Residues;
use super::transform::{block_vectors, forward_tail, forward_within, inverse_tail, inverse_within};

/// Replaces the first two polynomials of digits, those of A and of B, by what the part makes of all: what
/// is added to A and to B. The digits of several ciphertexts lie one after the other, the first levels of
/// their transforms done.
#[inline(never)]
pub(super) fn multiply<A: Residues<W>, const W: usize>(
    a: A,
    key: &Prepared<A, W>,
    part: &[A::V],
    next: &[A::V],
    digits: &mut [A::V],
) {
    a.run(
        #[inline(always)]
        || {
            let vectors = key.shape.size() / W;
            let levels = key.shape.levels as usize;
            let block = block_vectors::<A, W>(vectors);
            let mut next = next.chunks_exact(4 * levels * block);
            for (index, part) in part.chunks_exact(4 * levels * block).enumerate() {
                let (part, _) = part.as_chunks();
                let (mut next, _) = next.next().unwrap_or_default().as_chunks();
                for digits in digits.chunks_exact_mut(2 * levels * vectors) {
                    if levels == 1 {
                        multiply_block::<A, W, false>(a, key, [part, next], digits, index, block);
                    } else {
                        multiply_block::<A, W, true>(a, key, [part, next], digits, index, block);
                    }
                    // The others find it on its way.
                    next = &[];
                }
            }
        },
    );
}

/// The same for a block of one ciphertext. There are `MANY` levels of digits, or one.
#[inline(always)]
fn multiply_block<A: Residues<W>, const W: usize, const MANY: bool>(
    a: A,
    key: &Prepared<A, W>,
    [part, next]: [&[[A::V; W]]; 2],
    digits: &mut [A::V],
    index: usize,
    block: usize,
) {
    let vectors = key.shape.size() / W;
    let squares = block / W;
    for polynomial in digits.chunks_exact_mut(vectors) {
        let block = &mut polynomial[index * block..][..block];
        forward_tail(a, block, index, &key.tables.forward);
        for (square, vectors) in block.as_chunks_mut().0.iter_mut().enumerate() {
            let factors = key.tables.forward.of_square::<W>(index * squares + square);
            *vectors = forward_within(a, *vectors, factors);
        }
    }
    let mut next = next.chunks_exact(part.len() / squares);
    for (square, part) in part.chunks_exact(part.len() / squares).enumerate() {
        let parts = [part, next.next().unwrap_or_default()];
        multiply_square::<A, W, MANY>(a, key, parts, digits, index * squares + square);
    }
    for polynomial in digits.chunks_exact_mut(vectors).take(2) {
        inverse_tail(a, &mut polynomial[index * block..][..block], index, &key.tables.inverse);
    }
}

/// The same for a square, whose digits are values already.
#[inline(always)]
fn multiply_square<A: Residues<W>, const W: usize, const MANY: bool>(
    a: A,
    key: &Prepared<A, W>,
    [part, next]: [&[[A::V; W]]; 2],
    digits: &mut [A::V],
    square: usize,
) {
    let squares = key.shape.size() / (W * W);
    let (digits, _) = digits.as_chunks_mut::<W>();
    let (start, _) = key.tables.start.as_chunks::<W>();
    let factors = key.tables.inverse.of_square::<W>(square);
    let first = sums::<A, W, MANY>(a, &start[square], &digits[square..], squares, part);
    let first = inverse_within(a, first, factors);
    let second = sums::<A, W, MANY>(a, &start[square], &digits[square..], squares, &part[1..]);
    digits[square + squares] = inverse_within(a, second, factors);
    digits[square] = first;
    for vector in next.as_flattened() {
        a.prefetch(vector);
    }
}

/// Sums of products: of every `squares`-th square of digits with every second polynomial of
/// a part.
#[inline(always)]
fn sums<A: Residues<W>, const W: usize, const MANY: bool>(
    a: A,
    start: &[A::V; W],
    digits: &[[A::V; W]],
    squares: usize,
    part: &[[A::V; W]],
) -> [A::V; W] {
    let (x, y) = ([&digits[0], &digits[squares]], [&part[0], &part[2]]);
    let mut products = *start;
    unroll!(i < W, {
        let sum = a.add_product(a.sum(start[i]), x[0][i], y[0][i]);
        let mut sum = a.add_product(sum, x[1][i], y[1][i]);
        if MANY {
            let pairs = digits.iter().step_by(squares).zip(part.iter().step_by(2));
            for (index, (x, y)) in pairs.skip(2).enumerate() {
                if index % 2 == 0 {
                    sum = a.carry(sum);
                }
                sum = a.add_product(sum, x[i], y[i]);
            }
            sum = a.carry(sum);
        }
        products[i] = a.reduce(sum);
    });
    products
}
