//! Vectors of two 64-bit words, or doubles, in NEON registers, with fused multiply-add. It knows no fields.
#![expect(unsafe_code, reason = "intrinsics of NEON")]

use core::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

use super::{Doubles, Vectors, prefetch};

/// The proof that this machine has NEON: made by [`Neon::detect`] alone.
///
/// # Invariant
/// A value exists only where these instructions do. Each block below relies on it.
#[derive(Clone, Copy, Debug)]
pub struct Neon(());

/// Two words, lane 0 first in memory.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Words2(uint64x2_t);

/// Two doubles, lane 0 first in memory.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Doubles2(float64x2_t);

/// One method for each instruction on lanes that takes and gives vectors.
macro_rules! instructions {
    ($($name:ident($($arg:ident: $kind:ident),+) -> $result:ident = $intrinsic:ident($($order:ident),+);)*) => { $(
        #[inline(always)]
        fn $name(self, $($arg: $kind),+) -> $result {
            // SAFETY: `self` proves that the instructions exist, see `Neon`.
            $result(unsafe { $intrinsic($($order.0),+) })
        }
    )* };
}

impl Neon {
    /// The proof, where the machine has the instructions: every 64-bit ARM that runs a general system.
    pub fn detect() -> Option<Self> {
        is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    /// The product of the low 32 bits of a and b, both with signs.
    #[inline(always)]
    pub fn mul_i32(self, a: Words2, b: Words2) -> Words2 {
        // SAFETY: `self` proves that the instructions exist, see `Neon`.
        Words2(unsafe {
            let low = |v: Words2| vmovn_s64(vreinterpretq_s64_u64(v.0));
            vreinterpretq_u64_s64(vmull_s32(low(a), low(b)))
        })
    }
}

impl Vectors<2> for Neon {
    const IS_ONE_REGISTER: bool = false;
    type V = Words2;
    type Mask = Words2;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "neon")]
        fn frame<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        // SAFETY: `self` proves that the instructions exist, see `Neon`.
        unsafe { frame(work) }
    }

    #[inline(always)]
    fn splat(self, word: u64) -> Words2 {
        // SAFETY: `self` proves that the instructions exist, see `Neon`.
        Words2(unsafe { vdupq_n_u64(word) })
    }

    #[inline(always)]
    fn load(self, words: &[u64; 2]) -> Words2 {
        // SAFETY: `self` proves that the instructions exist; the reference that two words can be read.
        Words2(unsafe { vld1q_u64(words.as_ptr()) })
    }

    #[inline(always)]
    fn store(self, v: Words2, words: &mut [u64; 2]) {
        // SAFETY: `self` proves that the instructions exist; the reference that two words can be written.
        unsafe { vst1q_u64(words.as_mut_ptr(), v.0) }
    }

    instructions! {
        add(a: Words2, b: Words2) -> Words2 = vaddq_u64(a, b);
        sub(a: Words2, b: Words2) -> Words2 = vsubq_u64(a, b);
        and(a: Words2, b: Words2) -> Words2 = vandq_u64(a, b);
        or(a: Words2, b: Words2) -> Words2 = vorrq_u64(a, b);
        less(a: Words2, b: Words2) -> Words2 = vcltq_u64(a, b);
        below(a: Words2, b: Words2) -> Words2 = vcltq_u64(a, b);
        select(mask: Words2, a: Words2, b: Words2) -> Words2 = vbslq_u64(mask, b, a);
    }

    /// From halves: a·b = low·low + 2^32·(high·low + low·high), modulo 2^64.
    #[inline(always)]
    fn mul_low(self, a: Words2, b: Words2) -> Words2 {
        // SAFETY: `self` proves that the instructions exist, see `Neon`.
        Words2(unsafe {
            let swapped = vrev64q_u32(vreinterpretq_u32_u64(b.0));
            let cross = vpaddlq_u32(vmulq_u32(vreinterpretq_u32_u64(a.0), swapped));
            vmlal_u32(vshlq_n_u64::<32>(cross), vmovn_u64(a.0), vmovn_u64(b.0))
        })
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_wrap, reason = "fewer than 64")]
    fn shift_left(self, a: Words2, bits: usize) -> Words2 {
        // SAFETY: `self` proves that the instructions exist, see `Neon`.
        Words2(unsafe { vshlq_u64(a.0, vdupq_n_s64(bits as i64)) })
    }

    /// To the left, by the opposite: there is no other instruction.
    #[inline(always)]
    #[expect(clippy::cast_possible_wrap, reason = "fewer than 64")]
    fn shift_right(self, a: Words2, bits: usize) -> Words2 {
        // SAFETY: `self` proves that the instructions exist, see `Neon`.
        Words2(unsafe { vshlq_u64(a.0, vdupq_n_s64(-(bits as i64))) })
    }

    #[inline(always)]
    fn add_where(self, mask: Words2, a: Words2, b: Words2) -> Words2 {
        Vectors::add(self, a, Vectors::and(self, mask, b))
    }

    #[inline(always)]
    fn mul_u32(self, a: Words2, b: Words2) -> Words2 {
        // SAFETY: `self` proves that the instructions exist, see `Neon`.
        Words2(unsafe { vmull_u32(vmovn_u64(a.0), vmovn_u64(b.0)) })
    }

    #[inline(always)]
    fn settle(self, Words2(mut a): Words2) -> Words2 {
        // SAFETY: no instruction.
        unsafe {
            core::arch::asm!(
                "/* {0:v} */",
                inout(vreg) a,
                options(nomem, nostack, preserves_flags),
            );
        }
        Words2(a)
    }

    #[inline(always)]
    fn spread(self, a: Words2, lane: usize) -> Words2 {
        let mut words = [0; 2];
        self.store(a, &mut words);
        self.splat(words[lane % 2])
    }

    #[inline(always)]
    fn transpose(self, [a, b]: [Words2; 2]) -> [Words2; 2] {
        // SAFETY: `self` proves that the instructions exist, see `Neon`.
        unsafe { [Words2(vzip1q_u64(a.0, b.0)), Words2(vzip2q_u64(a.0, b.0))] }
    }
}

