//! Laws of vectors of field elements, and of transforms.

use super::compare::Output;
use super::input::Stream;
use super::{Case, FieldOperation, Input, Law};
use crate::backend::{AnyBackend, Backend, FieldOps, NttOps};
use crate::error::Error;
use crate::field::KernelField;
use crate::transform::Transform;

/// A case over a field, with its inputs.
pub(super) struct FieldLaw<F> {
    work: FieldOperation,
    a: Vec<F>,
    b: Vec<F>,
    integers: Vec<u64>,
    /// Scalars: s, x, the base of powers.
    scalars: [F; 2],
}

impl<F: KernelField> FieldLaw<F> {
    pub(super) fn new(case: &Case, work: FieldOperation) -> Self {
        let stream = |number| Stream::new(case.seed, number);
        let len = match work {
            // Whole rows only.
            FieldOperation::Ntt { log_size, .. } => case.size >> log_size << log_size,
            _ => case.size,
        };
        let b_len = match work {
            FieldOperation::Map { period, .. } => period,
            FieldOperation::AddScaled { len } => len,
            _ => 0,
        };
        let integers = match work {
            FieldOperation::FromIntegers => stream(2).integers(case.input, len, 64, false),
            _ => Vec::new(),
        };
        Self {
            work,
            a: stream(0).elements(case.input, len),
            b: stream(1).elements(case.input, b_len),
            integers,
            scalars: [3, 4].map(|number| scalar(case.input, &mut stream(number))),
        }
    }
}

/// A scalar that goes with a kind of input.
fn scalar<F: KernelField>(input: Input, stream: &mut Stream) -> F {
    match input {
        Input::Zeros => F::ZERO,
        Input::Ones => F::ONE,
        Input::MinusOnes => -F::ONE,
        Input::Ramp => F::from(2u64),
        _ => stream.element(),
    }
}

impl<F: KernelField> Law for FieldLaw<F> {
    fn outputs(&self, backend: &AnyBackend) -> Result<Vec<Output>, Error> {
        let mut a = backend.upload(&self.a)?;
        let b = backend.upload(&self.b)?;
        let [s, t] = self.scalars;
        match self.work {
            FieldOperation::Copy => return self.copy(backend),
            FieldOperation::Map { op, .. } => backend.map(op, &mut a, &b)?,
            FieldOperation::MapScalar { op } => backend.map_scalar(op, &mut a, s)?,
            FieldOperation::AddScaled { .. } => backend.add_scaled(&mut a, s, &b)?,
            FieldOperation::Rotate { by } => a = backend.rotate(&a, by)?,
            FieldOperation::Powers => a = backend.powers(t, s, self.a.len())?,
            FieldOperation::Invert => backend.invert(&mut a)?,
            FieldOperation::Scan { op, row } => backend.scan(op, &mut a, row)?,
            FieldOperation::Evaluate => {
                return Ok(vec![Output::values("value", &[backend.evaluate(&a, s)?])]);
            }
            FieldOperation::DivideOut => a = backend.divide_out(&a, s)?,
            FieldOperation::ToIntegers => {
                let words = backend.download(&backend.to_integers(&a)?)?;
                return Ok(vec![Output::words("integers", words, F::WORDS)]);
            }
            FieldOperation::FromIntegers => {
                a = backend.from_integers(&backend.upload(&self.integers)?)?;
            }
            FieldOperation::FirstNonzero => {
                // One more than the position, or zero.
                let first = backend.first_nonzero(&a)?.map_or(0, |at| at as u64 + 1);
                return Ok(vec![Output::values("position", &[first])]);
            }
            FieldOperation::Ntt { log_size, direction, order, coset } => {
                let shift = if coset { F::GENERATOR * t } else { F::ONE };
                backend.ntt(&Transform { log_size, direction, order, shift }, &mut a)?;
            }
        }
        Ok(vec![Output::values("a", &backend.download(&a)?)])
    }
}

impl<F: KernelField> FieldLaw<F> {
    fn copy(&self, backend: &AnyBackend) -> Result<Vec<Output>, Error> {
        copies(backend, &self.a)
    }
}

/// The middle half of `values`, copied to the start, the middle and the end of zeros.
pub(super) fn copies<T: crate::element::Stored>(
    backend: &AnyBackend,
    values: &[T],
) -> Result<Vec<Output>, Error> {
    let from = backend.upload(values)?;
    let (len, quarter) = (values.len(), values.len() / 4);
    let middle = quarter..len - quarter;
    let mut to = backend.zeros(2 * len)?;
    for at in [0, quarter, 2 * len - middle.len()] {
        backend.copy(&from, middle.clone(), &mut to, at)?;
    }
    let lengths = [backend.len(&from) as u64, backend.len(&to) as u64];
    Ok(vec![
        Output::values("lengths", &lengths),
        Output::values("from", &backend.download(&from)?),
        Output::values("to", &backend.download(&to)?),
    ])
}
