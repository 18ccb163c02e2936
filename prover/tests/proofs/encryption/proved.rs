//! Lists with their proofs.

use pulseproof_kernels::{Curve, G1Affine};
use pulseproof_packing::{Layout, PublicKey};
use pulseproof_prover::commitment::{Blinders, CommitmentKey, Opening};
use pulseproof_prover::encryption::{Proof, Scheme, Statement, prove, verify};
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::engine::verify::Rejected;

use super::lists::{List, public_key};
use crate::common::{self, rng, srs};

pub struct Proved<C: Curve> {
    pub scheme: Scheme<C>,
    pub commitment: G1Affine<C>,
    pub proof: Proof<C>,
}

/// For vectors of 4096 words.
pub fn proving_key<C: Curve>() -> ProvingKey<C> {
    common::proving_key(&srs(12))
}

impl<C: Curve> Proved<C> {
    pub fn of(layout: Layout, readings: &[i64], seed: u64) -> Self {
        Self::under(public_key(&mut rng(seed)), layout, readings, seed)
    }

    pub fn under(public_key: PublicKey, layout: Layout, readings: &[i64], seed: u64) -> Self {
        Self::with(&proving_key(), public_key, layout, readings, seed)
    }

    pub fn with(
        key: &ProvingKey<C>,
        public_key: PublicKey,
        layout: Layout,
        readings: &[i64],
        seed: u64,
    ) -> Self {
        let rng = &mut rng(seed + 1000);
        let list = List::encrypt(&public_key, &layout, readings, rng);
        let scheme = Scheme::new(layout, public_key).unwrap();
        let blinders = Blinders::random(rng);
        let commitment = CommitmentKey::new(key.srs()).commit(&list.words, &blinders);
        let opening = Opening { commitment, words: &list.words, blinders: &blinders };
        let proof = prove(key, &scheme, &opening, &list.secrets(), b"context", rng).unwrap();
        Self { scheme, commitment, proof }
    }

    pub fn verify(&self) -> Result<(), Rejected> {
        let statement = Statement { commitment: self.commitment, context: b"context" };
        verify(&proving_key::<C>().srs().verifying_key, &self.scheme, statement, &self.proof)
    }
}
