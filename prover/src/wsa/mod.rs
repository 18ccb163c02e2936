//! The weighted-sum argument (WSA): a published vector is the weighted sum of committed vectors.
//!
//! - [`modular`]: words and sum modulo 2^64, as ciphertexts are added. Carries and a lookup, proved
//!   on the [engine](crate::engine).
//! - [`integer`]: signed words and their sum over the integers, as model updates are added. No
//!   lookup, no pairing.
//!
//! Statement, transcript order, soundness and zero knowledge: `docs/wsa.md`.

pub mod integer;
pub mod modular;

use pulseproof_kernels::{Curve, G1Affine, Scalar};

use crate::engine::verify::Combination;
use crate::transcript::Transcript;

/// Longest context a statement may carry, in bytes.
pub const CONTEXT_BYTES_MAX: usize = 1 << 16;

/// What is public: these commitments, with these weights, sum to this aggregate, in this context.
///
/// `W` is a word of the aggregate: `u64` modulo 2^64, `i128` over the integers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<C: Curve, W> {
    /// C_1 … C_n. Must lie in the prime-order subgroup: decoding checks that, verifying does not.
    pub commitments: Vec<G1Affine<C>>,
    /// w_1 … w_n, each at least 1, together at most N.
    pub weights: Vec<u64>,
    /// The first words of A; the remaining ones, up to N, are zero.
    pub aggregate: Vec<W>,
    /// What the sum belongs to: region, epoch, operation, roster. Bound, not interpreted.
    pub context: Vec<u8>,
}

/// Why there is no such statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// n = 0.
    #[error("commitments: a sum needs at least one vector")]
    NoVectors,
    /// One weight per commitment.
    #[error("weights: {weights} weights for {commitments} commitments")]
    WeightCount {
        /// Weights given.
        weights: usize,
        /// Commitments given.
        commitments: usize,
    },
    /// A weight of zero leaves its vector out.
    #[error("weights[{0}]: a weight must be at least 1")]
    ZeroWeight(usize),
    /// The carries would not fit the table.
    #[error("weights: the total weight exceeds the limit of {limit}")]
    WeightOverflow {
        /// N.
        limit: u64,
    },
    /// More words than the SRS commits to.
    #[error("vector: {got} words, at most {limit} are supported")]
    TooLong {
        /// Words given.
        got: usize,
        /// N.
        limit: usize,
    },
    /// Vectors of one sum have one length.
    #[error("vectors[{index}]: {got} words, expected {expected}")]
    Length {
        /// Position of the vector.
        index: usize,
        /// Its length.
        got: usize,
        /// The length of the first.
        expected: usize,
    },
    /// A word that no weighted sum of 64-bit words can reach.
    #[error("aggregate[{0}]: out of range")]
    WordOutOfRange(usize),
    /// A context over the limit.
    #[error("context: {got} bytes, at most {limit} are allowed", limit = CONTEXT_BYTES_MAX)]
    ContextTooLong {
        /// Bytes given.
        got: usize,
    },
}

/// The total weight, if the weights are those of a statement over vectors of length N.
///
/// # Errors
/// No weight, a zero weight, or a total over N.
pub fn total_weight(weights: &[u64], size: usize) -> Result<u64, StatementError> {
    let limit = size as u64;
    if weights.is_empty() {
        return Err(StatementError::NoVectors);
    }
    weights.iter().enumerate().try_fold(0u64, |total, (index, &weight)| match weight {
        0 => Err(StatementError::ZeroWeight(index)),
        _ => total
            .checked_add(weight)
            .filter(|&total| total <= limit)
            .ok_or(StatementError::WeightOverflow { limit }),
    })
}

impl<C: Curve, W> Statement<C, W> {
    /// Checks counts and ranges against vectors of length N, and returns the total weight.
    fn check(&self, size: usize) -> Result<u64, StatementError> {
        let (weights, commitments) = (self.weights.len(), self.commitments.len());
        if commitments == 0 {
            return Err(StatementError::NoVectors);
        }
        if weights != commitments {
            return Err(StatementError::WeightCount { weights, commitments });
        }
        if self.aggregate.len() > size {
            return Err(StatementError::TooLong { got: self.aggregate.len(), limit: size });
        }
        if self.context.len() > CONTEXT_BYTES_MAX {
            return Err(StatementError::ContextTooLong { got: self.context.len() });
        }
        total_weight(&self.weights, size)
    }

    /// Absorbs everything public, in the order that `docs/wsa.md` freezes.
    fn transcript(
        &self,
        protocol: &str,
        srs_id: [u8; 32],
        word_bytes: impl Fn(&W) -> Vec<u8>,
    ) -> Transcript {
        let mut transcript = Transcript::new(protocol);
        transcript.absorb("curve", &[C::ID.byte()]);
        transcript.absorb("srs", &srs_id);
        transcript.absorb("context", &self.context);
        transcript.absorb_u64("vectors", self.commitments.len() as u64);
        for (commitment, &weight) in self.commitments.iter().zip(&self.weights) {
            transcript.absorb_u64("weight", weight);
            transcript.absorb_element("commitment", commitment);
        }
        transcript.absorb_u64("words", self.aggregate.len() as u64);
        let words: Vec<u8> = self.aggregate.iter().flat_map(word_bytes).collect();
        transcript.absorb("aggregate", &words);
        transcript
    }

    /// D = Σ w_i·C_i.
    fn combination(&self) -> Combination<C> {
        let weights = self.weights.iter().map(|&weight| Scalar::<C>::from(weight));
        weights.zip(self.commitments.iter().copied()).collect()
    }
}

/// Checks that the vectors of a sum have one length, at most N, and returns it.
#[cfg(feature = "prove")]
fn common_length(
    lengths: impl Iterator<Item = usize>,
    size: usize,
) -> Result<usize, StatementError> {
    let mut expected = None;
    for (index, got) in lengths.enumerate() {
        match expected {
            None if got > size => return Err(StatementError::TooLong { got, limit: size }),
            None => expected = Some(got),
            Some(expected) if got != expected => {
                return Err(StatementError::Length { index, got, expected });
            }
            Some(_) => {}
        }
    }
    expected.ok_or(StatementError::NoVectors)
}
