//! Laws of vectors of words.

use super::compare::Output;
use super::field::copies;
use super::input::Stream;
use super::{Case, Law, WordOperation};
use crate::backend::{AnyBackend, Backend, WordOps};
use crate::error::Error;

/// A case over words, with its inputs.
pub(super) struct WordLaw {
    work: WordOperation,
    words: Vec<u64>,
    weights: Vec<u64>,
}

impl WordLaw {
    pub(super) fn new(case: &Case, work: WordOperation) -> Self {
        let count = match work {
            WordOperation::WeightedSums { weights, .. } => weights,
            WordOperation::Copy => 1,
        };
        let integers = |number, len| {
            Stream::new(case.seed, number).integers(case.input, len, u64::BITS, false)
        };
        let weights = integers(1, count);
        Self { work, words: integers(0, case.size * count), weights }
    }
}

impl Law for WordLaw {
    fn outputs(&self, backend: &AnyBackend) -> Result<Vec<Output>, Error> {
        let WordOperation::WeightedSums { signedness, .. } = self.work else {
            return copies(backend, &self.words);
        };
        let vectors = backend.upload(&self.words)?;
        let (low, high) = backend.weighted_sums(&vectors, &self.weights, signedness)?;
        Ok(vec![
            Output::values("low", &backend.download(&low)?),
            Output::values("high", &backend.download(&high)?),
        ])
    }
}
