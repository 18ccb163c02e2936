//! Which circuits there are.

use async_trait::async_trait;
use pulseproof_groth16::Weakness;
use pulseproof_kernels::CurveId;
use pulseproof_sdk::groth16::PartInfo;
use pulseproof_sdk::{Digest, Name};

use crate::StoreError;

/// Circuits.
#[async_trait]
pub trait Circuits: Send + Sync {
    /// A circuit, if it is known.
    async fn circuit(&self, name: &Name) -> Result<Option<StoredCircuit>, StoreError>;

    /// All circuits, by name.
    async fn circuits(&self) -> Result<Vec<StoredCircuit>, StoreError>;

    /// Adds a circuit, or finds that it is there with the same key: true if it is new. Its parts are added one by
    /// one.
    ///
    /// # Errors
    /// [`NameTaken`](crate::Denial::NameTaken), [`TooManyCircuits`](crate::Denial::TooManyCircuits).
    async fn add_circuit(
        &self,
        new: &StoredCircuit,
        circuits_max: usize,
    ) -> Result<bool, StoreError>;

    /// Adds a part to a circuit, or finds that it is there: true if it is new.
    ///
    /// # Errors
    /// [`UnknownCircuit`](crate::Denial::UnknownCircuit), [`PartTaken`](crate::Denial::PartTaken).
    async fn add_part(&self, name: &Name, part: Part, file: PartInfo) -> Result<bool, StoreError>;

    /// Removes a circuit that no unfinished job needs, and says what it was.
    ///
    /// # Errors
    /// [`UnknownCircuit`](crate::Denial::UnknownCircuit), [`CircuitInUse`](crate::Denial::CircuitInUse).
    async fn remove_circuit(&self, name: &Name) -> Result<StoredCircuit, StoreError>;
}

/// A circuit whose key was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCircuit {
    /// Its name.
    pub name: Name,
    /// What its key proves.
    pub info: KeyInfo,
    /// The file of its key.
    pub zkey: PartInfo,
    /// What computes witnesses.
    pub wasm: Option<PartInfo>,
    /// Its constraints.
    pub r1cs: Option<PartInfo>,
    /// Its signals' names.
    pub sym: Option<PartInfo>,
}

impl StoredCircuit {
    /// A part, if it is there.
    pub fn part(&self, part: Part) -> Option<PartInfo> {
        match part {
            Part::Wasm => self.wasm,
            Part::R1cs => self.r1cs,
            Part::Sym => self.sym,
        }
    }

    /// All its files.
    pub fn files(&self) -> impl Iterator<Item = Digest> {
        let files = [Some(self.zkey), self.wasm, self.r1cs, self.sym];
        files.into_iter().flatten().map(|part| part.sha256)
    }
}

/// A file of a circuit that it can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Computes a witness from inputs.
    Wasm,
    /// The constraints.
    R1cs,
    /// The signals' names.
    Sym,
}

impl Part {
    /// Its name, in paths and errors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wasm => "wasm",
            Self::R1cs => "r1cs",
            Self::Sym => "sym",
        }
    }
}

/// What a key proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// The curve.
    pub curve: CurveId,
    /// Wires, with the constant one.
    pub signals: u64,
    /// Public ones among them.
    pub public: u64,
    /// The logarithm of the domain's size.
    pub domain_log: u32,
    /// Contributions to the second phase of the ceremony.
    pub contributions: u64,
    /// What shows that it is a toy.
    pub weakness: Option<Weakness>,
}
