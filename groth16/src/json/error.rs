//! What can be wrong with a document, and where in it.

use std::fmt::Display;

use pulseproof_kernels::CurveId;

use crate::decimal::NotCanonical;
use crate::text::Utf16;

/// A document that is refused: the place and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct JsonError {
    /// The place, as `pi_b[0][1]`.
    pub field: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a part of a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Over the limit, which is checked before anything is parsed.
    #[error("{got} bytes, at most {limit} are read")]
    TooLong {
        /// The length.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// Not UTF-8.
    #[error(transparent)]
    Encoding(#[from] Utf16),
    /// Not JSON, or a field is missing or there twice.
    #[error("{0}")]
    Syntax(String),
    /// Another kind of value.
    #[error("expected {0}")]
    Shape(&'static str),
    /// A list with more entries than is read.
    #[error("more than {0} entries")]
    TooMany(usize),
    /// A list with another number of entries than the document says.
    #[error("{got} entries, expected {expected}")]
    Count {
        /// The entries found.
        got: usize,
        /// What follows from `nPublic`.
        expected: usize,
    },
    /// Not a field element in its one decimal form.
    #[error("{0}")]
    Number(NotCanonical),
    /// A point that is neither affine nor the point at infinity as snarkjs writes it.
    #[error("the third coordinate is neither 1 nor that of the point at infinity, 0 1 0")]
    NotAffine,
    /// No point of the curve.
    #[error("not a point of the curve")]
    NotOnCurve,
    /// A point of the curve, of another order.
    #[error("the point is outside the prime-order subgroup")]
    WrongSubgroup,
    /// Another proof system.
    #[error("another proof system than groth16")]
    Protocol,
    /// Another curve.
    #[error("another curve than {}, which is called {:?} here", .0, super::name(*.0))]
    Curve(CurveId),
}

impl From<Problem> for JsonError {
    fn from(problem: Problem) -> Self {
        Self { field: String::new(), problem }
    }
}

impl JsonError {
    /// The same, seen from the value around it.
    pub(super) fn inside(mut self, place: impl Display) -> Self {
        self.field.insert_str(0, &place.to_string());
        self
    }

    /// The same, seen from the list around it.
    pub(super) fn at(self, index: usize) -> Self {
        self.inside(format_args!("[{index}]"))
    }
}
