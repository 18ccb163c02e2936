//! Key switching and bootstrapping.

use ark_ff::{FftField, PrimeField};
use rayon::prelude::*;

use super::{Cpu, reserve, zeroed};
use crate::backend::arguments::{
    check_bootstrap_key, check_choices, check_ciphertexts, check_keyswitch_key,
};
use crate::backend::{BootstrapOps, NttOps};
use crate::bootstrap::integers::{
    digits_of_residue, digits_of_word, monomials, to_residue, to_word,
};
use crate::bootstrap::{BootstrapShape, KeyswitchShape};
use crate::error::Error;
use crate::field::Prime50;
use crate::host::HostBuffer;
use crate::transform::{Order, Transform};

/// A key-switching key.
pub struct KeyswitchKey {
    shape: KeyswitchShape,
    words: Vec<u64>,
}

/// A bootstrapping key, its polynomials transformed.
pub struct BootstrapKey {
    shape: BootstrapShape,
    values: Vec<Prime50>,
}

impl BootstrapOps for Cpu {
    type KeyswitchKey = KeyswitchKey;
    type BootstrapKey = BootstrapKey;

    fn keyswitch_key(&self, shape: KeyswitchShape, words: &[u64]) -> Result<KeyswitchKey, Error> {
        check_keyswitch_key(&shape, words.len())?;
        let mut copy = reserve(words.len())?;
        copy.extend_from_slice(words);
        Ok(KeyswitchKey { shape, words: copy })
    }

    fn bootstrap_key(
        &self,
        shape: BootstrapShape,
        residues: &[u64],
    ) -> Result<BootstrapKey, Error> {
        check_bootstrap_key(&shape, residues)?;
        let mut values = reserve(residues.len())?;
        values.extend(residues.iter().map(|&residue| Prime50::from(residue)));
        let mut values = HostBuffer(values);
        self.ntt(&negacyclic(Transform::forward(shape.log_size)), &mut values)?;
        Ok(BootstrapKey { shape, values: values.0 })
    }

    fn keyswitch_batch(
        &self,
        key: &KeyswitchKey,
        ciphertexts: &HostBuffer<u64>,
    ) -> Result<HostBuffer<u64>, Error> {
        let shape = key.shape;
        let count = check_ciphertexts(ciphertexts.0.len(), shape.row_from())?;
        let mut results = zeroed(count * shape.row_to())?;
        let rows = ciphertexts.0.par_chunks_exact(shape.row_from());
        rows.zip(results.par_chunks_exact_mut(shape.row_to())).for_each(|(from, to)| {
            to[shape.to] = from[shape.from];
            let digits = from[..shape.from]
                .iter()
                .flat_map(|&a| digits_of_word(a, shape.base_log, shape.levels));
            for (digit, row) in digits.zip(key.words.chunks_exact(shape.row_to())) {
                for (sum, word) in to.iter_mut().zip(row) {
                    *sum = sum.wrapping_sub(digit.cast_unsigned().wrapping_mul(*word));
                }
            }
        });
        Ok(HostBuffer(results))
    }

    fn pbs_batch(
        &self,
        key: &BootstrapKey,
        ciphertexts: &HostBuffer<u64>,
        tables: &HostBuffer<u64>,
        choices: &[u32],
    ) -> Result<HostBuffer<u64>, Error> {
        let (shape, size) = (key.shape, key.shape.size());
        let count = check_ciphertexts(ciphertexts.0.len(), shape.row_from())?;
        check_choices(&shape, count, tables.0.len(), choices)?;
        let mut results = zeroed(count * shape.row_to())?;
        let rows = ciphertexts.0.par_chunks_exact(shape.row_from()).zip(choices);
        let results_of = results.par_chunks_exact_mut(shape.row_to());
        rows.zip(results_of).try_for_each(|((ciphertext, &choice), result)| {
            let table = &tables.0[choice as usize * size..][..size];
            bootstrap(*self, key, ciphertext, table, result)
        })?;
        Ok(HostBuffer(results))
    }
}

/// The transform at the odd powers of a root of order 2N.
fn negacyclic(transform: Transform<Prime50>) -> Transform<Prime50> {
    let root = Prime50::get_root_of_unity(2 << transform.log_size).expect("there are roots");
    transform.on_coset(root).in_order(Order::BitReversed)
}

fn bootstrap(
    cpu: Cpu,
    key: &BootstrapKey,
    ciphertext: &[u64],
    table: &[u64],
    result: &mut [u64],
) -> Result<(), Error> {
    let BootstrapShape { dimension, log_size, base_log, levels } = key.shape;
    let size = key.shape.size();
    let exponents = monomials(ciphertext, log_size);
    let table: Vec<Prime50> = table.iter().map(|&word| to_residue(word).into()).collect();
    let mut sums = zeroed(size)?;
    sums.extend((0..size).map(|j| turned(&table, j, exponents[dimension] as usize)));
    for (i, key) in key.values.chunks_exact(levels as usize * 4 * size).enumerate() {
        let exponent = 2 * size - exponents[i] as usize;
        let mut products = HostBuffer(zeroed(2 * size)?);
        for level in 0..levels as usize {
            for r in 0..2 {
                let sum = &sums[r * size..][..size];
                let mut digits = reserve(size)?;
                digits.extend((0..size).map(|j| {
                    let difference = (turned(sum, j, exponent) - sum[j]).into_bigint().0[0];
                    let digit = digits_of_residue(difference, base_log, levels).nth(level);
                    Prime50::from(digit.unwrap_or(0))
                }));
                let mut digits = HostBuffer(digits);
                cpu.ntt(&negacyclic(Transform::forward(log_size)), &mut digits)?;
                let key = &key[(2 * level + r) * 2 * size..][..2 * size];
                for ((product, key), digit) in
                    products.0.iter_mut().zip(key).zip(digits.0.iter().cycle())
                {
                    *product += *key * digit;
                }
            }
        }
        cpu.ntt(&negacyclic(Transform::inverse(log_size)), &mut products)?;
        for (sum, product) in sums.iter_mut().zip(products.0) {
            *sum += product;
        }
    }
    let word = |x: Prime50| to_word(x.into_bigint().0[0]);
    result[0] = word(sums[0]);
    for j in 1..size {
        result[j] = word(-sums[size - j]);
    }
    result[size] = word(sums[size]);
    Ok(())
}

/// Coefficient `j` of a polynomial divided by X^exponent, exponent from 0 to 2N.
fn turned(polynomial: &[Prime50], j: usize, exponent: usize) -> Prime50 {
    let (size, at) = (polynomial.len(), j + exponent);
    let coefficient = polynomial[at % size];
    if at / size % 2 == 0 { coefficient } else { -coefficient }
}

#[cfg(test)]
mod tests;
