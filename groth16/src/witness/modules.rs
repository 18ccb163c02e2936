//! Compiled modules that outlive a process: compiling is most of what a first witness takes.
//!
//! What is kept is native code, so whoever can write it can do whatever the user may do. The folder and the
//! files in it have to be the user's alone, and each file begins with a digest under a key that is in a file
//! of the same folder: a copy from elsewhere, a damaged file or one that another version made is not taken. It
//! is as if it were not there, and the module is compiled.

use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use blake2::digest::{Digest, consts::U32};
use rand::RngCore;
use rand::rngs::OsRng;
use wasmtime::{Engine, Module};
use zeroize::Zeroizing;

use super::native::{KEY_BYTES, Seal};
use super::private::Private;
use super::{Circuit, Limits, WitnessError, engine, error};

/// Most bytes of modules in a folder.
pub const FOLDER_BYTES_MAX: u64 = 2 << 30;

/// The file of the key.
const KEY: &str = "key";

/// A folder of compiled modules.
pub struct Modules {
    path: PathBuf,
    folder: Private,
    seal: Seal,
}

/// Why modules are not kept. They are compiled all the same.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct ModulesError {
    /// The folder.
    path: PathBuf,
    source: io::Error,
}

impl Modules {
    /// Opens a folder, or makes it, with a new key.
    ///
    /// # Errors
    /// It cannot be made or read, or is not this user's alone.
    pub fn open(path: &Path) -> Result<Self, ModulesError> {
        let (folder, seal) = Private::open(path)
            .and_then(|folder| key(&folder).map(|key| (folder, Seal::new(key))))
            .map_err(|source| ModulesError { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), folder, seal })
    }

    /// A module's circuit: from the folder if it is there, and otherwise compiled and kept. `trouble` hears why
    /// the folder is of no use.
    ///
    /// # Errors
    /// As [`Circuit::compile`].
    pub fn circuit(
        &self,
        wasm: &[u8],
        limits: &Limits,
        trouble: impl Fn(ModulesError),
    ) -> Result<Circuit, WitnessError> {
        limits.check_module(wasm)?;
        let engine = engine::shared()?;
        let name = name(engine, wasm);
        let failed = |source| ModulesError { path: self.path.clone(), source };
        let sealed = self.folder.read(&name, FOLDER_BYTES_MAX).unwrap_or_else(|error| {
            trouble(failed(error));
            None
        });
        if let Some(module) = sealed.and_then(|bytes| self.seal.open(engine, &name, &bytes)) {
            return Circuit::of(engine, &module, limits);
        }
        let module = Module::from_binary(engine, wasm).map_err(error::module)?;
        // First the circuit: what is none is not kept.
        let circuit = Circuit::of(engine, &module, limits)?;
        let sealed = self.seal.close(&name, &module)?;
        let kept = self.folder.write(&name, &sealed);
        if let Err(error) = kept.and_then(|()| self.folder.shrink(FOLDER_BYTES_MAX, KEY)) {
            trouble(failed(error));
        }
        Ok(circuit)
    }
}

/// The folder's key, made if there is none.
fn key(folder: &Private) -> io::Result<Zeroizing<[u8; KEY_BYTES]>> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if folder.read(KEY, KEY_BYTES as u64)?.is_none() {
        OsRng.try_fill_bytes(&mut *key).map_err(io::Error::other)?;
        folder.write_new(KEY, &*key)?;
    }
    // Also after writing: another process may have been first.
    let found = Zeroizing::new(folder.read(KEY, KEY_BYTES as u64)?.unwrap_or_default());
    if found.len() != KEY_BYTES {
        return Err(io::Error::other("its key is damaged: remove the folder"));
    }
    key.copy_from_slice(&found);
    Ok(key)
}

/// What a compiled module is known by: the module, and everything its code depends on.
fn name(engine: &Engine, wasm: &[u8]) -> String {
    let mut hash = Blake2b256(blake2::Blake2b::<U32>::new());
    // The engine's version, the CPU and all settings.
    engine.precompile_compatibility_hash().hash(&mut hash);
    hash.write(wasm);
    hex::encode(hash.0.finalize())
}

/// A hash that is the same in every process.
struct Blake2b256(blake2::Blake2b<U32>);

impl Hasher for Blake2b256 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        u64::from_le_bytes(*digest.first_chunk().expect("32 bytes"))
    }
}

#[cfg(test)]
mod tests;
