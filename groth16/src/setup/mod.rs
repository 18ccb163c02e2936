//! Proving keys for circuits: from a ceremony's powers of tau, or from secrets made up on the spot.
//!
//! | file | what it does |
//! |---|---|
//! | `ceremony` | sums of a prepared `.ptau` file's points: nobody needs to know a secret |
//! | `develop` | secrets from the system, forgotten: for tests and benches, worth nothing as evidence |

mod ceremony;
mod develop;

pub use pulseproof_ceremony::CeremonyError;
use pulseproof_ceremony::hash;
use pulseproof_formats::r1cs;
use pulseproof_formats::r1cs::R1cs;
use pulseproof_formats::zkey::{Coefficient, Matrix2};
use pulseproof_kernels::traits::*;

pub use ceremony::from_ceremony;
pub use develop::develop;

use crate::domain::Domain;

/// The circuit's hash of a key that was not made of a ceremony: snarkjs will not take it for one that was.
pub(crate) const NO_CIRCUIT_HASH: [u8; hash::BYTES] = [0; hash::BYTES];

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No domain is large enough.
    #[error(
        "circuit: {constraints} constraints and {public} public signals are over the limit of 2^{limit}"
    )]
    TooLarge {
        /// The circuit's constraints.
        constraints: usize,
        /// Its public signals.
        public: usize,
        /// log2 of the largest domain.
        limit: u32,
    },
    /// The ceremony is for smaller circuits.
    #[error("ptau: made for up to 2^{got} constraints, the circuit needs 2^{needed}")]
    CeremonyTooSmall {
        /// The file's power.
        got: u32,
        /// The power needed.
        needed: u32,
    },
    /// The file lacks the sections for circuits.
    #[error("ptau: not prepared for phase 2; run `snarkjs powersoftau prepare phase2` on it")]
    NotPrepared,
    /// The ceremony does not hold.
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
}

/// log2 of the smallest domain for a circuit.
///
/// # Errors
/// No domain is large enough.
pub fn log_size<F: PrimeField>(circuit: &R1cs<F>) -> Result<u32, SetupError> {
    domain(circuit).map(|domain| domain.log_size())
}

/// The smallest domain for a circuit: a row for each constraint, one for each public signal, and one for
/// the constant 1.
fn domain<F: PrimeField>(circuit: &R1cs<F>) -> Result<Domain<F>, SetupError> {
    let (constraints, public) = (circuit.constraints(), circuit.public());
    let rows = constraints + public + 1;
    Domain::new(rows.next_power_of_two().ilog2()).ok_or(SetupError::TooLarge {
        constraints,
        public,
        limit: F::TWO_ADICITY - 1,
    })
}

/// One term of A, B or C: signal times coefficient, in a row of the domain.
struct Term<F> {
    row: usize,
    signal: usize,
    coefficient: F,
}

/// All terms of A: the constraints', and a row of its own for each public signal, so that no two public
/// inputs are interchangeable.
fn terms_of_a<F: PrimeField>(circuit: &R1cs<F>) -> impl Iterator<Item = Term<F>> {
    let first = circuit.constraints();
    let public = (0..=circuit.public()).map(move |signal| Term {
        row: first + signal,
        signal,
        coefficient: F::ONE,
    });
    terms(&circuit.a).chain(public)
}

fn terms<F: PrimeField>(matrix: &r1cs::Matrix<F>) -> impl Iterator<Item = Term<F>> {
    let row = |row| {
        let (signals, coefficients) = matrix.row(row);
        signals.iter().zip(coefficients).map(move |(signal, coefficient)| Term {
            row,
            signal: *signal as usize,
            coefficient: *coefficient,
        })
    };
    (0..matrix.rows()).flat_map(row)
}

/// The section of coefficients: A and B, constraint by constraint, then the rows of public signals.
fn coefficients<F: PrimeField>(circuit: &R1cs<F>) -> Vec<Coefficient<F>> {
    let mut all = Vec::new();
    for row in 0..circuit.constraints() {
        for (matrix, rows) in [(Matrix2::A, &circuit.a), (Matrix2::B, &circuit.b)] {
            let (signals, values) = rows.row(row);
            let terms = signals.iter().zip(values);
            all.extend(terms.map(|(signal, value)| entry(matrix, row, *signal, *value)));
        }
    }
    let first = circuit.constraints();
    all.extend(
        (0..)
            .take(circuit.public() + 1)
            .map(|signal: u32| entry(Matrix2::A, first + signal as usize, signal, F::ONE)),
    );
    all
}

fn entry<F>(matrix: Matrix2, row: usize, signal: u32, value: F) -> Coefficient<F> {
    #[expect(clippy::cast_possible_truncation, reason = "domains are at most 2^31")]
    let constraint = row as u32;
    Coefficient { matrix, constraint, signal, value }
}
