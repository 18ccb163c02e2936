//! Residues as doubles, exact: the arithmetic of machines that have fused multiply-add and no wide
//! multipliers of integers.
//!
//! A residue is a signed integer; values in memory, keys and factors are the one nearest to zero, below p/2
//! in absolute value. Products and reductions are those of [`Fp50`]: of x and a factor the product is up to
//! (1/2 + |x|/16p)·p.
//!
//! Forward, values between passes are up to 4p. The first level of a pass brings what is not multiplied to
//! p/2; after one to four levels values are up to 1.25, 1.83, 2.45 and 3.10 times p. What is entered is below
//! p/2: after four levels it is up to 2.84 times p.
//! Back, values between passes are up to p. Sums double: to 2p, to 4p; then they are brought to p/2.

use ark_ff::PrimeField;

use super::residues::Residues;
use crate::bootstrap::MODULUS;
use crate::cpu::simd::Vectors;
use crate::cpu::simd::doubles::{self, Doubles, ROUNDING};
use crate::cpu::simd::fp50::{Fp50, factor};
use crate::field::Prime50;

impl<D> Fp50<D> {
    /// Doubles from memory.
    #[inline(always)]
    fn enter_bits<const W: usize>(self, words: &[u64; W]) -> D::D
    where
        D: Vectors<W> + Doubles<W, Bits = <D as Vectors<W>>::V>,
    {
        self.0.doubles(Vectors::load(self.0, words))
    }
}

