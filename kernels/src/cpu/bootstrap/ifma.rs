//! Eight words in AVX-512, multiplied in 52 bits: R = 2^52, just over 4p.

use super::montgomery::{Factor, INVERSE, Montgomery};
use crate::bootstrap::MODULUS;
use crate::cpu::simd::{Avx512, Avx512Ifma, Words, prefetch};

const BITS: u32 = 52;
const MASK: u64 = (1 << BITS) - 1;

/// Σ x·y = low + 2^52·high, not carried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Halves {
    low: Words,
    high: Words,
}

impl Montgomery<8> for Avx512Ifma {
    const BITS: u32 = BITS;
    const LOG_RADIX: u32 = 4;
    type Sum = Halves;

    #[inline(always)]
    fn prefetch(self, v: &Words) {
        prefetch::far(v);
    }

    #[inline(always)]
    fn shift_right_signed(self, a: Words, bits: u32) -> Words {
        Avx512::shift_right_signed(self.avx512(), a, Avx512::splat(self.avx512(), bits.into()))
    }

    #[inline(always)]
    fn min(self, a: Words, b: Words) -> Words {
        Avx512::min(self.avx512(), a, b)
    }

    #[inline(always)]
    fn max(self, a: Words, b: Words) -> Words {
        Avx512::max(self.avx512(), a, b)
    }

    #[inline(always)]
    fn product(self, offset: Words, x: Words, w: Factor<Words>) -> Words {
        let zero = Avx512::splat(self.avx512(), 0);
        let quotient = self.mul_lo(zero, x, w.quotient);
        let high = self.mul_hi(offset, x, w.value);
        Avx512::sub(
            self.avx512(),
            high,
            self.mul_hi(zero, quotient, Avx512::splat(self.avx512(), MODULUS)),
        )
    }

    #[inline(always)]
    fn quick_product(self, start: Words, x: Words, w: Factor<Words>) -> Words {
        let negative = Avx512::splat(self.avx512(), INVERSE.wrapping_neg() & MASK);
        // It may be over 2^52: the low 52 bits are multiplied.
        let quotient = self.mul_lo(negative, x, w.quotient);
        let high = self.mul_hi(start, x, w.value);
        self.mul_hi(high, quotient, Avx512::splat(self.avx512(), MODULUS))
    }

    #[inline(always)]
    fn sum(self, start: Words) -> Halves {
        Halves { low: Avx512::splat(self.avx512(), 0), high: start }
    }

    /// x·y is below 2^52·p: `high` grows by less than p.
    #[inline(always)]
    fn add_product(self, sum: Halves, x: Words, y: Words) -> Halves {
        Halves { low: self.mul_lo(sum.low, x, y), high: self.mul_hi(sum.high, x, y) }
    }

    /// The sum, below 4p·2^52, to less than 2p·2^52.
    #[inline(always)]
    fn carry(self, sum: Halves) -> Halves {
        let mask = Avx512::splat(self.avx512(), MASK);
        let high = self.carried(sum);
        let less = Avx512::sub(self.avx512(), high, Avx512::splat(self.avx512(), 2 * MODULUS));
        Halves {
            low: Avx512::and(self.avx512(), sum.low, mask),
            high: Avx512::min(self.avx512(), high, less),
        }
    }

    /// A sum of two products is below 3p·2^52, as it starts below p·2^52.
    #[inline(always)]
    fn reduce(self, sum: Halves) -> Words {
        let negative = Avx512::splat(self.avx512(), INVERSE.wrapping_neg() & MASK);
        let quotient = self.mul_lo(negative, sum.low, negative);
        self.mul_hi(self.carried(sum), quotient, Avx512::splat(self.avx512(), MODULUS))
    }
}

impl Avx512Ifma {
    /// ⌊sum/2^52⌋.
    #[inline(always)]
    fn carried(self, sum: Halves) -> Words {
        let carry =
            Avx512::shift_right(self.avx512(), sum.low, Avx512::splat(self.avx512(), BITS.into()));
        Avx512::add(self.avx512(), sum.high, carry)
    }
}
