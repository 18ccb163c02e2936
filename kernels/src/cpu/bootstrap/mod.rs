//! Key switching and bootstrapping.
//!
//! Both are written once: key switching over `vectors` of words, bootstrapping over `residues`. Results are
//! integers, reduced, and so the same bit for bit.
//!
//! | file | what it does |
//! |---|---|
//! | `montgomery` | Montgomery's products of words; `ifma`: in 52 bits |
//! | `residues` | what transforms compute with; `late`: over Montgomery's products; `fp50`: over doubles |
//! | `multiples` | sums of words times digits |
//! | `roots`, `tables` | what belongs to a size; `passes`: how it is cut |
//! | `transform`, `product`, `digits` | the steps of a rotation |
//! | `key`, `rotation`, `keyswitch` | the operations |

mod digits;
mod fp50;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod key;
mod keyswitch;
mod late;
mod memory;
mod montgomery;
mod multiples;
mod passes;
mod product;
mod residues;
mod roots;
mod rotation;
mod tables;
mod transform;

#[cfg(test)]
mod ranges;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use self::multiples::Multiples;
use self::residues::Residues;
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
    prepared: Box<dyn Switch>,
}

/// A bootstrapping key, prepared for some instructions: it is used with these, whatever [`Cpu`] it is
/// given to.
pub struct BootstrapKey {
    shape: BootstrapShape,
    prepared: Box<dyn Bootstrap>,
}

/// A prepared key-switching key, whatever its instructions.
trait Switch: Send + Sync {
    fn switch(&self, ciphertexts: &[u64], results: &mut [u64]) -> Result<(), Error>;
}

impl<A: Multiples<W>, const W: usize> Switch for keyswitch::Prepared<A, W> {
    fn switch(&self, ciphertexts: &[u64], results: &mut [u64]) -> Result<(), Error> {
        self.switch(ciphertexts, results)
    }
}

/// A prepared bootstrapping key, whatever its instructions.
trait Bootstrap: Send + Sync {
    /// Bootstraps ciphertexts with a table each, together.
    fn bootstrap(
        &self,
        ciphertexts: &[u64],
        tables: &[&[u64]],
        results: &mut [u64],
    ) -> Result<(), Error>;
}

impl<A: Residues<W>, const W: usize> Bootstrap for key::Prepared<A, W> {
    fn bootstrap(
        &self,
        ciphertexts: &[u64],
        tables: &[&[u64]],
        results: &mut [u64],
    ) -> Result<(), Error> {
        rotation::bootstrap(self, ciphertexts, tables, results)
    }
}

/// Runs a block with `$words` and `$residues` bound to the arithmetic of a [`Cpu`].
macro_rules! with_vectors {
    ($cpu:expr, $words:ident, $residues:ident => $work:expr) => {
        match $cpu.level {
            #[cfg(target_arch = "x86_64")]
            $crate::cpu::instructions::Level::Ifma($words) => {
                let $residues = $crate::cpu::bootstrap::late::Late($words);
                $work
            }
            #[cfg(target_arch = "x86_64")]
            $crate::cpu::instructions::Level::Avx512($words) => {
                let $residues = $crate::cpu::simd::Fp50($words);
                $work
            }
            #[cfg(target_arch = "x86_64")]
            $crate::cpu::instructions::Level::Avx2($words) => {
                let $residues = $crate::cpu::simd::Fp50($words);
                $work
            }
            #[cfg(target_arch = "aarch64")]
            $crate::cpu::instructions::Level::Neon(neon)
            | $crate::cpu::instructions::Level::NeonScalar(neon) => {
                let $words = $crate::cpu::simd::Twice(neon);
                let $residues = $crate::cpu::simd::Fp50($words);
                $work
            }
            $crate::cpu::instructions::Level::Portable => {
                let $words = $crate::cpu::simd::Portable;
                let $residues = $crate::cpu::bootstrap::late::Late($words);
                $work
            }
        }
    };
}

#[cfg(test)]
use with_vectors;

impl BootstrapOps for Cpu {
    type KeyswitchKey = KeyswitchKey;
    type BootstrapKey = BootstrapKey;

    fn keyswitch_key(&self, shape: KeyswitchShape, words: &[u64]) -> Result<KeyswitchKey, Error> {
        check_keyswitch_key(&shape, words.len())?;
        let prepared: Box<dyn Switch> = with_vectors!(self, vectors, _arithmetic => {
            Box::new(keyswitch::Prepared::new(vectors, shape, words)?)
        });
        Ok(KeyswitchKey { shape, prepared })
    }

    fn bootstrap_key(
        &self,
        shape: BootstrapShape,
        residues: &[u64],
    ) -> Result<BootstrapKey, Error> {
        check_bootstrap_key(&shape, residues)?;
        let prepared: Box<dyn Bootstrap> = with_vectors!(self, _vectors, arithmetic => {
            Box::new(key::Prepared::new(arithmetic, shape, residues)?)
        });
        Ok(BootstrapKey { shape, prepared })
    }

    fn keyswitch_batch(
        &self,
        key: &KeyswitchKey,
        ciphertexts: &HostBuffer<u64>,
    ) -> Result<HostBuffer<u64>, Error> {
        let count = check_ciphertexts(ciphertexts.0.len(), key.shape.row_from())?;
        let mut results = zeroed(count * key.shape.row_to())?;
        key.prepared.switch(&ciphertexts.0, &mut results)?;
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
            key.prepared.bootstrap(ciphertexts, &tables, results)
        })?;
        Ok(HostBuffer(results))
    }
}
