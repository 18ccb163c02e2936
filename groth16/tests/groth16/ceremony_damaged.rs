//! Ceremonies whose points do not belong together, or whose secrets are plainly known, make no key.

use std::io::Cursor;
use std::ops::Range;

use pulseproof_ceremony::CeremonyError;
use pulseproof_formats::elements::encode_point;
use pulseproof_formats::ptau::Ptau;
use pulseproof_formats::r1cs::R1cs;
use pulseproof_formats::roots::root_of_unity;
use pulseproof_groth16::setup::{SetupError, from_ceremony, log_size};
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, CurveId, G1, G2, Scalar, for_each_curve};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::circuits::{Shape, sample};

/// log2 of the domain of [`circuit`].
const LOG_SIZE: u32 = 2;
const N: usize = 1 << LOG_SIZE;

fn circuit<C: Curve>() -> R1cs<Scalar<C>> {
    let shape = Shape { constraints: 2, public: 1, idle: 0 };
    let circuit = sample(shape, &mut StdRng::seed_from_u64(1)).0;
    assert_eq!(log_size(&circuit).unwrap(), LOG_SIZE);
    circuit
}

/// A ceremony with secrets that somebody knows.
#[derive(Clone, Copy)]
struct Secrets<F> {
    power: u32,
    /// Whether the file was cut out of a larger ceremony's.
    cut: bool,
    tau: F,
    alpha: F,
    beta: F,
}

impl<F: PrimeField> Secrets<F> {
    /// Good ones.
    fn new(power: u32) -> Self {
        let rng = &mut StdRng::seed_from_u64(5);
        Self { power, cut: false, tau: F::rand(rng), alpha: F::rand(rng), beta: F::rand(rng) }
    }

    fn powers(&self, count: usize) -> Vec<F> {
        std::iter::successors(Some(F::ONE), |power| Some(*power * self.tau)).take(count).collect()
    }

    /// The bases of sizes 1, 2, 4, … one after the other.
    fn bases(&self, largest: u32) -> Vec<F> {
        (0..=largest).flat_map(|log| self.basis(log)).collect()
    }

    /// From the definition, in a file that was not cut without the power that is in no file.
    fn basis(&self, log: u32) -> Vec<F> {
        let size = 1u64 << log;
        let held = if self.cut { usize::MAX } else { (2 << self.power) - 1 };
        let root = root_of_unity::<F>(log).unwrap().inverse().unwrap();
        let powers = self.powers(held.min(1 << log));
        let scale = F::from(size).inverse().unwrap();
        let sum = |j: u64| {
            (0..).zip(&powers).map(|(i, power)| root.pow([i * j % size]) * power).sum::<F>()
        };
        (0..size).map(|j| sum(j) * scale).collect()
    }

    fn file<C: Curve<ScalarField = F>>(&self) -> Vec<u8> {
        let (low, high) = (self.powers(1 << self.power), self.powers((2 << self.power) - 1));
        let times =
            |values: &[F], by: F| values.iter().map(|value| *value * by).collect::<Vec<_>>();
        let bases = self.bases(self.power);
        let sections = [
            (2, points::<G1<C>>(&high)),
            (3, points::<G2<C>>(&low)),
            (4, points::<G1<C>>(&times(&low, self.alpha))),
            (5, points::<G1<C>>(&times(&low, self.beta))),
            (6, points::<G2<C>>(&[self.beta])),
            (12, points::<G1<C>>(&self.bases(self.power + 1))),
            (13, points::<G2<C>>(&bases)),
            (14, points::<G1<C>>(&times(&bases, self.alpha))),
            (15, points::<G1<C>>(&times(&bases, self.beta))),
        ];
        let prime = <G1<C> as Group>::Prime::MODULUS.to_bytes_le();
        let length = u32::try_from(prime.len()).unwrap().to_le_bytes();
        let power = self.power.to_le_bytes();
        let ceremony = (self.power + u32::from(self.cut)).to_le_bytes();
        let header = (1u32, [&length[..], &prime, &power, &ceremony].concat());
        let mut file = [&b"ptau"[..], &1u32.to_le_bytes(), &10u32.to_le_bytes()].concat();
        for (number, content) in [header].into_iter().chain(sections) {
            file.extend(number.to_le_bytes());
            file.extend((content.len() as u64).to_le_bytes());
            file.extend(content);
        }
        file
    }
}

