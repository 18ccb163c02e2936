//! The product: rows of products of limbs, gathered in columns.

use ark_ff::MontConfig;

use super::constants::{BITS, Constants, HIGH, LIMB};
use super::{Eight, Fp51, Limbs, each};
use crate::cpu::simd::doubles::{ROUNDING, TWO_52};

impl<D: Eight, const L: usize, const ROWS: usize> Fp51<D, L, ROWS> {
    /// The parts of x·y, above constants: multiples of 2^51, and what that lacks.
    #[inline(always)]
    fn parts(self, x: D::D, y: D::D) -> [D::D; 2] {
        let d = self.0;
        let above = d.multiply_add(x, y, d.every(HIGH));
        let below = d.multiply_add(x, y, d.less_by(d.every(HIGH + ROUNDING), above));
        [above, below]
    }

    /// Adds both parts of x·y to columns.
    #[inline(always)]
    fn add_product(self, low: &mut D::Bits, high: &mut D::Bits, x: D::D, y: D::D) {
        let d = self.0;
        let [above, below] = self.parts(x, y);
        *high = d.add(*high, d.bits(above));
        *low = d.add(*low, d.bits(below));
    }

    /// Adds both parts of the products of limbs, from the `first` on, with y to columns.
    #[inline(always)]
    fn add_products(
        self,
        column: &mut [D::Bits; L],
        last: &mut D::Bits,
        x: Limbs<D, L>,
        y: D::D,
        first: usize,
    ) {
        unroll!(j < L, {
            if j >= first {
                if j + 1 < L {
                    let (low, high) = column.split_at_mut(j + 1);
                    self.add_product(&mut low[j], &mut high[0], x[j], y);
                } else {
                    self.add_product(&mut column[j], last, x[j], y);
                }
            }
        });
    }

    /// The low 51 bits of a column as a number from 0 on, or from −2^50 on where half a limb was added.
    #[inline(always)]
    fn lowest(self, column: D::Bits, with_half: bool) -> D::D {
        let half = if with_half { (1u64 << (BITS - 1)) as f64 } else { 0.0 };
        self.double(self.0.and(column, self.0.splat(LIMB)), half)
    }

    /// An integer below 2^52, less `offset`.
    #[inline(always)]
    pub(super) fn double(self, integer: D::Bits, offset: f64) -> D::D {
        let d = self.0;
        let above = d.doubles(d.or(integer, d.splat(TWO_52.to_bits())));
        d.less_by(above, d.every(TWO_52 + offset))
    }

    /// The digit by which p is multiplied to make the column's lowest limb zero, up to 2^50.
    #[inline(always)]
    fn digit(self, column: D::Bits, inverse: f64) -> D::D {
        let limb = self.lowest(column, false);
        let [_, below] = self.parts(limb, self.0.every(inverse));
        self.0.less_by(below, self.0.every(ROUNDING))
    }

    /// The limbs of columns to which their starts have added what is taken off here.
    #[inline(always)]
    fn limbs_of(self, columns: [D::Bits; L]) -> Limbs<D, L> {
        let d = self.0;
        let mut out = [d.every(0.0); L];
        let mut carry = d.splat(0);
        unroll!(i < L, {
            if i + 1 < L {
                // A carry stays below 2^13.
                let limb = d.add(d.and(columns[i], d.splat(LIMB)), carry);
                out[i] = self.double(limb, (1u64 << (BITS - 1)) as f64);
                carry = d.shift_right(columns[i], BITS);
            }
            if i + 1 == L {
                out[i] = d.less_by(d.doubles(d.add(columns[i], carry)), d.every(ROUNDING));
            }
        });
        out
    }

    /// a·b/R', or a²/R' where `IS_SQUARE`.
    #[inline(always)]
    fn montgomery<P: MontConfig<N>, const N: usize, const IS_SQUARE: bool>(
        self,
        a: &Limbs<D, L>,
        b: &Limbs<D, L>,
    ) -> Limbs<D, L> {
        let d = self.0;
        let starts = if IS_SQUARE {
            Constants::<P, N, L, ROWS>::SQUARE_COLUMNS
        } else {
            Constants::<P, N, L, ROWS>::COLUMNS
        };
        let twice = each!(d.every(0.0), i => d.plus(a[i], a[i]));
        let mut column = each!(d.splat(0), i => d.splat(starts[i]));
        let mut last = d.splat(starts[L]);
        unroll!(row < ROWS, {
            if row < L {
                let y = if IS_SQUARE { a[row % L] } else { b[row % L] };
                // Otherwise all products are begun at once, for which there are not enough registers.
                unroll!(j < L, {
                    column[j] = d.settle(column[j]);
                });
                let y = d.doubles(d.settle(d.bits(y)));
                let first = if IS_SQUARE { row } else { 0 };
                let x = each!(a[0], j => if IS_SQUARE && j > row { twice[j] } else { a[j] });
                self.add_products(&mut column, &mut last, x, y, first);
            }
            if row + 1 < ROWS {
                // p·m + 1 is a multiple of 2^51: the lowest limb times p·m makes itself zero.
                let q = self.lowest(column[0], true);
                let carry = d.shift_right(column[0], BITS);
                unroll!(j < L - 1, {
                    column[j] = column[j + 1];
                });
                column[L - 1] = last;
                column[0] = d.add(column[0], carry);
                last = d.splat(starts[row + 1 + L]);
                let multiple = Constants::<P, N, L, ROWS>::MULTIPLE;
                let x = each!(a[0], j => d.every(multiple[j]));
                self.add_products(&mut column, &mut last, x, q, 0);
            } else {
                // One place higher it would leave up to half of 2^51·p: the last row takes p itself.
                let q = self.digit(column[0], Constants::<P, N, L, ROWS>::INVERSE);
                let p = Constants::<P, N, L, ROWS>::BALANCED;
                let x = each!(a[0], j => d.every(p[j]));
                self.add_products(&mut column, &mut last, x, q, 0);
                let carry = d.shift_right(column[0], BITS);
                unroll!(j < L - 1, {
                    column[j] = column[j + 1];
                });
                column[L - 1] = last;
                column[0] = d.add(column[0], carry);
            }
        });
        self.limbs_of(column)
    }

    /// Much work, and much code to repeat.
    #[inline(never)]
    pub(super) fn multiply<P: MontConfig<N>, const N: usize>(
        self,
        a: &Limbs<D, L>,
        b: &Limbs<D, L>,
    ) -> Limbs<D, L> {
        self.0.run(
            #[inline(always)]
            || self.montgomery::<P, N, false>(a, b),
        )
    }

    /// The same for a square.
    #[inline(never)]
    pub(super) fn multiply_self<P: MontConfig<N>, const N: usize>(
        self,
        a: &Limbs<D, L>,
    ) -> Limbs<D, L> {
        self.0.run(
            #[inline(always)]
            || self.montgomery::<P, N, true>(a, a),
        )
    }
}
