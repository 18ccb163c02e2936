//! The 50-bit prime in doubles, exactly.
//!
//! All integers up to 2^53, more than 8p, are doubles, and so are both parts of a product: nothing is lost but in
//! quotients. With a = x·w for |x| ≤ 4p and |w| < p/2,
//!
//! * h = a, rounded, and l = a − h are doubles;
//! * q, an integer next to a/p, is taken from what x·(w/p) + 1.5·2^52 leaves, or h·(1/p) + 1.5·2^52; it is off by
//!   at most 1/2 + |x|/16p, or 1/2 + |x|/8p;
//! * h − q·p is an integer below p + 2^48, and therefore exact; less −l it is a − q·p.
//!
//! So the product is at most p. The proof is in `docs/kernels.md`.
//!
//! Source: van der Hoeven, Lecerf and Quintin, "Modular SIMD arithmetic in Mathemagix" (2016), section 3,
//! there with a correction that late reduction makes needless.

use super::doubles::{ROUNDING, TWO_52};
use super::{Doubles, Vectors};
use crate::bootstrap::MODULUS;

#[expect(clippy::cast_precision_loss, reason = "it has 50 bits")]
const P: f64 = MODULUS as f64;
/// 1/p, rounded.
const INVERSE: f64 = 1.0 / P;

/// 1/p is off by less than 2^(−62) of itself, which [`Fp50::nearest`] needs.
const _: () = {
    let bits = INVERSE.to_bits();
    let mantissa = (bits & ((1 << 52) - 1) | 1 << 52) as u128;
    let one = 1u128 << (1075 - (bits >> 52));
    assert!((mantissa * MODULUS as u128).abs_diff(one) < one >> 62);
};

/// w and w/p, rounded, of the residue nearest to zero: what multiplies by it.
#[expect(clippy::cast_precision_loss, reason = "it has 50 bits")]
pub(in crate::cpu) fn factor(residue: u64) -> [f64; 2] {
    let residue = residue.cast_signed();
    let is_large = residue > MODULUS.cast_signed() / 2;
    let nearest = (if is_large { residue - MODULUS.cast_signed() } else { residue }) as f64;
    [nearest, nearest / P]
}

/// Arithmetic modulo the 50-bit prime in the doubles of `D`.
#[derive(Clone, Copy, Debug)]
pub struct Fp50<D>(pub(in crate::cpu) D);

impl<D> Fp50<D> {
    /// h/p rounded to an integer, for |h| ≤ 2^51·p.
    #[inline(always)]
    fn quotient<const W: usize>(self, h: D::D) -> D::D
    where
        D: Doubles<W>,
    {
        let d = self.0;
        let rounding = d.every(ROUNDING);
        d.less_by(d.multiply_add(h, d.every(INVERSE), rounding), rounding)
    }

    /// x·w less a multiple of p, for |x| ≤ 4p and |w| < p/2: at most (1/2 + |x|/8p)·p.
    #[inline(always)]
    pub(in crate::cpu) fn product<const W: usize>(self, x: D::D, w: D::D) -> D::D
    where
        D: Doubles<W>,
    {
        let d = self.0;
        let high = d.times(x, w);
        let excess = d.subtract_product(high, x, w);
        d.less_by(d.subtract_product(high, self.quotient(high), d.every(P)), excess)
    }

    /// The same for [a factor](factor) that was prepared: at most (1/2 + |x|/16p)·p, and sooner.
    #[inline(always)]
    pub(in crate::cpu) fn product_by<const W: usize>(self, x: D::D, [w, ratio]: [D::D; 2]) -> D::D
    where
        D: Doubles<W>,
    {
        let d = self.0;
        let rounding = d.every(ROUNDING);
        let quotient = d.less_by(d.multiply_add(x, ratio, rounding), rounding);
        let high = d.times(x, w);
        let excess = d.subtract_product(high, x, w);
        d.less_by(d.subtract_product(high, quotient, d.every(P)), excess)
    }

    /// The nearest to zero, for |x| ≤ 5p: x·(1/p) is off from x/p by less than 2^(−59), and 1/2p, over 2^(−51), lies
    /// between x/p and where its rounding changes.
    #[inline(always)]
    pub(in crate::cpu) fn nearest<const W: usize>(self, x: D::D) -> D::D
    where
        D: Doubles<W>,
    {
        self.0.subtract_product(x, self.quotient(x), self.0.every(P))
    }

    /// Integers below 2^52.
    #[inline(always)]
    pub(in crate::cpu) fn enter<const W: usize>(self, integers: <D as Vectors<W>>::V) -> D::D
    where
        D: Vectors<W> + Doubles<W, Bits = <D as Vectors<W>>::V>,
    {
        let d = self.0;
        let bits = d.or(integers, d.splat(TWO_52.to_bits()));
        d.less_by(d.doubles(bits), d.every(TWO_52))
    }

    /// The residues from 0 to p − 1 of what is nearest to zero.
    #[inline(always)]
    pub(in crate::cpu) fn residues<const W: usize>(self, x: D::D) -> <D as Vectors<W>>::V
    where
        D: Vectors<W> + Doubles<W, Bits = <D as Vectors<W>>::V>,
    {
        let d = self.0;
        let bits = d.bits(d.plus(x, d.every(ROUNDING)));
        let integer = d.sub(bits, d.splat(ROUNDING.to_bits()));
        let negative = d.less(bits, d.splat(ROUNDING.to_bits()));
        d.add_where(negative, integer, d.splat(MODULUS))
    }
}
