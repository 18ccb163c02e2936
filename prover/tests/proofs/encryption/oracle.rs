//! The verifier of `docs/encryption-proof.md`, written a second time from the page: slowly.
//!
//! It shares with the prover the curves, their field arithmetic and pairing, and what a layout is. It
//! hashes with SHA-256 directly, reads bytes on its own, writes all equations out and adds them up
//! term by term.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, G1Affine, Scalar};
use pulseproof_packing::{Layout, PublicKey};
use pulseproof_prover::srs::VerifyingKey;
use sha2::{Digest, Sha256};

use super::equations::{Cell, digit_columns, equations};

const BASE: usize = 4096;

/// What is claimed of which commitment.
#[derive(Clone, Copy)]
pub struct Claim<'a, C: Curve> {
    pub key: &'a VerifyingKey<C>,
    pub layout: &'a Layout,
    pub public_key: &'a PublicKey,
    pub commitment: G1Affine<C>,
    pub context: &'a [u8],
}

/// The bytes hashed since the last challenge.
struct Log(Vec<u8>);

impl Log {
    fn message(&mut self, label: &str, data: &[u8]) {
        self.0.extend((label.len() as u64).to_le_bytes());
        self.0.extend(label.as_bytes());
        self.0.extend((data.len() as u64).to_le_bytes());
        self.0.extend(data);
    }

    fn number(&mut self, label: &str, value: usize) {
        self.message(label, &(value as u64).to_le_bytes());
    }

    fn elements(&mut self, label: &str, elements: &[impl CanonicalSerialize]) {
        elements.iter().for_each(|element| self.message(label, &compressed(element)));
    }

    fn challenge<F: Field>(&mut self, label: &str) -> F {
        self.message(label, &[]);
        let digest = Sha256::digest(&self.0).to_vec();
        self.0 = digest.clone();
        let half = |index: u8| Sha256::digest([digest.as_slice(), &[index]].concat());
        let integer = [half(0), half(1)].concat();
        let shift = F::from(256u64);
        integer.iter().rev().fold(F::ZERO, |sum, &byte| sum * shift + F::from(u64::from(byte)))
    }
}

fn compressed(element: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    element.serialize_compressed(&mut bytes).unwrap();
    bytes
}

fn srs_id<C: Curve>(key: &VerifyingKey<C>) -> [u8; 32] {
    let mut bytes = b"pulseproof srs v1".to_vec();
    bytes.extend([C::ID as u8, key.origin as u8]);
    bytes.extend(key.log_size().to_le_bytes());
    bytes.extend([compressed(&key.g), compressed(&key.h), compressed(&key.tau_h)].concat());
    Sha256::digest(bytes).into()
}

/// A proof's elements, in the order of its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Elements<C: Curve> {
    /// Columns of digits.
    pub g: u8,
    /// K, H, L, R, A, D_0, …, m.
    pub first: Vec<G1Affine<C>>,
    /// f…, φ, σ.
    pub second: Vec<G1Affine<C>>,
    pub quotient: G1Affine<C>,
    /// At z: V, the first round, the second; at ωz: φ, σ.
    pub values: Vec<Scalar<C>>,
    /// At z, at ωz.
    pub openings: Vec<G1Affine<C>>,
}

/// Columns of fractions: all inputs of the lookup but the first, in pairs.
fn fractions(g: usize) -> usize {
    (3 + g).div_ceil(2)
}

impl<C: Curve> Elements<C> {
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        fn some<T: CanonicalDeserialize>(rest: &mut &[u8], count: usize) -> Option<Vec<T>> {
            (0..count).map(|_| T::deserialize_compressed(&mut *rest).ok()).collect()
        }
        let (header, rest) = bytes.split_at_checked(7)?;
        let g = header[6];
        if header[..6] != [b'P', b'P', b'E', b'N', 1, C::ID as u8] || !(1..=2).contains(&g) {
            return None;
        }
        let (g, rest) = (usize::from(g), &mut &*rest);
        let (first, second) = (6 + g, fractions(g) + 2);
        let elements = Self {
            g: header[6],
            first: some(rest, first)?,
            second: some(rest, second)?,
            quotient: some(rest, 1)?[0],
            values: some(rest, 1 + first + second + 2)?,
            openings: some(rest, 2)?,
        };
        // One encoding of each value.
        (rest.is_empty() && elements.to_bytes() == bytes).then_some(elements)
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![b'P', b'P', b'E', b'N', 1, C::ID as u8, self.g];
        let points = self.first.iter().chain(&self.second).chain([&self.quotient]);
        points.for_each(|point| bytes.extend(compressed(point)));
        self.values.iter().for_each(|value| bytes.extend(compressed(value)));
        self.openings.iter().for_each(|point| bytes.extend(compressed(point)));
        bytes
    }
}

