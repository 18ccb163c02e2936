//! Field arithmetic on several elements at once: the trait [`Lanes`], with one implementation for every
//! machine and one for AVX-512 IFMA.
//!
//! A value that implements [`Lanes`] is the proof that the machine has the instructions: it comes from
//! detection at run time, so algorithms written over `L: Lanes<F>` are safe code. The hot part of an
//! algorithm runs inside [`Lanes::run`], once per thread, and every function under it is
//! `#[inline(always)]`: what is not inlined there is compiled without the instructions, and is right but
//! slow.

#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod inverse;
mod portable;
mod quadratic;
#[cfg(test)]
mod tests;

#[cfg(target_arch = "x86_64")]
pub(in crate::cpu) use avx512::{Avx512, Words};
#[cfg(target_arch = "x86_64")]
pub use ifma::Ifma;
pub use portable::Portable;
pub use quadratic::Quadratic;

use ark_ff::{Field, Fp2, Fp2Config};

use crate::element::Element;
use crate::field::{Goldilocks, Prime50};

/// Eight words: a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(64))]
pub struct Line(pub [u64; 8]);

impl Line {
    /// Asks the memory for this line, which will be read soon. It has no other effect.
    #[inline(always)]
    pub fn prefetch(&self) {
        #[cfg(target_arch = "x86_64")]
        avx512::prefetch(self);
    }
}

/// Arithmetic on [`Self::WIDTH`] elements of `F` at once.
///
/// A value `V` holds, in each lane, an integer that stands for an element, not always the least one. Its
/// size is stated in multiples of p. Unless a method says otherwise its operands must be at most 2p, and
/// so are its results.
///
/// Multiplication is Montgomery's with a factor R' of the implementation's own: `mul(a, b)` is a·b/R'.
/// [`load`](Self::load) and [`store`](Self::store) do not convert; elements keep arkworks's factor R.
/// [`constant`](Self::constant) gives w·R', so that `mul(load(x), constant(w))` is what `load(x·w)` would
/// be. An algorithm whose factors are all variable enters with [`constants`](Self::constants), stays in
/// that form, and leaves with [`leave`](Self::leave).
pub trait Lanes<F>: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// As many elements as there are lanes.
    type V: Copy + Send + Sync;

    /// How many lanes there are: a power of two, at most 8.
    const WIDTH: usize;

    /// ⌊R'/p⌋: values may be up to this many times p, and the product of two values up to a·p and b·p
    /// with a·b ≤ `CAPACITY` is at most 2p.
    const CAPACITY: u64;

    /// Runs `f` with the instructions enabled.
    fn run<R>(self, f: impl FnOnce() -> R) -> R;

    /// The same element in every lane, in the form of [`load`](Self::load).
    fn splat(self, value: F) -> Self::V;

    /// The first `WIDTH` elements of a slice.
    ///
    /// # Panics
    /// If the slice is shorter.
    fn load(self, values: &[F]) -> Self::V;

    /// Writes elements, reduced, to the first `WIDTH` places of a slice.
    ///
    /// # Panics
    /// If the slice is shorter.
    fn store(self, v: Self::V, values: &mut [F]);

    /// w·R' in every lane, below p: a constant to multiply with.
    fn constant(self, w: F) -> Self::V;

    /// A constant for each lane, from the first `WIDTH` elements of a slice.
    ///
    /// # Panics
    /// If the slice is shorter.
    fn constants(self, w: &[F]) -> Self::V;

    /// From the form of [`constants`](Self::constants) to that of [`load`](Self::load).
    fn leave(self, v: Self::V) -> Self::V;

    /// a + b.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;

    /// a − b.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;

    /// a − b − c, for b and c up to 3p/2: loaded elements, products of values up to a·p and b·p with
    /// 2·a·b ≤ `CAPACITY`, and, where that is over 16, results of `add`, `sub` and this.
    #[inline(always)]
    fn sub_both(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        self.sub(self.sub(a, b), c)
    }

    /// a + b without reduction: operands and result up to `CAPACITY` times p.
    fn add_lazy(self, a: Self::V, b: Self::V) -> Self::V;

    /// a − b + 2p without reduction: a may be up to `CAPACITY` − 2 times p.
    fn sub_lazy(self, a: Self::V, b: Self::V) -> Self::V;

    /// The same element, at most 2p, for a value up to 4p.
    fn reduce(self, a: Self::V) -> Self::V;

    /// −a.
    fn neg(self, a: Self::V) -> Self::V;

    /// 2a.
    #[inline(always)]
    fn double(self, a: Self::V) -> Self::V {
        self.add(a, a)
    }

    /// a·b/R'.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;

    /// a²/R'.
    #[inline(always)]
    fn square(self, a: Self::V) -> Self::V {
        self.mul(a, a)
    }

    /// The lanes that hold zero, as bits. The operand may be up to 4p.
    fn is_zero(self, a: Self::V) -> u8;

    /// In each lane b where the bit is set, and a where it is not.
    fn select(self, mask: u8, a: Self::V, b: Self::V) -> Self::V;

    /// Lane i takes the value of lane (i + by) mod `WIDTH`.
    fn rotate(self, a: Self::V, by: usize) -> Self::V;

    /// How many lines hold a pair of elements.
    const LINES: usize;

    /// One pair of elements for each lane, from lines that [`scatter`](Self::scatter) wrote:
    /// `line(lane, k)` is the k-th line of a lane's pair.
    fn gather<'a>(self, line: impl Fn(usize, usize) -> &'a Line) -> [Self::V; 2];

    /// Writes the pairs, at most 2p each, to `LINES` lines for each lane, lane after lane. Zeros that
    /// are all-zero words, as [`Self::zero`] is, stay that.
    ///
    /// # Panics
    /// If there are fewer lines.
    fn scatter(self, pair: [Self::V; 2], lines: &mut [Line]);

    /// Zero, all of its words zero.
    fn zero(self) -> Self::V;
}

