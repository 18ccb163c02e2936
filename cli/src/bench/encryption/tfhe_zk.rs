//! tfhe-rs's own proof of a compact list (version 2), over the same key, noise and plaintexts.
//!
//! It says less: that a list encrypts plaintexts of the layout's width with noise within bounds. What the
//! plaintexts are made of, a reading's square and the totals of a list, it does not speak of, and its list is
//! not behind a commitment that a proof of a sum could take.

use std::hint::black_box;

use pulseproof_fhe::{DIMENSION, NOISE_BOUND_LOG2, PublicKey};
use pulseproof_kernels::Curve;
use pulseproof_prover::encryption::Scheme;
use rand::rngs::OsRng;
use tfhe::core_crypto::commons::generators::NoiseRandomGenerator;
use tfhe::core_crypto::prelude::*;
use tfhe::core_crypto::seeders::new_seeder;
use tfhe::zk::{CompactPkeCrs, CompactPkeProof, ZkComputeLoad, ZkMSBZeroPaddingBitCount};

use super::{Failure, Subject};

/// Where a proof's cost is put.
const LOADS: [(&str, ZkComputeLoad); 2] =
    [("prover", ZkComputeLoad::Proof), ("verifier", ZkComputeLoad::Verify)];

/// A public key and a list of plaintexts in tfhe-rs's form.
pub struct Tfhe {
    key: LweCompactPublicKeyOwned<u64>,
    crs: CompactPkeCrs,
    messages: Vec<u64>,
    delta: u64,
    proved: Vec<(LweCompactCiphertextListOwned<u64>, CompactPkeProof)>,
}

impl Tfhe {
    /// The plaintexts of these readings, proved once with either load.
    pub fn new<C: Curve>(scheme: &Scheme<C>, readings: &[i64]) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Tfhe(error.to_string());
        let (layout, public) = (scheme.layout(), scheme.key());
        let plaintexts = layout.encode(readings).map_err(|error| failed(&error))?;
        let bits = layout.plaintext_bits();
        let delta = 1 << (u64::BITS - bits);
        let crs = CompactPkeCrs::new(
            LweDimension(DIMENSION),
            LweCiphertextCount(plaintexts.len()),
            noise(),
            CiphertextModulus::<u64>::new_native(),
            1 << bits,
            ZkMSBZeroPaddingBitCount(0),
            &mut OsRng,
        );
        let mut tfhe = Self {
            key: tfhe_key(public),
            crs: crs.map_err(|error| failed(&error))?,
            messages: plaintexts.iter().map(|plaintext| plaintext / delta).collect(),
            delta,
            proved: Vec::new(),
        };
        for (_, load) in LOADS {
            let proved = tfhe.prove(load).map_err(|error| failed(&error))?;
            tfhe.proved.push(proved);
        }
        Ok(tfhe)
    }

    /// Encrypting and proving, and verifying, with either load.
    pub fn subjects(&self) -> Vec<Subject<'_>> {
        let both = |(index, (load, kind)): (usize, (&'static str, ZkComputeLoad))| {
            let prove = move || drop(black_box(self.prove(kind)));
            let verify = move || assert!(self.verify(index));
            [
                Subject::new(format!("tfhe-rs encrypt and prove, load on the {load}"), prove),
                Subject::new(format!("tfhe-rs verify, load on the {load}"), verify),
            ]
        };
        LOADS.into_iter().enumerate().flat_map(both).collect()
    }

    /// Bytes of a proof with either load.
    pub fn proof_bytes(&self) -> Vec<(String, usize)> {
        let bytes = self.proved.iter().map(|(_, proof)| proof.to_le_bytes().len());
        LOADS.iter().map(|(load, _)| (*load).to_owned()).zip(bytes).collect()
    }

    fn prove(
        &self,
        load: ZkComputeLoad,
    ) -> tfhe::Result<(LweCompactCiphertextListOwned<u64>, CompactPkeProof)> {
        let mut list = LweCompactCiphertextList::new(
            0,
            LweDimension(DIMENSION).to_lwe_size(),
            LweCiphertextCount(self.messages.len()),
            CiphertextModulus::new_native(),
        );
        let proof = par_encrypt_and_prove_lwe_compact_ciphertext_list_with_compact_public_key(
            &self.key,
            &mut list,
            &self.messages,
            self.delta,
            noise(),
            noise(),
            &mut NoiseRandomGenerator::<DefaultRandomGenerator>::new(&mut *new_seeder()),
            &self.crs,
            b"bench",
            load,
        )?;
        Ok((list, proof))
    }

    fn verify(&self, index: usize) -> bool {
        let (list, proof) = &self.proved[index];
        verify_lwe_compact_ciphertext_list(list, &self.key, proof, &self.crs, b"bench").is_valid()
    }
}

fn noise() -> TUniform<u64> {
    TUniform::new(NOISE_BOUND_LOG2)
}

fn tfhe_key(public: &PublicKey) -> LweCompactPublicKeyOwned<u64> {
    LweCompactPublicKey::from_container(public.words().to_vec(), CiphertextModulus::new_native())
}
