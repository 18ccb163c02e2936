//! What fixtures are made and read with: randomness and files that no library's next version changes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Scalar};
use pulseproof_prover::commitment::Blinders;
use pulseproof_prover::encoding::{Reader, Writer};
use rand::{CryptoRng, RngCore};
use sha2::{Digest, Sha256};

/// SHA-256 in counter mode: a generator that no library's next version changes.
pub struct Counter {
    seed: String,
    count: u64,
    block: Vec<u8>,
}

impl Counter {
    pub fn new(seed: &str) -> Self {
        Self { seed: seed.to_owned(), count: 0, block: Vec::new() }
    }
}

impl RngCore for Counter {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.block.is_empty() {
                let input = [self.seed.as_bytes(), &self.count.to_le_bytes()].concat();
                self.block = Sha256::digest(input).to_vec();
                self.count += 1;
            }
            *byte = self.block.remove(0);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Counter {}

/// A fixture: lines of `name: value`.
pub struct Fixture(pub BTreeMap<String, String>);

impl Fixture {
    pub fn path<C: Curve>(of: &str) -> PathBuf {
        let name = format!("{}.txt", C::ID);
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(of).join(name)
    }

    pub fn read<C: Curve>(of: &str) -> Self {
        let text = std::fs::read_to_string(Self::path::<C>(of)).unwrap();
        let pair = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        };
        Self(text.lines().map(pair).collect())
    }

    pub fn hex(&self, name: &str) -> Vec<u8> {
        hex::decode(&self.0[name]).unwrap()
    }

    pub fn list<T: std::str::FromStr<Err: std::fmt::Debug>>(&self, name: &str) -> Vec<T> {
        self.0[name].split(' ').map(|item| item.parse().unwrap()).collect()
    }
}

/// Compares what was made with the file, or writes the file where it is asked to.
pub fn freeze<C: Curve>(of: &str, made: &str) {
    let path = Fixture::path::<C>(of);
    if std::env::var_os("PULSEPROOF_FREEZE").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), made);
}

pub fn compressed(element: &impl CanonicalSerialize) -> String {
    let mut bytes = Vec::new();
    element.serialize_compressed(&mut bytes).unwrap();
    hex::encode(bytes)
}

/// The blinders of one vector, read from their bytes so that their values are frozen.
pub fn blinders<C: Curve>(rng: &mut Counter) -> Blinders<C> {
    let scalars: [Scalar<C>; 4] = std::array::from_fn(|_| {
        let mut bytes = [0; 64];
        rng.fill_bytes(&mut bytes);
        Scalar::<C>::from_le_bytes_mod_order(&bytes)
    });
    let mut writer = Writer::default();
    writer.element(&scalars);
    Blinders::read(&mut Reader::new(&writer.finish())).unwrap()
}
