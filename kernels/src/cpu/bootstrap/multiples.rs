//! Sums of words times digits, modulo 2^64.

#[cfg(target_arch = "x86_64")]
use crate::cpu::simd::{Avx2, Avx512, Avx512Ifma, Words4};
#[cfg(target_arch = "aarch64")]
use crate::cpu::simd::{Neon, Twice, Words2};
use crate::cpu::simd::{Portable, Vectors};

/// Vectors of words that are multiplied with digits of less than 32 bits, with signs.
pub(super) trait Multiples<const W: usize>: Vectors<W> {
    /// Vectors of sums that are in registers at a time, over those that lie side by side: at most 4.
    const TILE: usize;
    /// Sums that are not carried.
    type Products: Copy;

    /// The form in which a word is multiplied.
    fn prepared(word: u64) -> u64;

    /// A sum of none.
    fn no_products(self) -> Self::Products;

    /// sum + word·digit.
    fn add_product(self, sum: Self::Products, word: Self::V, digit: Self::V) -> Self::Products;

    /// The sum.
    fn total(self, sum: Self::Products) -> Self::V;
}

/// Where a product of words is an instruction.
macro_rules! whole_words {
    ($($vectors:ty: $lanes:literal),*) => { $(
        impl Multiples<$lanes> for $vectors {
            const TILE: usize = 4;
            type Products = <Self as Vectors<$lanes>>::V;

            fn prepared(word: u64) -> u64 {
                word
            }

            #[inline(always)]
            fn no_products(self) -> Self::Products {
                Vectors::splat(self, 0)
            }

            #[inline(always)]
            fn add_product(
                self,
                sum: Self::Products,
                word: Self::V,
                digit: Self::V,
            ) -> Self::Products {
                Vectors::add(self, sum, Vectors::mul_low(self, word, digit))
            }

            #[inline(always)]
            fn total(self, sum: Self::Products) -> Self::V {
                sum
            }
        }
    )* };
}

whole_words!(Portable: 1);
#[cfg(target_arch = "x86_64")]
whole_words!(Avx512: 8, Avx512Ifma: 8);

/// Vectors whose widest products are of 32 bits.
trait Halves: Vectors<4> {
    /// The product of the low 32 bits of a and b, both with signs.
    fn mul_i32(self, a: Self::V, b: Self::V) -> Self::V;
}

#[cfg(target_arch = "x86_64")]
impl Halves for Avx2 {
    #[inline(always)]
    fn mul_i32(self, a: Words4, b: Words4) -> Words4 {
        Avx2::mul_i32(self, a, b)
    }
}

#[cfg(target_arch = "aarch64")]
impl Halves for Twice<Neon> {
    #[inline(always)]
    fn mul_i32(self, a: [Words2; 2], b: [Words2; 2]) -> [Words2; 2] {
        [self.0.mul_i32(a[0], b[0]), self.0.mul_i32(a[1], b[1])]
    }
}

/// In halves, each with a sign: word = low + 2^32·high modulo 2^64.
impl<A: Halves> Multiples<4> for A {
    const TILE: usize = 2;
    /// Of low halves, and of high ones.
    type Products = [A::V; 2];

    /// Where the low half is negative, the high one is greater by one.
    fn prepared(word: u64) -> u64 {
        word.wrapping_add((word >> 31 & 1) << 32)
    }

    #[inline(always)]
    fn no_products(self) -> [A::V; 2] {
        [self.splat(0); 2]
    }

    #[inline(always)]
    fn add_product(self, [low, high]: [A::V; 2], word: A::V, digit: A::V) -> [A::V; 2] {
        let upper = self.shift_right(word, 32);
        [self.add(low, self.mul_i32(word, digit)), self.add(high, self.mul_i32(upper, digit))]
    }

    #[inline(always)]
    fn total(self, [low, high]: [A::V; 2]) -> A::V {
        self.add(low, self.shift_left(high, 32))
    }
}