impl<D, const W: usize> Residues<W> for Fp50<D>
where
    D: Vectors<W> + Doubles<W, Bits = <D as Vectors<W>>::V>,
{
    const LOG_RADIX: u32 = if D::IS_ONE_REGISTER { 4 } else { 3 };
    /// With few registers a tail and what comes after it is too long a chain.
    const HAS_TAIL: bool = D::IS_ONE_REGISTER;
    const KEY_BITS: u32 = 0;
    const MISSING: u64 = 0;
    const OFFSET: u64 = 0;

    type V = D::D;
    type Words = D;
    type Factor = [f64; 2];
    type Factors = [D::D; 2];
    type Sum = D::D;

    #[inline(always)]
    fn words(self) -> D {
        self.0
    }

    #[inline(always)]
    fn prefetch(self, v: &D::D) {
        self.0.ask_for(v);
    }

    #[inline(always)]
    fn stored(residue: u64) -> u64 {
        factor(residue)[0].to_bits()
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "an integer of 50 bits")]
    fn residue(stored: u64) -> u64 {
        let residue = f64::from_bits(stored) as i64;
        let below = if residue < 0 { residue + MODULUS.cast_signed() } else { residue };
        below.cast_unsigned()
    }

    #[inline(always)]
    fn negative(stored: u64) -> u64 {
        (-f64::from_bits(stored)).to_bits()
    }

    #[inline(always)]
    fn zero(self) -> D::D {
        self.0.every(0.0)
    }

    #[inline(always)]
    fn enter_residues(self, residues: &[u64; W], constant: u64) -> D::D {
        let with_constant =
            residues.map(|residue| factor((residue + constant) % MODULUS)[0].to_bits());
        self.enter_bits(&with_constant)
    }

    /// Exact products ask for no constant.
    #[inline(always)]
    fn enter_digit(self, digit: D::V, _constant: u64) -> D::D {
        let d = self.0;
        let bits = d.add(digit, d.splat(ROUNDING.to_bits()));
        d.less_by(d.doubles(bits), d.every(ROUNDING))
    }

    #[inline(always)]
    fn reduced(self, x: D::D) -> D::D {
        self.nearest(x)
    }

    fn factor(w: Prime50, _is_quick: bool) -> [f64; 2] {
        factor(w.into_bigint().0[0])
    }

    #[inline(always)]
    fn factors(self, factors: [[f64; 2]; W]) -> [D::D; 2] {
        let of = |k: usize| self.enter_bits(&factors.map(|factor| factor[k].to_bits()));
        [of(0), of(1)]
    }

    #[inline(always)]
    fn spread(self, factor: [f64; 2]) -> [D::D; 2] {
        [self.0.every(factor[0]), self.0.every(factor[1])]
    }

    #[inline(always)]
    fn scale(self, x: D::D, w: [D::D; 2]) -> D::D {
        self.nearest(self.product_by(x, w))
    }

    #[inline(always)]
    fn transpose(self, vectors: [D::D; W]) -> [D::D; W] {
        doubles::transpose(self.0, vectors)
    }

    #[inline(always)]
    fn forward_levels<const RADIX: usize>(
        self,
        mut x: [D::D; RADIX],
        are_entered: bool,
        _is_quick: bool,
        factor: impl Fn(usize, usize) -> [D::D; 2],
    ) -> [D::D; RADIX] {
        let d = self.0;
        unroll!(level < RADIX.ilog2() as usize, {
            unroll!(pair < RADIX / 2, {
                let half = RADIX >> (level + 1);
                let block = pair / half;
                let at = pair + block * half;
                let is_late = level == 0 && !are_entered;
                let u = if is_late { self.nearest(x[at]) } else { x[at] };
                let product = self.product_by(x[at + half], factor(level, block));
                (x[at], x[at + half]) = (d.plus(u, product), d.less_by(u, product));
            });
        });
        x
    }

    #[inline(always)]
    fn inverse_levels<const RADIX: usize>(
        self,
        mut x: [D::D; RADIX],
        lowest: usize,
        factor: impl Fn(usize, usize) -> [D::D; 2],
    ) -> [D::D; RADIX] {
        let d = self.0;
        let levels = RADIX.ilog2() as usize;
        unroll!(step < levels - lowest, {
            unroll!(pair < RADIX / 2, {
                let level = levels - 1 - step;
                let half = RADIX >> (level + 1);
                let block = pair / half;
                let at = pair + block * half;
                let (u, v) = (x[at], x[at + half]);
                let sum = d.plus(u, v);
                // To 2p in even steps, to 4p in odd ones.
                x[at] = if step % 2 == 1 || level == 0 { self.nearest(sum) } else { sum };
                x[at + half] = self.product_by(d.less_by(u, v), factor(level, block));
            });
        });
        x
    }

    /// Up to 2p each to begin with.
    #[inline(always)]
    fn last_level(
        self,
        u: D::D,
        v: D::D,
        w: [D::D; 2],
        [first_sum, second_sum]: [&mut [u64; W]; 2],
    ) {
        let d = self.0;
        let first = d.plus(self.enter_bits(first_sum), d.plus(u, v));
        let second = d.plus(self.enter_bits(second_sum), self.product_by(d.less_by(u, v), w));
        d.store(d.bits(self.nearest(first)), first_sum);
        d.store(d.bits(self.nearest(second)), second_sum);
    }

    #[inline(always)]
    fn difference(self, of: &[u64; W], is_negative: bool, less: &[u64; W]) -> D::D {
        let d = self.0;
        let (of, less) = (self.enter_bits(of), self.enter_bits(less));
        let of = if is_negative { d.less_by(d.every(0.0), of) } else { of };
        self.nearest(d.less_by(of, less))
    }

    #[inline(always)]
    fn integers(self, difference: D::D) -> D::V {
        self.residues(difference)
    }

    /// The factor is greater than 2^(−shift) by 2^(−51) of it: that takes a half away from zero, and nothing
    /// else over a half, as residues have 49 bits.
    #[inline(always)]
    fn only_digit(self, difference: D::D, shift: u32, _constant: u64) -> D::D {
        let d = self.0;
        let factor = f64::from_bits(((1023 - u64::from(shift)) << 52) + 2);
        let rounding = d.every(ROUNDING);
        d.less_by(d.multiply_add(difference, d.every(factor), rounding), rounding)
    }

    #[inline(always)]
    fn sum(self, start: D::D) -> D::D {
        start
    }

    /// Up to p more.
    #[inline(always)]
    fn add_product(self, sum: D::D, x: D::D, y: D::D) -> D::D {
        self.0.plus(sum, self.product(x, y))
    }

    #[inline(always)]
    fn carry(self, sum: D::D) -> D::D {
        self.nearest(sum)
    }

    #[inline(always)]
    fn reduce(self, sum: D::D) -> D::D {
        self.nearest(sum)
    }
}