fn points<G: Group>(scalars: &[G::ScalarField]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for scalar in scalars {
        encode_point::<G>(&(G::generator() * scalar).into_affine(), &mut bytes);
    }
    bytes
}

fn key<C: Curve>(file: Vec<u8>) -> Result<(), SetupError> {
    let mut ceremony = Ptau::<C, _>::open(Cursor::new(file)).map_err(CeremonyError::from)?;
    from_ceremony(&circuit::<C>(), &mut ceremony, &mut |_, _| ()).map(drop)
}

#[track_caller]
fn refused<C: Curve>(file: Vec<u8>, what: &str, said: &[&str]) {
    let Err(error) = key::<C>(file) else { panic!("{what}: a key was made") };
    let error = error.to_string();
    assert!(said.iter().all(|said| error.contains(said)), "{what}: {error}");
}

/// Where a section's content begins.
fn content(file: &[u8], section: u32) -> usize {
    let mut at = 12;
    while file[at..at + 4] != section.to_le_bytes() {
        at += 12
            + usize::try_from(u64::from_le_bytes(file[at + 4..at + 12].try_into().unwrap()))
                .unwrap();
    }
    at + 12
}

/// A section whose points a key depends on: its number, its name, those points, and their group.
struct Section {
    number: u32,
    name: &'static str,
    used: Range<usize>,
    is_g2: bool,
}

fn sections(power: u32) -> Vec<Section> {
    let basis = N - 1..2 * N - 1;
    let section = |number, name, used, is_g2| Section { number, name, used, is_g2 };
    vec![
        section(2, "tauG1", 0..(2 * N).min((2 << power) - 1), false),
        section(3, "tauG2", 0..N, true),
        section(4, "alphaTauG1", 0..N, false),
        section(5, "betaTauG1", 0..N, false),
        section(6, "betaG2", 0..1, true),
        section(12, "lagrange tauG1", N - 1..4 * N - 1, false),
        section(13, "lagrange tauG2", basis.clone(), true),
        section(14, "lagrange alphaTauG1", basis.clone(), false),
        section(15, "lagrange betaTauG1", basis, false),
    ]
}

/// What is written over a point.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// Another one of the group.
    Other,
    /// The one behind it, which takes its place.
    Exchanged,
    Infinity,
    OutsideSubgroup,
}

fn other<G: Group>(damage: Damage, bytes: &mut [u8], next: &mut [u8]) {
    let mut with = Vec::new();
    match damage {
        Damage::Other => encode_point::<G>(
            &(G::generator() * G::ScalarField::from(7u64)).into_affine(),
            &mut with,
        ),
        Damage::Infinity => with.resize(bytes.len(), 0),
        Damage::OutsideSubgroup => encode_point::<G>(&outside_subgroup(), &mut with),
        Damage::Exchanged => return bytes.swap_with_slice(next),
    }
    bytes.copy_from_slice(&with);
}

fn outside_subgroup<P: AffineRepr>() -> P {
    let points = (0..=u8::MAX).filter_map(|byte| P::from_random_bytes(&[byte; 192]));
    points.into_iter().find(|point| point.check().is_err()).unwrap()
}

fn damaged<C: Curve>(file: &[u8], section: &Section, index: usize, damage: Damage) -> Vec<u8> {
    let mut file = file.to_vec();
    let size = C::g1_bytes() * if section.is_g2 { 4 } else { 2 };
    let at = content(&file, section.number) + index * size;
    let (bytes, behind) = file[at..].split_at_mut(size);
    let next = &mut behind[..if matches!(damage, Damage::Exchanged) { size } else { 0 }];
    match section.is_g2 {
        true => other::<G2<C>>(damage, bytes, next),
        false => other::<G1<C>>(damage, bytes, next),
    }
    file
}

