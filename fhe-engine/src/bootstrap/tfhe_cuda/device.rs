//! The engine of a build with it.

use pulseproof_packing::DIMENSION;
use tfhe::core_crypto::gpu::glwe_ciphertext_list::CudaGlweCiphertextList;
use tfhe::core_crypto::gpu::lwe_bootstrap_key::{
    CudaLweBootstrapKey, CudaModulusSwitchNoiseReductionConfiguration as NoiseReduction,
};
use tfhe::core_crypto::gpu::lwe_ciphertext_list::CudaLweCiphertextList;
use tfhe::core_crypto::gpu::lwe_keyswitch_key::CudaLweKeyswitchKey;
use tfhe::core_crypto::gpu::vec::GpuIndex;
use tfhe::core_crypto::gpu::{
    CudaStreams, check_valid_cuda_malloc, cuda_keyswitch_lwe_ciphertext,
    cuda_programmable_bootstrap_lwe_ciphertext, get_programmable_bootstrap_size_on_gpu,
    is_cuda_available,
};
use tfhe::core_crypto::prelude::*;

use super::words::upload;
use super::{NAME, failed};
use crate::bootstrap::engine::{Engine, EngineError, Lookup, distinct, result};
use crate::bootstrap::keys::FloatingKey;
use crate::bootstrap::parameters::{BOOTSTRAP, KEYSWITCH, SMALL_DIMENSION};
use crate::bootstrap::table::Table;
use crate::ciphertext::Ciphertext;

/// From how many ciphertexts on keys are switched by a product of matrices, which tfhe-rs recommends over
/// 128 of them on an H100.
const PRODUCT_FROM: usize = 129;

/// Exponents are rounded as in `docs/bootstrapping.md`, half of the errors' sum added to the body.
const CENTRED: NoiseReduction = NoiseReduction::Centered;

/// tfhe-rs with a key in its form, on the first device.
///
/// tfhe-rs ends the process where a call of CUDA fails. What can be checked is checked before: that there
/// is a device, and memory on it.
pub struct TfheCuda {
    fingerprint: [u8; 32],
    keyswitch: CudaLweKeyswitchKey<u64>,
    bootstrap: CudaLweBootstrapKey,
    streams: CudaStreams,
}

impl TfheCuda {
    /// Whether this build and this machine have what it takes.
    ///
    /// # Errors
    /// There is no device.
    pub fn check() -> Result<(), EngineError> {
        if is_cuda_available() {
            return Ok(());
        }
        Err(failed("there is no CUDA GPU here: `pulseproof doctor` says what there is".to_owned()))
    }

    /// Brings a key into the form tfhe-rs computes with.
    ///
    /// # Errors
    /// There is no device, or no room on it.
    pub fn new(key: &FloatingKey) -> Result<Self, EngineError> {
        Self::check()?;
        let (keyswitch, bootstrap) = key.keys();
        let gpu = GpuIndex::new(0);
        check_room(
            gpu,
            KEYSWITCH.key_words() + BOOTSTRAP.key_words(),
            0,
            "stop what else uses it",
        )?;
        let streams = CudaStreams::new_single_gpu(gpu);
        Ok(Self {
            fingerprint: key.fingerprint(),
            keyswitch: CudaLweKeyswitchKey::from_lwe_keyswitch_key(&keyswitch, &streams),
            bootstrap: CudaLweBootstrapKey::from_lwe_bootstrap_key(
                &bootstrap,
                Some(CENTRED),
                &streams,
            ),
            streams,
        })
    }

    /// Switches and bootstraps a batch that there is room for.
    fn launch(&self, lookups: &[Lookup], tables: &[u64], choices: &[u64]) -> Vec<u64> {
        let (streams, modulus) = (&self.streams, CiphertextModulus::new_native());
        let count = LweCiphertextCount(lookups.len());
        let (large, small) = (LweDimension(DIMENSION), LweDimension(SMALL_DIMENSION));
        let words: Vec<u64> =
            lookups.iter().flat_map(|lookup| lookup.ciphertext.words()).copied().collect();
        let inputs = LweCiphertextList::from_container(words, large.to_lwe_size(), modulus);
        let inputs = CudaLweCiphertextList::from_lwe_ciphertext_list(&inputs, streams);
        let places = upload(&(0..lookups.len() as u64).collect::<Vec<_>>(), streams);
        let mut switched = CudaLweCiphertextList::new(small, count, modulus, streams);
        cuda_keyswitch_lwe_ciphertext(
            &self.keyswitch,
            &inputs,
            &mut switched,
            &places,
            &places,
            true,
            streams,
            lookups.len() >= PRODUCT_FROM,
        );
        let size = PolynomialSize(DIMENSION);
        let tables = GlweCiphertextList::from_container(tables, GlweSize(2), size, modulus);
        let tables = CudaGlweCiphertextList::from_glwe_ciphertext_list(&tables, streams);
        let mut results = CudaLweCiphertextList::new(large, count, modulus, streams);
        cuda_programmable_bootstrap_lwe_ciphertext(
            &switched,
            &mut results,
            &tables,
            &upload(choices, streams),
            &places,
            &places,
            &self.bootstrap,
            streams,
        );
        results.to_lwe_ciphertext_list(streams).into_container()
    }

    /// Whether a batch fits the device's memory.
    fn check_batch(&self, count: usize, table_words: usize) -> Result<(), EngineError> {
        let scratch = get_programmable_bootstrap_size_on_gpu(
            &self.streams,
            LweDimension(SMALL_DIMENSION),
            GlweDimension(1),
            PolynomialSize(DIMENSION),
            DecompositionLevelCount(BOOTSTRAP.levels as usize),
            u32::try_from(count).map_err(|_| failed(format!("{count} lookups in one batch")))?,
            Some(&CENTRED),
        );
        // Inputs, outputs, what is between them, places and choices.
        let words = count * (2 * (DIMENSION + 1) + SMALL_DIMENSION + 1 + 2) + table_words;
        check_room(self.streams.gpu_indexes()[0], words, scratch, "make batches smaller")
    }
}

/// Refuses what does not fit the device's memory, where tfhe-rs would end the process.
fn check_room(gpu: GpuIndex, words: usize, scratch: u64, hint: &str) -> Result<(), EngineError> {
    let needed = size_of::<u64>() as u64 * words as u64 + scratch;
    if check_valid_cuda_malloc(needed, gpu) {
        return Ok(());
    }
    Err(failed(format!("{needed} bytes are needed on the GPU, and fewer are free: {hint}")))
}

/// A table as a ciphertext of a ring: its mask is zero.
fn trivial(table: &Table) -> impl Iterator<Item = u64> {
    std::iter::repeat_n(0, DIMENSION).chain(table.polynomial().iter().copied())
}

impl Engine for TfheCuda {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    fn look_up(&self, lookups: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError> {
        if lookups.is_empty() {
            return Ok(Vec::new());
        }
        let (tables, choices) = distinct(lookups);
        let tables: Vec<u64> = tables.into_iter().flat_map(|table| trivial(table)).collect();
        let choices: Vec<u64> = choices.into_iter().map(u64::from).collect();
        self.check_batch(lookups.len(), tables.len())?;
        let words = self.launch(lookups, &tables, &choices);
        let rows = words.chunks_exact(DIMENSION + 1).zip(lookups);
        Ok(rows.map(|(row, lookup)| result(row.to_vec(), &lookup.table)).collect())
    }
}
