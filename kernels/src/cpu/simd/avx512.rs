//! Vectors of eight 64-bit words in AVX-512 registers, and the words of arkworks's elements there. It knows no
//! fields.
#![expect(unsafe_code, reason = "intrinsics of AVX-512, and the words of arkworks's elements")]

use core::arch::x86_64::*;
use std::ops::Deref;

use ark_ff::{BigInt, Fp, FpConfig};

/// The proof that this machine has AVX-512 F, DQ, BW and VL, and BMI2: made by [`Avx512::detect`] alone.
///
/// # Invariant
/// A value exists only where all of these instructions do. Each block below relies on it.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

/// The proof that it has AVX-512 IFMA as well: made by [`Avx512Ifma::detect`] alone.
///
/// # Invariant
/// A value exists only where all of these instructions do. Each block below relies on it.
#[derive(Clone, Copy, Debug)]
pub struct Avx512Ifma(Avx512);

impl Deref for Avx512Ifma {
    type Target = Avx512;

    #[inline(always)]
    fn deref(&self) -> &Avx512 {
        &self.0
    }
}

/// Eight words, lane 0 first in memory.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Words(pub(super) __m512i);

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Words")
    }
}

/// One method for each instruction on lanes that takes and gives vectors.
macro_rules! instructions {
    ($($(#[$doc:meta])* $name:ident($($arg:ident),+) = $intrinsic:path;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name(self, $($arg: Words),+) -> Words {
            // SAFETY: `self` proves that the instructions exist, see `Avx512`.
            Words(unsafe { $intrinsic($($arg.0),+) })
        }
    )* };
}

impl Avx512 {
    /// Itself.
    #[inline(always)]
    pub fn avx512(self) -> Self {
        self
    }

