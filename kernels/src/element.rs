//! What buffers hold: values that are a fixed number of little-endian 64-bit words.
//!
//! The words of a field element are its Montgomery form, as arkworks keeps it, so that values cross to
//! a device without conversion.

use std::fmt::Debug;

use ark_ff::{Fp, Fp2, Fp2Config, FpConfig};

use crate::backend::{ErasedKernels, ErasedMemory};
use crate::field::{Goldilocks, Prime50};

/// A value that is a number of words.
pub trait Element: Copy + Debug + PartialEq + Send + Sync + 'static {
    /// How many 64-bit words a value takes.
    const WORDS: usize;

    /// Zero: all words zero.
    fn zero() -> Self;

    /// Writes the value to `words`, [`Self::WORDS`] of them.
    fn write(&self, words: &mut [u64]);

    /// Reads what [`Self::write`] wrote. Words that are no canonical value give a value for which no
    /// arithmetic is defined; backends write none.
    fn read(words: &[u64]) -> Self;
}

/// An element that a [`Backend`](crate::backend::Backend) keeps in its buffers.
pub trait Stored: Element {
    /// The part of a backend that keeps such elements.
    fn memory(kernels: &dyn ErasedKernels) -> &dyn ErasedMemory<Self>;
}

macro_rules! stored {
    ($($element:ty),*) => { $(
        impl Stored for $element {
            fn memory(kernels: &dyn ErasedKernels) -> &dyn ErasedMemory<Self> {
                kernels
            }
        }
    )* };
}

stored!(u64, ark_bls12_381::Fr, ark_bn254::Fr, Goldilocks, Prime50);

impl Element for u64 {
    const WORDS: usize = 1;

    fn zero() -> Self {
        0
    }

    fn write(&self, words: &mut [u64]) {
        words[0] = *self;
    }

    fn read(words: &[u64]) -> Self {
        words[0]
    }
}

impl<P: FpConfig<N>, const N: usize> Element for Fp<P, N> {
    const WORDS: usize = N;

    fn zero() -> Self {
        P::ZERO
    }

    fn write(&self, words: &mut [u64]) {
        words.copy_from_slice(&self.0.0);
    }

    fn read(words: &[u64]) -> Self {
        let mut value = P::ZERO;
        value.0.0.copy_from_slice(words);
        value
    }
}

impl<P: Fp2Config<Fp: Element>> Element for Fp2<P> {
    const WORDS: usize = 2 * P::Fp::WORDS;

    fn zero() -> Self {
        Self::new(P::Fp::zero(), P::Fp::zero())
    }

    fn write(&self, words: &mut [u64]) {
        let (c0, c1) = words.split_at_mut(P::Fp::WORDS);
        self.c0.write(c0);
        self.c1.write(c1);
    }

    fn read(words: &[u64]) -> Self {
        let (c0, c1) = words.split_at(P::Fp::WORDS);
        Self::new(P::Fp::read(c0), P::Fp::read(c1))
    }
}

/// The words of all values, one after the other.
pub fn to_words<T: Element>(values: &[T]) -> Vec<u64> {
    let mut words = vec![0; values.len() * T::WORDS];
    for (value, words) in values.iter().zip(words.chunks_exact_mut(T::WORDS)) {
        value.write(words);
    }
    words
}

/// The values that [`to_words`] wrote.
pub fn from_words<T: Element>(words: &[u64]) -> Vec<T> {
    words.chunks_exact(T::WORDS).map(T::read).collect()
}
