//! What the oracle accepts, the verifier accepts, and nothing else.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, Scalar, naive};
use pulseproof_packing::{Layout, LayoutRequest};
use pulseproof_prover::encryption::{Proof, Scheme, Statement, verify};
use pulseproof_prover::srs::VerifyingKey;

use super::lists::{cut, day, layout, public_key, request};
use super::oracle::{Claim, accepts, lagrange};
use super::proved::Proved;
use crate::common::{proving_key, rng, srs};

/// The common verdict of oracle and verifier.
pub fn verdict<C: Curve>(
    key: &VerifyingKey<C>,
    scheme: &Scheme<C>,
    statement: Statement<'_, C>,
    bytes: &[u8],
) -> bool {
    let Statement { commitment, context } = statement;
    let (layout, public_key) = (scheme.layout(), scheme.key());
    let oracle = accepts(&Claim { key, layout, public_key, commitment, context }, bytes);
    let proof = Proof::from_bytes(bytes);
    let verified = proof.is_ok_and(|proof| verify(key, scheme, statement, &proof).is_ok());
    assert_eq!(verified, oracle);
    oracle
}

fn honest<C: Curve>(layout: Layout, readings: &[i64], seed: u64) {
    let proved = Proved::<C>::of(layout, readings, seed);
    let srs = srs::<C>(12);
    let key = &srs.verifying_key;
    let statement = Statement { commitment: proved.commitment, context: b"context" };
    assert!(verdict(key, &proved.scheme, statement, &proved.proof.to_bytes()));
}

#[test]
fn the_oracle_accepts_what_is_proved() {
    for slots in 1..=4 {
        honest::<Bn254>(layout(slots, (-5, 5), (-2, 3), 3), &[4], slots as u64);
    }
    let bare = LayoutRequest { totals: false, ..request(3, (0, 400), (70, 180), 20) };
    honest::<Bls12_381>(Layout::plan(bare).unwrap(), &[400, 0, 70], 1);
    honest::<Bls12_381>(layout(2, (0, 1), (1, 1), 1), &[0, 1], 2);
    honest::<Bls12_381>(cut(), &[5000, 0, 2500], 3);
}

#[test]
fn the_oracle_accepts_what_is_proved_of_long_lists() {
    honest::<Bls12_381>(day(), &[100; 288], 4);
    honest::<Bn254>(layout(288, (0, 50_000), (4000, 12_000), 10), &[5000, 0, 50_000], 5);
}

/// The table ends with zeros, and more words must be zero.
#[test]
fn the_oracle_accepts_what_is_proved_in_longer_vectors() {
    let srs = srs::<Bn254>(13);
    let (key, public_key) = (proving_key(&srs), public_key(&mut rng(6)));
    let proved = Proved::with(&key, public_key, layout(2, (0, 9), (2, 5), 10), &[3], 6);
    let statement = Statement { commitment: proved.commitment, context: b"context" };
    let bytes = proved.proof.to_bytes();
    assert!(verdict(&srs.verifying_key, &proved.scheme, statement, &bytes));
    // Of another length, as of another layout, it proves nothing.
    let shorter = self::srs::<Bn254>(12);
    assert!(!verdict(&shorter.verifying_key, &proved.scheme, statement, &bytes));
}

#[test]
fn the_oracle_interpolates() {
    let x = Scalar::<Bn254>::rand(&mut rng(1));
    let omega = Scalar::<Bn254>::get_root_of_unity(8).unwrap();
    let by_definition: Vec<_> = (0..8).map(|j| naive::lagrange(omega, 8, j, x)).collect();
    assert_eq!(lagrange(8, x), by_definition);
}