    /// The proof, where the machine has the instructions.
    pub fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("bmi2");
        found.then_some(Self(()))
    }

    /// Runs `f`, with what is inlined into it compiled for these instructions.
    #[inline(always)]
    pub fn run<R>(self, f: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,bmi2")]
        fn frame<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        unsafe { frame(f) }
    }

    instructions! {
        /// a + b in each lane, modulo 2^64.
        add(a, b) = _mm512_add_epi64;
        /// a − b.
        sub(a, b) = _mm512_sub_epi64;
        /// The bits of both.
        and(a, b) = _mm512_and_si512;
        /// The bits of either.
        or(a, b) = _mm512_or_si512;
        /// The product of the low 32 bits of a and b.
        mul_u32(a, b) = _mm512_mul_epu32;
        /// The low half of a·b.
        mul_low(a, b) = _mm512_mullo_epi64;
        /// The lesser, unsigned.
        min(a, b) = _mm512_min_epu64;
        /// The greater, unsigned.
        max(a, b) = _mm512_max_epu64;
        /// Lane i of the result is the lane of `b` that lane i of `a` names, modulo 8.
        permute(a, b) = _mm512_permutexvar_epi64;
        /// a shifted right by b bits.
        shift_right(a, b) = _mm512_srlv_epi64;
        /// a shifted right by b bits, with copies of the sign.
        shift_right_signed(a, b) = _mm512_srav_epi64;
        /// a shifted left by b bits.
        shift_left(a, b) = _mm512_sllv_epi64;
        /// The even lanes of a and b in turn.
        even(a, b) = _mm512_unpacklo_epi64;
        /// The odd lanes of a and b in turn.
        odd(a, b) = _mm512_unpackhi_epi64;
        /// Lane i of the result is the lane of (a, c) that lane i of `b` names, modulo 16.
        permute2(a, b, c) = _mm512_permutex2var_epi64;
    }

    /// The same word in every lane.
    #[inline(always)]
    pub fn splat(self, word: u64) -> Words {
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        Words(unsafe { _mm512_set1_epi64(word.cast_signed()) })
    }

    /// Eight words from memory.
    #[inline(always)]
    pub fn load(self, words: &[u64; 8]) -> Words {
        // SAFETY: `self` proves that the instructions exist; the reference that eight words can be read.
        Words(unsafe { _mm512_loadu_si512(words.as_ptr().cast()) })
    }

    /// Eight words to memory.
    #[inline(always)]
    pub fn store(self, a: Words, words: &mut [u64; 8]) {
        // SAFETY: `self` proves that the instructions exist; the reference that eight words can be
        // written.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), a.0) }
    }

    /// b where the mask's bit is set, a where it is not.
    #[inline(always)]
    pub fn select(self, mask: u8, a: Words, b: Words) -> Words {
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        Words(unsafe { _mm512_mask_blend_epi64(mask, a.0, b.0) })
    }

    /// a + b where the mask's bit is set, a where it is not.
    #[inline(always)]
    pub fn add_where(self, mask: u8, a: Words, b: Words) -> Words {
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        Words(unsafe { _mm512_mask_add_epi64(a.0, mask, a.0, b.0) })
    }

    /// The lanes in which a is less than b, unsigned, as bits.
    #[inline(always)]
    pub fn less(self, a: Words, b: Words) -> u8 {
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        unsafe { _mm512_cmplt_epu64_mask(a.0, b.0) }
    }

    /// The lanes that are zero, as bits.
    #[inline(always)]
    pub fn zeros(self, a: Words) -> u8 {
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        unsafe { _mm512_testn_epi64_mask(a.0, a.0) }
    }

    /// The lanes that are negative in two's complement, as bits.
    #[inline(always)]
    pub fn signs(self, a: Words) -> u8 {
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        unsafe { _mm512_movepi64_mask(a.0) }
    }

    /// Row i, column j becomes row j, column i.
    #[inline(always)]
    pub fn transpose(self, rows: [Words; 8]) -> [Words; 8] {
        let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
        // Words of two rows side by side; then of four; then of all.
        let [c0, c2, c4, c6] = self.quarters([
            self.even(r0, r1),
            self.even(r2, r3),
            self.even(r4, r5),
            self.even(r6, r7),
        ]);
        let [c1, c3, c5, c7] =
            self.quarters([self.odd(r0, r1), self.odd(r2, r3), self.odd(r4, r5), self.odd(r6, r7)]);
        [c0, c1, c2, c3, c4, c5, c6, c7]
    }

    /// The transpose of 4 × 4 pairs of words.
    #[inline(always)]
    fn quarters(self, [a, b, c, d]: [Words; 4]) -> [Words; 4] {
        let (ab, cd) = (self.halves::<0x88>(a, b), self.halves::<0x88>(c, d));
        let (ab_odd, cd_odd) = (self.halves::<0xdd>(a, b), self.halves::<0xdd>(c, d));
        [
            self.halves::<0x88>(ab, cd),
            self.halves::<0x88>(ab_odd, cd_odd),
            self.halves::<0xdd>(ab, cd),
            self.halves::<0xdd>(ab_odd, cd_odd),
        ]
    }

    /// Word j of each of eight consecutive elements, for each j.
    ///
    /// # Panics
    /// If there are fewer elements.
    #[inline(always)]
    pub fn load_elements<P: FpConfig<N>, const N: usize>(self, values: &[Fp<P, N>]) -> [Words; N] {
        let words = words_of(values[..8].as_chunks().0.first().expect("there are eight"));
        let zero = self.splat(0);
        let mut columns = [zero; N];
        match N {
            1 => columns[0] = self.load(words.as_chunks().0.first().expect("there are eight")),
            4 => {
                let (row, _) = words.as_chunks::<8>();
                let (a, b) = (self.load(&row[0]), self.load(&row[1]));
                let (c, d) = (self.load(&row[2]), self.load(&row[3]));
                let low = self.load(&[0, 4, 8, 12, 1, 5, 9, 13]);
                let high = self.load(&[2, 6, 10, 14, 3, 7, 11, 15]);
                let [p, q] = [self.permute2(a, low, b), self.permute2(c, low, d)];
                let [r, s] = [self.permute2(a, high, b), self.permute2(c, high, d)];
                columns[0] = self.halves::<0x44>(p, q);
                columns[1] = self.halves::<0xee>(p, q);
                columns[2] = self.halves::<0x44>(r, s);
                columns[3] = self.halves::<0xee>(r, s);
            }
            _ => {
                let mut rows = [zero; 8];
                for (row, words) in rows.iter_mut().zip(words.chunks_exact(N)) {
                    let mut line = [0; 8];
                    line[..N].copy_from_slice(words);
                    *row = self.load(&line);
                }
                columns.copy_from_slice(&self.transpose(rows)[..N]);
            }
        }
        columns
    }

    /// Writes what [`load_elements`](Self::load_elements) reads.
    ///
    /// # Panics
    /// If there are fewer than eight elements.
    #[inline(always)]
    pub fn store_elements<P: FpConfig<N>, const N: usize>(
        self,
        columns: [Words; N],
        values: &mut [Fp<P, N>],
    ) {
        let words =
            words_of_mut(values[..8].as_chunks_mut().0.first_mut().expect("there are eight"));
        let zero = self.splat(0);
        match N {
            1 => self.store(columns[0], words.as_chunks_mut().0.first_mut().expect("eight words")),
            4 => {
                let (row, _) = words.as_chunks_mut::<8>();
                let p = self.halves::<0x44>(columns[0], columns[1]);
                let q = self.halves::<0xee>(columns[0], columns[1]);
                let r = self.halves::<0x44>(columns[2], columns[3]);
                let s = self.halves::<0xee>(columns[2], columns[3]);
                let first = self.load(&[0, 4, 8, 12, 1, 5, 9, 13]);
                let second = self.load(&[2, 6, 10, 14, 3, 7, 11, 15]);
                self.store(self.permute2(p, first, r), &mut row[0]);
                self.store(self.permute2(p, second, r), &mut row[1]);
                self.store(self.permute2(q, first, s), &mut row[2]);
                self.store(self.permute2(q, second, s), &mut row[3]);
            }
            _ => {
                let mut rows = [zero; 8];
                rows[..N].copy_from_slice(&columns);
                for (row, words) in self.transpose(rows).into_iter().zip(words.chunks_exact_mut(N))
                {
                    let mut line = [0; 8];
                    self.store(row, &mut line);
                    words.copy_from_slice(&line[..N]);
                }
            }
        }
    }

    /// Two pairs of words of a, then two of b, as `WHICH` says, two bits each: 0x44 the low halves, 0xee
    /// the high ones, 0x88 the even pairs, 0xdd the odd ones.
    #[inline(always)]
    fn halves<const WHICH: i32>(self, a: Words, b: Words) -> Words {
        // SAFETY: `self` proves that the instructions exist, see `Avx512`.
        Words(unsafe { _mm512_shuffle_i64x2::<WHICH>(a.0, b.0) })
    }
}

