//! Eight lanes: numbers of `L` limbs of 52 bits, multiplied with AVX-512 IFMA.
//!
//! Between operations all limbs but the highest are below 2^52, and the highest holds what is left.
//! Sources: Gueron and Krasnov, "Accelerating big integer arithmetic using Intel IFMA extensions"
//! (ARITH 2016), for the multiplication in columns with carries put off; Harvey, "Faster arithmetic for
//! number-theoretic transforms" (2014), for ranges of a few p.

use ark_ff::{Field, Fp, MontBackend, MontConfig};

use super::avx512::{Avx512Ifma, Words};
use super::radix::{limbs, power_of_two};
use super::{Lanes, Line};

/// An array of L limbs, each by an expression.
macro_rules! each {
    ($vectors:expr, $i:ident => $limb:expr) => {{
        let mut limbs = [$vectors.splat(0); L];
        unroll!($i < L, {
            limbs[$i] = $limb;
        });
        limbs
    }};
}

/// Bits of a limb.
const BITS: usize = 52;
/// The bits of a limb.
const LIMB: u64 = (1 << BITS) - 1;
/// Multiples of p that a reduction subtracts run from −4 to 3.
const OFFSET: u64 = 4;

/// Arithmetic in `L` limbs for a prime field of `N` words with 64·N ≤ 52·L, or p < 2^50 and L = 1.
///
/// A line holds a pair of elements of four words each, packed, or one element of eight limbs.
#[derive(Clone, Copy, Debug)]
pub struct Ifma<const L: usize>(pub(in crate::cpu) Avx512Ifma);

impl<const L: usize> Ifma<L> {
    /// The instructions on words.
    #[inline(always)]
    pub(in crate::cpu) fn words(self) -> Avx512Ifma {
        self.0
    }

    /// Carries from limb to limb, signs included.
    #[inline(always)]
    fn carry(self, mut a: [Words; L]) -> [Words; L] {
        let (t, mask, bits) = (self.0, self.0.splat(LIMB), self.0.splat(BITS as u64));
        unroll!(i < L - 1, {
            a[i + 1] = t.add(a[i + 1], t.shift_right_signed(a[i], bits));
            a[i] = t.and(a[i], mask);
        });
        a
    }

    #[inline(always)]
    fn broadcast(self, limbs: [u64; L]) -> [Words; L] {
        each!(self.0, i => self.0.splat(limbs[i]))
    }

    /// Word k of the line of each lane, for each k.
    #[inline(always)]
    fn columns<'a>(self, line: impl Fn(usize) -> &'a Line) -> [Words; 8] {
        let mut rows = [self.0.splat(0); 8];
        unroll!(lane < 8, {
            rows[lane] = self.0.load(&line(lane).0);
        });
        self.0.transpose(rows)
    }

    /// The 52-bit limbs of N words.
    #[inline(always)]
    fn unpack<const N: usize>(self, words: [Words; N]) -> [Words; L] {
        let t = self.0;
        let mut limbs = [t.splat(0); L];
        unroll!(i < L, {
            let (word, shift) = (BITS * i / 64, BITS * i % 64);
            let mut limb = t.shift_right(words[word], t.splat(shift as u64));
            if shift > 64 - BITS && word + 1 < N {
                limb = t.or(limb, t.shift_left(words[word + 1], t.splat(64 - shift as u64)));
            }
            limbs[i] = if i + 1 < L { t.and(limb, t.splat(LIMB)) } else { limb };
        });
        limbs
    }

    /// The N words of limbs that fit them.
    #[inline(always)]
    fn pack<const N: usize>(self, limbs: [Words; L]) -> [Words; N] {
        let t = self.0;
        let mut words = [t.splat(0); N];
        unroll!(i < N, {
            // The limbs that overlap bits 64·i to 64·i + 63: two, or three.
            let (first, shift) = (64 * i / BITS, 64 * i % BITS);
            let mut word = t.shift_right(limbs[first], t.splat(shift as u64));
            if first + 1 < L {
                let at = BITS - shift;
                word = t.or(word, t.shift_left(limbs[first + 1], t.splat(at as u64)));
            }
            if first + 2 < L && 2 * BITS - shift < 64 {
                let at = 2 * BITS - shift;
                word = t.or(word, t.shift_left(limbs[first + 2], t.splat(at as u64)));
            }
            words[i] = word;
        });
        words
    }
}

