//! Twins of `bootstrap`.
//!
//! Accumulators, digits and sums are residues as they are, without a Montgomery factor. Read as elements
//! they stand for 1/R of what they are, and so do sums, and products with elements of a true form.

use super::{Call, Twin};
use crate::bootstrap::MODULUS;
use crate::bootstrap::integers::{digits_of_residue, monomials, to_residue, to_word};
use crate::element::{from_words, to_words};
use crate::field::Prime50;
use crate::source::resident_bytes;

pub(super) fn find(entry: &str) -> Option<Twin> {
    Some(match entry {
        "bootstrap_monomials" => bootstrap_monomials,
        "bootstrap_start" => bootstrap_start,
        "bootstrap_digits" => bootstrap_digits,
        "bootstrap_products" => bootstrap_products,
        "bootstrap_add" => bootstrap_add,
        "bootstrap_rotate" => bootstrap_rotate,
        "bootstrap_extract" => bootstrap_extract,
        _ => return None,
    })
}

fn subtract(a: u64, b: u64) -> u64 {
    if a >= b { a - b } else { a + MODULUS - b }
}

/// Coefficient j of polynomial·X^exponent, exponent from 0 to 2N − 1.
fn turned(polynomial: &[u64], exponent: usize, j: usize) -> u64 {
    let size = polynomial.len();
    let from = (j + 2 * size - exponent) % (2 * size);
    let coefficient = polynomial[from % size];
    if from < size { coefficient } else { subtract(0, coefficient) }
}

/// Coefficient j of (X^exponent − 1)·polynomial.
fn difference(polynomial: &[u64], exponent: usize, j: usize) -> u64 {
    subtract(turned(polynomial, exponent, j), polynomial[j])
}

/// The digits of a residue, as residues.
fn digits(residue: u64, base_log: u32, levels: u32) -> impl Iterator<Item = u64> {
    let digits = digits_of_residue(residue, base_log, levels);
    digits.map(|digit| digit.rem_euclid(MODULUS.cast_signed()).cast_unsigned())
}

/// A residue without a Montgomery factor as an element, which stands for 1/R of it.
fn bare(residue: u64) -> Prime50 {
    from_words(&[residue])[0]
}

fn bootstrap_monomials(call: &mut Call<'_>) {
    let [n, row, log_size, first] = [0, 1, 2, 3].map(|at| call.number(at));
    let (mut exponents, ciphertexts) = (call.get_halves(0), call.get::<u64>(1));
    let threads = call.threads(n);
    for (c, begin) in threads.clone().step_by(row).enumerate() {
        let ciphertext = &ciphertexts[(first + c) * row..][..row];
        let of_row = monomials(ciphertext, u32::try_from(log_size).expect("at most 12"));
        for (at, exponent) in (begin..threads.end).zip(of_row) {
            exponents[at] = exponent;
        }
    }
    call.set_halves(0, &exponents);
}

fn bootstrap_start(call: &mut Call<'_>) {
    let [n, log_size, row, first] = [0, 1, 2, 3].map(|at| call.number(at));
    let size = 1 << log_size;
    let (mut accumulators, exponents) = (call.get::<u64>(0), call.get_halves(1));
    let (tables, choices) = (call.get::<u64>(2), call.get_halves(3));
    for thread in call.threads(n) {
        let (c, j) = (thread >> log_size, thread % size);
        let table = &tables[choices[first + c] as usize * size..][..size];
        let table: Vec<u64> = table.iter().map(|&word| to_residue(word)).collect();
        let exponent = (2 * size - exponents[c * row + row - 1] as usize) % (2 * size);
        accumulators[2 * c * size + j] = 0;
        accumulators[(2 * c + 1) * size + j] = turned(&table, exponent, j);
    }
    call.set(0, &accumulators);
}

fn bootstrap_digits(call: &mut Call<'_>) {
    let [n, log_size, row, part] = [0, 1, 2, 3].map(|at| call.number(at));
    let (base_log, levels) = (call.parameters[4], call.parameters[5]);
    let (size, depth) = (1 << log_size, levels as usize);
    let (mut out, accumulators) = (call.get::<Prime50>(0), call.get::<u64>(1));
    let (exponents, twist) = (call.get_halves(2), call.get::<Prime50>(3));
    for thread in call.threads(n) {
        let (c, r, j) = (thread / (2 * size), thread / size % 2, thread % size);
        let polynomial = &accumulators[thread - j..][..size];
        let difference = difference(polynomial, exponents[c * row + part] as usize, j);
        for (l, digit) in digits(difference, base_log, levels).enumerate() {
            out[((c * depth + l) * 2 + r) * size + j] = bare(digit) * twist[j];
        }
    }
    call.set(0, &out);
}

/// What values of digits contribute to component q at j.
fn products(digits: &[Prime50], key: &[Prime50], size: usize, q: usize, j: usize) -> Prime50 {
    let polynomials = 0..digits.len() / size;
    polynomials.map(|d| digits[d * size + j] * key[(2 * d + q) * size + j]).sum()
}

