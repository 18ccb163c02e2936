//! `vector.wgsl`.

use ark_ff::BigInteger;
use pulseproof_kernels::field::KernelField;
use pulseproof_kernels::gpu::Unit;
use pulseproof_kernels::wgpu::WgpuDevice;
use rand::Rng;

use super::common::{
    download, download_u32, elements, for_fields, parameters, rng, run, u, upload, upload_u32,
};

/// Over two workgroups, and no multiple of one.
const N: usize = 600;

fn binary<F: KernelField>(op: usize) -> impl Fn(F, F) -> F {
    move |a, b| [a + b, a - b, a * b][op]
}

fn map<F: KernelField>(device: &WgpuDevice) {
    let rng = &mut rng();
    // Every pair of edges meets: the second vector is shifted against the first.
    for (op, m, shift) in [(0, N, 0), (1, N, 1), (2, N, 2), (2, N / 6, 3), (1, 1, 2), (0, N, 1)] {
        let a = elements::<F>(N, rng);
        let mut b = elements::<F>(m, rng);
        b.rotate_left(shift % m);
        let (da, db) = (upload(device, &a), upload(device, &b));
        let unit = (Unit::Vector(F::ID), "vector_map");
        run(device, unit, N, &[&da, &db], &[u(N), u(m), u(op)]);
        let want: Vec<F> = (0..N).map(|i| binary(op)(a[i], b[i % m])).collect();
        assert_eq!(download::<F>(device, &da, N), want, "op {op}, m {m}");
    }
}

fn map_scalar<F: KernelField>(device: &WgpuDevice) {
    let rng = &mut rng();
    for (op, s) in [(0, -F::ONE), (1, F::ONE), (2, -F::ONE), (2, F::rand(rng))] {
        let a = elements::<F>(N, rng);
        let da = upload(device, &a);
        let unit = (Unit::Vector(F::ID), "vector_map_scalar");
        run(device, unit, N, &[&da], &parameters(&[u(N), u(op)], &[s]));
        let want: Vec<F> = a.iter().map(|&a| binary(op)(a, s)).collect();
        assert_eq!(download::<F>(device, &da, N), want);
    }
}

fn add_scaled<F: KernelField>(device: &WgpuDevice) {
    let rng = &mut rng();
    let (a, b) = (elements::<F>(N, rng), elements::<F>(N, rng));
    let (da, db) = (upload(device, &a), upload(device, &b));
    let unit = (Unit::Vector(F::ID), "vector_add_scaled");
    let (n, s) = (N - 5, F::rand(rng));
    run(device, unit, n, &[&da, &db], &parameters(&[u(n)], &[s]));
    let want: Vec<F> = (0..N).map(|i| if i < n { a[i] + s * b[i] } else { a[i] }).collect();
    assert_eq!(download::<F>(device, &da, N), want);
}

fn rotate<F: KernelField>(device: &WgpuDevice) {
    let rng = &mut rng();
    for by in [0, 1, N - 1] {
        let a = elements::<F>(N, rng);
        let (out, da) = (upload(device, &[F::ZERO; N]), upload(device, &a));
        let unit = (Unit::Vector(F::ID), "vector_rotate");
        run(device, unit, N, &[&out, &da], &[u(N), u(by)]);
        let want: Vec<F> = (0..N).map(|i| a[(i + by) % N]).collect();
        assert_eq!(download::<F>(device, &out, N), want);
    }
}

fn powers<F: KernelField>(device: &WgpuDevice) {
    let rng = &mut rng();
    for (first, base) in [(F::rand(rng), F::rand(rng)), (F::ONE, F::ZERO)] {
        let out = upload(device, &[F::ZERO; N]);
        let unit = (Unit::Vector(F::ID), "vector_powers");
        run(device, unit, N, &[&out], &parameters(&[u(N)], &[first, base]));
        let powers = std::iter::successors(Some(first), |&power| Some(power * base));
        assert_eq!(download::<F>(device, &out, N), powers.take(N).collect::<Vec<_>>());
    }
}

