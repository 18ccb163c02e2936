//! A committed vector is an encryption of readings, and of nothing else.
//!
//! - [`Scheme`]: the authority's key and the packing of readings; [`layout`] makes equations of them.
//! - [`verify`] and [`find_false`]: one proof, or many with one pairing product.
//! - `prove`, with the feature of that name: what a device does.
//!
//! Statement, transcript order, soundness and zero knowledge: `docs/encryption-proof.md`.

mod circuit;
mod form;
pub mod layout;
mod scheme;

use pulseproof_kernels::{Curve, G1Affine, Scalar, apart};
use rand::{CryptoRng, RngCore};

use crate::culprits::Culprits;
use crate::encoding::{DecodeError, Reader, Writer};
use crate::engine;
use crate::engine::batch::{self, Equation};
use crate::engine::verify::{Instance, Rejected, reduce};
use crate::srs::VerifyingKey;
use crate::transcript::Transcript;

use circuit::{circuit, table};
use layout::DIGIT_COLUMNS_MAX;
pub use layout::NotProvable;
pub use layout::ROWS;
pub use scheme::Scheme;

const PROTOCOL: &str = "pulseproof encryption v1";
const MAGIC: [u8; 4] = *b"PPEN";
const VERSION: u8 = 1;
/// Longest proof in bytes, of any layout and on any curve.
pub const PROOF_BYTES_MAX: usize = 2048;

/// What is claimed: the commitment is to a list that this scheme's encryption gives, with some
/// randomness and noise of the sampled range, for readings on the layout's scale.
#[derive(Clone, Copy)]
pub struct Statement<'a, C: Curve> {
    /// The commitment. Must lie in the prime-order subgroup, as decoding checks.
    pub commitment: G1Affine<C>,
    /// What the list belongs to: region, epoch, device, sequence number. Bound, not interpreted.
    pub context: &'a [u8],
}

/// A proof of a [`Statement`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof<C: Curve> {
    digit_columns: u8,
    arguments: engine::Proof<C>,
}

impl<C: Curve> Proof<C> {
    /// Magic, version, curve, number of columns of digits, then points and scalars in transcript order.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::with_header(MAGIC, VERSION);
        writer.u8(C::ID.byte()).u8(self.digit_columns);
        self.arguments.write(&mut writer);
        writer.finish()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// Any other bytes, with the field that is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::with_header(bytes, MAGIC, VERSION, "encryption proof")?;
        reader.curve::<C>()?;
        let digit_columns = reader.u8("digit columns")?;
        if !(1..=DIGIT_COLUMNS_MAX).contains(&digit_columns.into()) {
            let reason = format!("{digit_columns} is not from 1 to {DIGIT_COLUMNS_MAX}");
            return Err(DecodeError::Invalid { field: "digit columns", reason });
        }
        let arguments = engine::Proof::read(&mut reader, &circuit::<C>(digit_columns.into()))?;
        reader.finish()?;
        Ok(Self { digit_columns, arguments })
    }
}

/// Checks one proof.
///
/// # Errors
/// It does not show the statement, or is one of another layout's shape.
pub fn verify<C: Curve>(
    key: &VerifyingKey<C>,
    scheme: &Scheme<C>,
    statement: Statement<'_, C>,
    proof: &Proof<C>,
) -> Result<(), Rejected> {
    if equation(key, scheme, statement, proof)?.holds(key) { Ok(()) } else { Err(Rejected) }
}

/// The statements that their proofs do not show: one pairing product if all do, and a proof that fails is missed with
/// probability 2^-128 at most. Of those that only pairings tell no more are looked for than `most`.
pub fn find_false<C: Curve>(
    key: &VerifyingKey<C>,
    scheme: &Scheme<C>,
    claims: &[(Statement<'_, C>, &Proof<C>)],
    most: usize,
    rng: &mut (impl RngCore + CryptoRng),
) -> Culprits {
    let claims: Vec<_> = claims.iter().collect();
    let reduced = apart::map(claims, |(statement, proof)| equation(key, scheme, *statement, proof));
    let mut misshapen = Vec::new();
    let (mut positions, mut equations) = (Vec::new(), Vec::new());
    for (position, equation) in reduced.into_iter().enumerate() {
        match equation {
            Ok(equation) => {
                positions.push(position);
                equations.push(equation);
            }
            Err(Rejected) => misshapen.push(position),
        }
    }
    let mut culprits = batch::find_false(key, &equations, most, rng).at(&positions);
    culprits.found.extend(misshapen);
    culprits.found.sort_unstable();
    culprits
}

fn equation<C: Curve>(
    key: &VerifyingKey<C>,
    scheme: &Scheme<C>,
    statement: Statement<'_, C>,
    proof: &Proof<C>,
) -> Result<Equation<C>, Rejected> {
    let size = key.domain.size();
    if usize::from(proof.digit_columns) != scheme.digit_columns() || size < ROWS {
        return Err(Rejected);
    }
    let instance = Instance {
        public: vec![table()],
        given: vec![vec![(Scalar::<C>::from(1u64), statement.commitment)]],
        weights: &|alpha| scheme.weights(alpha, size),
    };
    let mut transcript = transcript(key, scheme, statement);
    let circuit = circuit::<C>(scheme.digit_columns());
    reduce(key, &circuit, &mut transcript, &instance, &proof.arguments)
}

/// Everything public, in the order that `docs/encryption-proof.md` freezes.
fn transcript<C: Curve>(
    key: &VerifyingKey<C>,
    scheme: &Scheme<C>,
    statement: Statement<'_, C>,
) -> Transcript {
    let mut transcript = Transcript::new(PROTOCOL);
    transcript.absorb("curve", &[C::ID.byte()]);
    transcript.absorb("srs", &key.id());
    transcript.absorb("scheme", &scheme.digest());
    transcript.absorb("context", statement.context);
    transcript.absorb_element("commitment", &statement.commitment);
    transcript
}

#[cfg(feature = "prove")]
mod prove;
#[cfg(feature = "prove")]
mod witness;
#[cfg(feature = "prove")]
pub use prove::{ProveError, prove};
#[cfg(feature = "prove")]
pub use witness::Secrets;

#[cfg(all(test, feature = "prove"))]
mod tests;
