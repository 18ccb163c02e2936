//! Operations that treat each element by itself, on one chunk.

use ark_ff::Field;

/// Calls `work` with the pieces of `a` and of b repeated, from position `at`, that lie side by side.
#[inline(always)]
pub(super) fn side_by_side<F>(a: &mut [F], b: &[F], at: usize, work: impl Fn(&mut [F], &[F])) {
    let mut rest = a;
    let mut b_rest = &b[at % b.len()..];
    while !rest.is_empty() {
        let len = rest.len().min(b_rest.len());
        let (piece, next) = rest.split_at_mut(len);
        work(piece, &b_rest[..len]);
        rest = next;
        b_rest = b;
    }
}

/// `a`\[i\] += b\[i\].
pub(super) fn add<F: Field>(a: &mut [F], b: &[F]) {
    a.iter_mut().zip(b).for_each(|(x, y)| *x += y);
}

/// `a`\[i\] −= b\[i\].
pub(super) fn subtract<F: Field>(a: &mut [F], b: &[F]) {
    a.iter_mut().zip(b).for_each(|(x, y)| *x -= y);
}

/// `a`\[i\] += s·b\[i\].
pub(super) fn add_scaled<F: Field>(a: &mut [F], s: F, b: &[F]) {
    a.iter_mut().zip(b).for_each(|(x, &y)| *x += s * y);
}

/// `out`\[i\] = first·base^i.
pub(super) fn powers<F: Field>(first: F, base: F, out: &mut [F]) {
    let mut power = first;
    for x in out {
        *x = power;
        power *= base;
    }
}

/// Montgomery's trick: products of all elements before, one inversion, and back.
pub(super) fn invert<F: Field>(a: &mut [F]) {
    let mut before = Vec::with_capacity(a.len());
    let mut product = F::ONE;
    for x in a.iter().filter(|x| !x.is_zero()) {
        before.push(product);
        product *= x;
    }
    let mut inverse = product.inverse().unwrap_or(F::ONE);
    for (x, before) in a.iter_mut().rev().filter(|x| !x.is_zero()).zip(before.iter().rev()) {
        let next = inverse * *x;
        *x = inverse * before;
        inverse = next;
    }
}

/// Σ coefficients\[i\]·x^i.
pub(super) fn horner<F: Field>(coefficients: &[F], x: F) -> F {
    coefficients.iter().rev().fold(F::ZERO, |value, c| value * x + c)
}