fn invert<F: KernelField>(device: &WgpuDevice) {
    let rng = &mut rng();
    for threads in [1, 100, 1000] {
        let n = if threads == 1 { 20 } else { N };
        let a = elements::<F>(n, rng);
        let (da, scratch) = (upload(device, &a), upload(device, &a));
        let unit = (Unit::Vector(F::ID), "vector_invert");
        run(device, unit, threads, &[&da, &scratch], &[u(n), u(threads)]);
        let want: Vec<F> = a.iter().map(|a| a.inverse().unwrap_or(F::ZERO)).collect();
        assert_eq!(download::<F>(device, &da, n), want);
    }
}

fn evaluate<F: KernelField>(device: &WgpuDevice) {
    let rng = &mut rng();
    for (chunk, x) in [(1, F::rand(rng)), (7, F::rand(rng)), (N, -F::ONE), (7, F::ZERO)] {
        let a = elements::<F>(N, rng);
        let chunks = N.div_ceil(chunk);
        let (out, da) = (upload(device, &vec![F::ZERO; chunks]), upload(device, &a));
        let unit = (Unit::Vector(F::ID), "vector_evaluate");
        run(device, unit, chunks, &[&out, &da], &parameters(&[u(N), u(chunk)], &[x]));
        let value = |part: &[F]| part.iter().rev().fold(F::ZERO, |sum, &c| sum * x + c);
        let want: Vec<F> = a.chunks(chunk).map(value).collect();
        assert_eq!(download::<F>(device, &out, chunks), want);
    }
}

fn to_integers<F: KernelField>(device: &WgpuDevice) {
    let rng = &mut rng();
    let a = elements::<F>(N, rng);
    let (out, da) = (upload(device, &a), upload(device, &a));
    let unit = (Unit::Vector(F::ID), "vector_to_integers");
    run(device, unit, N, &[&out, &da], &[u(N)]);
    let want: Vec<u64> = a.iter().flat_map(|a| a.into_bigint().as_ref().to_vec()).collect();
    assert_eq!(download::<u64>(device, &out, N * F::WORDS), want);
    assert!(a[2].into_bigint().is_even(), "p − 1 is among them");
}

fn from_integers<F: KernelField>(device: &WgpuDevice) {
    let rng = &mut rng();
    let edges = [0, 1, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 32) - 1, F::MODULUS.as_ref()[0]];
    let integers: Vec<u64> =
        edges.into_iter().chain(std::iter::repeat_with(|| rng.r#gen())).take(N).collect();
    let (out, da) = (upload(device, &[F::ONE; N]), upload(device, &integers));
    let unit = (Unit::Vector(F::ID), "vector_from_integers");
    run(device, unit, N, &[&out, &da], &[u(N)]);
    let want: Vec<F> = integers.into_iter().map(F::from).collect();
    assert_eq!(download::<F>(device, &out, N), want);
}

fn first_nonzero<F: KernelField>(device: &WgpuDevice) {
    // The least of several, far from the first; and none at all.
    for nonzero in [&[N - 1, 517, 520][..], &[0], &[]] {
        let mut a = vec![F::ZERO; N];
        for &i in nonzero {
            a[i] = -F::ONE;
        }
        let (out, da) = (upload_u32(device, &[u32::MAX, 0]), upload(device, &a));
        let unit = (Unit::Vector(F::ID), "vector_first_nonzero");
        run(device, unit, N, &[&out, &da], &[u(N)]);
        let want = nonzero.iter().min().map_or(u32::MAX, |&i| u(i));
        assert_eq!(download_u32(device, &out, 1), [want]);
    }
}

for_fields!("vector":
    map, map_scalar, add_scaled, rotate, powers, invert, evaluate, to_integers, from_integers,
    first_nonzero,
);
