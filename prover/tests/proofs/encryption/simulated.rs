//! Zero knowledge: whoever knows τ makes proofs without a witness, and so a proof tells nothing of one.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, G1, G1Affine, Scalar};
use pulseproof_packing::Layout;
use pulseproof_prover::commitment::{Blinders, CommitmentKey};
use pulseproof_prover::encryption::{Scheme, Statement};
use pulseproof_prover::srs::Srs;
use rand::RngCore;

use super::agreement::verdict;
use super::lists::{layout, public_key};
use super::oracle::{Challenges, Claim, Elements, Weights, batches, challenges, numerator};
use crate::common::{rng, srs, tau};

/// The simulator of `docs/encryption-proof.md`: knows τ, and of the list nothing.
fn simulate<C: Curve>(
    tau: Scalar<C>,
    claim: &Claim<'_, C>,
    g: usize,
    rng: &mut impl RngCore,
) -> Elements<C> {
    let rows = 1usize << claim.key.log_size();
    let (rounds, ahead) = ((6 + g, (3 + g).div_ceil(2) + 2), 2);
    let mut random = |count| (0..count).map(|_| Scalar::<C>::rand(rng)).collect::<Vec<_>>();
    // At τ, with φ and σ at ωτ; at z and ωz, with V.
    let at_tau = random(rounds.0 + rounds.1 + ahead);
    let values = random(1 + rounds.0 + rounds.1 + ahead);
    let generator = G1::<C>::generator();
    let commit = |values: &[Scalar<C>]| {
        values.iter().map(|&value| (generator * value).into_affine()).collect::<Vec<_>>()
    };
    let zero = G1Affine::<C>::zero();
    let mut elements = Elements {
        g: u8::try_from(g).unwrap(),
        first: commit(&at_tau[..rounds.0]),
        second: commit(&at_tau[rounds.0..][..rounds.1]),
        quotient: zero,
        values,
        openings: vec![zero; 2],
    };
    // Q. Everything in it is known but V(τ), which is known in the exponent; it enters linearly.
    let Challenges { alpha, y, .. } = challenges(claim, &elements, &[]);
    let weights = Weights::new(claim.layout, claim.public_key, rows, alpha);
    assert_eq!(weights.g, g);
    let with_word = |word: u64| {
        let values = [&[Scalar::<C>::from(word)], &at_tau[..]].concat();
        numerator(&weights, rows, alpha, y, tau, &values)
    };
    let (without, slope) = (with_word(0), with_word(1) - with_word(0));
    let one = Scalar::<C>::ONE;
    let vanishing = |x: Scalar<C>| x.pow([rows as u64]) - one;
    let inverse = vanishing(tau).inverse().unwrap();
    elements.quotient = ((claim.commitment * slope + generator * without) * inverse).into_affine();
    // Now z and γ are those of the proof, and the openings can be computed from what they open.
    let Challenges { z, gamma, .. } = challenges(claim, &elements, &[]);
    let quotient = numerator(&weights, rows, alpha, y, z, &elements.values) / vanishing(z);
    let omega = Scalar::<C>::get_root_of_unity(rows as u64).unwrap();
    let batches = batches(claim.commitment, &elements, quotient, gamma);
    let openings = batches.into_iter().zip([z, omega * z]).map(|((point, value), at)| {
        ((point - generator * value) * (tau - at).inverse().unwrap()).into_affine()
    });
    elements.openings = openings.collect();
    elements
}

fn simulation<C: Curve>(layout: Layout, g: usize) {
    let (srs, rng): (Srs<C>, _) = (srs(12), &mut rng(31));
    let scheme = Scheme::new(layout, public_key(rng)).unwrap();
    // No encryption at all, and no reading.
    let words: Vec<u64> = (0..1 << 12).map(|_| rng.next_u64()).collect();
    let commitment = CommitmentKey::new(&srs).commit(&words, &Blinders::random(rng));
    let key = &srs.verifying_key;
    let (layout, public_key, context) = (scheme.layout(), scheme.key(), &b"context"[..]);
    let claim = Claim { key, layout, public_key, commitment, context };
    let statement = Statement { commitment, context };
    let simulated = simulate(tau(), &claim, g, rng);
    assert!(verdict(key, &scheme, statement, &simulated.to_bytes()));
    // Nor does it need to know what it was committed to.
    let commitment = G1Affine::<C>::rand(rng);
    let other = simulate(tau(), &Claim { commitment, ..claim }, g, rng).to_bytes();
    assert!(verdict(key, &scheme, Statement { commitment, context }, &other));
    // It is as little worth elsewhere as any proof.
    assert!(!verdict(key, &scheme, statement, &other));
    // With another τ than the key's, the simulator is a forger who fails.
    let failed = simulate(Scalar::<C>::rand(rng), &claim, g, rng).to_bytes();
    assert!(!verdict(key, &scheme, statement, &failed));
}

#[test]
fn whoever_knows_tau_simulates_proofs_and_nobody_else() {
    simulation::<Bls12_381>(layout(2, (0, 9), (2, 5), 10), 1);
    simulation::<Bn254>(layout(288, (0, 50_000), (4000, 12_000), 10), 2);
}
