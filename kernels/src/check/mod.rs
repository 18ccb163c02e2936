//! Laws: the same operation on two backends must give the same bits.
//!
//! A [`Case`] says what is computed on which inputs; the inputs come from its seed alone. [`run`] gives
//! them to two backends and compares all that comes back. Tests and `pulseproof check` use this one
//! comparator; a test with a backend that lies keeps it honest.

mod case;
mod cases;
mod compare;
mod field;
mod given;
mod input;
mod lwe;
mod points;
mod refusals;
mod words;

pub use case::{Case, Input, Kernel, Over, Points, UnknownKernel, Work};
pub use cases::cases;
pub use compare::{Difference, Outcome, Output};
pub use given::{GivenMultiplication, GivenTransform};
pub use points::progression;

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use crate::backend::{Backend, BackendKind, Kernels};
use crate::cpu::Cpu;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::gpu::twin::TwinDevice;
use crate::naive::Naive;
use crate::{with_field, with_group};
use compare::compare;
use field::FieldLaw;
use lwe::LweLaw;
use points::MsmLaw;
use refusals::{FieldRefusals, GroupRefusals, LweRefusals, WordRefusals};
use words::WordLaw;

/// Memory of the device made of twins.
const TWINS_BYTES: u64 = 1 << 30;

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
            (Over::Lwe, Work::Refusals) => {
                let $law = LweRefusals;
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
            (Over::Lwe, _) => {
                let $law = LweLaw::new($case);
                $body
            }
        }
    };
}

/// A backend that can be asked what it makes of a case. Every backend with all kernels is one.
///
/// Behind this trait a backend's kernels are compiled where it is named and nowhere else: in this crate
/// for [`naive`], [`cpu`], [`cpu_portable`] and whatever [`select`](crate::select) opens.
pub trait Party: Send + Sync {
    /// Which backend this is.
    fn kind(&self) -> BackendKind;

    /// What the backend makes of a case.
    ///
    /// # Errors
    /// The backend's.
    fn outputs(&self, case: &Case) -> Result<Vec<Output>, Error>;

    /// Transforms rows that are given in words, shift and all: for known answers.
    ///
    /// # Errors
    /// The backend's.
    fn transform(&self, given: &GivenTransform<'_>) -> Result<Vec<u64>, Error>;

    /// Multiplies points and integers that are given in words: for known answers. Points are x and y,
    /// with all words zero at infinity.
    ///
    /// # Errors
    /// The backend's.
    fn multiply(&self, given: &GivenMultiplication<'_>) -> Result<Vec<u64>, Error>;
}

impl<B: Kernels> Party for B {
    fn kind(&self) -> BackendKind {
        Backend::kind(self)
    }

    fn outputs(&self, case: &Case) -> Result<Vec<Output>, Error> {
        with_law!(case, law => law.outputs(self))
    }

    fn transform(&self, given: &GivenTransform<'_>) -> Result<Vec<u64>, Error> {
        with_field!(given.field, F => given::transform::<F, B>(self, given))
    }

    fn multiply(&self, given: &GivenMultiplication<'_>) -> Result<Vec<u64>, Error> {
        with_group!(given.group, G => given::multiply::<G, B>(self, given))
    }
}

/// The plans of devices, over twins of all kernels in plain Rust.
pub fn twins() -> &'static dyn Party {
    static TWINS: LazyLock<Gpu<TwinDevice>> =
        LazyLock::new(|| Gpu::new(TwinDevice::with_memory(TWINS_BYTES)));
    &*TWINS
}

/// The oracle.
pub fn naive() -> &'static dyn Party {
    &Naive
}

/// The processor, with the best instructions it has.
pub fn cpu() -> &'static dyn Party {
    static CPU: LazyLock<Cpu> = LazyLock::new(Cpu::new);
    &*CPU
}

/// The processor, with portable instructions only.
pub fn cpu_portable() -> &'static dyn Party {
    static CPU: LazyLock<Cpu> = LazyLock::new(Cpu::portable);
    &*CPU
}

/// Gives both backends the inputs of the case and compares what they return, bit by bit: `a` is judged
/// by `b`.
///
/// # Errors
/// The first difference. A backend that fails where the case is sound differs, too.
pub fn run(a: &dyn Party, b: &dyn Party, case: &Case) -> Result<Outcome, Box<Difference>> {
    compare(case, a, b)
}

/// SHA-256 over all outputs of a case: what frozen results are compared by.
///
/// # Errors
/// The backend's.
pub fn digest(backend: &dyn Party, case: &Case) -> Result<[u8; 32], Error> {
    let mut hash = Sha256::new();
    backend.outputs(case)?.iter().for_each(|output| output.absorb(&mut hash));
    Ok(hash.finalize().into())
}
