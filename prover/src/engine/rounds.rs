//! The order of messages and challenges, in one place for prover and verifier.

use pulseproof_kernels::traits::*;

use super::circuit::{Circuit, ColumnKind};
use crate::transcript::Transcript;

/// The transcript of one run. Methods are called in the order they are written here.
pub(super) struct Rounds<'a, F> {
    transcript: &'a mut Transcript,
    _field: std::marker::PhantomData<F>,
}

impl<'a, F: PrimeField> Rounds<'a, F> {
    /// Binds the circuit's name and shape and the size N. Everything that determines the instance
    /// (public values, given commitments) must have been absorbed by the caller.
    pub fn new(transcript: &'a mut Transcript, circuit: &Circuit<F>, size: usize) -> Self {
        transcript.absorb("circuit", circuit.name().as_bytes());
        transcript.absorb_u64("rows", size as u64);
        for (label, kind) in [
            ("public columns", ColumnKind::Public),
            ("given columns", ColumnKind::Given),
            ("witness columns", ColumnKind::Witness),
            ("lookups", ColumnKind::RunningSum),
        ] {
            transcript.absorb_u64(label, circuit.columns(kind).count() as u64);
        }
        transcript.absorb_u64("constraints", circuit.constraints().len() as u64);
        Self { transcript, _field: std::marker::PhantomData }
    }

    /// First-round commitments; returns α, at which lookups are compared.
    pub fn alpha(&mut self, first_round: &[impl CanonicalSerialize]) -> F {
        self.points("first round", first_round);
        self.transcript.challenge("alpha")
    }

    /// Running sums; returns y, whose powers combine the constraints.
    pub fn y(&mut self, second_round: &[impl CanonicalSerialize]) -> F {
        self.points("second round", second_round);
        self.transcript.challenge("y")
    }

    /// The quotient; returns z, the point of evaluation.
    pub fn z(&mut self, quotient: &impl CanonicalSerialize) -> F {
        self.transcript.absorb_element("quotient", quotient);
        self.transcript.challenge("z")
    }

    /// The evaluations; returns γ, whose powers combine the polynomials opened at one point.
    pub fn gamma(&mut self, evaluations: &[F]) -> F {
        self.points("evaluations", evaluations);
        self.transcript.challenge("gamma")
    }

    /// The openings; returns u, whose powers combine the points of opening.
    pub fn u(&mut self, openings: &[impl CanonicalSerialize]) -> F {
        self.points("openings", openings);
        self.transcript.challenge("u")
    }

    fn points(&mut self, label: &str, elements: &[impl CanonicalSerialize]) {
        for element in elements {
            self.transcript.absorb_element(label, element);
        }
    }
}

/// 1, x, x², …
pub(super) fn powers<F: Field>(x: F) -> impl Iterator<Item = F> {
    std::iter::successors(Some(F::ONE), move |power| Some(*power * x))
}
