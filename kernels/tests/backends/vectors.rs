//! Values that others published, values computed by other means, and our own results frozen: on every
//! backend.

use std::collections::BTreeMap;
use std::str::FromStr;

use libtest_mimic::Trial;
use pulseproof_kernels::backend::AnyBackend;
use pulseproof_kernels::check::{
    self, GivenMultiplication, GivenTransform, Kernel, Over, cases, digest,
};
use pulseproof_kernels::element::{Element, to_words};
use pulseproof_kernels::field::{FieldId, KernelField};
use pulseproof_kernels::group::{Group, GroupId};
use pulseproof_kernels::msm::ScalarShape;
use pulseproof_kernels::traits::PrimeField;
use pulseproof_kernels::transform::{Direction, Order};
use pulseproof_kernels::{with_field, with_group};
use sha2::{Digest, Sha256};

use crate::suite::{Stage, Suite};

const ETHEREUM: &str = include_str!("../fixtures/ethereum.txt");
const TRANSFORMS: &str = include_str!("../fixtures/transforms.txt");
const GOLDENS: &str = include_str!("../fixtures/goldens.txt");

pub struct Vectors;

impl Suite for Vectors {
    fn trials(&self, stage: &Stage) -> Vec<Trial> {
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

fn ethereum(backend: &AnyBackend, line: &str) {
    let fields: Vec<&str> = line.split(' ').collect();
    let [group, name, terms, expected] = fields[..] else { panic!("{line}") };
    let (terms, expected) = (bytes(terms), bytes(expected));
    let group = GroupId::from_str(group).unwrap();
    let terms: Vec<_> = terms.chunks_exact(expected.len() + SCALAR_BYTES).collect();
    let scalars: Vec<u64> = terms
        .iter()
        .flat_map(|term| term[expected.len()..].rchunks_exact(8))
        .map(|word| u64::from_be_bytes(word.try_into().unwrap()))
        .collect();
    let (points, expected) = with_group!(group, G => {
        let points = terms.iter().flat_map(|term| point::<G>(&term[..expected.len()]));
        (points.collect::<Vec<u64>>(), point::<G>(&expected))
    });
    let shape = ScalarShape::unsigned(terms.len(), 256);
    for levels in [1, 4] {
        let given =
            GivenMultiplication { group, points: &points, levels, scalars: &scalars, shape };
        assert_eq!(check::multiply(backend, &given).unwrap(), expected, "{name}, {levels} levels");
    }
}

const SCALAR_BYTES: usize = 32;

/// The words of a point in Ethereum's encoding: x, y, coordinates of the extension with c0 first, each
/// big-endian and padded to a multiple of 32 bytes.
fn point<G: Group>(bytes: &[u8]) -> Vec<u64> {
    let primes = 2 * G::Coordinate::WORDS / G::Prime::WORDS;
    let prime = |bytes: &[u8]| to_words(&[G::Prime::from_be_bytes_mod_order(bytes)]);
    bytes.chunks_exact(bytes.len() / primes).flat_map(prime).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

fn transform(backend: &AnyBackend, line: &str) {
    let (field, rest) = line.split_once(' ').unwrap();
    let field = FieldId::from_str(field).unwrap();
    let parts: Vec<&str> = rest.split('|').collect();
    let [head, coefficients, values] = parts[..] else { panic!("{line}") };
    let (log_size, shift) = head.trim().split_once(' ').unwrap();
    let log_size: u32 = log_size.parse().unwrap();
    let [shift, coefficients, values] =
        with_field!(field, F => [shift, coefficients, values].map(numbers::<F>));
    let width = shift.len();
    let reversed: Vec<u64> = (0..1usize << log_size)
        .map(|i| i.reverse_bits().unbounded_shr(usize::BITS - log_size))
        .flat_map(|i| values[i * width..(i + 1) * width].to_vec())
        .collect();
    for (order, values) in [(Order::Natural, &values), (Order::BitReversed, &reversed)] {
        for (direction, data, expected) in [
            (Direction::Forward, &coefficients, values),
            (Direction::Inverse, values, &coefficients),
        ] {
            let given = GivenTransform { field, log_size, direction, order, shift: &shift, data };
            assert_eq!(&check::transform(backend, &given).unwrap(), expected, "{line}: {given:?}");
        }
    }
}

/// The words of decimal numbers.
fn numbers<F: KernelField>(text: &str) -> Vec<u64> {
    let number = |text| F::from_str(text).unwrap_or_else(|_| panic!("{text}"));
    to_words(&text.split_whitespace().map(number).collect::<Vec<F>>())
}

/// SHA-256 over the digests of a kernel's cases, for each of what it computes in.
fn golden(backend: &AnyBackend, kernel: Kernel) {
    let sizes: &[usize] = if kernel == Kernel::Msm { &[5] } else { &[12, 64] };
    let mut hashes: BTreeMap<Over, Sha256> = BTreeMap::new();
    for case in cases(kernel, sizes, 1) {
        let digest = digest(backend, &case).unwrap_or_else(|error| panic!("{case}: {error}"));
        hashes.entry(case.work.over()).or_default().update(digest);
    }
    let line = |(over, hash): (Over, Sha256)| {
        let digest = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("{kernel} {over} {digest}")
    };
    let got: Vec<String> = hashes.into_iter().map(line).collect();
    let of_kernel = |line: &&str| line.split(' ').next() == Some(&kernel.to_string());
    let expected: Vec<&str> = lines(GOLDENS).filter(of_kernel).collect();
    assert!(got == expected, "results changed: {got:#?}");
}
