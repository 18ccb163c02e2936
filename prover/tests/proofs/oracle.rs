//! The argument modulo 2^64, written a second time from `docs/wsa.md`: slowly, and with τ known.
//!
//! The oracle shares with the prover the curves and their field arithmetic, and nothing else: it hashes
//! with SHA-256 directly, computes Lagrange polynomials by their definition and checks every opening
//! by a scalar multiplication with τ − z instead of a pairing.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Curve, G1, G1Affine, Scalar, for_each_curve, naive};
use pulseproof_prover::commitment::{Blinders, CommitmentKey, Opening};
use pulseproof_prover::srs::{Srs, VerifyingKey};
use pulseproof_prover::wsa::Statement;
use pulseproof_prover::wsa::modular::{Proof, prove, verify};
use rand::{Rng, RngCore};
use sha2::{Digest, Sha256};

use crate::common::{proving_key, rng, srs_of};

/// The bytes hashed since the last challenge.
struct Log(Vec<u8>);

impl Log {
    fn message(&mut self, label: &str, data: &[u8]) {
        self.0.extend((label.len() as u64).to_le_bytes());
        self.0.extend(label.as_bytes());
        self.0.extend((data.len() as u64).to_le_bytes());
        self.0.extend(data);
    }

    fn number(&mut self, label: &str, value: u64) {
        self.message(label, &value.to_le_bytes());
    }

    fn element(&mut self, label: &str, element: &impl CanonicalSerialize) {
        self.message(label, &compressed(element));
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
#[derive(Clone)]
struct Elements<C: Curve> {
    /// K, M, Φ, Q.
    commitments: [G1Affine<C>; 4],
    /// P(z), k(z), m(z), φ(z), φ(ωz).
    values: [Scalar<C>; 5],
    /// W_0, W_1.
    openings: [G1Affine<C>; 2],
}

impl<C: Curve> Elements<C> {
    fn parse(bytes: &[u8]) -> Self {
        assert_eq!(bytes[..6], [b'P', b'P', b'W', b'M', 1, C::ID as u8]);
        let mut rest = &bytes[6..];
        let elements = Self {
            commitments: [(); 4]
                .map(|()| CanonicalDeserialize::deserialize_compressed(&mut rest).unwrap()),
            values: [(); 5]
                .map(|()| CanonicalDeserialize::deserialize_compressed(&mut rest).unwrap()),
            openings: [(); 2]
                .map(|()| CanonicalDeserialize::deserialize_compressed(&mut rest).unwrap()),
        };
        assert!(rest.is_empty());
        elements
    }

    fn to_proof(&self) -> Proof<C> {
        let mut bytes = vec![b'P', b'P', b'W', b'M', 1, C::ID as u8];
        let elements = (self.commitments, self.values, self.openings);
        bytes.extend(compressed(&elements));
        Proof::from_bytes(&bytes).unwrap()
    }
}

struct Challenges<F> {
    alpha: F,
    y: F,
    z: F,
    gamma: F,
    u: F,
}

/// Everything hashed before the prover speaks.
fn begin<C: Curve>(key: &VerifyingKey<C>, statement: &Statement<C, u64>) -> Log {
    let mut log = Log(Vec::new());
    log.message("protocol", b"pulseproof wsa modulo 2^64 v1");
    log.message("curve", &[C::ID as u8]);
    log.message("srs", &srs_id(key));
    log.message("context", &statement.context);
    log.number("vectors", statement.commitments.len() as u64);
    for (weight, commitment) in statement.weights.iter().zip(&statement.commitments) {
        log.number("weight", *weight);
        log.element("commitment", commitment);
    }
    log.number("words", statement.aggregate.len() as u64);
    let words: Vec<u8> = statement.aggregate.iter().flat_map(|word| word.to_le_bytes()).collect();
    log.message("aggregate", &words);
    log.message("circuit", b"weighted sum modulo 2^64");
    log.number("rows", 1 << key.log_size());
    log.number("public columns", 2);
    log.number("given columns", 1);
    log.number("witness columns", 1);
    log.number("lookups", 1);
    log.number("constraints", 2);
    log
}

fn challenges<C: Curve>(log: Log, elements: &Elements<C>) -> Challenges<Scalar<C>> {
    challenges_after(log, elements, &elements.openings)
}

/// The challenges if these openings were hashed before u.
fn challenges_after<C: Curve>(
    mut log: Log,
    elements: &Elements<C>,
    openings: &[G1Affine<C>],
) -> Challenges<Scalar<C>> {
    let [k, m, phi, quotient] = &elements.commitments;
    log.element("first round", k);
    log.element("first round", m);
    let alpha = log.challenge("alpha");
    log.element("second round", phi);
    let y = log.challenge("y");
    log.element("quotient", quotient);
    let z = log.challenge("z");
    for value in &elements.values {
        log.element("evaluations", value);
    }
    let gamma = log.challenge("gamma");
    for opening in openings {
        log.element("openings", opening);
    }
    Challenges { alpha, y, z, gamma, u: log.challenge("u") }
}

/// H, and the public columns at a point.
struct Public<'a, F> {
    size: usize,
    omega: F,
    aggregate: &'a [u64],
}

impl<'a, F: FftField> Public<'a, F> {
    fn new(log_size: u32, aggregate: &'a [u64]) -> Self {
        let size = 1 << log_size;
        Self { size, omega: F::get_root_of_unity(size as u64).unwrap(), aggregate }
    }

