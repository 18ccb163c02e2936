//! Laws of vectors of field elements, and of transforms.

use super::compare::Output;
use super::input::Stream;
use super::{Case, Input, Law, Operation};
use crate::backend::{AnyBackend, Backend, FieldOps, NttOps};
use crate::error::Error;
use crate::field::KernelField;
use crate::transform::Transform;

/// A case over a field, with its inputs.
pub(super) struct FieldLaw<F> {
    work: Operation,
    a: Vec<F>,
    b: Vec<F>,
    integers: Vec<u64>,
    /// Scalars: s, x, the base of powers.
    scalars: [F; 2],
}

impl<F: KernelField> FieldLaw<F> {
    pub(super) fn new(case: &Case) -> Self {
        let stream = |number| Stream::new(case.seed, number);
        let len = match case.work {
            // Whole rows only.
            Operation::Ntt { log_size, .. } => case.size >> log_size << log_size,
            _ => case.size,
        };
        let b_len = match case.work {
            Operation::Map { period, .. } => period,
            Operation::AddScaled { len } => len,
            _ => 0,
        };
        let integers = match case.work {
            Operation::FromIntegers => stream(2).integers(case.input, len, 64, false),
            _ => Vec::new(),
        };
        Self {
            work: case.work,
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
            Operation::Copy => return self.copy(backend),
            Operation::Map { op, .. } => backend.map(op, &mut a, &b)?,
            Operation::MapScalar { op } => backend.map_scalar(op, &mut a, s)?,
            Operation::AddScaled { .. } => backend.add_scaled(&mut a, s, &b)?,
            Operation::Rotate { by } => a = backend.rotate(&a, by)?,
            Operation::Powers => a = backend.powers(t, s, self.a.len())?,
            Operation::Invert => backend.invert(&mut a)?,
            Operation::Scan { op, row } => backend.scan(op, &mut a, row)?,
            Operation::Evaluate => {
                return Ok(vec![Output::values("value", &[backend.evaluate(&a, s)?])]);
            }
            Operation::DivideOut => a = backend.divide_out(&a, s)?,
            Operation::ToIntegers => {
                let words = backend.download(&backend.to_integers(&a)?)?;
                return Ok(vec![Output::words("integers", words, F::WORDS)]);
            }
            Operation::FromIntegers => {
                a = backend.from_integers(&backend.upload(&self.integers)?)?;
            }
            Operation::FirstNonzero => {
                // One more than the position, or zero.
                let first = backend.first_nonzero(&a)?.map_or(0, |at| at as u64 + 1);
                return Ok(vec![Output::values("position", &[first])]);
            }
            Operation::Ntt { log_size, direction, order, coset } => {
                let shift = if coset { F::GENERATOR * t } else { F::ONE };
                backend.ntt(&Transform { log_size, direction, order, shift }, &mut a)?;
            }
            Operation::WeightedSums { .. }
            | Operation::Msm { .. }
            | Operation::Keyswitch { .. }
            | Operation::Bootstrap { .. }
            | Operation::Refusals => {
                unreachable!("kernels have the cases that `Kernel::over` names")
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
