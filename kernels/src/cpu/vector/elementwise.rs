//! Operations that treat each element by itself, on one chunk.

use ark_ff::Field;

use crate::backend::Binary;

/// `a`\[i\] = `a`\[i\] ∘ b\[(i + at) mod m\].
pub(super) fn map<F: Field>(op: Binary, a: &mut [F], b: &[F], at: usize) {
    if let [s] = *b {
        return map_scalar(op, a, s);
    }
    let mut rest = a;
    let mut b_rest = &b[at % b.len()..];
    while !rest.is_empty() {
        let (piece, next) = rest.split_at_mut(rest.len().min(b_rest.len()));
        let pairs = piece.iter_mut().zip(b_rest);
        match op {
            Binary::Add => pairs.for_each(|(x, y)| *x += y),
            Binary::Sub => pairs.for_each(|(x, y)| *x -= y),
            Binary::Mul => pairs.for_each(|(x, y)| *x *= y),
        }
        rest = next;
        b_rest = b;
    }
}

/// `a`\[i\] = `a`\[i\] ∘ s.
pub(super) fn map_scalar<F: Field>(op: Binary, a: &mut [F], s: F) {
    match op {
        Binary::Add => a.iter_mut().for_each(|x| *x += s),
        Binary::Sub => a.iter_mut().for_each(|x| *x -= s),
        Binary::Mul => a.iter_mut().for_each(|x| *x *= s),
    }
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
