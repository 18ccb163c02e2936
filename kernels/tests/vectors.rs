//! Values that others published, values computed by other means, and our own results frozen: on every
//! backend.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backends;

use std::str::FromStr;

use libtest_mimic::Trial;
use pulseproof_kernels::backend::{Kernels, MsmOps, NttOps};
use pulseproof_kernels::check::{Kernel, Over, cases, digest};
use pulseproof_kernels::field::{FieldId, KernelField};
use pulseproof_kernels::group::{Group, GroupId};
use pulseproof_kernels::msm::Integers;
use pulseproof_kernels::traits::{AffineRepr, Field, PrimeField};
use pulseproof_kernels::transform::{Direction, Order, Transform};
use pulseproof_kernels::{with_field, with_group};
use sha2::{Digest, Sha256};

use backends::{Stage, Suite};

const ETHEREUM: &str = include_str!("fixtures/ethereum.txt");
const TRANSFORMS: &str = include_str!("fixtures/transforms.txt");
const GOLDENS: &str = include_str!("fixtures/goldens.txt");

struct Vectors;

impl Suite for Vectors {
    fn trials<B: Kernels>(&self, stage: &Stage<B>) -> Vec<Trial> {
        let mut trials = vec![
            stage.trial("ethereum", |b| lines(ETHEREUM).for_each(|line| ethereum(b, line))),
            stage.trial("transforms", |b| lines(TRANSFORMS).for_each(|line| transform(b, line))),
        ];
        for kernel in Kernel::ALL.into_iter().filter(|&kernel| kernel != Kernel::Refusals) {
            trials.push(stage.trial(&format!("golden-{kernel}"), move |b| golden(b, kernel)));
        }
        trials
    }
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

fn ethereum<B: Kernels>(backend: &B, line: &str) {
    let fields: Vec<&str> = line.split(' ').collect();
    let [group, name, terms, expected] = fields[..] else { panic!("{line}") };
    with_group!(GroupId::from_str(group).unwrap(), G => {
        multiplication::<G, B>(backend, name, &bytes(terms), &bytes(expected));
    });
}

/// A point in Ethereum's encoding: x, y, coordinates of the extension with c0 first, each big-endian
/// and padded to a multiple of 32 bytes.
fn multiplication<G: Group, B: MsmOps<G>>(backend: &B, name: &str, terms: &[u8], expected: &[u8]) {
    let (point_len, scalar_len) = (expected.len(), 32);
    let terms: Vec<_> = terms.chunks_exact(point_len + scalar_len).collect();
    let points: Vec<G::Affine> = terms.iter().map(|term| point::<G>(&term[..point_len])).collect();
    let scalars: Vec<u64> = terms
        .iter()
        .flat_map(|term| term[point_len..].rchunks_exact(8))
        .map(|word| u64::from_be_bytes(word.try_into().unwrap()))
        .collect();
    for levels in [1, 4] {
        let bases = MsmOps::<G>::bases(backend, &points, levels).unwrap();
        let scalars = backend.upload(&scalars).unwrap();
        let shape = Integers::unsigned(points.len(), 256);
        let sums: Vec<G> = backend.msm_batch(&bases, &scalars, shape).unwrap();
        assert_eq!(sums.len(), 1, "{name}");
        assert_eq!(sums[0].into_affine(), point::<G>(expected), "{name}, {levels} levels");
    }
}

fn point<G: Group>(bytes: &[u8]) -> G::Affine {
    if bytes.iter().all(|&byte| byte == 0) {
        return G::Affine::zero();
    }
    let degree = usize::try_from(G::Coordinate::extension_degree()).unwrap();
    let coordinate = |bytes: &[u8]| {
        let primes =
            bytes.chunks_exact(bytes.len() / degree).map(G::Prime::from_be_bytes_mod_order);
        G::Coordinate::from_base_prime_field_elems(primes).unwrap()
    };
    let (x, y) = bytes.split_at(bytes.len() / 2);
    G::from_coordinates(coordinate(x), coordinate(y))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn transform<B: Kernels>(backend: &B, line: &str) {
    let (field, rest) = line.split_once(' ').unwrap();
    with_field!(FieldId::from_str(field).unwrap(), F => transform_over::<F, B>(backend, rest));
}

fn transform_over<F: KernelField, B: NttOps<F>>(backend: &B, line: &str) {
    let numbers = |text: &str| -> Vec<F> {
        let number = |text| F::from_str(text).unwrap_or_else(|_| panic!("{line}"));
        text.split_whitespace().map(number).collect()
    };
    let parts: Vec<&str> = line.split('|').collect();
    let [head, coefficients, values] = parts[..] else { panic!("{line}") };
    let (log_size, shift) = head.trim().split_once(' ').unwrap();
    let forward =
        Transform::forward(log_size.parse().unwrap()).on_coset(F::from_str(shift).ok().unwrap());
    let (coefficients, values) = (numbers(coefficients), numbers(values));
    let reversed: Vec<F> = (0..values.len())
        .map(|i| values[i.reverse_bits().unbounded_shr(usize::BITS - forward.log_size)])
        .collect();
    for (order, values) in [(Order::Natural, values), (Order::BitReversed, reversed)] {
        let forward = forward.in_order(order);
        let inverse = Transform { direction: Direction::Inverse, ..forward };
        for (transform, from, to) in
            [(forward, &coefficients, &values), (inverse, &values, &coefficients)]
        {
            let mut data = backend.upload(from).unwrap();
            backend.ntt(&transform, &mut data).unwrap();
            assert_eq!(&backend.download(&data).unwrap(), to, "{} {transform:?}", F::ID);
        }
    }
}

/// SHA-256 over the digests of a kernel's cases, for each of what it computes in.
fn golden<B: Kernels>(backend: &B, kernel: Kernel) {
    let got = kernel.over().into_iter().map(|over| {
        let digest = frozen(backend, kernel, over);
        format!("{kernel} {over} {digest}")
    });
    let got: Vec<String> = got.collect();
    let of_kernel = |line: &&str| line.split(' ').next() == Some(&kernel.to_string());
    let expected: Vec<&str> = lines(GOLDENS).filter(of_kernel).collect();
    assert!(got == expected, "results changed: {got:#?}");
}

fn frozen<B: Kernels>(backend: &B, kernel: Kernel, over: Over) -> String {
    let mut hash = Sha256::new();
    let sizes: &[usize] = if kernel == Kernel::Msm { &[5] } else { &[12, 64] };
    for case in cases(kernel, sizes, 1).iter().filter(|case| case.over == over) {
        hash.update(digest(backend, case).unwrap_or_else(|error| panic!("{case}: {error}")));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn main() {
    backends::run(&Vectors).exit();
}