impl Doubles<2> for Neon {
    type D = Doubles2;
    type Bits = Words2;
    /// All bits of a lane, or none.
    type Choice = Words2;

    #[inline(always)]
    fn every(self, x: f64) -> Doubles2 {
        // SAFETY: `self` proves that the instructions exist, see `Neon`.
        Doubles2(unsafe { vdupq_n_f64(x) })
    }

    instructions! {
        doubles(bits: Words2) -> Doubles2 = vreinterpretq_f64_u64(bits);
        bits(a: Doubles2) -> Words2 = vreinterpretq_u64_f64(a);
        plus(a: Doubles2, b: Doubles2) -> Doubles2 = vaddq_f64(a, b);
        less_by(a: Doubles2, b: Doubles2) -> Doubles2 = vsubq_f64(a, b);
        times(a: Doubles2, b: Doubles2) -> Doubles2 = vmulq_f64(a, b);
        multiply_add(a: Doubles2, b: Doubles2, c: Doubles2) -> Doubles2 = vfmaq_f64(c, a, b);
        subtract_product(c: Doubles2, a: Doubles2, b: Doubles2) -> Doubles2 = vfmsq_f64(c, a, b);
        choose(lanes: Words2, a: Doubles2, b: Doubles2) -> Doubles2 = vbslq_f64(lanes, b, a);
    }

    #[inline(always)]
    fn negative(self, a: Doubles2) -> Words2 {
        // SAFETY: `self` proves that the instructions exist, see `Neon`.
        Words2(unsafe { vcltzq_s64(vreinterpretq_s64_f64(a.0)) })
    }

    #[inline(always)]
    fn chosen(self, lanes: u8) -> Words2 {
        let bits = self.load(&[1, 2]);
        // SAFETY: `self` proves that the instructions exist, see `Neon`.
        Words2(unsafe { vtstq_u64(self.splat(lanes.into()).0, bits.0) })
    }

    #[inline(always)]
    fn zeros(self, a: Doubles2) -> u8 {
        // SAFETY: `self` proves that the instructions exist, see `Neon`.
        let lanes = Words2(unsafe { vceqzq_f64(a.0) });
        let mut words = [0; 2];
        self.store(lanes, &mut words);
        u8::from(words[0] != 0) | u8::from(words[1] != 0) << 1
    }

    #[inline(always)]
    fn ask_for(self, a: &Doubles2) {
        prefetch::far(a);
    }
}