    fn sum(&self, words: impl Iterator<Item = u64>, x: F) -> F {
        let terms = words.enumerate();
        terms.map(|(j, word)| F::from(word) * naive::lagrange(self.omega, self.size, j, x)).sum()
    }

    /// A(x).
    fn aggregate(&self, x: F) -> F {
        self.sum(self.aggregate.iter().copied(), x)
    }

    /// T(x).
    fn table(&self, x: F) -> F {
        self.sum(0..self.size as u64, x)
    }

    /// x^N − 1.
    fn vanishing(&self, x: F) -> F {
        x.pow([self.size as u64]) - F::ONE
    }
}

/// Both constraints, combined, at a point where the columns have these values.
fn numerator<F: FftField>(
    public: &Public<'_, F>,
    challenges: &Challenges<F>,
    x: F,
    [p, k, m, phi, phi_next]: [F; 5],
) -> F {
    let (a, t, alpha) = (public.aggregate(x), public.table(x), challenges.alpha);
    let equation = p - a - F::from(1u128 << 64) * k;
    let lookup = (phi_next - phi) * (alpha + k) * (alpha + t) - (alpha + t) + m * (alpha + k);
    equation + challenges.y * lookup
}

fn combination<C: Curve>(statement: &Statement<C, u64>) -> G1<C> {
    let terms = statement.commitments.iter().zip(&statement.weights);
    terms.map(|(&commitment, &weight)| commitment * Scalar::<C>::from(weight)).sum()
}

/// [F_0]₁ and v_0 at z, for the given value of the quotient.
fn batch<C: Curve>(
    sum: G1<C>,
    elements: &Elements<C>,
    quotient: Scalar<C>,
    gamma: Scalar<C>,
) -> (G1<C>, Scalar<C>) {
    let [k, m, phi, q] = elements.commitments;
    let points = [sum, k.into(), m.into(), phi.into(), q.into()];
    let [p_z, k_z, m_z, phi_z, _] = elements.values;
    let values = [p_z, k_z, m_z, phi_z, quotient];
    let power = |j: usize| gamma.pow([j as u64]);
    let point = points.iter().enumerate().map(|(j, &point)| point * power(j)).sum();
    let value = values.iter().enumerate().map(|(j, &value)| value * power(j)).sum();
    (point, value)
}

/// Whether the proof shows the statement, by somebody who knows τ.
fn accepts<C: Curve>(
    tau: Scalar<C>,
    key: &VerifyingKey<C>,
    statement: &Statement<C, u64>,
    elements: &Elements<C>,
) -> bool {
    let size = 1u64 << key.log_size();
    let total = statement.weights.iter().try_fold(0u64, |sum, &w| sum.checked_add(w));
    let well_formed = !statement.commitments.is_empty()
        && statement.commitments.len() == statement.weights.len()
        && statement.weights.iter().all(|&weight| weight > 0)
        && total.is_some_and(|total| total <= size)
        && statement.aggregate.len() as u64 <= size;
    if !well_formed {
        return false;
    }
    let public = Public::new(key.log_size(), &statement.aggregate);
    let challenges = challenges(begin(key, statement), elements);
    let (z, g) = (challenges.z, G1::<C>::generator());
    if public.vanishing(z).is_zero() {
        return false;
    }
    let quotient = numerator(&public, &challenges, z, elements.values) / public.vanishing(z);
    let (point, value) = batch(combination(statement), elements, quotient, challenges.gamma);
    let [w_0, w_1] = elements.openings;
    let phi_next = g * elements.values[4];
    let z_next = public.omega * z;
    w_0 * (tau - z) == point - g * value
        && w_1 * (tau - z_next) == elements.commitments[2].into_group() - phi_next
}

struct Setting<C: Curve> {
    tau: Scalar<C>,
    srs: Srs<C>,
    statement: Statement<C, u64>,
    proof: Proof<C>,
}

fn setting<C: Curve>(seed: u64, log_size: u32, weights: &[u64], length: usize) -> Setting<C> {
    let rng = &mut rng(seed);
    let tau = Scalar::<C>::rand(rng);
    let srs = srs_of::<C>(tau, log_size);
    let key = CommitmentKey::new(&srs);
    let vectors: Vec<_> = weights
        .iter()
        .map(|_| {
            let words: Vec<_> = (0..length).map(|_| rng.next_u64()).collect();
            let blinders = Blinders::random(rng);
            (key.commit(&words, &blinders), words, blinders)
        })
        .collect();
    let openings: Vec<_> = vectors
        .iter()
        .map(|(commitment, words, blinders)| Opening { commitment: *commitment, words, blinders })
        .collect();
    let (statement, proof) = prove(&proving_key(&srs), &openings, weights, b"oracle", rng).unwrap();
    Setting { tau, srs, statement, proof }
}

impl<C: Curve> Setting<C> {
    fn elements(&self) -> Elements<C> {
        Elements::parse(&self.proof.to_bytes())
    }

