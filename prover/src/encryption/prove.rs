//! The device's side.

use pulseproof_kernels::traits::*;

use super::witness::Witness;
use super::*;
use crate::commitment::Opening;
use crate::engine::prove::{Assignment, Blinding, Masked, ProvingKey, prove as prove_circuit};

pub use crate::engine::prove::ProveError;

/// Proves that the words open the commitment and are the encryption that the secrets give.
///
/// The statement is about `opening.commitment`; `context` is bound to it.
/// Spends one of the three openings that a commitment has. Sending a proof again spends none, a new proof
/// of the same commitment does.
///
/// # Errors
/// The secrets do not give these words, or the backend failed.
///
/// # Panics
/// If secrets or words have other lengths than the scheme says, or the SRS is for vectors of fewer than
/// 4096 words.
pub fn prove<C: Curve>(
    key: &ProvingKey<C>,
    scheme: &Scheme<C>,
    opening: &Opening<'_, C>,
    secrets: &Secrets<'_>,
    context: &[u8],
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Proof<C>, ProveError> {
    let size = key.srs().size();
    assert!(size >= ROWS, "an SRS for vectors of at least {ROWS} words");
    assert_eq!(opening.words.len(), scheme.words(), "words of a list");
    let witness = Witness::new(scheme, opening.words, secrets);
    let statement = Statement { commitment: opening.commitment, context };
    let assignment = Assignment {
        public: vec![table()],
        given: vec![Masked {
            values: field(opening.words),
            blinding: Blinding(opening.blinders.0.to_vec()),
        }],
        witness: columns(&witness),
        weights: &|alpha| scheme.weights(alpha, size),
    };
    let mut transcript = transcript(&key.srs().verifying_key, scheme, statement);
    let circuit = circuit::<C>(scheme.digit_columns());
    let arguments = prove_circuit(key, &circuit, &mut transcript, assignment, rng)?;
    let digit_columns = u8::try_from(scheme.digit_columns()).expect("at most two");
    Ok(Proof { digit_columns, arguments })
}

/// The columns as the circuit declares them.
fn columns<F: PrimeField>(witness: &Witness) -> Vec<Vec<F>> {
    let Witness { carries, noise_high, noise_low, bits, values, digits } = witness;
    let columns = [carries, noise_high, noise_low, bits, values];
    let digits = digits.chunks(ROWS).map(field);
    columns.into_iter().map(|column| field(column)).chain(digits).collect()
}

fn field<F: PrimeField>(integers: &[u64]) -> Vec<F> {
    integers.iter().map(|&integer| integer.into()).collect()
}
