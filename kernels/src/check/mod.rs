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
pub(crate) mod plans;
mod points;
mod refusals;
mod words;

pub use case::{
    Case, FieldOperation, Input, Kernel, LweOperation, MsmShape, Operation, Over, Points,
    UnknownKernel, WordOperation,
};
pub use cases::cases;
pub use compare::{Difference, Outcome, Output};
pub use given::{GivenMultiplication, GivenTransform, multiply, transform};
pub use plans::every_plan;
pub use points::progression;

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use crate::backend::AnyBackend;
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
trait Law {
    /// Everything that can be seen of the operation.
    fn outputs(&self, backend: &AnyBackend) -> Result<Vec<Output>, Error>;
}

/// What a backend makes of a case.
fn outputs(backend: &AnyBackend, case: &Case) -> Result<Vec<Output>, Error> {
    match case.work {
        Operation::Field(id, work) => {
            with_field!(id, F => FieldLaw::<F>::new(case, work).outputs(backend))
        }
        Operation::Msm(id, work) => {
            with_group!(id, G => MsmLaw::<G>::new(case, work).outputs(backend))
        }
        Operation::Words(work) => WordLaw::new(case, work).outputs(backend),
        Operation::Lwe(work) => LweLaw::new(case, work).outputs(backend),
        Operation::Refusals(over) => refusals(backend, over),
    }
}

fn refusals(backend: &AnyBackend, over: Over) -> Result<Vec<Output>, Error> {
    match over {
        Over::Field(id) => {
            with_field!(id, F => FieldRefusals::<F>::default().outputs(backend))
        }
        Over::Group(id) => {
            with_group!(id, G => GroupRefusals::<G>::default().outputs(backend))
        }
        Over::Words => WordRefusals.outputs(backend),
        Over::Lwe => LweRefusals.outputs(backend),
    }
}

/// The plans of devices, over twins of all kernels in plain Rust.
pub fn twins() -> &'static AnyBackend {
    static TWINS: LazyLock<AnyBackend> =
        LazyLock::new(|| Gpu::new(TwinDevice::with_memory(TWINS_BYTES)).into());
    &TWINS
}

/// The oracle.
pub fn naive() -> &'static AnyBackend {
    static NAIVE: LazyLock<AnyBackend> = LazyLock::new(|| Naive.into());
    &NAIVE
}

/// The CPU, with portable instructions only.
pub fn cpu_portable() -> &'static AnyBackend {
    static CPU: LazyLock<AnyBackend> = LazyLock::new(|| Cpu::portable().into());
    &CPU
}

/// Gives both backends the inputs of the case and compares what they return, bit by bit: `a` is judged
/// by `b`.
///
/// # Errors
/// The first difference. A backend that fails where the case is sound differs, too.
pub fn run(a: &AnyBackend, b: &AnyBackend, case: &Case) -> Result<Outcome, Box<Difference>> {
    compare(case, a, b)
}

/// SHA-256 over all outputs of a case: what golden results are compared by.
///
/// # Errors
/// The backend's.
pub fn digest(backend: &AnyBackend, case: &Case) -> Result<[u8; 32], Error> {
    let mut hash = Sha256::new();
    outputs(backend, case)?.iter().for_each(|output| output.absorb(&mut hash));
    Ok(hash.finalize().into())
}
