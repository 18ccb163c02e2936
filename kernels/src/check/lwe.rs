//! Laws of key switching and bootstrapping.

use super::compare::Output;
use super::input::Stream;
use super::{Case, Input, Law, LweOperation};
use crate::backend::{AnyBackend, Backend, BootstrapOps};
use crate::bootstrap::MODULUS;
use crate::element::to_words;
use crate::error::Error;
use crate::field::Prime50;

/// Products that naive is asked for at most, unless one ciphertext takes more.
const PRODUCTS_MAX: usize = 1 << 22;
/// Of large sizes, ciphertexts of large shapes are one in so many.
const SHARE_OF_LARGE: usize = 1 << 11;

/// A case over ciphertexts, with its inputs.
pub(super) struct LweLaw {
    work: LweOperation,
    key: Vec<u64>,
    ciphertexts: Vec<u64>,
    tables: Vec<u64>,
    choices: Vec<u32>,
}

/// How many ciphertexts a size is, when each takes naive so many products.
fn ciphertexts(size: usize, products: usize) -> usize {
    size.min((PRODUCTS_MAX / products).max(size / SHARE_OF_LARGE).max(1))
}

impl LweLaw {
    pub(super) fn new(case: &Case, work: LweOperation) -> Self {
        match work {
            LweOperation::Keyswitch { shape } => {
                let count = ciphertexts(case.size, shape.key_words());
                let ciphertexts = words(case, 0, count * shape.row_from());
                let key = words(case, 1, shape.key_words());
                Self { work, key, ciphertexts, tables: Vec::new(), choices: Vec::new() }
            }
            LweOperation::Bootstrap { shape, tables } => {
                let count = ciphertexts(case.size, shape.key_words().saturating_mul(shape.size()));
                let mut stream = Stream::new(case.seed, 3);
                let choice = |_| u32::try_from(stream.below(tables)).expect("few tables");
                Self {
                    work,
                    key: residues(case, shape.key_words()),
                    ciphertexts: words(case, 0, count * shape.row_from()),
                    tables: words(case, 2, tables * shape.size()),
                    choices: (0..count).map(choice).collect(),
                }
            }
        }
    }
}

fn words(case: &Case, number: u64, len: usize) -> Vec<u64> {
    Stream::new(case.seed, number).integers(case.input, len, u64::BITS, false)
}

/// Residues below p: the words of elements, or p − 1 everywhere.
fn residues(case: &Case, len: usize) -> Vec<u64> {
    match case.input {
        Input::MinusOnes => vec![MODULUS - 1; len],
        input => to_words(&Stream::new(case.seed, 1).elements::<Prime50>(input, len)),
    }
}

impl Law for LweLaw {
    fn outputs(&self, backend: &AnyBackend) -> Result<Vec<Output>, Error> {
        let ciphertexts = backend.upload(&self.ciphertexts)?;
        let results = match self.work {
            LweOperation::Keyswitch { shape } => {
                let key = backend.keyswitch_key(shape, &self.key)?;
                backend.keyswitch_batch(&key, &ciphertexts)?
            }
            LweOperation::Bootstrap { shape, .. } => {
                let key = backend.bootstrap_key(shape, &self.key)?;
                let tables = backend.upload(&self.tables)?;
                backend.pbs_batch(&key, &ciphertexts, &tables, &self.choices)?
            }
        };
        Ok(vec![Output::values("words", &backend.download(&results)?)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphertexts_are_as_many_as_naive_can_do_or_few() {
        assert_eq!([0, 1, 100, 1 << 20].map(|size| ciphertexts(size, 1 << 18)), [0, 1, 16, 512]);
        assert_eq!([1, 2048, 4097, 1 << 16].map(|size| ciphertexts(size, 1 << 34)), [1, 1, 2, 32]);
    }
}