pub struct Challenges<F> {
    pub alpha: F,
    pub y: F,
    pub z: F,
    pub gamma: F,
    pub u: F,
}

/// The challenges, if these openings were hashed before u.
pub fn challenges<C: Curve>(
    claim: &Claim<'_, C>,
    elements: &Elements<C>,
    openings: &[G1Affine<C>],
) -> Challenges<Scalar<C>> {
    let mut log = Log(Vec::new());
    log.message("protocol", b"pulseproof encryption v1");
    log.message("curve", &[C::ID as u8]);
    log.message("srs", &srs_id(claim.key));
    let mut scheme = b"pulseproof encryption scheme v1".to_vec();
    scheme.extend(claim.layout.id());
    scheme.extend(claim.public_key.fingerprint());
    log.message("scheme", &Sha256::digest(scheme));
    log.message("context", claim.context);
    log.elements("commitment", &[claim.commitment]);

    let g = usize::from(elements.g);
    log.message("circuit", b"well-formed encryption");
    log.number("rows", 1 << claim.key.log_size());
    log.number("public columns", 1);
    log.number("given columns", 1);
    log.number("witness columns", 5 + g);
    log.number("lookups", 2);
    log.number("constraints", 4 + fractions(g) - 1);
    log.elements("first round", &elements.first);
    let alpha = log.challenge("alpha");
    log.elements("second round", &elements.second);
    let y = log.challenge("y");
    log.elements("quotient", &[elements.quotient]);
    let z = log.challenge("z");
    log.elements("evaluations", &elements.values);
    let gamma = log.challenge("gamma");
    log.elements("openings", openings);
    Challenges { alpha, y, z, gamma, u: log.challenge("u") }
}

/// Σ_e α^e·(equation e): for each cell and square, what it is multiplied by.
pub struct Weights<F> {
    word: Vec<F>,
    carry: Vec<F>,
    high: Vec<F>,
    low: Vec<F>,
    bit: Vec<F>,
    value: Vec<F>,
    square: Vec<F>,
    digits: Vec<Vec<F>>,
    constant: F,
    pub g: usize,
}

fn integer<F: PrimeField>(value: i128) -> F {
    let size = F::from(value.unsigned_abs());
    if value < 0 { -size } else { size }
}

impl<F: PrimeField> Weights<F> {
    pub fn new(layout: &Layout, key: &PublicKey, rows: usize, alpha: F) -> Self {
        let zeros = || vec![F::ZERO; rows];
        let mut weights = Self {
            word: zeros(),
            carry: zeros(),
            high: zeros(),
            low: zeros(),
            bit: zeros(),
            value: zeros(),
            square: zeros(),
            digits: vec![zeros(); 2],
            constant: F::ZERO,
            g: 0,
        };
        let digits = equations(layout, key, rows, |e, form| {
            let power = alpha.pow([e as u64]);
            weights.constant += power * integer::<F>(form.constant);
            for &(cell, number) in &form.terms {
                *weights.of(cell) += power * integer::<F>(number);
            }
        });
        weights.g = digit_columns(digits);
        weights
    }

    fn of(&mut self, cell: Cell) -> &mut F {
        match cell {
            Cell::Word(j) => &mut self.word[j],
            Cell::Carry(j) => &mut self.carry[j],
            Cell::High(j) => &mut self.high[j],
            Cell::Low(j) => &mut self.low[j],
            Cell::Bit(j) => &mut self.bit[j],
            Cell::Value(j) => &mut self.value[j],
            Cell::Square(j) => &mut self.square[j],
            Cell::Digit(d) => &mut self.digits[d / BASE][d % BASE],
        }
    }
}

/// L_j(x) for every j. (x^N − 1)/(x − ω^j) is Σ ω^{j(N−1−i)}·x^i, which is N·ω^{−j} at ω^j.
pub fn lagrange<F: FftField>(rows: usize, x: F) -> Vec<F> {
    let omega = F::get_root_of_unity(rows as u64).unwrap();
    let (vanishing, size) = (x.pow([rows as u64]) - F::ONE, F::from(rows as u64));
    let mut root = F::ONE;
    let mut values = Vec::new();
    for _ in 0..rows {
        values.push(root * vanishing / (size * (x - root)));
        root *= omega;
    }
    values
}

