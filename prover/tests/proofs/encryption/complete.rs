//! Honest lists are proved, whatever their layout; proofs hold where they belong, and nowhere else.

use pulseproof_kernels::{Bls12_381, Bn254, Curve};
use pulseproof_packing::Layout;
use pulseproof_prover::encryption::{
    PROOF_BYTES_MAX, Proof, Scheme, Statement, find_false, verify,
};
use pulseproof_prover::engine::verify::Rejected;

use super::lists::{cut, day, layout, public_key};
use super::proved::{Proved, proving_key};
use crate::common::{rng, srs};

fn shows<C: Curve>(layout: Layout, readings: &[i64]) -> usize {
    let proved = Proved::<C>::of(layout, readings, 7);
    let bytes = proved.proof.to_bytes();
    assert_eq!(proved.verify(), Ok(()));
    assert_eq!(Proof::<C>::from_bytes(&bytes).unwrap(), proved.proof);
    assert!(bytes.len() <= PROOF_BYTES_MAX);
    bytes.len()
}

#[test]
fn days_are_proved_on_both_curves() {
    let readings: Vec<i64> = (0..288).map(|slot| 40 + slot * 361 / 288).collect();
    assert_eq!(shows::<Bls12_381>(day(), &readings), 1127);
    assert_eq!(shows::<Bn254>(day(), &readings), 903);
}

#[test]
fn layouts_of_all_kinds_are_proved() {
    // No reading, one, the ends of the scale; limbs of several digits; all inside, none but one value.
    shows::<Bn254>(day(), &[]);
    shows::<Bn254>(layout(1, (-5, 5), (-5, 5), 3), &[-5]);
    shows::<Bn254>(layout(2, (0, 1), (1, 1), 1), &[0, 1]);
    shows::<Bn254>(cut(), &[5000, 0, 2500]);
    let steps: Vec<i64> = (0..288).map(|slot| slot * 173).collect();
    let bytes = shows::<Bn254>(layout(288, (0, 50_000), (4000, 12_000), 10), &steps);
    assert!(bytes > 903, "two columns of digits");
}

#[test]
fn a_proof_holds_where_it_belongs_and_nowhere_else() {
    let proved = Proved::<Bn254>::of(day(), &[100, 200], 8);
    let other = Proved::<Bn254>::of(day(), &[100, 200], 9);
    let proving_key = proving_key::<Bn254>();
    let key = &proving_key.srs().verifying_key;
    let Proved { scheme, commitment, proof, .. } = &proved;
    let told = |scheme: &Scheme<_>, commitment, context: &[u8], proof: &Proof<_>| {
        verify(key, scheme, Statement { commitment, context }, proof)
    };
    assert_eq!(told(scheme, *commitment, b"context", proof), Ok(()));
    assert_eq!(told(scheme, *commitment, b"another", proof), Err(Rejected));
    assert_eq!(told(scheme, other.commitment, b"context", proof), Err(Rejected));
    assert_eq!(told(scheme, *commitment, b"context", &other.proof), Err(Rejected));
    // The same packing under another key, and the same key with another packing.
    assert_eq!(told(&other.scheme, *commitment, b"context", proof), Err(Rejected));
    let wider = layout(288, (40, 400), (70, 181), 20);
    let wider = Scheme::new(wider, scheme.key().clone()).unwrap();
    assert_eq!(told(&wider, *commitment, b"context", proof), Err(Rejected));
    // A layout of two columns of digits, and an SRS that is another's.
    let large = layout(288, (0, 50_000), (4000, 12_000), 10);
    let large = Scheme::new(large, scheme.key().clone()).unwrap();
    assert_eq!(told(&large, *commitment, b"context", proof), Err(Rejected));
    let stranger = srs::<Bn254>(4).verifying_key;
    let statement = Statement { commitment: *commitment, context: b"context" };
    assert_eq!(verify(&stranger, scheme, statement, proof), Err(Rejected));
}

#[test]
fn a_batch_names_exactly_the_culprits() {
    let proving_key = proving_key::<Bn254>();
    let key = &proving_key.srs().verifying_key;
    let public_key = public_key(&mut rng(1));
    let scheme = Scheme::new(layout(3, (0, 9), (2, 5), 10), public_key).unwrap();
    let all: Vec<_> = (0..7)
        .map(|seed| {
            Proved::<Bn254>::under(scheme.key().clone(), scheme.layout().clone(), &[1, 9], seed)
        })
        .collect();
    let contexts = |wrong: &[usize]| -> Vec<&[u8]> {
        (0..7).map(|at| if wrong.contains(&at) { &b"wrong"[..] } else { &b"context"[..] }).collect()
    };
    for wrong in [&[][..], &[0], &[3, 4], &[0, 1, 2, 3, 4, 5, 6]] {
        let contexts = contexts(wrong);
        let claims: Vec<_> = (all.iter().zip(&contexts))
            .map(|(Proved { commitment, proof, .. }, &context)| {
                (Statement { commitment: *commitment, context }, proof)
            })
            .collect();
        assert_eq!(find_false(key, &scheme, &claims, usize::MAX, &mut rng(2)).found, wrong);
    }
    assert_eq!(find_false(key, &scheme, &[], usize::MAX, &mut rng(2)).found, [0; 0]);
}