/// What the arithmetic needs to know of a field, in limbs.
struct Constants<P, const N: usize, const L: usize>(P);

impl<P: MontConfig<N>, const N: usize, const L: usize> Constants<P, N, L> {
    /// p.
    const MODULUS: [u64; L] = limbs(&P::MODULUS.0, BITS);
    /// −p^(−1) mod 2^52.
    const INVERSE: u64 = P::INV & LIMB;
    /// ⌊R'/p⌋, or the most a word holds.
    const CAPACITY: u64 = capacity(&Self::MODULUS);
    /// 2^(52·L − 64·N), from arkworks's factor to ours: its Montgomery form is 2^(52·L).
    const TWIST: Prime<P, N> = Fp::new_unchecked(power_of_two(P::MODULUS, BITS * L));
    /// Limb i of (k − 4)·p at place k: not carried.
    const MULTIPLES: [[u64; 8]; L] = {
        let mut table = [[0u64; 8]; L];
        let mut i = 0;
        while i < L {
            let mut k = 0;
            while k < 8 {
                table[i][k] = Self::MODULUS[i].wrapping_mul((k as u64).wrapping_sub(OFFSET));
                k += 1;
            }
            i += 1;
        }
        table
    };
    /// What is added to the highest limb before the quotient is estimated, so that it is neither
    /// negative nor too great: 4p, less what carries put off may hide.
    const SHIFT: u64 = Self::MODULUS[L - 1] * OFFSET - 5;
    /// 2^52 over the highest limb of p, rounded up: ⌊t·this/2^52⌋ is at most t over that limb.
    const QUOTIENT: u64 = (1 << BITS) / (Self::MODULUS[L - 1] + 1);
}

