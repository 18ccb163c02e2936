//! Vectors of four 64-bit words, or doubles, in AVX2 registers, with fused multiply-add. It knows no
//! fields.
#![expect(unsafe_code, reason = "intrinsics of AVX2 and FMA")]

use core::arch::x86_64::*;

use super::{Doubles, Vectors, prefetch};

/// The proof that this machine has AVX2, FMA and BMI2: made by [`Avx2::detect`] alone.
///
/// # Invariant
/// A value exists only where all of these instructions do. Each block below relies on it.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

/// Four words, lane 0 first in memory.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Words4(__m256i);

/// Four doubles, lane 0 first in memory.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Doubles4(__m256d);

/// One method for each instruction on lanes that takes and gives vectors.
macro_rules! instructions {
    ($vector:ident: $($(#[$doc:meta])* $name:ident($($arg:ident),+) = $intrinsic:path;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name(self, $($arg: $vector),+) -> $vector {
            // SAFETY: `self` proves that the instructions exist, see `Avx2`.
            $vector(unsafe { $intrinsic($($arg.0),+) })
        }
    )* };
}

impl Avx2 {
    /// The proof, where the machine has the instructions.
    pub fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi2");
        found.then_some(Self(()))
    }

    /// Runs `f`, with what is inlined into it compiled for these instructions.
    #[inline(always)]
    pub fn run<R>(self, f: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx2,fma,bmi2")]
        fn frame<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        unsafe { frame(f) }
    }

    instructions! { Words4:
        /// a + b in each lane, modulo 2^64.
        add(a, b) = _mm256_add_epi64;
        /// a − b.
        sub(a, b) = _mm256_sub_epi64;
        /// The bits of both.
        and(a, b) = _mm256_and_si256;
        /// The product of the low 32 bits of a and b.
        mul_u32(a, b) = _mm256_mul_epu32;
        /// The product of the low 32 bits of a and b, both with signs.
        mul_i32(a, b) = _mm256_mul_epi32;
        /// The bits of either.
        or(a, b) = _mm256_or_si256;
        /// The bits of one of both.
        xor(a, b) = _mm256_xor_si256;
        /// The even lanes of a and b in turn.
        even(a, b) = _mm256_unpacklo_epi64;
        /// The odd lanes of a and b in turn.
        odd(a, b) = _mm256_unpackhi_epi64;
        /// a shifted right by b bits.
        shift_right_each(a, b) = _mm256_srlv_epi64;
        /// a shifted left by b bits.
        shift_left_each(a, b) = _mm256_sllv_epi64;
        /// All bits where a is greater than b, both with signs; none where it is not.
        greater(a, b) = _mm256_cmpgt_epi64;
        /// The bits of b where those of `mask` are set, those of a where they are not, byte by byte.
        blend(a, b, mask) = _mm256_blendv_epi8;
    }

    /// A half of a, then one of b: 0x20 the low ones, 0x31 the high ones.
    #[inline(always)]
    fn halves<const WHICH: i32>(self, a: Words4, b: Words4) -> Words4 {
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        Words4(unsafe { _mm256_permute2x128_si256::<WHICH>(a.0, b.0) })
    }

    /// The same word in every lane.
    #[inline(always)]
    pub fn splat(self, word: u64) -> Words4 {
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        Words4(unsafe { _mm256_set1_epi64x(word.cast_signed()) })
    }

    /// Four words from memory.
    #[inline(always)]
    pub fn load(self, words: &[u64; 4]) -> Words4 {
        // SAFETY: `self` proves that the instructions exist; the reference that four words can be read.
        Words4(unsafe { _mm256_loadu_si256(words.as_ptr().cast()) })
    }

    /// Four words to memory.
    #[inline(always)]
    pub fn store(self, a: Words4, words: &mut [u64; 4]) {
        // SAFETY: `self` proves that the instructions exist; the reference that four words can be
        // written.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), a.0) }
    }
}

