//! Compiled modules as bytes. Reading them back runs what is in them as native code, so this is the one file
//! of this crate that may be unsafe, and it looks at nothing before its digest.

#![allow(unsafe_code, reason = "the engine takes bytes for its own code on our word")]

use blake2::Blake2bMac;
use blake2::digest::{KeyInit, Mac, consts::U32};
use wasmtime::{Engine, Module};
use zeroize::Zeroizing;

use super::WitnessError;
use super::error;

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;
/// Bytes of a digest, which is what sealed bytes begin with.
const TAG_BYTES: usize = 32;

/// What tells our own bytes from others'.
pub(super) struct Seal(Zeroizing<[u8; KEY_BYTES]>);

impl Seal {
    /// Whoever else knows the key can have any code run.
    pub(super) fn new(key: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        Self(key)
    }

    /// A module's bytes, behind their digest under the key. `name` says what they are: which module, which
    /// engine, which settings.
    pub(super) fn close(&self, name: &str, module: &Module) -> Result<Vec<u8>, WitnessError> {
        let code = module.serialize().map_err(error::module)?;
        let tag = self.digest(name, &code).finalize().into_bytes();
        Ok([tag.as_slice(), &code].concat())
    }

    /// The module of sealed bytes; none if they are not, to the last bit, what was sealed under this name.
    pub(super) fn open(&self, engine: &Engine, name: &str, sealed: &[u8]) -> Option<Module> {
        let (tag, code) = sealed.split_at_checked(TAG_BYTES)?;
        self.digest(name, code).verify_slice(tag).ok()?;
        // SAFETY: `code` is what `Module::serialize` gave under this name, which stands for the engine's version
        // and settings: nobody who does not have the key can make another digest that fits, and the bytes are in
        // memory that nobody else writes to between the check and here.
        unsafe { Module::deserialize(engine, code) }.ok()
    }

    fn digest(&self, name: &str, code: &[u8]) -> Blake2bMac<U32> {
        let mac = Blake2bMac::new_from_slice(&*self.0).expect("a key of 32 bytes");
        // The length keeps a name from reaching into the code.
        let length = (name.len() as u64).to_le_bytes();
        mac.chain_update(length).chain_update(name).chain_update(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::witness::engine;

    fn seal(byte: u8) -> Seal {
        Seal::new(Zeroizing::new([byte; KEY_BYTES]))
    }

    #[test]
    fn only_what_was_sealed_is_opened() {
        let engine = engine::shared().unwrap();
        let wasm =
            wat::parse_str(r#"(module (func (export "f") (result i32) i32.const 7))"#).unwrap();
        let module = Module::new(engine, wasm).unwrap();
        let sealed = seal(1).close("a", &module).unwrap();
        assert!(seal(1).open(engine, "a", &sealed).is_some());
        assert!(seal(2).open(engine, "a", &sealed).is_none(), "another key");
        assert!(seal(1).open(engine, "b", &sealed).is_none(), "another name");
        // Sound code without the digest is not taken either.
        assert!(seal(1).open(engine, "a", &sealed[TAG_BYTES..]).is_none());
        assert!(seal(1).open(engine, "a", &module.serialize().unwrap()).is_none());
    }

    #[test]
    fn every_byte_counts() {
        let engine = engine::shared().unwrap();
        let module = Module::new(engine, wat::parse_str("(module)").unwrap()).unwrap();
        let sealed = seal(1).close("a", &module).unwrap();
        for place in (0..sealed.len()).step_by(97).chain([0, 31, 32, sealed.len() - 1]) {
            let mut other = sealed.clone();
            other[place] ^= 1;
            assert!(seal(1).open(engine, "a", &other).is_none(), "{place}");
        }
        for length in [0, 1, TAG_BYTES - 1, TAG_BYTES, sealed.len() - 1] {
            assert!(seal(1).open(engine, "a", &sealed[..length]).is_none(), "{length}");
        }
        let longer = [&sealed[..], &[0]].concat();
        assert!(seal(1).open(engine, "a", &longer).is_none());
    }
}
