//! Key switching and bootstrapping, with schoolbook products of polynomials.

use super::Naive;
use crate::backend::BootstrapOps;
use crate::backend::arguments::{
    check_bootstrap_key, check_choices, check_ciphertexts, check_keyswitch_key,
};
use crate::bootstrap::integers::{
    digits_of_residue, digits_of_word, monomials, to_residue, to_word,
};
use crate::bootstrap::{BootstrapShape, KeyswitchShape, MODULUS};
use crate::error::Error;
use crate::host::HostBuffer;

/// A key as it came.
pub struct Key<S> {
    shape: S,
    words: Vec<u64>,
}

/// A polynomial modulo X^N + 1 and p, lowest coefficient first.
type Polynomial = Vec<u64>;

impl BootstrapOps for Naive {
    type KeyswitchKey = Key<KeyswitchShape>;
    type BootstrapKey = Key<BootstrapShape>;

    fn keyswitch_key(
        &self,
        shape: KeyswitchShape,
        words: &[u64],
    ) -> Result<Key<KeyswitchShape>, Error> {
        check_keyswitch_key(&shape, words.len())?;
        Ok(Key { shape, words: words.to_vec() })
    }

    fn bootstrap_key(
        &self,
        shape: BootstrapShape,
        residues: &[u64],
    ) -> Result<Key<BootstrapShape>, Error> {
        check_bootstrap_key(&shape, residues)?;
        Ok(Key { shape, words: residues.to_vec() })
    }

    fn keyswitch_batch(
        &self,
        key: &Key<KeyswitchShape>,
        ciphertexts: &HostBuffer<u64>,
    ) -> Result<HostBuffer<u64>, Error> {
        check_ciphertexts(ciphertexts.0.len(), key.shape.row_from())?;
        let rows = ciphertexts.0.chunks_exact(key.shape.row_from());
        Ok(HostBuffer(rows.flat_map(|row| keyswitch(key, row)).collect()))
    }

    fn pbs_batch(
        &self,
        key: &Key<BootstrapShape>,
        ciphertexts: &HostBuffer<u64>,
        tables: &HostBuffer<u64>,
        choices: &[u32],
    ) -> Result<HostBuffer<u64>, Error> {
        let (row, size) = (key.shape.row_from(), key.shape.size());
        let count = check_ciphertexts(ciphertexts.0.len(), row)?;
        check_choices(&key.shape, count, tables.0.len(), choices)?;
        let rows = ciphertexts.0.chunks_exact(row).zip(choices);
        let results = rows.flat_map(|(ciphertext, &choice)| {
            bootstrap(key, ciphertext, &tables.0[choice as usize * size..][..size])
        });
        Ok(HostBuffer(results.collect()))
    }
}

fn keyswitch(key: &Key<KeyswitchShape>, ciphertext: &[u64]) -> Vec<u64> {
    let KeyswitchShape { from, to, base_log, levels } = key.shape;
    let mut result = vec![0u64; to];
    result.push(ciphertext[from]);
    let digits = ciphertext[..from].iter().flat_map(|&a| digits_of_word(a, base_log, levels));
    for (digit, row) in digits.zip(key.words.chunks_exact(to + 1)) {
        for (sum, word) in result.iter_mut().zip(row) {
            *sum = sum.wrapping_sub(digit.cast_unsigned().wrapping_mul(*word));
        }
    }
    result
}

fn bootstrap(key: &Key<BootstrapShape>, ciphertext: &[u64], table: &[u64]) -> Vec<u64> {
    let BootstrapShape { dimension, log_size, levels, .. } = key.shape;
    let size = key.shape.size();
    let exponents = monomials(ciphertext, log_size);
    let table: Polynomial = table.iter().map(|&word| to_residue(word)).collect();
    let turn = 2 * size - exponents[dimension] as usize;
    let mut accumulator = [vec![0; size], times_monomial(&table, turn)];
    let keys = key.words.chunks_exact(4 * levels as usize * size);
    for (&exponent, key_of_bit) in exponents[..dimension].iter().zip(keys) {
        let difference = [0, 1].map(|r| {
            let turned = times_monomial(&accumulator[r], exponent as usize);
            turned.iter().zip(&accumulator[r]).map(|(&a, &b)| subtract(a, b)).collect()
        });
        add_external_product(&mut accumulator, &difference, key_of_bit, &key.shape);
    }
    extract(&accumulator)
}

/// Adds the product of what `key_of_bit` encrypts with (A, B).
fn add_external_product(
    sum: &mut [Polynomial; 2],
    pair: &[Polynomial; 2],
    key_of_bit: &[u64],
    shape: &BootstrapShape,
) {
    let BootstrapShape { base_log, levels, .. } = *shape;
    let mut key = key_of_bit.chunks_exact(shape.size());
    for level in 0..levels as usize {
        for component in pair {
            let digit = |&x: &u64| digits_of_residue(x, base_log, levels).nth(level).unwrap_or(0);
            let digits: Vec<i64> = component.iter().map(digit).collect();
            for sum in sum.iter_mut() {
                add_product(sum, &digits, key.next().expect("four polynomials for each level"));
            }
        }
    }
}

/// sum += digits·key, product by product.
fn add_product(sum: &mut [u64], digits: &[i64], key: &[u64]) {
    let size = sum.len();
    for (i, &digit) in digits.iter().enumerate() {
        for (j, &word) in key.iter().enumerate() {
            let product = i128::from(digit) * i128::from(word);
            let signed = if i + j < size { product } else { -product };
            let at = (i + j) % size;
            let reduced = (i128::from(sum[at]) + signed).rem_euclid(i128::from(MODULUS));
            sum[at] = u64::try_from(reduced).expect("below the modulus");
        }
    }
}

/// polynomial·X^exponent, exponent from 0 to 2N.
fn times_monomial(polynomial: &[u64], exponent: usize) -> Polynomial {
    let size = polynomial.len();
    let mut result = vec![0; size];
    for (i, &coefficient) in polynomial.iter().enumerate() {
        let at = (i + exponent) % (2 * size);
        result[at % size] = if at < size { coefficient } else { subtract(0, coefficient) };
    }
    result
}

/// The constant coefficient, as words.
fn extract([a, b]: &[Polynomial; 2]) -> Vec<u64> {
    let mask = a[1..].iter().rev().map(|&x| subtract(0, x));
    [a[0]].into_iter().chain(mask).chain([b[0]]).map(to_word).collect()
}

fn subtract(a: u64, b: u64) -> u64 {
    if a >= b { a - b } else { a + MODULUS - b }
}
