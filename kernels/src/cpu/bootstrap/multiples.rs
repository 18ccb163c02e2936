//! Sums of words times digits, modulo 2^64.

#[cfg(target_arch = "x86_64")]
use crate::cpu::simd::{Avx2, Avx512, Avx512Ifma, Words4};
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

/// In halves of 32 bits, each with a sign: word = low + 2^32·high modulo 2^64.
#[cfg(target_arch = "x86_64")]
impl Multiples<4> for Avx2 {
    const TILE: usize = 2;
    /// Of low halves, and of high ones.
    type Products = [Words4; 2];

    /// Where the low half is negative, the high one is greater by one.
    fn prepared(word: u64) -> u64 {
        word.wrapping_add((word >> 31 & 1) << 32)
    }

    #[inline(always)]
    fn no_products(self) -> [Words4; 2] {
        [Vectors::splat(self, 0); 2]
    }

    #[inline(always)]
    fn add_product(self, [low, high]: [Words4; 2], word: Words4, digit: Words4) -> [Words4; 2] {
        let upper = Vectors::shift_right(self, word, 32);
        [
            Vectors::add(self, low, self.mul_i32(word, digit)),
            Vectors::add(self, high, self.mul_i32(upper, digit)),
        ]
    }

    #[inline(always)]
    fn total(self, [low, high]: [Words4; 2]) -> Words4 {
        Vectors::add(self, low, Vectors::shift_left(self, high, 32))
    }
}