impl Vectors<4> for Avx2 {
    const IS_ONE_REGISTER: bool = false;
    type V = Words4;
    type Mask = Words4;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        Avx2::run(self, work)
    }

    #[inline(always)]
    fn splat(self, word: u64) -> Words4 {
        Avx2::splat(self, word)
    }

    #[inline(always)]
    fn load(self, words: &[u64; 4]) -> Words4 {
        Avx2::load(self, words)
    }

    #[inline(always)]
    fn store(self, v: Words4, words: &mut [u64; 4]) {
        Avx2::store(self, v, words);
    }

    #[inline(always)]
    fn add(self, a: Words4, b: Words4) -> Words4 {
        Avx2::add(self, a, b)
    }

    #[inline(always)]
    fn sub(self, a: Words4, b: Words4) -> Words4 {
        Avx2::sub(self, a, b)
    }

    /// From halves: a·b = low·low + 2^32·(high·low + low·high), modulo 2^64.
    #[inline(always)]
    fn mul_low(self, a: Words4, b: Words4) -> Words4 {
        let bits = Avx2::splat(self, 32);
        let (a_high, b_high) = (self.shift_right_each(a, bits), self.shift_right_each(b, bits));
        let cross = Avx2::add(self, self.mul_u32(a_high, b), self.mul_u32(a, b_high));
        Avx2::add(self, self.mul_u32(a, b), self.shift_left_each(cross, bits))
    }

    #[inline(always)]
    fn and(self, a: Words4, b: Words4) -> Words4 {
        Avx2::and(self, a, b)
    }

    #[inline(always)]
    fn or(self, a: Words4, b: Words4) -> Words4 {
        Avx2::or(self, a, b)
    }

    #[inline(always)]
    fn shift_left(self, a: Words4, bits: usize) -> Words4 {
        self.shift_left_each(a, Avx2::splat(self, bits as u64))
    }

    #[inline(always)]
    fn shift_right(self, a: Words4, bits: usize) -> Words4 {
        self.shift_right_each(a, Avx2::splat(self, bits as u64))
    }

    #[inline(always)]
    fn less(self, a: Words4, b: Words4) -> Words4 {
        self.greater(b, a)
    }

    #[inline(always)]
    fn add_where(self, mask: Words4, a: Words4, b: Words4) -> Words4 {
        Avx2::add(self, a, Avx2::and(self, mask, b))
    }

    #[inline(always)]
    fn select(self, mask: Words4, a: Words4, b: Words4) -> Words4 {
        self.blend(a, b, mask)
    }

    #[inline(always)]
    fn below(self, a: Words4, b: Words4) -> Words4 {
        // With the highest bit the other way round, signs are in the order of no signs.
        let sign = Avx2::splat(self, 1 << 63);
        self.greater(self.xor(b, sign), self.xor(a, sign))
    }

    #[inline(always)]
    fn mul_u32(self, a: Words4, b: Words4) -> Words4 {
        Avx2::mul_u32(self, a, b)
    }

    #[inline(always)]
    fn settle(self, a: Words4) -> Words4 {
        #[target_feature(enable = "avx2")]
        #[inline]
        fn opaque(mut a: __m256i) -> __m256i {
            // SAFETY: no instruction.
            unsafe {
                core::arch::asm!(
                    "/* {0} */",
                    inout(ymm_reg) a,
                    options(nomem, nostack, preserves_flags),
                );
            }
            a
        }
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        Words4(unsafe { opaque(a.0) })
    }

    #[inline(always)]
    fn spread(self, a: Words4, lane: usize) -> Words4 {
        let mut words = [0; 4];
        Avx2::store(self, a, &mut words);
        Avx2::splat(self, words[lane % 4])
    }

    #[inline(always)]
    fn transpose(self, [a, b, c, d]: [Words4; 4]) -> [Words4; 4] {
        let (ab_even, ab_odd) = (self.even(a, b), self.odd(a, b));
        let (cd_even, cd_odd) = (self.even(c, d), self.odd(c, d));
        [
            self.halves::<0x20>(ab_even, cd_even),
            self.halves::<0x20>(ab_odd, cd_odd),
            self.halves::<0x31>(ab_even, cd_even),
            self.halves::<0x31>(ab_odd, cd_odd),
        ]
    }
}

impl Doubles<4> for Avx2 {
    type D = Doubles4;
    type Bits = Words4;
    /// The signs of lanes.
    type Choice = Doubles4;

    #[inline(always)]
    fn every(self, x: f64) -> Doubles4 {
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        Doubles4(unsafe { _mm256_set1_pd(x) })
    }

    #[inline(always)]
    fn doubles(self, bits: Words4) -> Doubles4 {
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        Doubles4(unsafe { _mm256_castsi256_pd(bits.0) })
    }

    #[inline(always)]
    fn bits(self, a: Doubles4) -> Words4 {
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        Words4(unsafe { _mm256_castpd_si256(a.0) })
    }

    #[inline(always)]
    fn plus(self, a: Doubles4, b: Doubles4) -> Doubles4 {
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        Doubles4(unsafe { _mm256_add_pd(a.0, b.0) })
    }

    #[inline(always)]
    fn less_by(self, a: Doubles4, b: Doubles4) -> Doubles4 {
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        Doubles4(unsafe { _mm256_sub_pd(a.0, b.0) })
    }

    #[inline(always)]
    fn times(self, a: Doubles4, b: Doubles4) -> Doubles4 {
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        Doubles4(unsafe { _mm256_mul_pd(a.0, b.0) })
    }

    #[inline(always)]
    fn multiply_add(self, a: Doubles4, b: Doubles4, c: Doubles4) -> Doubles4 {
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        Doubles4(unsafe { _mm256_fmadd_pd(a.0, b.0, c.0) })
    }

    #[inline(always)]
    fn subtract_product(self, c: Doubles4, a: Doubles4, b: Doubles4) -> Doubles4 {
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        Doubles4(unsafe { _mm256_fnmadd_pd(a.0, b.0, c.0) })
    }

    #[inline(always)]
    fn negative(self, a: Doubles4) -> Doubles4 {
        a
    }

    #[inline(always)]
    fn chosen(self, lanes: u8) -> Doubles4 {
        // Bit i is brought to the sign of lane i.
        let bits = self
            .shift_left_each(Avx2::splat(self, lanes.into()), Avx2::load(self, &[63, 62, 61, 60]));
        self.doubles(bits)
    }

    #[inline(always)]
    fn choose(self, lanes: Doubles4, a: Doubles4, b: Doubles4) -> Doubles4 {
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        Doubles4(unsafe { _mm256_blendv_pd(a.0, b.0, lanes.0) })
    }

    #[inline(always)]
    fn zeros(self, a: Doubles4) -> u8 {
        let zero = self.every(0.0);
        // SAFETY: `self` proves that the instructions exist, see `Avx2`.
        let lanes = unsafe { _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_EQ_OQ>(a.0, zero.0)) };
        lanes.to_le_bytes()[0]
    }

    #[inline(always)]
    fn ask_for(self, a: &Doubles4) {
        prefetch::far(a);
    }
}