fn every_point_counts<C: Curve>(power: u32, cut: bool) {
    let file = Secrets::<Scalar<C>> { cut, ..Secrets::new(power) }.file::<C>();
    key::<C>(file.clone()).unwrap();
    for section in sections(power) {
        for index in section.used.clone() {
            let refuse = |damage, said: &[&str]| {
                let what = format!("{} {index} {damage:?}", section.name);
                refused::<C>(damaged::<C>(&file, &section, index, damage), &what, said);
            };
            refuse(Damage::Other, &[section.name]);
            if index + 1 < section.used.end {
                refuse(Damage::Exchanged, &[section.name]);
            }
            refuse(Damage::Infinity, &[section.name]);
            // All points of G1 of BN254 are in the subgroup.
            if section.is_g2 || C::ID == CurveId::Bls12_381 {
                refuse(Damage::OutsideSubgroup, &[section.name, "subgroup"]);
            }
        }
    }
}

#[test]
fn every_point_counts_in_the_smallest_ceremony() {
    every_point_counts::<Bn254>(LOG_SIZE, false);
    every_point_counts::<Bls12_381>(LOG_SIZE, false);
}

#[test]
fn every_point_counts_in_a_ceremony_that_was_cut() {
    every_point_counts::<Bn254>(LOG_SIZE, true);
    every_point_counts::<Bls12_381>(LOG_SIZE, true);
    every_point_counts::<Bn254>(LOG_SIZE + 1, true);
}

#[test]
fn every_point_counts_in_a_larger_ceremony() {
    every_point_counts::<Bn254>(LOG_SIZE + 1, false);
}

fn secrets_that_everybody_knows<C: Curve>() {
    let good = Secrets::<Scalar<C>>::new(LOG_SIZE);
    let (zero, one) = (Scalar::<C>::ZERO, Scalar::<C>::ONE);
    let none = "no contribution was made";
    let root = |log| root_of_unity(log).unwrap();
    for (secrets, said) in [
        (Secrets { tau: one, ..good }, ["tauG1", none]),
        (Secrets { alpha: one, ..good }, ["alphaTauG1", none]),
        (Secrets { beta: one, ..good }, ["betaTauG1", none]),
        (Secrets { tau: zero, ..good }, ["tauG1", "infinity"]),
        (Secrets { alpha: zero, ..good }, ["alphaTauG1", "infinity"]),
        (Secrets { beta: zero, ..good }, ["betaTauG1", "infinity"]),
        (Secrets { tau: root(LOG_SIZE), ..good }, ["tauG1", "root of unity"]),
        (Secrets { tau: root(LOG_SIZE + 1), ..good }, ["tauG1", "root of unity"]),
        (Secrets { tau: -one, ..good }, ["tauG1", "is -1"]),
        (Secrets { alpha: -one, ..good }, ["alphaTauG1", "is -1"]),
        (Secrets { beta: -one, ..good }, ["betaTauG1", "is -1"]),
    ] {
        refused::<C>(secrets.file::<C>(), said[1], &said);
    }
}

#[test]
fn secrets_that_everybody_knows_are_refused() {
    for_each_curve!(secrets_that_everybody_knows);
}

/// Sections that are good, each by itself, but of two ceremonies.
#[test]
fn sections_of_two_ceremonies_are_refused() {
    let one = Secrets::<Scalar<Bn254>>::new(LOG_SIZE);
    let two = Secrets { tau: one.tau.double(), alpha: one.beta, beta: one.alpha, ..one };
    let (one, two) = (one.file::<Bn254>(), two.file::<Bn254>());
    for section in sections(LOG_SIZE) {
        let begin = content(&one, section.number);
        let length = u64::from_le_bytes(one[begin - 8..begin].try_into().unwrap());
        let range = begin..begin + usize::try_from(length).unwrap();
        let mut file = one.clone();
        file[range.clone()].copy_from_slice(&two[range]);
        refused::<Bn254>(file, "a section of another ceremony", &[section.name]);
    }
}
