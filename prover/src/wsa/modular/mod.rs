//! Σ w_i·v_i ≡ A modulo 2^64, word by word.
//!
//! Columns: P = Σ w_i·p_i (given), A and the table T = 0, 1, …, N−1 (public), the carries
//! k = (P − A)/2^64 (witness). One constraint, P − A − 2^64·k = 0, and one lookup, k in T. With
//! W ≤ N both P and A + 2^64·k are integers below N·2^64, far below the group order, so the
//! equation over the field is the equation over the integers.

use pulseproof_kernels::{Curve, Scalar};

use super::{Statement, StatementError};
use crate::encoding::{DecodeError, Reader, Writer};
use crate::engine::verify::{Instance, Rejected};
use crate::engine::{self, Circuit};
use crate::srs::VerifyingKey;
use crate::transcript::Transcript;

const PROTOCOL: &str = "pulseproof wsa modulo 2^64 v1";
const MAGIC: [u8; 4] = *b"PPWM";
const VERSION: u8 = 1;

/// A proof that a [`Statement`] over words modulo 2^64 holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof<C: Curve>(engine::Proof<C>);

/// Why a statement with its proof is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// There is no such statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The proof does not show the statement.
    #[error(transparent)]
    Rejected(#[from] Rejected),
}

impl<C: Curve> Proof<C> {
    /// Magic, version, curve, then points and scalars in transcript order.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::with_header(MAGIC, VERSION);
        writer.u8(C::ID.byte());
        self.0.write(&mut writer);
        writer.finish()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// Any other bytes, with the field that is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::with_header(bytes, MAGIC, VERSION, "WSA proof")?;
        reader.curve::<C>()?;
        let proof = engine::Proof::read(&mut reader, &circuit::<C>())?;
        reader.finish()?;
        Ok(Self(proof))
    }
}

fn circuit<C: Curve>() -> Circuit<Scalar<C>> {
    let mut circuit = Circuit::new("weighted sum modulo 2^64");
    let sum = circuit.given();
    let aggregate = circuit.public();
    let table = circuit.public();
    let carry = circuit.witness();
    let modulus = engine::Expression::Constant(Scalar::<C>::from(1u128 << 64));
    circuit.constrain(sum.here() - aggregate.here() - modulus * carry.here());
    circuit.lookup(carry.here(), Vec::new(), table);
    circuit
}

fn public_columns<C: Curve>(aggregate: &[u64], size: usize) -> Vec<Vec<Scalar<C>>> {
    let aggregate = aggregate.iter().map(|&word| word.into()).collect();
    let table = (0..size as u64).map(Into::into).collect();
    vec![aggregate, table]
}

fn transcript<C: Curve>(key: &VerifyingKey<C>, statement: &Statement<C, u64>) -> Transcript {
    statement.transcript(PROTOCOL, key.id(), |word| word.to_le_bytes().to_vec())
}

/// Checks that the statement holds.
///
/// # Errors
/// There is no such statement, or the proof does not show it.
pub fn verify<C: Curve>(
    key: &VerifyingKey<C>,
    statement: &Statement<C, u64>,
    proof: &Proof<C>,
) -> Result<(), VerifyError> {
    let size = key.domain.size();
    statement.check(size)?;
    let instance = Instance {
        public: public_columns::<C>(&statement.aggregate, size),
        given: vec![statement.combination()],
        weights: &engine::unweighted,
    };
    let mut transcript = transcript(key, statement);
    Ok(engine::verify::verify(key, &circuit::<C>(), &mut transcript, &instance, &proof.0)?)
}

#[cfg(feature = "prove")]
pub use prove::{ProveError, prove};

#[cfg(feature = "prove")]
mod prove;

#[cfg(all(test, feature = "prove"))]
mod tests;