/// ⌊2^(52·L)/p⌋ from the two highest limbs of p, rounded down; at most 2^40.
const fn capacity<const L: usize>(p: &[u64; L]) -> u64 {
    if L == 1 {
        return (1 << BITS) / p[0];
    }
    let high = ((p[L - 1] as u128) << BITS) + p[L - 2] as u128 + 1;
    if high < 1 << 64 {
        return 1 << 40;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 2^104/2^64")]
    let quotient = ((1u128 << (2 * BITS)) / high) as u64;
    quotient
}

type Prime<P, const N: usize> = Fp<MontBackend<P, N>, N>;

impl<const L: usize> Ifma<L> {
    /// The product, divided by 2^(52·L). Column by column of the result, carries put off to the end: a
    /// column gathers at most 4·L terms below 2^52.
    #[inline(always)]
    fn montgomery(self, a: [Words; L], b: [Words; L], p: [u64; L], inverse: u64) -> [Words; L] {
        let t = self.0;
        let (zero, bits, inverse) = (t.splat(0), t.splat(BITS as u64), t.splat(inverse));
        let p = self.broadcast(p);
        let mut column = [zero; L];
        unroll!(i < L, {
            unroll!(j < L, {
                column[j] = t.mul_lo(column[j], a[j], b[i]);
            });
            let q = t.mul_lo(zero, column[0], inverse);
            unroll!(j < L, {
                column[j] = t.mul_lo(column[j], p[j], q);
            });
            // The lowest 52 bits are zero now: the column is divided by 2^52.
            let carry = t.shift_right(column[0], bits);
            unroll!(j < L - 1, {
                column[j] = column[j + 1];
            });
            column[L - 1] = zero;
            unroll!(j < L, {
                column[j] = t.mul_hi(column[j], a[j], b[i]);
                column[j] = t.mul_hi(column[j], p[j], q);
            });
            column[0] = t.add(column[0], carry);
        });
        self.carry(column)
    }

    /// [`montgomery`](Self::montgomery) in one limb: the low halves of a·b and q·p are equal, and
    /// cancel.
    #[inline(always)]
    fn montgomery_small(self, a: Words, b: Words, p: u64, inverse: u64) -> Words {
        let t = self.0;
        let (zero, p) = (t.splat(0), t.splat(p));
        let low = t.mul_lo(zero, a, b);
        let high = t.mul_hi(p, a, b);
        let q = t.mul_lo(zero, low, t.splat(inverse.wrapping_neg() & LIMB));
        t.sub(high, t.mul_hi(zero, q, p))
    }

    /// A value from −4p to 4p, limbs not carried, to one from 0 to 2p (in fact hardly over p): a
    /// quotient is estimated from the highest limb, from below.
    #[inline(always)]
    fn reduce_signed<P: MontConfig<N>, const N: usize>(self, a: [Words; L]) -> [Words; L] {
        let t = self.0;
        if L == 1 {
            // From −2p to 4p. A negative number is a great one without a sign.
            let two_p = t.splat(2 * Constants::<P, N, L>::MODULUS[0]);
            let a = each!(t, i => t.min(a[i], t.add(a[i], two_p)));
            return each!(t, i => t.min(a[i], t.sub(a[i], two_p)));
        }
        let top = t.add(a[L - 1], t.splat(Constants::<P, N, L>::SHIFT));
        let q = t.mul_hi(t.splat(0), top, t.splat(Constants::<P, N, L>::QUOTIENT));
        let table = &Constants::<P, N, L>::MULTIPLES;
        self.carry(each!(t, i => t.sub(a[i], t.permute(q, t.load(&table[i])))))
    }

    /// The least value, for one up to 4p.
    #[inline(always)]
    fn canonical<P: MontConfig<N>, const N: usize>(self, a: [Words; L]) -> [Words; L] {
        let t = self.0;
        let p = self.broadcast(Constants::<P, N, L>::MODULUS);
        let a = self.reduce_signed::<P, N>(a);
        if L == 1 {
            // Up to 2p.
            let a = each!(t, i => t.min(a[i], t.sub(a[i], p[i])));
            return each!(t, i => t.min(a[i], t.sub(a[i], p[i])));
        }
        let less = self.carry(each!(t, i => t.sub(a[i], p[i])));
        let below = t.signs(less[L - 1]);
        each!(t, i => t.select(below, less[i], a[i]))
    }
}

impl<P: MontConfig<N>, const N: usize, const L: usize> Lanes<Prime<P, N>> for Ifma<L> {
    type V = [Words; L];

    const WIDTH: usize = 8;

    const CAPACITY: u64 = {
        assert!(L <= 8 && N <= 8 && L > (64 * N - 1) / BITS - (N == 1) as usize);
        Constants::<P, N, L>::CAPACITY
    };

    #[inline(always)]
    fn run<R>(self, f: impl FnOnce() -> R) -> R {
        self.0.run(f)
    }

    #[inline(always)]
    fn splat(self, value: Prime<P, N>) -> Self::V {
        self.broadcast(limbs(&value.0.0, BITS))
    }

    #[inline(always)]
    fn load(self, values: &[Prime<P, N>]) -> Self::V {
        self.unpack(self.0.load_elements(values))
    }

    #[inline(always)]
    fn store(self, v: Self::V, values: &mut [Prime<P, N>]) {
        self.0.store_elements(self.pack::<N>(self.canonical::<P, N>(v)), values);
    }

    #[inline(always)]
    fn constant(self, w: Prime<P, N>) -> Self::V {
        self.splat(w * Constants::<P, N, L>::TWIST)
    }

    #[inline(always)]
    fn constants(self, w: &[Prime<P, N>]) -> Self::V {
        let squared = Constants::<P, N, L>::TWIST.square();
        let v: Self::V = self.mul_in::<P, N>(self.load(w), self.splat(squared));
        self.canonical::<P, N>(v)
    }

    #[inline(always)]
    fn leave(self, v: Self::V) -> Self::V {
        self.mul_in::<P, N>(v, self.splat(Prime::<P, N>::ONE))
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        self.reduce_signed::<P, N>(each!(self.0, i => self.0.add(a[i], b[i])))
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        self.sub_in::<P, N>(a, b)
    }

    #[inline(always)]
    fn sub_both(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        if L == 1 {
            return self.sub_in::<P, N>(self.sub_in::<P, N>(a, b), c);
        }
        let t = self.0;
        self.reduce_signed::<P, N>(each!(t, i => t.sub(a[i], t.add(b[i], c[i]))))
    }

    #[inline(always)]
    fn add_lazy(self, a: Self::V, b: Self::V) -> Self::V {
        self.carry(each!(self.0, i => self.0.add(a[i], b[i])))
    }

    #[inline(always)]
    fn sub_lazy(self, a: Self::V, b: Self::V) -> Self::V {
        let (t, p) = (self.0, Constants::<P, N, L>::MODULUS);
        self.carry(each!(t, i => t.add(t.sub(a[i], b[i]), t.splat(2 * p[i]))))
    }

    #[inline(always)]
    fn reduce(self, a: Self::V) -> Self::V {
        self.reduce_signed::<P, N>(a)
    }

    #[inline(always)]
    fn neg(self, a: Self::V) -> Self::V {
        let (t, p) = (self.0, Constants::<P, N, L>::MODULUS);
        self.carry(each!(t, i => t.sub(t.splat(2 * p[i]), a[i])))
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        self.mul_in::<P, N>(a, b)
    }

    #[inline(always)]
    fn is_zero(self, a: Self::V) -> u8 {
        let a = self.canonical::<P, N>(a);
        let mut bits = a[0];
        unroll!(i < L, {
            bits = self.0.or(bits, a[i]);
        });
        self.0.zeros(bits)
    }

    #[inline(always)]
    fn select(self, mask: u8, a: Self::V, b: Self::V) -> Self::V {
        each!(self.0, i => self.0.select(mask, a[i], b[i]))
    }

    #[inline(always)]
    fn rotate(self, a: Self::V, by: usize) -> Self::V {
        let from = self.0.add(self.0.load(&[0, 1, 2, 3, 4, 5, 6, 7]), self.0.splat(by as u64));
        each!(self.0, i => self.0.permute(from, a[i]))
    }

    const LINES: usize = if L == 8 { 2 } else { 1 };

    #[inline(always)]
    fn gather<'a>(self, line: impl Fn(usize, usize) -> &'a Line) -> [Self::V; 2] {
        let first = self.columns(
            #[inline(always)]
            |lane| line(lane, 0),
        );
        if L == 8 {
            let second = self.columns(
                #[inline(always)]
                |lane| line(lane, 1),
            );
            return [each!(self.0, i => first[i]), each!(self.0, i => second[i])];
        }
        let [a, b, c, d, e, f, g, h] = first;
        [self.unpack([a, b, c, d]), self.unpack([e, f, g, h])]
    }

    #[inline(always)]
    fn scatter(self, pair: [Self::V; 2], lines: &mut [Line]) {
        let lines = &mut lines[..8 * <Self as Lanes<Prime<P, N>>>::LINES];
        if L == 8 {
            unroll!(k < 2, {
                let mut columns = [self.0.splat(0); 8];
                unroll!(i < L, {
                    columns[i] = pair[k][i];
                });
                let rows = self.0.transpose(columns);
                unroll!(lane < 8, {
                    self.0.store(rows[lane], &mut lines[2 * lane + k].0);
                });
            });
        } else {
            let (a, b) = (self.pack::<4>(pair[0]), self.pack::<4>(pair[1]));
            let rows = self.0.transpose([a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]]);
            unroll!(lane < 8, {
                self.0.store(rows[lane], &mut lines[lane].0);
            });
        }
    }

    #[inline(always)]
    fn zero(self) -> Self::V {
        [self.0.splat(0); L]
    }
}

