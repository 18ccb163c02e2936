//! The CPU: all cores, with the best instructions that it has.

/// Repeats a block for i from 0 to 7 where i < n: what LLVM would unroll only in part stays in
/// registers.
macro_rules! unroll {
    ($i:ident < $n:expr, $body:block) => {
        unroll!(@ $i, $n, $body, 0 1 2 3 4 5 6 7)
    };
    (@ $i:ident, $n:expr, $body:block, $($k:literal)*) => {
        $( if $k < $n { let $i: usize = $k; $body } )*
    };
}

pub mod bootstrap;
mod compiled;
mod instructions;
pub mod msm;
mod ntt;
mod parallel;
mod peak;
pub mod simd;
mod vector;
mod words;

pub use instructions::{Instructions, NoInstructions, SIMD_VARIABLE};
pub use ntt::Transformable;
pub use peak::Peak;

use std::ops::Range;

use crate::backend::{Backend, BackendKind};
use crate::cpu::instructions::Level;
use crate::cpu::simd::Vectorised;
use crate::element::{Element, Stored};
use crate::error::Error;
use crate::field::KernelField;
use crate::group::Group;
use crate::host::HostBuffer;

/// A field that the CPU has fast arithmetic for: every field of the kernels.
pub trait CpuField: KernelField + Vectorised + Transformable {}

impl<F: KernelField + Vectorised + Transformable> CpuField for F {}

/// A group over such a field: every group of the kernels.
pub trait CpuGroup: Group<Coordinate: Vectorised> {}

impl<G: Group<Coordinate: Vectorised>> CpuGroup for G {}

/// The CPU, through rayon's current thread pool.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    level: Level,
}

impl Default for Cpu {
    fn default() -> Self {
        Self::new()
    }
}

impl Cpu {
    /// With the best instructions this machine has, or those that `PULSEPROOF_SIMD` names.
    pub fn new() -> Self {
        Self { level: Level::chosen() }
    }

    /// With these instructions, where the machine has them. The same results, bit for bit.
    pub fn with(instructions: Instructions) -> Option<Self> {
        Level::of(instructions).map(|level| Self { level })
    }

    /// With portable instructions only.
    pub fn portable() -> Self {
        Self { level: Level::Portable }
    }

    /// With each kind of instructions that this machine has, the fastest first.
    pub fn each() -> impl Iterator<Item = Self> {
        Instructions::available().into_iter().filter_map(Self::with)
    }

    /// Which instructions are used.
    pub fn instructions(&self) -> Instructions {
        self.level.instructions()
    }
}

impl Backend for Cpu {
    type Buffer<T: Stored> = HostBuffer<T>;

    fn kind(&self) -> BackendKind {
        BackendKind::Cpu
    }

    fn len<T: Stored>(&self, buffer: &HostBuffer<T>) -> usize {
        buffer.0.len()
    }

    fn zeros<T: Stored>(&self, len: usize) -> Result<HostBuffer<T>, Error> {
        Ok(HostBuffer(zeroed(len)?))
    }

    fn upload<T: Stored>(&self, values: &[T]) -> Result<HostBuffer<T>, Error> {
        let mut copy = reserve(values.len())?;
        copy.extend_from_slice(values);
        Ok(HostBuffer(copy))
    }

    fn download<T: Stored>(&self, buffer: &HostBuffer<T>) -> Result<Vec<T>, Error> {
        Ok(self.upload(&buffer.0)?.0)
    }

    fn copy<T: Stored>(
        &self,
        from: &HostBuffer<T>,
        range: Range<usize>,
        to: &mut HostBuffer<T>,
        at: usize,
    ) -> Result<(), Error> {
        from.copy_to(range, to, at)
    }
}

/// An empty vector with room for `len` values.
fn reserve<T>(len: usize) -> Result<Vec<T>, Error> {
    HostBuffer::reserve(BackendKind::Cpu, len)
}

/// A vector of `len` zeros.
fn zeroed<T: Element>(len: usize) -> Result<Vec<T>, Error> {
    let mut values = reserve(len)?;
    values.resize(len, T::zero());
    Ok(values)
}
