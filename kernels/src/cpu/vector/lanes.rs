//! The multiplications of element-wise operations, several elements at a time. Each works on one chunk;
//! what does not fill a vector is done one element at a time.

use super::elementwise;
use crate::cpu::CpuField;
use crate::cpu::simd::Lanes;

/// The most lanes a vector has.
const WIDTH_MAX: usize = 8;

/// Splits at the last whole vector.
fn whole<F, L: Lanes<F>>(len: usize) -> usize {
    len / L::WIDTH * L::WIDTH
}

/// `a`\[i\] = `a`\[i\]·b\[i\]; b is as long.
#[inline(always)]
pub(super) fn multiply<F: CpuField, L: Lanes<F>>(lanes: L, a: &mut [F], b: &[F]) {
    let (a, a_rest) = a.split_at_mut(whole::<F, L>(a.len()));
    let (b, b_rest) = b.split_at(a.len());
    for (a, b) in a.chunks_exact_mut(L::WIDTH).zip(b.chunks_exact(L::WIDTH)) {
        lanes.store(lanes.mul(lanes.load(a), lanes.constants(b)), a);
    }
    a_rest.iter_mut().zip(b_rest).for_each(|(a, b)| *a *= b);
}

/// `a`\[i\] = `a`\[i\]·s.
#[inline(always)]
pub(super) fn scale<F: CpuField, L: Lanes<F>>(lanes: L, a: &mut [F], s: F) {
    let factor = lanes.constant(s);
    let (a, rest) = a.split_at_mut(whole::<F, L>(a.len()));
    for a in a.chunks_exact_mut(L::WIDTH) {
        lanes.store(lanes.mul(lanes.load(a), factor), a);
    }
    rest.iter_mut().for_each(|x| *x *= s);
}

/// `a`\[i\] += s·b\[i\]; b is at least as long.
#[inline(always)]
pub(super) fn add_scaled<F: CpuField, L: Lanes<F>>(lanes: L, a: &mut [F], s: F, b: &[F]) {
    let factor = lanes.constant(s);
    let (a, a_rest) = a.split_at_mut(whole::<F, L>(a.len()));
    let (b, b_rest) = b.split_at(a.len());
    for (a, b) in a.chunks_exact_mut(L::WIDTH).zip(b.chunks_exact(L::WIDTH)) {
        let product = lanes.mul(lanes.load(b), factor);
        lanes.store(lanes.add_lazy(lanes.load(a), product), a);
    }
    elementwise::add_scaled(a_rest, s, b_rest);
}

/// `out`\[i\] = first·base^i.
#[inline(always)]
pub(super) fn powers<F: CpuField, L: Lanes<F>>(lanes: L, first: F, base: F, out: &mut [F]) {
    let len = out.len();
    let (out, rest) = out.split_at_mut(whole::<F, L>(len));
    let mut start = [F::ONE; WIDTH_MAX];
    elementwise::powers(first, base, &mut start);
    let step = lanes.constant(base.pow([L::WIDTH as u64]));
    let mut power = lanes.load(&start);
    for out in out.chunks_exact_mut(L::WIDTH) {
        lanes.store(power, out);
        power = lanes.mul(power, step);
    }
    elementwise::powers(first * base.pow([(len - rest.len()) as u64]), base, rest);
}

/// Montgomery's trick in each lane. If the words of elements are multiplied as they are, each product
/// is off by the quotient of two Montgomery factors, and on the way back as much the other way round:
/// nothing needs to be converted.
#[inline(always)]
pub(super) fn invert<F: CpuField, L: Lanes<F>>(lanes: L, a: &mut [F]) {
    let (a, rest) = a.split_at_mut(whole::<F, L>(a.len()));
    elementwise::invert(rest);
    let one = lanes.splat(F::ONE);
    let mut product = one;
    let mut before = Vec::with_capacity(a.len() / L::WIDTH);
    for a in a.chunks_exact(L::WIDTH) {
        let x = lanes.load(a);
        let zeros = lanes.is_zero(x);
        before.push((product, zeros));
        product = lanes.mul(product, lanes.select(zeros, x, one));
    }
    let mut products = [F::ONE; WIDTH_MAX];
    lanes.store(product, &mut products);
    elementwise::invert(&mut products[..L::WIDTH]);
    let mut inverse = lanes.load(&products);
    let zero = lanes.splat(F::ZERO);
    for (a, (before, zeros)) in a.chunks_exact_mut(L::WIDTH).rev().zip(before.into_iter().rev()) {
        let x = lanes.select(zeros, lanes.load(a), one);
        lanes.store(lanes.select(zeros, lanes.mul(inverse, before), zero), a);
        inverse = lanes.mul(inverse, x);
    }
}

/// Σ `a`\[i\]·x^i, by Horner's rule in each lane.
#[inline(always)]
pub(super) fn evaluate<F: CpuField, L: Lanes<F>>(lanes: L, a: &[F], x: F) -> F {
    let (a, rest) = a.split_at(whole::<F, L>(a.len()));
    let step = lanes.constant(x.pow([L::WIDTH as u64]));
    let mut value = lanes.splat(F::ZERO);
    for a in a.chunks_exact(L::WIDTH).rev() {
        value = lanes.add_lazy(lanes.mul(value, step), lanes.load(a));
    }
    let mut values = [F::ZERO; WIDTH_MAX];
    lanes.store(value, &mut values);
    let above = elementwise::horner(rest, x) * x.pow([a.len() as u64]);
    elementwise::horner(&values[..L::WIDTH], x) + above
}

/// The integers below p that the elements stand for, as words. `inverse` is 1/R, R the Montgomery
/// factor of the elements.
#[inline(always)]
pub(super) fn to_integers<F: CpuField, L: Lanes<F>>(
    lanes: L,
    a: &[F],
    inverse: F,
    words: &mut [u64],
) {
    let factor = lanes.constant(inverse);
    // One at a time arkworks has something better than a product.
    let whole = if L::WIDTH == 1 { 0 } else { whole::<F, L>(a.len()) };
    let mut values = [F::ZERO; WIDTH_MAX];
    let vectors = words.chunks_exact_mut(L::WIDTH * F::WORDS);
    for (a, words) in a[..whole].chunks_exact(L::WIDTH).zip(vectors) {
        lanes.store(lanes.mul(lanes.load(a), factor), &mut values);
        for (value, words) in values.iter().zip(words.chunks_exact_mut(F::WORDS)) {
            value.write(words);
        }
    }
    let rest = words[whole * F::WORDS..].chunks_exact_mut(F::WORDS);
    for (x, words) in a[whole..].iter().zip(rest) {
        words.copy_from_slice(x.into_bigint().as_ref());
    }
}
