//! The CPU: all cores, and AVX-512 IFMA where the machine has it.

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
pub mod msm;
mod ntt;
mod parallel;
mod peak;
pub mod simd;
mod vector;
mod words;

pub use ntt::Transformable;
pub use peak::Peak;

use std::fmt;
use std::ops::Range;

use crate::backend::{Backend, BackendKind};
use crate::cpu::simd::Vectorised;
use crate::element::{Element, Stored};
use crate::error::Error;
use crate::field::KernelField;
use crate::group::Group;
use crate::host::HostBuffer;

/// The instructions that field arithmetic uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// What every CPU has.
    Portable,
    /// Eight elements at a time, in the 52-bit multipliers of AVX-512.
    Ifma,
}

impl fmt::Display for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Ifma => "avx512-ifma",
        })
    }
}

/// A field that the CPU has fast arithmetic for: every field of the kernels.
pub trait CpuField: KernelField + Vectorised + Transformable {}

impl<F: KernelField + Vectorised + Transformable> CpuField for F {}

/// A group over such a field: every group of the kernels.
pub trait CpuGroup: Group<Coordinate: Vectorised> {}

impl<G: Group<Coordinate: Vectorised>> CpuGroup for G {}

/// The CPU, through rayon's current thread pool.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    instructions: Instructions,
}

impl Default for Cpu {
    fn default() -> Self {
        Self::new()
    }
}

impl Cpu {
    /// With the best instructions this machine has.
    pub fn new() -> Self {
        // The machine has the instructions for all fields, or for none.
        let simd = <ark_bn254::Fr as Vectorised>::simd().is_some();
        Self { instructions: if simd { Instructions::Ifma } else { Instructions::Portable } }
    }

    /// With portable instructions only. The same results, bit for bit.
    pub fn portable() -> Self {
        Self { instructions: Instructions::Portable }
    }

    /// The arithmetic in lanes of a field, where there is one and this machine and value use it.
    fn simd<F: Vectorised>(self) -> Option<F::Simd> {
        F::simd().filter(|_| self.instructions == Instructions::Ifma)
    }

    /// Which instructions are used.
    pub fn instructions(&self) -> Instructions {
        self.instructions
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
