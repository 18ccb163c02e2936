//! Residues as integers that are reduced late: the arithmetic of AVX-512 IFMA, and of any CPU.
//!
//! Forward, values between passes are from 0 to 4p. Within a pass sums are that too, and differences from
//! −2p to 2p; which of them is which depends on positions alone, so that nothing is corrected twice.
//! Back, they are from 0 to 2p between passes; within one the first of the two that meet next is from 0 to
//! 2p and the second from −2p to 0: their difference can be multiplied as it is. Lower bounds are
//! attained, upper ones are not.
//!
//! All but the last levels forward use [quick products](Montgomery::quick_product), and so add constants to
//! what a transform should be: [`Tables`](super::tables::Tables) make up for them.
//!
//! Source of butterflies that reduce late: Harvey, "Faster arithmetic for number-theoretic transforms"
//! (2014).

use ark_ff::{Field, PrimeField};

use super::montgomery::{Factor, INVERSE, Montgomery, missing};
use super::residues::{DIGIT, Residues};
use crate::bootstrap::MODULUS;
use crate::field::Prime50;

/// Residues in the words of `A`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Late<A>(pub A);

impl<A> Late<A> {
    /// Below p, for x below 4p.
    #[inline(always)]
    fn below_p<const W: usize>(self, x: A::V) -> A::V
    where
        A: Montgomery<W>,
    {
        let a = self.0;
        let x = a.min(x, a.sub(x, a.splat(2 * MODULUS)));
        a.min(x, a.sub(x, a.splat(MODULUS)))
    }
}

impl<A: Montgomery<W>, const W: usize> Residues<W> for Late<A> {
    const LOG_RADIX: u32 = A::LOG_RADIX;
    const HAS_TAIL: bool = true;
    const KEY_BITS: u32 = A::BITS;
    const MISSING: u64 = missing(A::BITS);
    const OFFSET: u64 = DIGIT;

    type V = A::V;
    type Words = A;
    type Factor = Factor<u64>;
    type Factors = Factor<A::V>;
    type Sum = A::Sum;

    #[inline(always)]
    fn words(self) -> A {
        self.0
    }

    #[inline(always)]
    fn prefetch(self, v: &A::V) {
        self.0.prefetch(v);
    }

    #[inline(always)]
    fn stored(residue: u64) -> u64 {
        residue
    }

    #[inline(always)]
    fn residue(stored: u64) -> u64 {
        stored
    }

    #[inline(always)]
    fn negative(stored: u64) -> u64 {
        if stored == 0 { 0 } else { MODULUS - stored }
    }

    #[inline(always)]
    fn zero(self) -> A::V {
        self.0.splat(0)
    }

    /// Below 2p + `DIGIT` to begin with.
    #[inline(always)]
    fn enter_residues(self, residues: &[u64; W], constant: u64) -> A::V {
        self.below_p(self.0.add(self.0.load(residues), self.0.splat(constant)))
    }

    /// From 0 to p + 2·`DIGIT`, less than the 2p that a transform takes.
    #[inline(always)]
    fn enter_digit(self, digit: A::V, constant: u64) -> A::V {
        self.0.add(digit, self.0.splat(constant))
    }

    #[inline(always)]
    fn reduced(self, x: A::V) -> A::V {
        self.below_p(x)
    }

    fn factor(w: Prime50, is_quick: bool) -> Factor<u64> {
        let mask = u64::MAX >> (u64::BITS - A::BITS);
        let value = (w * Prime50::from(2u64).pow([u64::from(A::BITS)])).into_bigint().0[0];
        let quotient = value.wrapping_mul(INVERSE);
        Factor { value, quotient: mask & if is_quick { quotient.wrapping_neg() } else { quotient } }
    }

    #[inline(always)]
    fn factors(self, factors: [Factor<u64>; W]) -> Factor<A::V> {
        Factor {
            value: self.0.load(&factors.map(|factor| factor.value)),
            quotient: self.0.load(&factors.map(|factor| factor.quotient)),
        }
    }

    #[inline(always)]
    fn spread(self, factor: Factor<u64>) -> Factor<A::V> {
        Factor { value: self.0.splat(factor.value), quotient: self.0.splat(factor.quotient) }
    }

    #[inline(always)]
    fn scale(self, x: A::V, w: Factor<A::V>) -> A::V {
        self.below_p(self.0.product(self.0.splat(MODULUS), x, w))
    }

    #[inline(always)]
    fn transpose(self, vectors: [A::V; W]) -> [A::V; W] {
        self.0.transpose(vectors)
    }

