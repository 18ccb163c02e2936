//! The inverse of one element, several times faster than a search for it bit by bit.
//!
//! Source: Bernstein and Yang, "Fast constant-time gcd computation and modular inversion" (TCHES 2019),
//! in the variant with running time that depends on the input and steps in batches of 62, as Wuille
//! describes it for libsecp256k1 (doc/safegcd_implementation.md).

use ark_ff::{BigInt, Fp, MontBackend, MontConfig};

/// Bits of a limb.
const BITS: u32 = 62;
/// The bits of a limb.
const LIMB: u64 = (1 << BITS) - 1;
/// Limbs for numbers of 64·6 bits and a sign.
const LIMBS_MAX: usize = 7;

/// A signed number: all limbs but the highest are from 0 to 2^62 − 1.
type Signed = [i64; LIMBS_MAX];

/// 62 division steps in one, times 2^62: (f, g) becomes (u·f + v·g, q·f + r·g)/2^62.
struct Matrix {
    u: i64,
    v: i64,
    q: i64,
    r: i64,
}

/// The inverse; `None` of zero.
pub(super) fn inverse<P: MontConfig<N>, const N: usize>(
    value: &Fp<MontBackend<P, N>, N>,
) -> Option<Fp<MontBackend<P, N>, N>> {
    if value.0.0 == [0; N] {
        return None;
    }
    let len = (64 * N).div_ceil(BITS as usize);
    let p = limbs(&P::MODULUS);
    // INV is −1/p modulo 2^64.
    let p_inverse = P::INV.wrapping_neg() & LIMB;
    let (mut f, mut g) = (p, limbs(&value.0));
    let (mut d, mut e) = ([0; LIMBS_MAX], [0; LIMBS_MAX]);
    e[0] = 1;
    let mut eta = -1;
    while g[..len] != [0; LIMBS_MAX][..len] {
        let matrix = steps(&mut eta, f[0].cast_unsigned(), g[0].cast_unsigned());
        apply_modulo(&matrix, &mut d, &mut e, &p, p_inverse, len);
        apply(&matrix, &mut f, &mut g, len);
    }
    // f is ±1 now, and d·value = f modulo p.
    let negative = f[len - 1] < 0;
    let plain = Fp::new_unchecked(words(canonical(d, &p, negative, len)));
    // The element's words were value·R; the inverse's are R/value: R³/R over them.
    let r_cubed = Fp::new_unchecked(P::R2) * Fp::new_unchecked(P::R2);
    Some(plain * r_cubed)
}

/// The limbs of a number.
fn limbs<const N: usize>(number: &BigInt<N>) -> Signed {
    let mut limbs = [0; LIMBS_MAX];
    for (i, limb) in limbs.iter_mut().enumerate() {
        let (word, shift) = (BITS as usize * i / 64, BITS as usize * i % 64);
        let low = number.0.get(word).map_or(0, |word| word >> shift);
        let high = number.0.get(word + 1).map_or(0, |word| word << 1 << (63 - shift));
        *limb = ((low | high) & LIMB).cast_signed();
    }
    limbs
}

/// The number of limbs, which is not negative.
fn words<const N: usize>(limbs: Signed) -> BigInt<N> {
    let mut words = [0u64; N];
    for (i, word) in words.iter_mut().enumerate() {
        let (limb, shift) = (64 * i / BITS as usize, 64 * i % BITS as usize);
        let at = |i: usize| limbs.get(i).map_or(0, |limb| limb.cast_unsigned());
        *word = at(limb) >> shift | at(limb + 1) << (BITS as usize - shift);
    }
    BigInt(words)
}

/// 62 division steps on the lowest bits of f and g.
fn steps(eta: &mut i64, mut f: u64, mut g: u64) -> Matrix {
    let (mut u, mut v, mut q, mut r) = (1u64, 0u64, 0u64, 1u64);
    let mut left = BITS;
    loop {
        // Zeros of g, as far as there are steps left.
        let zeros = (g | u64::MAX << left).trailing_zeros();
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        *eta -= i64::from(zeros);
        left -= zeros;
        if left == 0 {
            break;
        }
        let times = if *eta < 0 {
            *eta = -*eta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, u.wrapping_neg());
            (v, r) = (r, v.wrapping_neg());
            // −g/f modulo 2^6: f·(f² − 2) is −1/f there.
            let inverse = f.wrapping_mul(f).wrapping_sub(2).wrapping_mul(f);
            inverse.wrapping_mul(g) & 63
        } else {
            // −g/f modulo 2^4.
            let inverse = f.wrapping_add((f.wrapping_add(1) & 4) << 1);
            inverse.wrapping_neg().wrapping_mul(g) & 15
        };
        let limit = left.min(u32::try_from(*eta + 1).unwrap_or(u32::MAX));
        let times = times & u64::MAX >> (64 - limit);
        g = g.wrapping_add(f.wrapping_mul(times));
        q = q.wrapping_add(u.wrapping_mul(times));
        r = r.wrapping_add(v.wrapping_mul(times));
    }
    let [u, v, q, r] = [u, v, q, r].map(u64::cast_signed);
    Matrix { u, v, q, r }
}

