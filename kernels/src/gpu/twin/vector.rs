//! Twins of `vector`.

use super::{Call, Twin};
use crate::element::Element;
use crate::field::KernelField;

pub(super) fn find<F: KernelField>(entry: &str) -> Option<Twin> {
    Some(match entry {
        "vector_map" => vector_map::<F>,
        "vector_map_scalar" => vector_map_scalar::<F>,
        "vector_add_scaled" => vector_add_scaled::<F>,
        "vector_rotate" => vector_rotate::<F>,
        "vector_powers" => vector_powers::<F>,
        "vector_invert" => vector_invert::<F>,
        "vector_evaluate" => vector_evaluate::<F>,
        "vector_to_integers" => vector_to_integers::<F>,
        "vector_from_integers" => vector_from_integers::<F>,
        "vector_first_nonzero" => vector_first_nonzero::<F>,
        _ => return None,
    })
}

fn binary<F: KernelField>(op: usize, a: F, b: F) -> F {
    match op {
        0 => a + b,
        1 => a - b,
        2 => a * b,
        _ => panic!("no operation has the number {op}"),
    }
}

fn vector_map<F: KernelField>(call: &mut Call<'_>) {
    let (n, m, op) = (call.number(0), call.number(1), call.number(2));
    let (mut a, b) = (call.get::<F>(0), call.get::<F>(1));
    for i in call.threads(n) {
        a[i] = binary(op, a[i], b[i % m]);
    }
    call.set(0, &a);
}

fn vector_map_scalar<F: KernelField>(call: &mut Call<'_>) {
    let (n, op, s) = (call.number(0), call.number(1), call.scalar::<F>(4));
    let mut a = call.get::<F>(0);
    for i in call.threads(n) {
        a[i] = binary(op, a[i], s);
    }
    call.set(0, &a);
}

fn vector_add_scaled<F: KernelField>(call: &mut Call<'_>) {
    let (n, s) = (call.number(0), call.scalar::<F>(4));
    let (mut a, b) = (call.get::<F>(0), call.get::<F>(1));
    for i in call.threads(n) {
        a[i] += s * b[i];
    }
    call.set(0, &a);
}

fn vector_rotate<F: KernelField>(call: &mut Call<'_>) {
    let (n, by) = (call.number(0), call.number(1));
    let (mut out, a) = (call.get::<F>(0), call.get::<F>(1));
    for i in call.threads(n) {
        out[i] = a[(i + by) % n];
    }
    call.set(0, &out);
}

fn vector_powers<F: KernelField>(call: &mut Call<'_>) {
    let (n, first, base) = (call.number(0), call.scalar::<F>(4), call.scalar::<F>(12));
    let mut out = call.get::<F>(0);
    for i in call.threads(n) {
        out[i] = first * base.pow([i as u64]);
    }
    call.set(0, &out);
}

fn vector_invert<F: KernelField>(call: &mut Call<'_>) {
    let (n, threads) = (call.number(0), call.number(1));
    let (mut a, scratch) = (call.get::<F>(0), call.get::<F>(1));
    assert!(scratch.len() >= n, "scratch holds as many elements");
    for thread in call.threads(threads) {
        for i in (thread..n).step_by(threads) {
            a[i] = a[i].inverse().unwrap_or(F::ZERO);
        }
    }
    call.set(0, &a);
}

fn vector_evaluate<F: KernelField>(call: &mut Call<'_>) {
    let (n, chunk, x) = (call.number(0), call.number(1), call.scalar::<F>(4));
    let (mut out, a) = (call.get::<F>(0), call.get::<F>(1));
    for t in call.threads(n.div_ceil(chunk)) {
        let coefficients = &a[t * chunk..n.min((t + 1) * chunk)];
        out[t] = coefficients.iter().rev().fold(F::ZERO, |value, &c| value * x + c);
    }
    call.set(0, &out);
}

fn vector_to_integers<F: KernelField>(call: &mut Call<'_>) {
    let (mut out, a) = (call.get::<u64>(0), call.get::<F>(1));
    let width = <F as Element>::WORDS;
    for i in call.threads(call.number(0)) {
        out[i * width..(i + 1) * width].copy_from_slice(a[i].into_bigint().as_ref());
    }
    call.set(0, &out);
}

fn vector_from_integers<F: KernelField>(call: &mut Call<'_>) {
    let (mut out, a) = (call.get::<F>(0), call.get::<u64>(1));
    for i in call.threads(call.number(0)) {
        out[i] = F::from(a[i]);
    }
    call.set(0, &out);
}

fn vector_first_nonzero<F: KernelField>(call: &mut Call<'_>) {
    let (mut out, a) = (call.get_halves(0), call.get::<F>(1));
    for (i, position) in call.threads(call.number(0)).zip(0u32..) {
        if !a[i].is_zero() {
            out[0] = out[0].min(position);
        }
    }
    call.set_halves(0, &out);
}
