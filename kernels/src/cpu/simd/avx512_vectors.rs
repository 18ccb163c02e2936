//! Eight words, or doubles, in a register of AVX-512.
#![expect(unsafe_code, reason = "intrinsics of AVX-512")]

use core::arch::x86_64::*;

use ark_ff::{Fp, FpConfig};

use super::avx512::{Avx512, Avx512Ifma, Words};
use super::{Doubles, Eight, Vectors, prefetch};

/// Eight doubles, lane 0 first in memory.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Doubles8(__m512d);

/// One method for each instruction on lanes that takes and gives vectors.
macro_rules! doubles {
    ($($name:ident($($arg:ident),+) = $intrinsic:ident($($operand:ident),+);)*) => { $(
        #[inline(always)]
        fn $name(self, $($arg: Doubles8),+) -> Doubles8 {
            // SAFETY: `self` proves that the instructions exist, see `Avx512`.
            Doubles8(unsafe { $intrinsic($($operand.0),+) })
        }
    )* };
}

/// Words with the instructions of a proof that is one of [`Avx512`], too.
macro_rules! words {
    ($($proof:ident),*) => { $(
        impl Vectors<8> for $proof {
            const IS_ONE_REGISTER: bool = true;
            type V = Words;
            type Mask = u8;

            #[inline(always)]
            fn run<R>(self, work: impl FnOnce() -> R) -> R {
                $proof::run(self, work)
            }

            #[inline(always)]
            fn splat(self, word: u64) -> Words {
                Avx512::splat(self.avx512(), word)
            }

            #[inline(always)]
            fn load(self, words: &[u64; 8]) -> Words {
                Avx512::load(self.avx512(), words)
            }

            #[inline(always)]
            fn store(self, v: Words, words: &mut [u64; 8]) {
                Avx512::store(self.avx512(), v, words);
            }

            #[inline(always)]
            fn add(self, a: Words, b: Words) -> Words {
                Avx512::add(self.avx512(), a, b)
            }

            #[inline(always)]
            fn sub(self, a: Words, b: Words) -> Words {
                Avx512::sub(self.avx512(), a, b)
            }

            #[inline(always)]
            fn mul_low(self, a: Words, b: Words) -> Words {
                Avx512::mul_low(self.avx512(), a, b)
            }

            #[inline(always)]
            fn and(self, a: Words, b: Words) -> Words {
                Avx512::and(self.avx512(), a, b)
            }

            #[inline(always)]
            fn or(self, a: Words, b: Words) -> Words {
                Avx512::or(self.avx512(), a, b)
            }

            #[inline(always)]
            fn shift_left(self, a: Words, bits: usize) -> Words {
                Avx512::shift_left(self.avx512(), a, Avx512::splat(self.avx512(), bits as u64))
            }

            #[inline(always)]
            fn shift_right(self, a: Words, bits: usize) -> Words {
                Avx512::shift_right(self.avx512(), a, Avx512::splat(self.avx512(), bits as u64))
            }

            #[inline(always)]
            fn less(self, a: Words, b: Words) -> u8 {
                Avx512::less(self.avx512(), a, b)
            }

            #[inline(always)]
            fn add_where(self, mask: u8, a: Words, b: Words) -> Words {
                Avx512::add_where(self.avx512(), mask, a, b)
            }

            #[inline(always)]
            fn select(self, mask: u8, a: Words, b: Words) -> Words {
                Avx512::select(self.avx512(), mask, a, b)
            }

            #[inline(always)]
            fn below(self, a: Words, b: Words) -> u8 {
                Avx512::less(self.avx512(), a, b)
            }

            #[inline(always)]
            fn mul_u32(self, a: Words, b: Words) -> Words {
                Avx512::mul_u32(self.avx512(), a, b)
            }

            #[inline(always)]
            fn settle(self, a: Words) -> Words {
                #[target_feature(enable = "avx512f")]
                #[inline]
                fn opaque(mut a: __m512i) -> __m512i {
                    // SAFETY: no instruction.
                    unsafe {
                        core::arch::asm!(
                            "/* {0} */",
                            inout(zmm_reg) a,
                            options(nomem, nostack, preserves_flags),
                        );
                    }
                    a
                }
                // SAFETY: `self` proves that the instructions exist, see `Avx512`.
                Words(unsafe { opaque(a.0) })
            }

            #[inline(always)]
            fn spread(self, a: Words, lane: usize) -> Words {
                self.avx512().permute(Avx512::splat(self.avx512(), lane as u64), a)
            }

            #[inline(always)]
            fn transpose(self, vectors: [Words; 8]) -> [Words; 8] {
                Avx512::transpose(self.avx512(), vectors)
            }
        }
    )* };
}

words!(Avx512, Avx512Ifma);

impl Doubles<8> for Avx512 {
    type D = Doubles8;
    type Bits = Words;
    type Choice = u8;

    #[inline(always)]
    fn every(self, x: f64) -> Doubles8 {
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        Doubles8(unsafe { _mm512_set1_pd(x) })
    }

    #[inline(always)]
    fn doubles(self, bits: Words) -> Doubles8 {
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        Doubles8(unsafe { _mm512_castsi512_pd(bits.0) })
    }

    #[inline(always)]
    fn bits(self, a: Doubles8) -> Words {
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        Words(unsafe { _mm512_castpd_si512(a.0) })
    }

    doubles! {
        plus(a, b) = _mm512_add_pd(a, b);
        less_by(a, b) = _mm512_sub_pd(a, b);
        times(a, b) = _mm512_mul_pd(a, b);
        multiply_add(a, b, c) = _mm512_fmadd_pd(a, b, c);
        subtract_product(c, a, b) = _mm512_fnmadd_pd(a, b, c);
    }

    #[inline(always)]
    fn negative(self, a: Doubles8) -> u8 {
        self.signs(self.bits(a))
    }

    #[inline(always)]
    fn chosen(self, lanes: u8) -> u8 {
        lanes
    }

    #[inline(always)]
    fn choose(self, lanes: u8, a: Doubles8, b: Doubles8) -> Doubles8 {
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        Doubles8(unsafe { _mm512_mask_blend_pd(lanes, a.0, b.0) })
    }

    #[inline(always)]
    fn zeros(self, a: Doubles8) -> u8 {
        let zero = self.every(0.0);
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        unsafe { _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(a.0, zero.0) }
    }

    #[inline(always)]
    fn ask_for(self, a: &Doubles8) {
        prefetch::far(a);
    }
}

impl Eight for Avx512 {
    #[inline(always)]
    fn load_elements<P: FpConfig<N>, const N: usize>(self, values: &[Fp<P, N>]) -> [Words; N] {
        Avx512::load_elements(self, values)
    }

    #[inline(always)]
    fn store_elements<P: FpConfig<N>, const N: usize>(
        self,
        columns: [Words; N],
        values: &mut [Fp<P, N>],
    ) {
        Avx512::store_elements(self, columns, values);
    }
}