/// All constraints at x, combined by powers of y, where the columns have these values: V, the first
/// round, the second, then φ and σ one row ahead.
pub fn numerator<F: PrimeField>(
    weights: &Weights<F>,
    rows: usize,
    alpha: F,
    y: F,
    x: F,
    values: &[F],
) -> F {
    let at = lagrange(rows, x);
    let interpolate = |column: &[F]| column.iter().zip(&at).map(|(v, l)| *v * l).sum::<F>();
    let table = (0..BASE).map(|row| F::from(row as u64)).collect::<Vec<_>>();
    let t = interpolate(&table);

    let g = weights.g;
    let [v, k, h, l, r, a] = values[..6] else { unreachable!() };
    let (d, rest) = values[6..].split_at(g);
    let (m, rest) = (rest[0], &rest[1..]);
    let (f, rest) = rest.split_at(fractions(g));
    let [phi, sigma, phi_next, sigma_next] = rest[..] else { panic!("more values than columns") };

    let mut constraints = Vec::new();
    let steps = phi_next - phi - f.iter().sum::<F>();
    constraints.push(steps * (alpha + k) * (alpha + t) - (alpha + t) + m * (alpha + k));
    let inputs: Vec<F> = [h, l, F::from(64u64) - l].into_iter().chain(d.iter().copied()).collect();
    for (f, pair) in f.iter().zip(inputs.chunks(2)) {
        constraints.push(match *pair {
            [a, b] => *f * (alpha + a) * (alpha + b) - (alpha + a) - (alpha + b),
            [a] => *f * (alpha + a) - F::ONE,
            _ => unreachable!(),
        });
    }
    constraints.push(r * r - r);
    let mut sum = interpolate(&weights.word) * v
        + interpolate(&weights.carry) * k
        + interpolate(&weights.high) * h
        + interpolate(&weights.low) * l
        + interpolate(&weights.bit) * r
        + interpolate(&weights.value) * a
        + interpolate(&weights.square) * a * a;
    sum += weights.digits.iter().zip(d).map(|(w, d)| interpolate(w) * d).sum::<F>();
    sum += at[0] * weights.constant;
    constraints.push(sigma_next - sigma - sum);
    constraints.iter().rev().fold(F::ZERO, |combined, constraint| combined * y + constraint)
}

/// [F_0]₁, v_0, [F_1]₁ and v_1, for the given value of the quotient.
pub fn batches<C: Curve>(
    commitment: G1Affine<C>,
    elements: &Elements<C>,
    quotient: Scalar<C>,
    gamma: Scalar<C>,
) -> [(G1<C>, Scalar<C>); 2] {
    let (first, second) = (&elements.first, &elements.second);
    let (here, ahead) = elements.values.split_at(elements.values.len() - 2);
    let read_here = [commitment].into_iter().chain(first.iter().copied()).chain(second.clone());
    let points = read_here.chain([elements.quotient]).collect::<Vec<_>>();
    let values = [here, &[quotient]].concat();
    let combine = |points: &[G1Affine<C>], values: &[Scalar<C>]| {
        assert_eq!(points.len(), values.len());
        let power = |j: usize| gamma.pow([j as u64]);
        let point = points.iter().enumerate().map(|(j, &point)| point * power(j)).sum();
        let value = values.iter().enumerate().map(|(j, &value)| value * power(j)).sum();
        (point, value)
    };
    [combine(&points, &values), combine(&second[second.len() - 2..], ahead)]
}

/// Whether the layout is one that is proved about at all.
fn has_proofs(layout: &Layout, g: usize) -> bool {
    layout.request().slots <= 682 && layout.code_max() < 1 << 24 && g <= 2
}

/// Whether these bytes prove the claim.
pub fn accepts<C: Curve>(claim: &Claim<'_, C>, bytes: &[u8]) -> bool {
    let Some(elements) = Elements::<C>::parse(bytes) else { return false };
    let rows = 1usize << claim.key.log_size();
    if rows < BASE {
        return false;
    }
    let Challenges { alpha, y, z, gamma, u } = challenges(claim, &elements, &elements.openings);
    let vanishing = z.pow([rows as u64]) - Scalar::<C>::ONE;
    if vanishing.is_zero() {
        return false;
    }
    let weights = Weights::new(claim.layout, claim.public_key, rows, alpha);
    if weights.g != usize::from(elements.g) || !has_proofs(claim.layout, weights.g) {
        return false;
    }
    let quotient = numerator(&weights, rows, alpha, y, z, &elements.values) / vanishing;
    let [(f_0, v_0), (f_1, v_1)] = batches(claim.commitment, &elements, quotient, gamma);
    let [w_0, w_1] = [elements.openings[0], elements.openings[1]];
    let omega = Scalar::<C>::get_root_of_unity(rows as u64).unwrap();
    let key = claim.key;
    let right = w_0 * z + w_1 * (u * omega * z) + f_0 - key.g * v_0 + (f_1 - key.g * v_1) * u;
    C::pairing(w_0 + w_1 * u, key.tau_h) == C::pairing(right, key.h)
}
