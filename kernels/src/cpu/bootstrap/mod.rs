//! Key switching and bootstrapping.
//!
//! Both are written once, over `vectors`: words one by one, or eight at a time where the machine has
//! AVX-512 IFMA. Results are integers, reduced, and so the same bit for bit.

mod digits;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod key;
mod keyswitch;
mod memory;
mod passes;
mod product;
mod roots;
mod rotation;
mod tables;
mod transform;
mod vectors;

#[cfg(test)]
mod ranges;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use super::simd::Portable;
#[cfg(target_arch = "x86_64")]
use super::simd::{Avx512, Words};
use super::{Cpu, zeroed};
use crate::backend::BootstrapOps;
use crate::backend::arguments::{
    check_bootstrap_key, check_choices, check_ciphertexts, check_keyswitch_key,
};
use crate::bootstrap::{BootstrapShape, KeyswitchShape};
use crate::error::Error;
use crate::host::HostBuffer;

/// Ciphertexts that go through a key together, so that their accumulators fit the second-level cache.
const GROUP: usize = 8;

/// A key-switching key, prepared for some instructions: it is used with these, whatever [`Cpu`] it is
/// given to.
pub struct KeyswitchKey {
    shape: KeyswitchShape,
    prepared: Switching,
}

enum Switching {
    Portable(keyswitch::Prepared<u64>),
    #[cfg(target_arch = "x86_64")]
    Ifma(Avx512, keyswitch::Prepared<Words>),
}

/// A bootstrapping key, prepared for some instructions: it is used with these, whatever [`Cpu`] it is
/// given to.
pub struct BootstrapKey {
    shape: BootstrapShape,
    prepared: Bootstrapping,
}

enum Bootstrapping {
    Portable(key::Prepared<u64>),
    #[cfg(target_arch = "x86_64")]
    Ifma(Avx512, key::Prepared<Words>),
}

impl BootstrapOps for Cpu {
    type KeyswitchKey = KeyswitchKey;
    type BootstrapKey = BootstrapKey;

    fn keyswitch_key(&self, shape: KeyswitchShape, words: &[u64]) -> Result<KeyswitchKey, Error> {
        check_keyswitch_key(&shape, words.len())?;
        #[cfg(target_arch = "x86_64")]
        if let Some(avx) = self.avx512() {
            let prepared = Switching::Ifma(avx, keyswitch::Prepared::new(avx, shape, words)?);
            return Ok(KeyswitchKey { shape, prepared });
        }
        let prepared = Switching::Portable(keyswitch::Prepared::new(Portable, shape, words)?);
        Ok(KeyswitchKey { shape, prepared })
    }

    fn bootstrap_key(
        &self,
        shape: BootstrapShape,
        residues: &[u64],
    ) -> Result<BootstrapKey, Error> {
        check_bootstrap_key(&shape, residues)?;
        #[cfg(target_arch = "x86_64")]
        if let Some(avx) = self.avx512() {
            let prepared = Bootstrapping::Ifma(avx, key::Prepared::new(avx, shape, residues)?);
            return Ok(BootstrapKey { shape, prepared });
        }
        let prepared = Bootstrapping::Portable(key::Prepared::new(Portable, shape, residues)?);
        Ok(BootstrapKey { shape, prepared })
    }

    fn keyswitch_batch(
        &self,
        key: &KeyswitchKey,
        ciphertexts: &HostBuffer<u64>,
    ) -> Result<HostBuffer<u64>, Error> {
        let count = check_ciphertexts(ciphertexts.0.len(), key.shape.row_from())?;
        let mut results = zeroed(count * key.shape.row_to())?;
        match &key.prepared {
            Switching::Portable(key) => key.switch(Portable, &ciphertexts.0, &mut results)?,
            #[cfg(target_arch = "x86_64")]
            Switching::Ifma(avx, key) => key.switch(*avx, &ciphertexts.0, &mut results)?,
        }
        Ok(HostBuffer(results))
    }

    fn pbs_batch(
        &self,
        key: &BootstrapKey,
        ciphertexts: &HostBuffer<u64>,
        tables: &HostBuffer<u64>,
        choices: &[u32],
    ) -> Result<HostBuffer<u64>, Error> {
        let shape = &key.shape;
        let count = check_ciphertexts(ciphertexts.0.len(), shape.row_from())?;
        check_choices(shape, count, tables.0.len(), choices)?;
        let mut results = zeroed(count * shape.row_to())?;
        let group = count.div_ceil(rayon::current_num_threads()).clamp(1, GROUP);
        let groups = ciphertexts.0.par_chunks(group * shape.row_from());
        let groups = groups.zip(choices.par_chunks(group));
        let groups = groups.zip(results.par_chunks_mut(group * shape.row_to()));
        groups.try_for_each(|((ciphertexts, choices), results)| {
            let table = |&choice: &u32| &tables.0[choice as usize * shape.size()..][..shape.size()];
            let tables: Vec<_> = choices.iter().map(table).collect();
            match &key.prepared {
                Bootstrapping::Portable(key) => {
                    rotation::bootstrap(Portable, key, ciphertexts, &tables, results)
                }
                #[cfg(target_arch = "x86_64")]
                Bootstrapping::Ifma(avx, key) => {
                    rotation::bootstrap(*avx, key, ciphertexts, &tables, results)
                }
            }
        })?;
        Ok(HostBuffer(results))
    }
}

#[cfg(target_arch = "x86_64")]
impl Cpu {
    /// The instructions, where this value uses them.
    fn avx512(self) -> Option<Avx512> {
        Avx512::detect().filter(|_| self.instructions == super::Instructions::Ifma)
    }
}
