//! Field arithmetic on several elements at once: the trait [`Lanes`], with one implementation for every
//! machine, one for AVX-512 IFMA, and one for exact arithmetic in doubles, over any vectors of eight of them.
//!
//! A value that implements [`Lanes`] is the proof that the machine has the instructions: it comes from
//! detection at run time, so algorithms written over `L: Lanes<F>` are safe code. The hot part of an
//! algorithm runs inside [`Lanes::run`], once per thread, and every function under it is
//! `#[inline(always)]`: what is not inlined there is compiled without the instructions, and is right but
//! slow.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_vectors;
#[cfg(target_arch = "aarch64")]
mod contest;
pub(in crate::cpu) mod doubles;
pub(in crate::cpu) mod fp50;
mod fp51;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod inverse;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
pub(in crate::cpu) mod prefetch;
mod quadratic;
mod radix;
#[cfg(test)]
mod tests;
mod twice;
mod vectors;

#[cfg(target_arch = "x86_64")]
pub use avx2::{Avx2, Words4};
#[cfg(target_arch = "x86_64")]
pub(in crate::cpu) use avx512::Words;
#[cfg(target_arch = "x86_64")]
pub use avx512::{Avx512, Avx512Ifma};
#[cfg(target_arch = "aarch64")]
pub(in crate::cpu) use contest::doubles_win;
pub use doubles::{Doubles, Eight};
pub use fp50::Fp50;
pub use fp51::Fp51;
#[cfg(target_arch = "x86_64")]
pub use ifma::Ifma;
#[cfg(target_arch = "aarch64")]
pub use neon::{Neon, Words2};
pub use portable::Portable;
pub use quadratic::Quadratic;
pub use twice::Twice;
pub use vectors::Vectors;

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
        prefetch::near(self);
    }
}

/// Arithmetic on [`Self::WIDTH`] elements of `F` at once.
///
/// A value `V` holds, in each lane, an integer that stands for an element, not always the least one, and in some
/// implementations with a sign. Its size is stated in multiples of p. Unless a method says otherwise its operands
/// must be at most 2p, and so are its results. An implementation may reduce more than it is asked to.
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

    /// ⌊R'/p⌋, or `u64::MAX` where every operation reduces to below p: values may be up to this many times p, and the product of two values up to a·p and b·p
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

    /// a − b + 2p without reduction, or just a − b: a may be up to `CAPACITY` − 2 times p.
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

/// A field with arithmetics of several lanes.
pub trait Vectorised: Field + Element {
    /// In the 52-bit multipliers of AVX-512.
    #[cfg(target_arch = "x86_64")]
    type Ifma: Lanes<Self>;

    /// In doubles.
    type Doubles<D: Eight>: Lanes<Self>;

    /// The arithmetic, for a machine that has it.
    #[cfg(target_arch = "x86_64")]
    fn ifma(avx: Avx512Ifma) -> Self::Ifma;

    /// The arithmetic, for a machine that has such vectors.
    fn doubles<D: Eight>(d: D) -> Self::Doubles<D>;

    /// The inverse, or `None` of zero: [`Field::inverse`], several times faster. No lanes are needed.
    fn fast_inverse(&self) -> Option<Self>;
}

/// Runs a block with `$lanes` bound to the arithmetic of a field at a level.
macro_rules! with_lanes {
    ($level:expr, $F:ty, $lanes:ident => $work:expr) => {
        match $level {
            #[cfg(target_arch = "x86_64")]
            $crate::cpu::instructions::Level::Ifma(avx) => {
                let $lanes = <$F as $crate::cpu::simd::Vectorised>::ifma(avx);
                $work
            }
            #[cfg(target_arch = "x86_64")]
            $crate::cpu::instructions::Level::Avx512(avx) => {
                let $lanes = <$F as $crate::cpu::simd::Vectorised>::doubles(avx);
                $work
            }
            #[cfg(target_arch = "x86_64")]
            $crate::cpu::instructions::Level::Avx2(avx) => {
                let eight = $crate::cpu::simd::Twice(avx);
                let $lanes = <$F as $crate::cpu::simd::Vectorised>::doubles(eight);
                $work
            }
            #[cfg(target_arch = "aarch64")]
            $crate::cpu::instructions::Level::Neon(neon) => {
                let eight = $crate::cpu::simd::Twice($crate::cpu::simd::Twice(neon));
                let $lanes = <$F as $crate::cpu::simd::Vectorised>::doubles(eight);
                $work
            }
            #[cfg(target_arch = "aarch64")]
            $crate::cpu::instructions::Level::NeonScalar(_) => {
                let $lanes = $crate::cpu::simd::Portable;
                $work
            }
            $crate::cpu::instructions::Level::Portable => {
                let $lanes = $crate::cpu::simd::Portable;
                $work
            }
        }
    };
}

pub(in crate::cpu) use with_lanes;

macro_rules! vectorised {
    ($($field:ty: $ifma:ty = $with_ifma:expr, $doubles:ty = $with_doubles:expr;)*) => { $(
        impl Vectorised for $field {
            #[cfg(target_arch = "x86_64")]
            type Ifma = $ifma;
            type Doubles<D: Eight> = $doubles;

            #[cfg(target_arch = "x86_64")]
            fn ifma(avx: Avx512Ifma) -> Self::Ifma {
                $with_ifma(avx)
            }

            fn doubles<D: Eight>(d: D) -> Self::Doubles<D> {
                $with_doubles(d)
            }

            fn fast_inverse(&self) -> Option<Self> {
                inverse::inverse(self)
            }
        }
    )* };
}

vectorised! {
    ark_bn254::Fr: Ifma<5> = Ifma, Fp51<D, 5, 6> = Fp51;
    ark_bn254::Fq: Ifma<5> = Ifma, Fp51<D, 5, 6> = Fp51;
    ark_bls12_381::Fr: Ifma<5> = Ifma, Fp51<D, 5, 6> = Fp51;
    ark_bls12_381::Fq: Ifma<8> = Ifma, Fp51<D, 8, 8> = Fp51;
    Prime50: Ifma<1> = Ifma, Portable = |_| Portable;
    // Its prime fills 64 bits, and its reduction is a few additions: limbs do not win.
    Goldilocks: Portable = |_| Portable, Portable = |_| Portable;
}

impl<P: Fp2Config<Fp: Vectorised>> Vectorised for Fp2<P> {
    #[cfg(target_arch = "x86_64")]
    type Ifma = Quadratic<<P::Fp as Vectorised>::Ifma>;
    type Doubles<D: Eight> = Quadratic<<P::Fp as Vectorised>::Doubles<D>>;

    #[cfg(target_arch = "x86_64")]
    fn ifma(avx: Avx512Ifma) -> Self::Ifma {
        Quadratic(P::Fp::ifma(avx))
    }

    fn doubles<D: Eight>(d: D) -> Self::Doubles<D> {
        Quadratic(P::Fp::doubles(d))
    }

    /// The conjugate over the norm.
    fn fast_inverse(&self) -> Option<Self> {
        let inverse = (self.c0.square() + self.c1.square()).fast_inverse()?;
        Some(Self::new(self.c0 * inverse, -self.c1 * inverse))
    }
}