fn bootstrap_products(call: &mut Call<'_>) {
    let [n, log_size, levels, part] = [0, 1, 2, 3].map(|at| call.number(at));
    let size = 1 << log_size;
    let (mut sums, digits) = (call.get::<Prime50>(0), call.get::<Prime50>(1));
    let words = 4 * levels * size;
    let key = call.get_range::<Prime50>(2, part * words..(part + 1) * words);
    for thread in call.threads(n) {
        let (c, q, j) = (thread / (2 * size), thread / size % 2, thread % size);
        let digits = &digits[2 * c * levels * size..][..2 * levels * size];
        sums[thread] = products(digits, &key, size, q, j);
    }
    call.set(0, &sums);
}

fn bootstrap_add(call: &mut Call<'_>) {
    let [n, log_size] = [0, 1].map(|at| call.number(at));
    let (mut accumulators, sums) = (call.get::<Prime50>(0), call.get::<Prime50>(1));
    let untwist = call.get::<Prime50>(2);
    for thread in call.threads(n) {
        accumulators[thread] += sums[thread] * untwist[thread % (1 << log_size)];
    }
    call.set(0, &accumulators);
}

/// Values at the odd powers of ψ, in bit-reversed order. Blocks have remainders modulo X^M − ψ^e, and
/// root number m + i is the square root of ψ^e for block i of m.
fn forward(polynomial: &mut [Prime50], roots: &[Prime50]) {
    let mut blocks = 1;
    while blocks < polynomial.len() {
        let half = polynomial.len() / blocks / 2;
        for (block, &root) in polynomial.chunks_exact_mut(2 * half).zip(&roots[blocks..]) {
            let (low, high) = block.split_at_mut(half);
            for (u, v) in low.iter_mut().zip(high) {
                (*u, *v) = (*u + root * *v, *u - root * *v);
            }
        }
        blocks *= 2;
    }
}

/// N times the polynomial with these values.
fn backward(values: &mut [Prime50], roots: &[Prime50]) {
    let mut blocks = values.len() / 2;
    while blocks > 0 {
        let half = values.len() / blocks / 2;
        // ψ^(−e) is −ψ^(N−e), which is the root of the block that mirrors this one.
        let mirrored = roots[blocks..2 * blocks].iter().rev();
        for (block, &root) in values.chunks_exact_mut(2 * half).zip(mirrored) {
            let (low, high) = block.split_at_mut(half);
            for (u, v) in low.iter_mut().zip(high) {
                (*u, *v) = (*u + *v, (*v - *u) * root);
            }
        }
        blocks /= 2;
    }
}

fn bootstrap_rotate(call: &mut Call<'_>) {
    let [count, log_size, row, part, parts] = [0, 1, 2, 3, 4].map(|at| call.number(at));
    let (base_log, levels) = (call.parameters[5], call.parameters[6]);
    let (size, words) = (1 << log_size, (4 * levels as usize) << log_size);
    let shared = resident_bytes(size, levels);
    assert!(shared <= call.limits.shared_bytes as usize, "an accumulator fits shared memory");
    let (mut accumulators, exponents) = (call.get::<u64>(0), call.get_halves(1));
    let key = call.get_range::<Prime50>(2, part * words..(part + parts) * words);
    let roots = call.get::<Prime50>(3);
    for c in call.groups(count) {
        let pair = &mut accumulators[2 * c * size..][..2 * size];
        for (at, key) in (part..).zip(key.chunks_exact(words)) {
            let exponent = exponents[c * row + at] as usize;
            // In the order of the key: for each level the digits of A, then those of B.
            let mut values = vec![bare(0); 2 * levels as usize * size];
            for (r, polynomial) in pair.chunks_exact(size).enumerate() {
                for j in 0..size {
                    let difference = difference(polynomial, exponent, j);
                    for (l, digit) in digits(difference, base_log, levels).enumerate() {
                        values[(2 * l + r) * size + j] = bare(digit);
                    }
                }
            }
            values.chunks_exact_mut(size).for_each(|digits| forward(digits, &roots));
            for (q, polynomial) in pair.chunks_exact_mut(size).enumerate() {
                let mut sum: Vec<_> =
                    (0..size).map(|j| products(&values, key, size, q, j)).collect();
                backward(&mut sum, &roots);
                for (coefficient, more) in polynomial.iter_mut().zip(sum) {
                    *coefficient = to_words(&[bare(*coefficient) + more])[0];
                }
            }
        }
    }
    call.set(0, &accumulators);
}

fn bootstrap_extract(call: &mut Call<'_>) {
    let [n, log_size, first] = [0, 1, 2].map(|at| call.number(at));
    let size = 1 << log_size;
    let (mut out, accumulators) = (call.get::<u64>(0), call.get::<u64>(1));
    for thread in call.threads(n) {
        let (c, j) = (thread / (size + 1), thread % (size + 1));
        let (a, b) = accumulators[2 * c * size..][..2 * size].split_at(size);
        let residue = match j {
            0 => a[0],
            j if j == size => b[0],
            j => subtract(0, a[size - j]),
        };
        out[first * (size + 1) + thread] = to_word(residue);
    }
    call.set(0, &out);
}
