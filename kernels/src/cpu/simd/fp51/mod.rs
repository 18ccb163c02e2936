//! Eight lanes: numbers of `L` limbs of 51 bits in doubles, multiplied exactly by fused multiply-add.
//!
//! A product of two limbs, up to 2^102 in absolute value, is split: 1.5·2^103 added to it leaves its multiple
//! of 2^51, and a second fused multiply-add what that lacks, at most 2^50. Both come out above a constant that
//! leaves all their bits in the same places, so that sums are sums of bits, as integers; what the constants
//! add is taken off before. Rounding is to nearest throughout, and digits of quotients have signs. The proof
//! is in `docs/kernels.md`.
//!
//! Between operations numbers are less than p in absolute value, with signs: every operation reduces. Their limbs
//! are up to 2^50 + 2^13, but for the highest, which is below 2^51; or as they were loaded, from 0 to 2^51 − 1; or
//! the negatives of these. `ROWS` rows of the product make R' = 2^(51·ROWS), where the product of a and b is up to
//! |a·b|/R' + 3p/4.
//!
//! Sources: Dekker, "A floating-point technique for extending the available precision" (1971), for products in
//! two parts; Emmart, Zheng and Weems, "Faster modular exponentiation using double precision floating point
//! arithmetic on the GPU" (ARITH 2018), for sums of bits above constants, there with rounding toward zero.

mod constants;
mod product;
mod words;

use ark_ff::{Field, Fp, MontBackend, MontConfig};

use self::constants::{BITS, Constants, RADIX};
use super::doubles::ROUNDING;
use super::radix::limbs;
use super::{Doubles, Eight, Lanes, Line, Vectors};

/// An array of L limbs, each by an expression.
macro_rules! each {
    ($zero:expr, $i:ident => $limb:expr) => {{
        let mut limbs = [$zero; L];
        unroll!($i < L, {
            limbs[$i] = $limb;
        });
        limbs
    }};
}
use each;

/// Arithmetic in `L` limbs for a prime field of at most 51·L bits, with `ROWS` rows: one more than limbs where p is
/// over a quarter of 2^(51·L).
#[derive(Clone, Copy, Debug)]
pub struct Fp51<D, const L: usize, const ROWS: usize>(pub(in crate::cpu) D);

type Prime<P, const N: usize> = Fp<MontBackend<P, N>, N>;

type Limbs<D, const L: usize> = [<D as Doubles<8>>::D; L];

impl<D: Eight, const L: usize, const ROWS: usize> Fp51<D, L, ROWS> {
    #[inline(always)]
    fn broadcast(self, limbs: [f64; L]) -> Limbs<D, L> {
        each!(self.0.every(0.0), i => self.0.every(limbs[i]))
    }

    /// Limbs below 2^53 to limbs hardly over 2^50, but for the highest: each carries once.
    #[inline(always)]
    fn carry(self, a: Limbs<D, L>) -> Limbs<D, L> {
        let d = self.0;
        let (rounding, radix) = (d.every(ROUNDING), d.every(RADIX));
        let carries = each!(d.every(0.0), i => {
            d.less_by(d.multiply_add(a[i], d.every(1.0 / RADIX), rounding), rounding)
        });
        let mut out = a;
        unroll!(i < L, {
            if i + 1 < L {
                out[i] = d.subtract_product(out[i], carries[i], radix);
            }
            if i > 0 {
                out[i] = d.plus(out[i], carries[i - 1]);
            }
        });
        out
    }

    /// a + b, not reduced and not carried.
    #[inline(always)]
    pub(in crate::cpu) fn add_late(self, a: Limbs<D, L>, b: Limbs<D, L>) -> Limbs<D, L> {
        each!(self.0.every(0.0), i => self.0.plus(a[i], b[i]))
    }

    /// a − b, not reduced and not carried.
    #[inline(always)]
    pub(in crate::cpu) fn sub_late(self, a: Limbs<D, L>, b: Limbs<D, L>) -> Limbs<D, L> {
        each!(self.0.every(0.0), i => self.0.less_by(a[i], b[i]))
    }

    /// A number up to 3p to one hardly over p/2, carried. Limbs are up to 5·2^50, or up to 3·2^51 with the number's
    /// sign, as those that were loaded have: a multiple of p taken off them leaves them below 2^53.
    #[inline(always)]
    pub(in crate::cpu) fn reduce_late<P: MontConfig<N>, const N: usize>(
        self,
        a: Limbs<D, L>,
    ) -> Limbs<D, L> {
        let d = self.0;
        let rounding = d.every(ROUNDING);
        let quotient = d.every(Constants::<P, N, L, ROWS>::QUOTIENT);
        let q = d.less_by(d.multiply_add(a[L - 1], quotient, rounding), rounding);
        let p = self.broadcast(Constants::<P, N, L, ROWS>::BALANCED);
        self.carry(each!(d.every(0.0), i => d.subtract_product(a[i], q, p[i])))
    }
}

