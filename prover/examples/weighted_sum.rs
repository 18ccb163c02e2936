//! Commits to three vectors, proves their weighted sum modulo 2^64, and verifies it.
//!
//! `cargo run --release -p pulseproof-prover --example weighted_sum`

use std::sync::Arc;

use pulseproof_kernels::Bls12_381;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_prover::commitment::{Blinders, CommitmentKey, Opening, find_culprits};
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::develop;
use pulseproof_prover::wsa::modular::{Proof, prove, verify};
use rand::rngs::OsRng;

#[expect(clippy::print_stdout, reason = "printing is what this example is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Vectors of up to 2^4 words. Whoever makes a development SRS can forge proofs under it: a real
    // one is imported from a ceremony, with `pulseproof setup --ptau`.
    let srs = Arc::new(develop::generate::<Bls12_381>(4, &mut OsRng)?);

    // Each device commits to its words and keeps the blinders: they hide the words for ever.
    let vectors: [[u64; 3]; 3] = [[1, 2, 3], [10, 20, 30], [u64::MAX, 0, 7]];
    let blinders: [Blinders<Bls12_381>; 3] = std::array::from_fn(|_| Blinders::random(&mut OsRng));
    let commitment_key = CommitmentKey::new(&srs);
    let openings: Vec<_> = (vectors.iter().zip(&blinders))
        .map(|(words, blinders)| {
            let commitment = commitment_key.commit(words, blinders);
            Opening { commitment, words, blinders }
        })
        .collect();

    // Whoever sums checks first that what it was handed opens: a proof over anything else would not
    // be accepted.
    assert!(find_culprits(&commitment_key, &openings, 1, &mut OsRng).is_none());

    // The context says what the sum belongs to. A proof holds in its own context only.
    let weights = [1, 2, 5];
    let proving_key = ProvingKey::new(Cpu::new(), Arc::clone(&srs))?;
    let (statement, proof) =
        prove(&proving_key, &openings, &weights, b"north, epoch 7", &mut OsRng)?;

    // The obvious sum.
    let sum = |word: usize| {
        let terms = vectors.iter().zip(weights).map(|(v, w)| v[word].wrapping_mul(w));
        terms.fold(0, u64::wrapping_add)
    };
    assert_eq!(statement.aggregate, [sum(0), sum(1), sum(2)]);

    // What travels is the statement and these bytes. A verifier needs the small key beside them, and
    // neither words nor blinders.
    let bytes = proof.to_bytes();
    let read = Proof::from_bytes(&bytes)?;
    verify(&srs.verifying_key, &statement, &read)?;

    // Any other sum of the same commitments is refused.
    let mut other = statement.clone();
    other.aggregate[0] ^= 1;
    assert!(verify(&srs.verifying_key, &other, &read).is_err());

    println!("{:?}, proved in {} bytes", statement.aggregate, bytes.len());
    println!("INSECURE: the SRS is a development one");
    Ok(())
}
