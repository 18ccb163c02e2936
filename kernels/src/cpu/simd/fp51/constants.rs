//! What the arithmetic in limbs of 51 bits needs to know of a field, and of doubles.

use ark_ff::MontConfig;

use super::Prime;
use crate::cpu::simd::doubles::{ROUNDING, TWO_52};
use crate::cpu::simd::radix::{limbs, power_of_two};

/// Bits of a limb.
pub(super) const BITS: usize = 51;
/// The bits of a limb.
pub(super) const LIMB: u64 = (1 << BITS) - 1;
/// 2^51.
pub(super) const RADIX: f64 = (1u64 << BITS) as f64;
/// Added to a product, it leaves the multiple of 2^51.
pub(super) const HIGH: f64 = 1.5 * RADIX * TWO_52;
/// Makes columns positive before they are shifted, and what is left of it then.
pub(super) const BIAS: u64 = 1 << 62;
pub(super) const BIAS_CARRIED: u64 = BIAS >> BITS;

/// What the arithmetic needs to know of a field, in limbs.
pub(super) struct Constants<P, const N: usize, const L: usize, const ROWS: usize>(P);

impl<P: MontConfig<N>, const N: usize, const L: usize, const ROWS: usize> Constants<P, N, L, ROWS> {
    /// p, limbs from 0 on.
    pub(super) const MODULUS: [u64; L] = limbs(&P::MODULUS.0, BITS);
    /// p, limbs up to 2^50 but for the highest.
    pub(super) const BALANCED: [f64; L] = balanced(&Self::MODULUS);
    /// −p^(−1) mod 2^51, from −2^50 on.
    pub(super) const INVERSE: f64 = {
        let inverse = P::INV & LIMB;
        inverse as f64 - if inverse > 1 << (BITS - 1) { RADIX } else { 0.0 }
    };
    /// (p·m + 1)/2^51 for the m up to 2^50 that makes it an integer, limbs up to 2^50: at most p/2.
    pub(super) const MULTIPLE: [f64; L] = multiple(&Self::MODULUS, P::INV & LIMB);
    /// 2^(51·(L − 1))/p, rounded.
    pub(super) const QUOTIENT: f64 = {
        let top = Self::MODULUS[L - 1] as f64 + Self::MODULUS[L - 2] as f64 / RADIX;
        1.0 / top
    };
    /// What the bounds need: that limbs and columns have room, and that p is less than a quarter of R'.
    pub(super) const IS_SOUND: () = {
        assert!(L <= 8 && ROWS <= 8 && L <= ROWS && ROWS <= L + 1);
        let above = BITS * (ROWS - L);
        assert!(above > 0 || Self::MODULUS[L - 1] < 1 << (BITS - 2));
    };
    /// 2^(51·ROWS − 64·N), from arkworks's factor to ours: its Montgomery form is 2^(51·ROWS).
    pub(super) const TWIST: Prime<P, N> =
        Prime::<P, N>::new_unchecked(power_of_two(P::MODULUS, BITS * ROWS));
    /// Where columns start, in the order of their places.
    pub(super) const COLUMNS: [u64; 16] = columns::<L, ROWS>(false);
    /// The same for squares.
    pub(super) const SQUARE_COLUMNS: [u64; 16] = columns::<L, ROWS>(true);
}

/// Limbs up to half the radix that stand for the same number.
const fn balanced<const L: usize>(limbs: &[u64; L]) -> [f64; L] {
    let (mut out, mut carry, mut i) = ([0.0; L], 0, 0);
    while i < L {
        let limb = limbs[i] + carry;
        carry = (i + 1 < L && limb > 1 << (BITS - 1)) as u64;
        out[i] = limb as f64 - carry as f64 * RADIX;
        i += 1;
    }
    out
}

/// (p·m + 1)/2^51 for m ≡ −1/p between −2^50 and 2^50, in limbs up to 2^50.
const fn multiple<const L: usize>(p: &[u64; L], inverse: u64) -> [f64; L] {
    // p·m + 1 limb by limb, for m from 0 on; p is taken off where n is to be less by 2^51.
    let (mut out, mut carry, mut i) = ([0i128; L], 1, 0);
    while i <= L {
        let sum = carry + if i < L { p[i] as i128 * inverse as i128 } else { 0 };
        if i > 0 {
            let less = if inverse > 1 << (BITS - 1) { p[i - 1] as i128 } else { 0 };
            out[i - 1] = (sum & LIMB as i128) - less;
        }
        carry = sum >> BITS;
        i += 1;
    }
    let (mut limbs, mut carry, mut i) = ([0.0; L], 0, 0);
    while i < L {
        let limb = out[i] + carry;
        carry = if i + 1 < L { (limb + (1 << (BITS - 1))) >> BITS } else { 0 };
        limbs[i] = (limb - (carry << BITS)) as f64;
        i += 1;
    }
    limbs
}

/// What is taken off columns: what each high and low part brings beside its value, and what shifts and
/// conversions need.
const fn columns<const L: usize, const ROWS: usize>(is_square: bool) -> [u64; 16] {
    let mut columns = [0u64; 16];
    let mut place = 0;
    while place < L + ROWS {
        let (mut low, mut high, mut row) = (0u64, 0u64, 0);
        while row < ROWS {
            let first = if is_square { row } else { 0 };
            let mut j = 0;
            while j < L {
                // Of a·b, and of what makes the lowest limb zero: but for the last row one place higher.
                let of_product = (row < L && j >= first) as u64;
                let at = row + j + (row + 1 < ROWS) as usize;
                low += of_product * (row + j == place) as u64 + (at == place) as u64;
                high += of_product * (row + j + 1 == place) as u64 + (at + 1 == place) as u64;
                j += 1;
            }
            row += 1;
        }
        let brought =
            low.wrapping_mul(ROUNDING.to_bits()).wrapping_add(high.wrapping_mul(HIGH.to_bits()));
        let mut start = 0u64.wrapping_sub(brought);
        // From the column below, in rows and at the end.
        if place > 0 {
            start = start.wrapping_sub(BIAS_CARRIED);
        }
        if place + 1 == ROWS {
            start = start.wrapping_add(BIAS);
        } else if place < ROWS + L - 1 {
            // Half a limb is added for the rounding of carries, and taken off again.
            start = start.wrapping_add(BIAS + (1 << (BITS - 1)));
        } else {
            start = start.wrapping_add(ROUNDING.to_bits());
        }
        columns[place] = start;
        place += 1;
    }
    columns
}