// The same for a field whose type is named by the caller: methods of `Lanes` are ambiguous here.
impl<const L: usize> Ifma<L> {
    #[inline(always)]
    fn sub_in<P: MontConfig<N>, const N: usize>(self, a: [Words; L], b: [Words; L]) -> [Words; L] {
        self.reduce_signed::<P, N>(each!(self.0, i => self.0.sub(a[i], b[i])))
    }

    #[inline(always)]
    fn mul_in<P: MontConfig<N>, const N: usize>(self, a: [Words; L], b: [Words; L]) -> [Words; L] {
        let (p, inverse) = (Constants::<P, N, L>::MODULUS, Constants::<P, N, L>::INVERSE);
        if L == 1 {
            return each!(self.0, i => self.montgomery_small(a[i], b[i], p[i], inverse));
        }
        if L == 8 {
            return self.montgomery_called::<P, N>(&a, &b);
        }
        self.montgomery(a, b, p, inverse)
    }

    /// 264 multiplications are enough work for a call, and much code to repeat.
    #[inline(never)]
    fn montgomery_called<P: MontConfig<N>, const N: usize>(
        self,
        a: &[Words; L],
        b: &[Words; L],
    ) -> [Words; L] {
        let (p, inverse) = (Constants::<P, N, L>::MODULUS, Constants::<P, N, L>::INVERSE);
        self.0.run(
            #[inline(always)]
            || self.montgomery(*a, *b, p, inverse),
        )
    }
}
