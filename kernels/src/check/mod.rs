//! Laws: the same operation on two backends must give the same bits.
//!
//! A [`Case`] says what is computed on which inputs; the inputs come from its seed alone. [`run`] gives
//! them to two backends and compares all that comes back. Tests and `pulseproof check` use this one
//! comparator; a test with a backend that lies keeps it honest.

mod case;
mod cases;
mod compare;
mod field;
mod input;
mod points;
mod refusals;
mod words;

pub use case::{Case, Input, Kernel, Over, Points, UnknownKernel, Work};
pub use cases::cases;
pub use compare::{Difference, Outcome};
pub use points::progression;

use sha2::{Digest, Sha256};

use crate::backend::Kernels;
use crate::error::Error;
use crate::{with_field, with_group};
use compare::{Output, compare};
use field::FieldLaw;
use points::MsmLaw;
use refusals::{FieldRefusals, GroupRefusals, WordRefusals};
use words::WordLaw;

/// What a case asks of a backend. The inputs are in `self`, so that all backends get the same.
trait Law<B> {
    /// Everything that can be seen of the operation.
    fn outputs(&self, backend: &B) -> Result<Vec<Output>, Error>;
}

/// Runs a block with `$law` bound to the law of a case.
macro_rules! with_law {
    ($case:expr, $law:ident => $body:expr) => {
        match ($case.over, &$case.work) {
            (Over::Field(id), Work::Refusals) => with_field!(id, F => {
                let $law = FieldRefusals::<F>::default();
                $body
            }),
            (Over::Group(id), Work::Refusals) => with_group!(id, G => {
                let $law = GroupRefusals::<G>::default();
                $body
            }),
            (Over::Words, Work::Refusals) => {
                let $law = WordRefusals;
                $body
            }
            (Over::Field(id), _) => with_field!(id, F => {
                let $law = FieldLaw::<F>::new($case);
                $body
            }),
            (Over::Group(id), _) => with_group!(id, G => {
                let $law = MsmLaw::<G>::new($case);
                $body
            }),
            (Over::Words, _) => {
                let $law = WordLaw::new($case);
                $body
            }
        }
    };
}

/// Gives both backends the inputs of the case and compares what they return, bit by bit.
///
/// # Errors
/// The first difference. A backend that fails where the case is sound differs, too.
pub fn run<A: Kernels, B: Kernels>(a: &A, b: &B, case: &Case) -> Result<Outcome, Box<Difference>> {
    with_law!(case, law => compare(case, &law, a, b))
}

/// SHA-256 over all outputs of a case: what frozen results are compared by.
///
/// # Errors
/// The backend's.
pub fn digest<B: Kernels>(backend: &B, case: &Case) -> Result<[u8; 32], Error> {
    let outputs = with_law!(case, law => law.outputs(backend))?;
    let mut hash = Sha256::new();
    outputs.iter().for_each(|output| output.absorb(&mut hash));
    Ok(hash.finalize().into())
}
