//! tfhe-rs's own engine: bootstrapping by Fourier transforms in floating point, on the CPU.
//!
//! For comparison: it decrypts to the same digits as [`Exact`](super::engine::Exact), with other words,
//! which may differ between machines.

use pulseproof_packing::DIMENSION;
use rayon::prelude::*;
use tfhe::core_crypto::prelude::*;

use crate::bootstrap::engine::{Engine, EngineError, Lookup, result};
use crate::bootstrap::keys::FloatingKey;
use crate::bootstrap::parameters::SMALL_DIMENSION;
use crate::ciphertext::Ciphertext;

/// tfhe-rs with a key in its form, on rayon's current threads: a lookup is done by one of them.
pub struct TfheCpu {
    fingerprint: [u8; 32],
    keyswitch: LweKeyswitchKeyOwned<u64>,
    bootstrap: FourierLweBootstrapKeyOwned,
}

impl TfheCpu {
    /// Brings a key into the form tfhe-rs computes with.
    #[must_use]
    pub fn new(key: &FloatingKey) -> Self {
        let (keyswitch, standard) = key.keys();
        let mut bootstrap = FourierLweBootstrapKey::new(
            standard.input_lwe_dimension(),
            standard.glwe_size(),
            standard.polynomial_size(),
            standard.decomposition_base_log(),
            standard.decomposition_level_count(),
        );
        par_convert_standard_lwe_bootstrap_key_to_fourier(&standard, &mut bootstrap);
        Self { fingerprint: key.fingerprint(), keyswitch, bootstrap }
    }

    fn one(&self, lookup: &Lookup) -> Ciphertext {
        let modulus = CiphertextModulus::new_native();
        let input = LweCiphertext::from_container(lookup.ciphertext.words(), modulus);
        let mut small = LweCiphertext::new(0, LweDimension(SMALL_DIMENSION).to_lwe_size(), modulus);
        keyswitch_lwe_ciphertext(&self.keyswitch, &input, &mut small);
        let exponents = lwe_ciphertext_centered_binary_modulus_switch::<_, usize, _>(
            small,
            PolynomialSize(DIMENSION).to_blind_rotation_input_modulus_log(),
        );
        let body = PlaintextList::from_container(lookup.table.polynomial());
        let mut accumulator = allocate_and_trivially_encrypt_new_glwe_ciphertext(
            GlweDimension(1).to_glwe_size(),
            &body,
            modulus,
        );
        blind_rotate_assign(&exponents, &mut accumulator, &self.bootstrap);
        let mut row = LweCiphertext::new(0, LweDimension(DIMENSION).to_lwe_size(), modulus);
        extract_lwe_sample_from_glwe_ciphertext(&accumulator, &mut row, MonomialDegree(0));
        result(row.into_container(), &lookup.table)
    }
}

impl Engine for TfheCpu {
    fn name(&self) -> String {
        "tfhe-cpu".to_owned()
    }

    fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    fn look_up(&self, lookups: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError> {
        Ok(lookups.par_iter().map(|lookup| self.one(lookup)).collect())
    }
}