/// a·b as a wide integer.
fn wide(a: i64, b: i64) -> i128 {
    i128::from(a) * i128::from(b)
}

/// The lowest limb of a wide integer.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the low bits")]
fn low(a: i128) -> i64 {
    (a as u64 & LIMB).cast_signed()
}

/// What is left of a wide integer that fits a word.
#[expect(clippy::cast_possible_truncation, reason = "the caller's bounds")]
fn narrow(a: i128) -> i64 {
    a as i64
}

/// Both rows of the matrix on f and g. The lowest limb of each result is zero and falls away.
fn apply(m: &Matrix, f: &mut Signed, g: &mut Signed, len: usize) {
    let mut cf = (wide(m.u, f[0]) + wide(m.v, g[0])) >> BITS;
    let mut cg = (wide(m.q, f[0]) + wide(m.r, g[0])) >> BITS;
    for i in 1..len {
        cf += wide(m.u, f[i]) + wide(m.v, g[i]);
        cg += wide(m.q, f[i]) + wide(m.r, g[i]);
        (f[i - 1], g[i - 1]) = (low(cf), low(cg));
        (cf, cg) = (cf >> BITS, cg >> BITS);
    }
    (f[len - 1], g[len - 1]) = (narrow(cf), narrow(cg));
}

/// Both rows on d and e, modulo p: a multiple of p makes the lowest limb zero. Both stay from −2p to p.
fn apply_modulo(
    m: &Matrix,
    d: &mut Signed,
    e: &mut Signed,
    p: &Signed,
    p_inverse: u64,
    len: usize,
) {
    let (sign_d, sign_e) = (d[len - 1] >> 63, e[len - 1] >> 63);
    let mut times_d = (m.u & sign_d) + (m.v & sign_e);
    let mut times_e = (m.q & sign_d) + (m.r & sign_e);
    let mut cd = wide(m.u, d[0]) + wide(m.v, e[0]);
    let mut ce = wide(m.q, d[0]) + wide(m.r, e[0]);
    let multiple = |c: i128, times: i64| {
        let product = p_inverse.wrapping_mul(low(c).cast_unsigned());
        (product.wrapping_add(times.cast_unsigned()) & LIMB).cast_signed()
    };
    times_d -= multiple(cd, times_d);
    times_e -= multiple(ce, times_e);
    cd = (cd + wide(p[0], times_d)) >> BITS;
    ce = (ce + wide(p[0], times_e)) >> BITS;
    for i in 1..len {
        cd += wide(m.u, d[i]) + wide(m.v, e[i]) + wide(p[i], times_d);
        ce += wide(m.q, d[i]) + wide(m.r, e[i]) + wide(p[i], times_e);
        (d[i - 1], e[i - 1]) = (low(cd), low(ce));
        (cd, ce) = (cd >> BITS, ce >> BITS);
    }
    (d[len - 1], e[len - 1]) = (narrow(cd), narrow(ce));
}

/// ±d, from −2p to p, as a number from 0 to p.
fn canonical(d: Signed, p: &Signed, negate: bool, len: usize) -> Signed {
    // a·sign + p·times, carried.
    let linear = |a: &Signed, sign: i64, times: i64| {
        let (mut out, mut carry) = ([0; LIMBS_MAX], 0);
        for i in 0..len {
            let sum = carry + a[i] * sign + p[i] * times;
            (out[i], carry) =
                if i + 1 < len { (sum & LIMB.cast_signed(), sum >> BITS) } else { (sum, 0) };
        }
        out
    };
    let is_negative = |a: &Signed| a[len - 1] < 0;
    let d = linear(&d, 1, i64::from(is_negative(&d)));
    let d = linear(&d, if negate { -1 } else { 1 }, 0);
    linear(&d, 1, i64::from(is_negative(&d)))
}

#[cfg(test)]
mod tests {
    use ark_ff::{Field, UniformRand};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn agrees<P: MontConfig<N>, const N: usize>() {
        type F<P, const N: usize> = Fp<MontBackend<P, N>, N>;
        let rng = &mut StdRng::seed_from_u64(10);
        let mut values: Vec<F<P, N>> = (0..2000).map(|_| UniformRand::rand(rng)).collect();
        for k in 0..400u64 {
            let power = F::<P, N>::from(2u64).pow([k]);
            // As values and as words.
            let form = F::<P, N>::new_unchecked(ark_ff::PrimeField::into_bigint(power));
            values.extend([power, -power, power + F::<P, N>::from(1u64), form, -form]);
        }
        for value in values {
            assert_eq!(inverse(&value), value.inverse(), "{value}");
        }
        assert_eq!(inverse(&F::<P, N>::from(0u64)), None);
    }

    #[test]
    fn agrees_with_arkworks() {
        agrees::<ark_bn254::FqConfig, 4>();
        agrees::<ark_bls12_381::FqConfig, 6>();
        agrees::<crate::field::GoldilocksConfig, 1>();
        agrees::<crate::field::Prime50Config, 1>();
    }
}