    /// The common verdict of oracle and verifier.
    fn verdict(&self, statement: &Statement<C, u64>, elements: &Elements<C>) -> bool {
        let key = &self.srs.verifying_key;
        let oracle = accepts(self.tau, key, statement, elements);
        assert_eq!(verify(key, statement, &elements.to_proof()).is_ok(), oracle);
        oracle
    }
}

fn agrees_on_honest_proofs<C: Curve>() {
    for (seed, (log_size, weights, length)) in [
        (1, vec![1], 2),
        (1, vec![1, 1], 1),
        (3, vec![1, 2, 5], 7),
        (4, vec![1; 10], 16),
        (5, vec![32], 0),
    ]
    .into_iter()
    .enumerate()
    {
        let setting = setting::<C>(seed as u64, log_size, &weights, length);
        assert!(setting.verdict(&setting.statement, &setting.elements()));
    }
}

#[test]
fn the_oracle_accepts_what_is_proved() {
    for_each_curve!(agrees_on_honest_proofs);
}

fn agrees_on_altered_proofs<C: Curve>() {
    let setting = setting::<C>(11, 3, &[2, 3, 1], 6);
    let honest = setting.elements();
    let rng = &mut rng(12);
    for which in 0..11 {
        for delta in [Scalar::<C>::ONE, -Scalar::<C>::ONE, Scalar::<C>::rand(rng)] {
            let mut altered = honest.clone();
            let moved = |point: &mut G1Affine<C>| {
                *point = (*point + G1Affine::<C>::generator() * delta).into_affine();
            };
            match which {
                0..4 => moved(&mut altered.commitments[which]),
                4..9 => altered.values[which - 4] += delta,
                _ => moved(&mut altered.openings[which - 9]),
            }
            assert!(!setting.verdict(&setting.statement, &altered), "element {which}");
        }
    }
    let mut swapped = honest.clone();
    swapped.openings.reverse();
    assert!(!setting.verdict(&setting.statement, &swapped));
    let identity =
        Elements { openings: [G1Affine::<C>::zero(); 2], values: [Scalar::<C>::ZERO; 5], ..honest };
    assert!(!setting.verdict(&setting.statement, &identity));
}

#[test]
fn the_oracle_rejects_altered_proofs_as_the_verifier_does() {
    for_each_curve!(agrees_on_altered_proofs);
}

fn agrees_on_altered_statements<C: Curve>() {
    let setting = setting::<C>(13, 3, &[2, 3, 1], 6);
    let elements = setting.elements();
    let rng = &mut rng(14);
    for which in 0..24 {
        let mut altered = setting.statement.clone();
        match which % 8 {
            0 => altered.aggregate[rng.gen_range(0..6)] ^= 1 << rng.gen_range(0..64),
            1 => altered.aggregate.push(0),
            2 => altered.weights[rng.gen_range(0..3)] = rng.gen_range(4..9),
            3 => altered.commitments[rng.gen_range(0..3)] = G1Affine::<C>::rand(rng),
            4 => altered.context.push(rng.r#gen()),
            5 => altered.context[rng.gen_range(0..6)] ^= 0x40,
            6 => altered.commitments.swap(0, 1),
            _ => altered.weights[1] = 0,
        }
        assert!(!setting.verdict(&altered, &elements), "change {which}");
    }
}

#[test]
fn the_oracle_rejects_altered_statements_as_the_verifier_does() {
    for_each_curve!(agrees_on_altered_statements);
}

/// Changes an accepted proof so that it would be accepted again if the challenges stayed what they
/// were. They do not, because what was changed is hashed before the challenge that it exploits.
#[test]
fn changes_that_fit_the_old_challenges_are_rejected() {
    type C = Bls12_381;
    let setting = setting::<C>(15, 3, &[2, 3, 1], 6);
    let (honest, statement, tau) = (setting.elements(), &setting.statement, setting.tau);
    let public = Public::new(3, &statement.aggregate);
    let log = begin(&setting.srs.verifying_key, statement);
    let old = challenges(log, &honest);
    let (g, one) = (G1::<C>::generator(), Scalar::<C>::ONE);
    let (z, z_next) = (old.z, old.z * public.omega);

    // The errors of the two openings cancel: under the old u, under the u of a transcript that
    // never heard the openings, and in a plain sum.
    let deaf = challenges_after(begin(&setting.srs.verifying_key, statement), &honest, &[]).u;
    for u in [old.u, deaf, one] {
        let mut cancelling = honest.clone();
        let move_by = |point: G1Affine<C>, by: Scalar<C>| (point + g * by).into_affine();
        cancelling.openings[0] = move_by(cancelling.openings[0], one / (tau - z));
        cancelling.openings[1] = move_by(cancelling.openings[1], -one / (u * (tau - z_next)));
        assert!(!setting.verdict(statement, &cancelling));
    }

    // Under the old γ the errors of P(z) and m(z), and of the quotient's value with them, cancel.
    let mut shifted = honest.clone();
    let inverse = public.vanishing(z).inverse().unwrap();
    let quotient = |values| numerator(&public, &old, z, values) * inverse;
    let value = |values: [Scalar<C>; 5]| {
        let elements = Elements { values, ..honest.clone() };
        batch(g, &elements, quotient(values), old.gamma).1
    };
    shifted.values[2] += one;
    // v_0 is linear in P(z), with slope 1 + γ⁴/Z_H(z).
    let slope = one + old.gamma.pow([4]) * inverse;
    shifted.values[0] -= (value(shifted.values) - value(honest.values)) / slope;
    assert_eq!(value(shifted.values), value(honest.values));
    assert!(!setting.verdict(statement, &shifted));
}

/// The simulator of `docs/wsa.md`: knows τ, and of the witness nothing.
fn simulate<C: Curve>(
    tau: Scalar<C>,
    key: &VerifyingKey<C>,
    statement: &Statement<C, u64>,
    rng: &mut impl RngCore,
) -> Proof<C> {
    let public = Public::new(key.log_size(), &statement.aggregate);
    let (g, sum) = (G1::<C>::generator(), combination(statement));
    let mut random = || Scalar::<C>::rand(rng);
    let (k, m, phi, phi_next) = (random(), random(), random(), random());
    let values = [random(), random(), random(), random(), random()];
    let commit = |value: Scalar<C>| (g * value).into_affine();
    let zero = G1Affine::<C>::zero();
    let mut elements = Elements {
        commitments: [commit(k), commit(m), commit(phi), zero],
        values,
        openings: [zero; 2],
    };
    // The quotient's value at τ. Everything in it is known but P(τ), which is known in the exponent.
    let first = challenges(begin(key, statement), &elements);
    let rest = numerator(&public, &first, tau, [Scalar::<C>::ZERO, k, m, phi, phi_next]);
    let inverse = public.vanishing(tau).inverse().unwrap();
    elements.commitments[3] = ((sum + g * rest) * inverse).into_affine();
    // Now z and γ are those of the proof, and the openings can be computed from what they open.
    let last = challenges(begin(key, statement), &elements);
    let quotient = numerator(&public, &last, last.z, values) / public.vanishing(last.z);
    let (point, value) = batch(sum, &elements, quotient, last.gamma);
    let open = |difference: G1<C>, at: Scalar<C>| {
        (difference * (tau - at).inverse().unwrap()).into_affine()
    };
    elements.openings =
        [open(point - g * value, last.z), open(g * (phi - values[4]), last.z * public.omega)];
    elements.to_proof()
}

fn simulation<C: Curve>() {
    let setting = setting::<C>(21, 3, &[2, 3, 1], 6);
    let key = &setting.srs.verifying_key;
    let rng = &mut rng(22);
    // A true statement, without its witness: zero knowledge.
    let simulated = simulate(setting.tau, key, &setting.statement, rng);
    assert_ne!(simulated, setting.proof);
    assert!(setting.verdict(&setting.statement, &Elements::parse(&simulated.to_bytes())));
    // False ones: soundness rests on nobody knowing τ.
    for _ in 0..3 {
        let mut wrong = setting.statement.clone();
        wrong.aggregate.iter_mut().for_each(|word| *word = rng.next_u64());
        wrong.commitments[0] = G1Affine::<C>::rand(rng);
        let forged = Elements::parse(&simulate(setting.tau, key, &wrong, rng).to_bytes());
        assert!(setting.verdict(&wrong, &forged));
        // It is as little worth elsewhere as any proof.
        assert!(!setting.verdict(&setting.statement, &forged));
    }
    // With another τ than the key's, the simulator is a forger who fails.
    let failed = simulate(Scalar::<C>::rand(rng), key, &setting.statement, rng);
    assert!(!setting.verdict(&setting.statement, &Elements::parse(&failed.to_bytes())));
}

#[test]
fn whoever_knows_tau_simulates_proofs_and_nobody_else() {
    for_each_curve!(simulation);
}