/// A field with an arithmetic of several lanes.
pub trait Vectorised: Field + Element {
    /// The fastest arithmetic there is for this field, on machines that have its instructions.
    type Simd: Lanes<Self>;

    /// The proof that this machine has them.
    fn simd() -> Option<Self::Simd>;

    /// The inverse, or `None` of zero: [`Field::inverse`], several times faster. No lanes are needed.
    fn fast_inverse(&self) -> Option<Self>;
}

macro_rules! vectorised {
    ($($field:ty: $limbs:literal),*) => { $(
        #[cfg(target_arch = "x86_64")]
        impl Vectorised for $field {
            type Simd = Ifma<$limbs>;

            fn simd() -> Option<Self::Simd> {
                Ifma::detect()
            }

            fn fast_inverse(&self) -> Option<Self> {
                inverse::inverse(self)
            }
        }

        #[cfg(not(target_arch = "x86_64"))]
        impl Vectorised for $field {
            type Simd = Portable;

            fn simd() -> Option<Self::Simd> {
                None
            }

            fn fast_inverse(&self) -> Option<Self> {
                inverse::inverse(self)
            }
        }
    )* };
}

vectorised!(
    ark_bn254::Fr: 5,
    ark_bn254::Fq: 5,
    ark_bls12_381::Fr: 5,
    ark_bls12_381::Fq: 8,
    Prime50: 1
);

/// Its prime fills 64 bits, and its reduction is a few additions: 52-bit limbs do not win.
impl Vectorised for Goldilocks {
    type Simd = Portable;

    fn simd() -> Option<Self::Simd> {
        None
    }

    fn fast_inverse(&self) -> Option<Self> {
        inverse::inverse(self)
    }
}

impl<P: Fp2Config<Fp: Vectorised>> Vectorised for Fp2<P> {
    type Simd = Quadratic<<P::Fp as Vectorised>::Simd>;

    fn simd() -> Option<Self::Simd> {
        P::Fp::simd().map(Quadratic)
    }

    /// The conjugate over the norm.
    fn fast_inverse(&self) -> Option<Self> {
        let inverse = (self.c0.square() + self.c1.square()).fast_inverse()?;
        Some(Self::new(self.c0 * inverse, -self.c1 * inverse))
    }
}