impl<P: MontConfig<N>, D: Eight, const N: usize, const L: usize, const ROWS: usize>
    Lanes<Prime<P, N>> for Fp51<D, L, ROWS>
{
    type V = Limbs<D, L>;

    const WIDTH: usize = 8;

    const CAPACITY: u64 = {
        let () = Constants::<P, N, L, ROWS>::IS_SOUND;
        u64::MAX
    };

    #[inline(always)]
    fn run<R>(self, f: impl FnOnce() -> R) -> R {
        self.0.run(f)
    }

    #[inline(always)]
    fn splat(self, value: Prime<P, N>) -> Self::V {
        self.broadcast(limbs::<N, L>(&value.0.0, BITS).map(|limb| limb as f64))
    }

    #[inline(always)]
    fn load(self, values: &[Prime<P, N>]) -> Self::V {
        self.unpack(self.0.load_elements(values))
    }

    #[inline(always)]
    fn store(self, v: Self::V, values: &mut [Prime<P, N>]) {
        self.0.store_elements(self.pack::<P, N>(v), values);
    }

    #[inline(always)]
    fn constant(self, w: Prime<P, N>) -> Self::V {
        Lanes::splat(self, w * Constants::<P, N, L, ROWS>::TWIST)
    }

    #[inline(always)]
    fn constants(self, w: &[Prime<P, N>]) -> Self::V {
        let squared = Constants::<P, N, L, ROWS>::TWIST.square();
        self.multiply::<P, N>(&Lanes::load(self, w), &Lanes::splat(self, squared))
    }

    #[inline(always)]
    fn leave(self, v: Self::V) -> Self::V {
        self.multiply::<P, N>(&v, &Lanes::splat(self, Prime::<P, N>::ONE))
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        self.reduce_late::<P, N>(self.add_late(a, b))
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        self.reduce_late::<P, N>(self.sub_late(a, b))
    }

    #[inline(always)]
    fn sub_both(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        self.reduce_late::<P, N>(self.sub_late(self.sub_late(a, b), c))
    }

    #[inline(always)]
    fn add_lazy(self, a: Self::V, b: Self::V) -> Self::V {
        Lanes::<Prime<P, N>>::add(self, a, b)
    }

    #[inline(always)]
    fn sub_lazy(self, a: Self::V, b: Self::V) -> Self::V {
        Lanes::<Prime<P, N>>::sub(self, a, b)
    }

    #[inline(always)]
    fn reduce(self, a: Self::V) -> Self::V {
        a
    }

    #[inline(always)]
    fn neg(self, a: Self::V) -> Self::V {
        let d = self.0;
        each!(d.every(0.0), i => d.less_by(d.every(0.0), a[i]))
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        self.multiply::<P, N>(&a, &b)
    }

    #[inline(always)]
    fn square(self, a: Self::V) -> Self::V {
        // Limbs are doubled: those that were loaded would be too large.
        self.multiply_self::<P, N>(&self.carry(a))
    }

    /// Of numbers between −p and p.
    #[inline(always)]
    fn is_zero(self, a: Self::V) -> u8 {
        let mut zeros = u8::MAX;
        unroll!(i < L, {
            zeros &= self.0.zeros(a[i]);
        });
        zeros
    }

    #[inline(always)]
    fn select(self, mask: u8, a: Self::V, b: Self::V) -> Self::V {
        let chosen = self.0.chosen(mask);
        each!(self.0.every(0.0), i => self.0.choose(chosen, a[i], b[i]))
    }

    #[inline(always)]
    fn rotate(self, a: Self::V, by: usize) -> Self::V {
        let d = self.0;
        each!(d.every(0.0), i => {
            let mut lanes = [0; 8];
            Vectors::store(d, d.bits(a[i]), &mut lanes);
            lanes.rotate_left(by % 8);
            d.doubles(Vectors::load(d, &lanes))
        })
    }

    const LINES: usize = if L == 8 { 2 } else { 1 };

    #[inline(always)]
    fn gather<'a>(self, line: impl Fn(usize, usize) -> &'a Line) -> [Self::V; 2] {
        let d = self.0;
        let first = self.columns(
            #[inline(always)]
            |lane| line(lane, 0),
        );
        if L == 8 {
            let second = self.columns(
                #[inline(always)]
                |lane| line(lane, 1),
            );
            return [
                each!(d.every(0.0), i => d.doubles(first[i])),
                each!(d.every(0.0), i => d.doubles(second[i])),
            ];
        }
        let [a0, a1, a2, a3, b0, b1, b2, b3] = first;
        [self.unpack([a0, a1, a2, a3]), self.unpack([b0, b1, b2, b3])]
    }

    #[inline(always)]
    fn scatter(self, pair: [Self::V; 2], lines: &mut [Line]) {
        let d = self.0;
        let lines = &mut lines[..8 * <Self as Lanes<Prime<P, N>>>::LINES];
        if L == 8 {
            unroll!(k < 2, {
                let mut columns = [d.splat(0); 8];
                unroll!(i < L, {
                    // No zero with a sign.
                    columns[i] = d.bits(d.plus(pair[k][i], d.every(0.0)));
                });
                let rows = self.0.transpose(columns);
                unroll!(lane < 8, {
                    self.0.store(rows[lane], &mut lines[2 * lane + k].0);
                });
            });
        } else {
            let (a, b) = (self.pack::<P, N>(pair[0]), self.pack::<P, N>(pair[1]));
            let mut columns = [d.splat(0); 8];
            const { assert!(N == 4 || L == 8, "two elements fill a line") };
            columns[..4].copy_from_slice(&a[..4]);
            columns[4..].copy_from_slice(&b[..4]);
            let rows = self.0.transpose(columns);
            unroll!(lane < 8, {
                self.0.store(rows[lane], &mut lines[lane].0);
            });
        }
    }

    #[inline(always)]
    fn zero(self) -> Self::V {
        [self.0.every(0.0); L]
    }
}