impl Avx512Ifma {
    /// The proof of less.
    #[inline(always)]
    pub fn avx512(self) -> Avx512 {
        self.0
    }

    /// The proof, where the machine has the instructions.
    pub fn detect() -> Option<Self> {
        let avx = Avx512::detect()?;
        is_x86_feature_detected!("avx512ifma").then_some(Self(avx))
    }

    /// Runs `f`, with what is inlined into it compiled for these instructions.
    #[inline(always)]
    pub fn run<R>(self, f: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx512ifma,bmi2")]
        fn frame<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: `self` proves that the instructions exist, see `Avx512Ifma`.
        unsafe { frame(f) }
    }

    instructions! {
        /// c + the low 52 bits of the product of the low 52 bits of a and b.
        mul_lo(c, a, b) = _mm512_madd52lo_epu64;
        /// c + the high 52 bits of the product of the low 52 bits of a and b.
        mul_hi(c, a, b) = _mm512_madd52hi_epu64;
    }
}

/// Checks, when compiled, that an element is its words and nothing else.
const fn is_words<P: FpConfig<N>, const N: usize>() {
    assert!(size_of::<Fp<P, N>>() == size_of::<[u64; N]>());
    assert!(align_of::<Fp<P, N>>() == align_of::<u64>());
    assert!(std::mem::offset_of!(Fp<P, N>, 0) == 0 && std::mem::offset_of!(BigInt<N>, 0) == 0);
}

/// The words of eight elements, in Montgomery form.
#[inline(always)]
fn words_of<P: FpConfig<N>, const N: usize>(values: &[Fp<P, N>; 8]) -> &[u64] {
    const { is_words::<P, N>() };
    // SAFETY: an element is N words with nothing before, between or after them (checked above), so
    // eight of them are 8·N initialised words, borrowed as long as they are.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), 8 * N) }
}

/// The words of eight elements, in Montgomery form.
#[inline(always)]
fn words_of_mut<P: FpConfig<N>, const N: usize>(values: &mut [Fp<P, N>; 8]) -> &mut [u64] {
    const { is_words::<P, N>() };
    // SAFETY: as in `words_of`; every pattern of words is a valid `Fp`, which has no invariant of the
    // language.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), 8 * N) }
}
