//! The processor: all cores, and AVX-512 IFMA where the machine has it.

pub mod bootstrap;
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
use crate::element::Element;
use crate::error::Error;
use crate::host::HostBuffer;

/// The instructions that field arithmetic uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// What every processor has.
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

/// The processor, through rayon's current thread pool.
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
    type Buffer<T: Element> = HostBuffer<T>;

    fn kind(&self) -> BackendKind {
        BackendKind::Cpu
    }

    fn len<T: Element>(&self, buffer: &HostBuffer<T>) -> usize {
        buffer.0.len()
    }

    fn zeros<T: Element>(&self, len: usize) -> Result<HostBuffer<T>, Error> {
        Ok(HostBuffer(zeroed(len)?))
    }

    fn upload<T: Element>(&self, values: &[T]) -> Result<HostBuffer<T>, Error> {
        let mut copy = reserve(values.len())?;
        copy.extend_from_slice(values);
        Ok(HostBuffer(copy))
    }

    fn download<T: Element>(&self, buffer: &HostBuffer<T>) -> Result<Vec<T>, Error> {
        Ok(self.upload(&buffer.0)?.0)
    }

    fn copy<T: Element>(
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
fn reserve<T: Element>(len: usize) -> Result<Vec<T>, Error> {
    HostBuffer::reserve(BackendKind::Cpu, len)
}

/// A vector of `len` zeros.
fn zeroed<T: Element>(len: usize) -> Result<Vec<T>, Error> {
    let mut values = reserve(len)?;
    values.resize(len, T::zero());
    Ok(values)
}
