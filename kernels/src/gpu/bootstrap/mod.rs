//! Key switching and bootstrapping on a device.
//!
//! - `keyswitch`: a product of a matrix of digits with the key, modulo 2^64.
//! - `rotate`: the blind rotation, in a workgroup's shared memory or over the whole batch.
//! - `admit`: how many ciphertexts are worked on at once.
//!
//! A bootstrapping key is kept as the values of its polynomials at the odd powers of a 2N-th root of
//! unity ψ, in bit-reversed order and divided by N, so that inverse transforms need not divide.

mod admit;
mod keyswitch;
mod rotate;

pub use keyswitch::KeyswitchKey;
pub use rotate::BootstrapKey;

use super::{Buffer, Gpu};
use crate::backend::BootstrapOps;
use crate::bootstrap::{BootstrapShape, KeyswitchShape};
use crate::error::Error;

impl BootstrapOps for Gpu {
    type KeyswitchKey = KeyswitchKey;
    type BootstrapKey = BootstrapKey;

    fn keyswitch_key(&self, shape: KeyswitchShape, words: &[u64]) -> Result<KeyswitchKey, Error> {
        KeyswitchKey::new(self, shape, words)
    }

    fn bootstrap_key(
        &self,
        shape: BootstrapShape,
        residues: &[u64],
    ) -> Result<BootstrapKey, Error> {
        BootstrapKey::new(self, shape, residues)
    }

    fn keyswitch_batch(
        &self,
        key: &KeyswitchKey,
        ciphertexts: &Buffer<u64>,
    ) -> Result<Buffer<u64>, Error> {
        self.keyswitch(key, ciphertexts)
    }

    fn pbs_batch(
        &self,
        key: &BootstrapKey,
        ciphertexts: &Buffer<u64>,
        tables: &Buffer<u64>,
        choices: &[u32],
    ) -> Result<Buffer<u64>, Error> {
        self.bootstrap(key, ciphertexts, tables, choices)
    }
}

#[cfg(test)]
mod tests;
