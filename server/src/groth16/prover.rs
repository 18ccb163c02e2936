//! The interface to the proving crate: what opens keys, what proves, and what needs no key.
//!
//! No message of an error may hold a value of an input or of a witness: messages are logged, stored
//! and answered.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use pulseproof_groth16::belongs::Shape;
use pulseproof_groth16::solidity::TooManyInputs;
use pulseproof_kernels::backend::BackendKind;
use serde_json::Value;
use zeroize::Zeroizing;

pub use pulseproof_store::circuits::{KeyInfo, Part};

/// What proves circuits on this machine.
#[derive(Clone)]
pub struct Groth16 {
    /// Where proofs are made.
    pub primary: Arc<dyn Loader>,
    /// The CPU: checks keys, and proves when the primary backend fails. May be the same.
    pub cpu: Arc<dyn Loader>,
    /// What needs no key.
    pub circuits: Arc<dyn Circuits>,
}

/// Opens proving keys on one backend.
pub trait Loader: Send + Sync {
    /// Which backend.
    fn backend(&self) -> BackendKind;

    /// Bytes to keep free before a key of this length is loaded. Wrong guesses are noticed, but only
    /// once the key is in memory.
    fn reserve(&self, file_bytes: u64) -> u64 {
        file_bytes
    }

    /// Reads a `.zkey`; `checked` if the same bytes were loaded before without it.
    ///
    /// # Errors
    /// The file is no good, or the backend failed.
    fn load(&self, file: File, checked: bool) -> Result<Arc<dyn LoadedKey>, KeyError>;
}

/// A proving key in memory.
pub trait LoadedKey: Send + Sync {
    /// What it proves.
    fn info(&self) -> KeyInfo;

    /// Bytes it takes on its backend.
    fn bytes(&self) -> u64;

    /// Whether the backend has lost it since.
    fn is_lost(&self) -> bool {
        false
    }

    /// Proves, and verifies the proof.
    ///
    /// # Errors
    /// The witness cannot be one of this circuit, the proof did not verify, or the backend failed.
    fn prove(&self, witness: Witness) -> Result<Proved, ProveError>;
}

/// What can be done with a circuit's other files.
pub trait Circuits: Send + Sync {
    /// Checks a file when it comes: a `.wasm` compiles within limits, an `.r1cs` parses, a `.sym` names what
    /// is public, and none is of a circuit that the key cannot be for.
    ///
    /// # Errors
    /// What is wrong with it.
    fn inspect(&self, part: Part, file: File, key: &KeyInfo) -> Result<(), String>;

    /// Computes a witness, within limits of time and memory: the program is the client's.
    ///
    /// # Errors
    /// The inputs are not the circuit's, or an assertion does not hold.
    fn witness(&self, wasm: File, inputs: &Value) -> Result<Zeroizing<Vec<u64>>, String>;

    /// The first constraint that a witness does not satisfy; its signals are named if there are names.
    ///
    /// # Errors
    /// They do not belong together.
    fn first_unsatisfied(
        &self,
        r1cs: File,
        witness: Witness,
        sym: Option<File>,
    ) -> Result<Option<Unsatisfied>, String>;

    /// A key's verification key, as snarkjs writes it.
    ///
    /// # Errors
    /// The file was changed since it was checked.
    fn verification_key(&self, zkey: File) -> Result<String, String>;

    /// The contract that verifies a key's proofs.
    ///
    /// # Errors
    /// The key has more public signals than a contract has room for.
    fn contract(&self, zkey: File) -> Result<Result<String, TooManyInputs>, String>;

    /// The names of public signals, in their order.
    ///
    /// # Errors
    /// The file is no good, or of another circuit.
    fn public_names(&self, sym: File, public: u64) -> Result<Vec<String>, String>;
}

/// A constraint that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsatisfied {
    /// Which one.
    pub constraint: u64,
    /// The names of its signals, as far as they are known.
    pub signals: Vec<String>,
}

/// What a key says of its circuit.
pub fn shape(key: &KeyInfo) -> Shape {
    let &KeyInfo { curve, signals, public, domain_log, .. } = key;
    Shape { curve, signals, public, log_size: domain_log }
}

/// A witness. Secret.
pub enum Witness {
    /// A `.wtns` file.
    File(File),
    /// Four little-endian words for each wire.
    Values(Arc<Zeroizing<Vec<u64>>>),
}

/// A proof that verified.
#[derive(Clone, Debug)]
pub struct Proved {
    /// snarkjs's `proof.json`.
    pub proof: Value,
    /// snarkjs's `public.json`.
    pub public: Value,
    /// Time spent proving.
    pub prove: Duration,
    /// Time spent verifying.
    pub verify: Duration,
}

/// Why a key was not loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The file is no good.
    #[error("{0}")]
    Bad(String),
    /// The backend failed, or the file could not be read.
    #[error("{0}")]
    Failed(String),
}

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// The witness cannot be one of this circuit: its length, its prime, or a value that is not reduced.
    #[error("{0}")]
    Witness(String),
    /// The proof does not verify: the witness does not satisfy the circuit, or the backend is wrong.
    #[error("the proof does not verify")]
    Rejected,
    /// The backend failed.
    #[error("{0}")]
    Backend(String),
}
