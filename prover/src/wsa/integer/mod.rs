//! Σ w_i·v_i = A over the integers, for vectors of signed 64-bit words.
//!
//! D − Com(A) must lie in the span of the blinding bases G_b = \[τ^b·Z_H(τ)\]₁: a Schnorr proof of
//! knowledge of the four combined blinders. No lookup, no quotient, no pairing: what a chain
//! contract can check. Words of A are at most W·2^63 ≤ N·2^63 in size, so equality over the field
//! is equality over the integers.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, G1Affine, Scalar, msm};

use super::modular::VerifyError;
use super::{Statement, StatementError};
use crate::commitment::CommitmentKey;
use crate::encoding::{DecodeError, Reader, Writer};
use crate::engine::verify::Rejected;
use crate::srs::COMMITMENT_BLINDERS;

const PROTOCOL: &str = "pulseproof wsa over the integers v1";
const MAGIC: [u8; 4] = *b"PPWI";
const VERSION: u8 = 1;

/// A proof that a [`Statement`] over integers holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof<C: Curve> {
    /// R = Σ r_b·G_b.
    nonce: G1Affine<C>,
    /// s_b = r_b + c·Σ w_i·β_ib.
    responses: [Scalar<C>; COMMITMENT_BLINDERS],
}

impl<C: Curve> Proof<C> {
    /// Magic, version, curve, R, s.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::with_header(MAGIC, VERSION);
        writer.u8(C::ID.byte()).element(&self.nonce);
        for response in &self.responses {
            writer.element(response);
        }
        writer.finish()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// Any other bytes, with the field that is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::with_header(bytes, MAGIC, VERSION, "integer WSA proof")?;
        reader.curve::<C>()?;
        let nonce = reader.g1::<C>("nonce")?;
        let mut responses = [Scalar::<C>::ZERO; COMMITMENT_BLINDERS];
        for response in &mut responses {
            *response = reader.scalar::<C>("response")?;
        }
        reader.finish()?;
        Ok(Self { nonce, responses })
    }
}

impl<C: Curve> Statement<C, i128> {
    fn check_words(&self, size: usize) -> Result<(), StatementError> {
        let total = self.check(size)?;
        let limit = u128::from(total) << 63;
        match self.aggregate.iter().position(|word| word.unsigned_abs() > limit) {
            Some(row) => Err(StatementError::WordOutOfRange(row)),
            None => Ok(()),
        }
    }

    fn challenge(&self, srs_id: [u8; 32], nonce: &G1Affine<C>) -> Scalar<C> {
        let mut transcript = self.transcript(PROTOCOL, srs_id, |word| word.to_le_bytes().to_vec());
        transcript.absorb_element("nonce", nonce);
        transcript.challenge("c")
    }

    /// D − Com(A), as terms of one multi-scalar multiplication.
    fn difference(&self, key: &CommitmentKey<C>) -> (Vec<G1Affine<C>>, Vec<Scalar<C>>) {
        let words = self.aggregate.iter().map(|&word| -Scalar::<C>::from(word));
        let basis = key.lagrange()[..self.aggregate.len()].iter().copied();
        let terms = basis.zip(words).chain(self.combination().into_iter().map(|(s, p)| (p, s)));
        terms.unzip()
    }
}

/// Checks that the statement holds: R + c·(D − Com(A)) = Σ s_b·G_b.
///
/// # Errors
/// There is no such statement, or the proof does not show it.
pub fn verify<C: Curve>(
    key: &CommitmentKey<C>,
    statement: &Statement<C, i128>,
    proof: &Proof<C>,
) -> Result<(), VerifyError> {
    statement.check_words(key.size())?;
    let challenge = statement.challenge(key.srs_id(), &proof.nonce);
    let (points, scalars) = statement.difference(key);
    let difference = msm::<C>(&points, &scalars);
    let answer: G1<C> = msm::<C>(key.blinding_bases(), &proof.responses);
    if (difference * challenge + proof.nonce - answer).is_zero() {
        Ok(())
    } else {
        Err(Rejected.into())
    }
}

#[cfg(feature = "prove")]
pub use prove::{Opening, prove};

#[cfg(feature = "prove")]
mod prove;
