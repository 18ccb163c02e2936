//! Values of expressions on all rows at once, on a backend.

use pulseproof_kernels::Error;
use pulseproof_kernels::backend::{AnyBackend, AnyBuffer, Binary, FieldOps};
use pulseproof_kernels::field::KernelField;

use super::expression::Expression;

/// Columns of one length that an expression reads.
pub(super) struct Evaluator<'a, F: KernelField> {
    pub backend: &'a AnyBackend,
    /// By position in the circuit. Those that the expression does not read may be missing.
    pub columns: Vec<Option<&'a AnyBuffer<F>>>,
    /// The length of every column.
    pub length: usize,
    /// How far one row ahead is: 1 on H, more on a larger domain.
    pub stride: usize,
    pub alpha: F,
}

/// A value that is the same on all rows, or a value for each row.
enum Value<'a, F, V> {
    Constant(F),
    Column(&'a V),
    Computed(V),
}

impl<'a, F: KernelField> Evaluator<'a, F> {
    /// The values of an expression on all rows.
    ///
    /// # Panics
    /// If a column that the expression reads is missing.
    pub fn rows(&self, expression: &Expression<F>) -> Result<AnyBuffer<F>, Error> {
        let value = self.value(expression)?;
        self.owned(value)
    }

    fn value(&self, expression: &Expression<F>) -> Result<Value<'a, F, AnyBuffer<F>>, Error> {
        match expression {
            Expression::Constant(value) => Ok(Value::Constant(*value)),
            Expression::Alpha => Ok(Value::Constant(self.alpha)),
            Expression::Cell(at) => {
                let column = self.columns[at.column.0].expect("a column that is filled");
                match at.rotation {
                    0 => Ok(Value::Column(column)),
                    ahead => {
                        let rotated = self.backend.rotate(column, ahead * self.stride)?;
                        Ok(Value::Computed(rotated))
                    }
                }
            }
            Expression::Sum(a, b) => self.combine(Binary::Add, a, b),
            Expression::Product(a, b) => self.combine(Binary::Mul, a, b),
        }
    }

    /// a ∘ b, for an operation that commutes.
    fn combine(
        &self,
        op: Binary,
        a: &Expression<F>,
        b: &Expression<F>,
    ) -> Result<Value<'a, F, AnyBuffer<F>>, Error> {
        let computed = match (self.value(a)?, self.value(b)?) {
            (Value::Constant(a), Value::Constant(b)) => {
                return Ok(Value::Constant(if op == Binary::Add { a + b } else { a * b }));
            }
            (Value::Constant(scalar), rows) | (rows, Value::Constant(scalar)) => {
                let mut rows = self.owned(rows)?;
                self.backend.map_scalar(op, &mut rows, scalar)?;
                rows
            }
            (Value::Computed(mut rows), Value::Column(other))
            | (Value::Column(other), Value::Computed(mut rows)) => {
                self.backend.map(op, &mut rows, other)?;
                rows
            }
            (Value::Computed(mut rows), Value::Computed(other)) => {
                self.backend.map(op, &mut rows, &other)?;
                rows
            }
            (Value::Column(column), Value::Column(other)) => {
                let mut rows = self.owned(Value::Column(column))?;
                self.backend.map(op, &mut rows, other)?;
                rows
            }
        };
        Ok(Value::Computed(computed))
    }

    fn owned(&self, value: Value<'_, F, AnyBuffer<F>>) -> Result<AnyBuffer<F>, Error> {
        match value {
            Value::Constant(value) => self.backend.powers(value, F::ONE, self.length),
            Value::Column(column) => self.backend.rotate(column, 0),
            Value::Computed(rows) => Ok(rows),
        }
    }
}