    /// What is entered is below 2p.
    #[inline(always)]
    fn forward_levels<const RADIX: usize>(
        self,
        mut x: [A::V; RADIX],
        are_entered: bool,
        is_quick: bool,
        factor: impl Fn(usize, usize) -> Factor<A::V>,
    ) -> [A::V; RADIX] {
        let a = self.0;
        let two_p = a.splat(2 * MODULUS);
        unroll!(level < RADIX.ilog2() as usize, {
            unroll!(pair < RADIX / 2, {
                let half = RADIX >> (level + 1);
                let block = pair / half;
                let at = pair + block * half;
                let are_differences = level > 0 && block % 2 == 1;
                let (u, v) = (x[at], x[at + half]);
                // u to 0 to 2p, v to 0 to 4p, which is below R: their product is from 0 to 2p.
                let (u, v) = if level == 0 && are_entered {
                    (u, v)
                } else if are_differences {
                    (a.min(u, a.add(u, two_p)), a.add(v, two_p))
                } else {
                    (a.min(u, a.sub(u, two_p)), v)
                };
                let w = factor(level, block);
                let product = if is_quick {
                    a.quick_product(a.splat(0), v, w)
                } else {
                    a.product(a.splat(MODULUS), v, w)
                };
                // From 0 to 4p, and from −2p to 2p.
                (x[at], x[at + half]) = (a.add(u, product), a.sub(u, product));
            });
        });
        unroll!(pair < RADIX / 2, {
            x[2 * pair + 1] = a.add(x[2 * pair + 1], two_p);
        });
        x
    }

    #[inline(always)]
    fn inverse_levels<const RADIX: usize>(
        self,
        mut x: [A::V; RADIX],
        lowest: usize,
        factor: impl Fn(usize, usize) -> Factor<A::V>,
    ) -> [A::V; RADIX] {
        let a = self.0;
        let two_p = a.splat(2 * MODULUS);
        unroll!(pair < RADIX / 2, {
            x[2 * pair + 1] = a.sub(x[2 * pair + 1], two_p);
        });
        let levels = RADIX.ilog2() as usize;
        unroll!(step < levels - lowest, {
            unroll!(pair < RADIX / 2, {
                let level = levels - 1 - step;
                let half = RADIX >> (level + 1);
                let block = pair / half;
                let at = pair + block * half;
                let is_second = level > 0 && block % 2 == 1;
                // u is from 0 to 2p, v from −2p to 0: their sum from −2p to 2p, their difference from 0
                // to 4p, which is below R.
                let (u, v) = (x[at], x[at + half]);
                let (sum, difference) = (a.add(u, v), a.sub(u, v));
                let start = if is_second { (2 * MODULUS).wrapping_neg() } else { 0 };
                // To −2p to 0 where it is the second of the next pair, to 0 to 2p where it is not.
                x[at] = if is_second {
                    a.max(sum, a.sub(sum, two_p))
                } else {
                    a.min(sum, a.add(sum, two_p))
                };
                x[at + half] = a.quick_product(a.splat(start), difference, factor(level, block));
            });
        });
        x
    }

    #[inline(always)]
    fn last_level(
        self,
        u: A::V,
        v: A::V,
        w: Factor<A::V>,
        [first_sum, second_sum]: [&mut [u64; W]; 2],
    ) {
        let a = self.0;
        let (sum, difference) = (a.add(u, v), a.sub(u, v));
        // Sums are below p, what is added to them below 2p: 3p, which is reduced.
        let sum = a.min(sum, a.add(sum, a.splat(2 * MODULUS)));
        let first = a.add(a.load(first_sum), sum);
        let second = a.quick_product(a.load(second_sum), difference, w);
        a.store(self.below_p(first), first_sum);
        a.store(self.below_p(second), second_sum);
    }

    #[inline(always)]
    fn difference(self, of: &[u64; W], is_negative: bool, less: &[u64; W]) -> A::V {
        let a = self.0;
        let of = a.load(of);
        let of = if is_negative { a.sub(a.splat(MODULUS), of) } else { of };
        let difference = a.sub(of, a.load(less));
        a.min(difference, a.add(difference, a.splat(MODULUS)))
    }

    #[inline(always)]
    fn integers(self, difference: A::V) -> A::V {
        difference
    }

    /// Rounding a half away from zero is rounding it up where a negative number is less by one.
    #[inline(always)]
    fn only_digit(self, difference: A::V, shift: u32, constant: u64) -> A::V {
        let a = self.0;
        let is_negative = a.less(a.splat(MODULUS / 2), difference);
        let with_half = a.add(difference, a.splat(1 << (shift - 1)));
        let centred = a.add_where(is_negative, with_half, a.splat(!MODULUS));
        self.enter_digit(a.shift_right_signed(centred, shift), constant)
    }

    #[inline(always)]
    fn sum(self, start: A::V) -> A::Sum {
        self.0.sum(start)
    }

    /// Values are from 0 to 4p, those of keys below p.
    #[inline(always)]
    fn add_product(self, sum: A::Sum, x: A::V, y: A::V) -> A::Sum {
        self.0.add_product(sum, x, y)
    }

    #[inline(always)]
    fn carry(self, sum: A::Sum) -> A::Sum {
        self.0.carry(sum)
    }

    /// From 0 to 4p, brought to 0 to 2p for the transform back.
    #[inline(always)]
    fn reduce(self, sum: A::Sum) -> A::V {
        let a = self.0;
        let product = a.reduce(sum);
        a.min(product, a.sub(product, a.splat(2 * MODULUS)))
    }
}
