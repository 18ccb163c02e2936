//! Who looks tables up: our exact kernels on a backend, or tfhe-rs.
//!
//! All engines decrypt to the same digits. The words of a result are the same on every backend of
//! [`Exact`], and nobody else's.

use std::sync::Arc;

use pulseproof_kernels::Error;
use pulseproof_kernels::backend::{
    AnyBackend, AnyBootstrapKey, AnyKeyswitchKey, Backend, BootstrapOps,
};
use pulseproof_packing::DIMENSION;

use crate::bootstrap::keys::EvaluationKey;
use crate::bootstrap::parameters::{BOOTSTRAP, KEYSWITCH};
use crate::bootstrap::table::Table;
use crate::ciphertext::Ciphertext;

/// A ciphertext and the table to look up in it.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// What is bootstrapped.
    pub ciphertext: Ciphertext,
    /// What is computed.
    pub table: Arc<Table>,
}

/// Why lookups failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{engine}: {reason}")]
pub struct EngineError {
    /// The engine.
    pub engine: String,
    /// What it said.
    pub reason: String,
    /// Whether nothing is wrong but that it has no room.
    pub is_full: bool,
}

impl EngineError {
    /// An engine failed, and said why.
    pub fn new(engine: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { engine: engine.into(), reason: reason.into(), is_full: false }
    }
}

/// There are more or fewer results than lookups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} results of {expected} lookups")]
pub struct WrongCount {
    /// How many lookups there were.
    pub expected: usize,
    /// How many results there are.
    pub found: usize,
}

impl WrongCount {
    /// That there are as many results as lookups.
    ///
    /// # Errors
    /// There are not.
    pub(crate) fn check(expected: usize, found: usize) -> Result<(), Self> {
        if found == expected { Ok(()) } else { Err(Self { expected, found }) }
    }
}

/// Looks tables up.
pub trait Engine: Send + Sync {
    /// What reports and metrics call it: `exact/cpu`, `tfhe-cpu`, `tfhe-cuda`.
    fn name(&self) -> String;

    /// The fingerprint of the public key whose ciphertexts it bootstraps.
    fn fingerprint(&self) -> [u8; 32];

    /// Whether what it keeps is lost, so that it does nothing any more and another one is to be made.
    fn is_lost(&self) -> bool {
        false
    }

    /// The results, in order.
    ///
    /// # Errors
    /// The engine's. Nothing is kept of a batch that failed: it may be tried again.
    fn look_up(&self, lookups: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError>;

    /// The same, for whoever relies on a result of every lookup: nobody waits for one that never comes.
    ///
    /// # Errors
    /// The engine's, or it returned more or fewer results.
    fn look_up_all(&self, lookups: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError> {
        let results = self.look_up(lookups)?;
        WrongCount::check(lookups.len(), results.len())
            .map_err(|error| EngineError::new(self.name(), error.to_string()))?;
        Ok(results)
    }
}

/// Our kernels on a backend.
pub struct Exact {
    backend: AnyBackend,
    /// The backend's, before anything was sent there.
    generation: u64,
    fingerprint: [u8; 32],
    keyswitch: AnyKeyswitchKey,
    bootstrap: AnyBootstrapKey,
}

impl Exact {
    /// Brings a key into the form the backend computes with.
    ///
    /// # Errors
    /// The backend's.
    pub fn new(backend: impl Into<AnyBackend>, key: &EvaluationKey) -> Result<Self, EngineError> {
        let backend = backend.into();
        let generation = backend.generation();
        let error = |error| failed(&name(&backend), &error);
        let keyswitch = backend.keyswitch_key(KEYSWITCH, &key.keyswitch_words()).map_err(error)?;
        let bootstrap =
            backend.bootstrap_key(BOOTSTRAP, key.bootstrap_residues()).map_err(error)?;
        Ok(Self { generation, fingerprint: key.fingerprint(), keyswitch, bootstrap, backend })
    }

    fn try_look_up(&self, lookups: &[Lookup]) -> Result<Vec<u64>, Error> {
        let (tables, choices) = distinct(lookups);
        let words: Vec<u64> =
            lookups.iter().flat_map(|lookup| lookup.ciphertext.words()).copied().collect();
        let tables: Vec<u64> =
            tables.iter().flat_map(|table| table.polynomial()).copied().collect();
        let small = self.backend.keyswitch_batch(&self.keyswitch, &self.backend.upload(&words)?)?;
        let tables = self.backend.upload(&tables)?;
        let results = self.backend.pbs_batch(&self.bootstrap, &small, &tables, &choices)?;
        self.backend.download(&results)
    }
}

impl Engine for Exact {
    fn name(&self) -> String {
        name(&self.backend)
    }

    fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    fn is_lost(&self) -> bool {
        self.backend.generation() != self.generation
    }

    fn look_up(&self, lookups: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError> {
        let words = self.try_look_up(lookups).map_err(|error| failed(&self.name(), &error))?;
        let rows = words.chunks_exact(DIMENSION + 1).zip(lookups);
        Ok(rows.map(|(row, lookup)| result(row.to_vec(), &lookup.table)).collect())
    }
}

fn name(backend: &AnyBackend) -> String {
    format!("exact/{}", backend.kind())
}

fn failed(engine: &str, error: &Error) -> EngineError {
    let is_full = matches!(error, Error::OutOfMemory { .. });
    EngineError { is_full, ..EngineError::new(engine, error.to_string()) }
}

/// A result with the table's offset added.
pub(crate) fn result(words: Vec<u64>, table: &Table) -> Ciphertext {
    let mut ciphertext = Ciphertext::from_row(words);
    ciphertext.add_constant(table.offset());
    ciphertext
}

/// Each table once, and which of them each lookup has.
#[expect(clippy::cast_possible_truncation, reason = "as many lookups would not fit memory")]
pub(crate) fn distinct(lookups: &[Lookup]) -> (Vec<&Arc<Table>>, Vec<u32>) {
    let mut tables: Vec<&Arc<Table>> = Vec::new();
    let mut choices = Vec::with_capacity(lookups.len());
    for Lookup { table, .. } in lookups {
        let same = |&other: &&Arc<Table>| Arc::ptr_eq(other, table) || other == table;
        let choice = tables.iter().position(same).unwrap_or_else(|| {
            tables.push(table);
            tables.len() - 1
        });
        choices.push(choice as u32);
    }
    (tables, choices)
}
