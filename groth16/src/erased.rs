//! Keys on a backend, with their curve forgotten: what a program works with that learns of it when it runs.

use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;
use std::time::Duration;

use pulseproof_formats::elements::Check;
use pulseproof_formats::wtns::Witness;
use pulseproof_formats::{FormatError, zkey};
use pulseproof_kernels::backend::{AnyBackend, Backend, BackendKind};
use pulseproof_kernels::{Curve, CurveId, Scalar, with_curve};
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::Weakness;
use crate::belongs::Shape;
use crate::json::{ProofDocument, PublicDocument};
use crate::key::{LoadError, ProvingKey};
use crate::prove::{ProveError, Stage, prove};

/// A key that was loaded.
pub trait Key: Send + Sync {
    /// What is known of it.
    fn info(&self) -> KeyInfo;

    /// Reads a `.wtns` for its curve, no longer than its circuit's witnesses are.
    ///
    /// # Errors
    /// The file is no witness over this curve's scalars.
    fn read_witness(&self, file: File) -> Result<Words, ProvingError>;

    /// Proves, and checks the proof; the blinders come from the operating system.
    ///
    /// # Errors
    /// The words are no witness for the circuit, or the backend failed.
    fn prove(&self, witness: Words) -> Result<Proof, ProvingError>;
}

/// The values of a witness: plain integers, four little-endian words each.
pub type Words = Zeroizing<Vec<u64>>;

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its curve.
    pub curve: CurveId,
    /// Who proves with it.
    pub backend: BackendKind,
    /// Signals of a witness, the constant 1 included.
    pub signals: usize,
    /// Public signals, the constant 1 not included.
    pub public: usize,
    /// log2 of the domain.
    pub log_size: u32,
    /// Contributions of phase 2 that it lists.
    pub contributions: usize,
    /// What shows that it is insecure.
    pub weakness: Option<Weakness>,
    /// Bytes where it is kept.
    pub bytes: usize,
}

impl KeyInfo {
    /// What it says of its circuit.
    pub fn shape(&self) -> Shape {
        let &Self { curve, signals, public, log_size, .. } = self;
        Shape { curve, signals: signals as u64, public: public as u64, log_size }
    }
}

/// A proof that verifies, as snarkjs has it.
#[derive(Clone, Debug)]
pub struct Proof {
    /// `proof.json`.
    pub proof: ProofDocument,
    /// `public.json`.
    pub public: PublicDocument,
    /// How long each step took.
    pub stages: Vec<(Stage, Duration)>,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProvingError {
    /// The witness is none.
    #[error(transparent)]
    Witness(#[from] FormatError),
    /// It is another circuit's or does not satisfy this one, or the backend failed.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

/// Loads keys on a backend.
#[derive(Clone, Debug)]
pub struct Loader(AnyBackend);

impl Loader {
    /// Keys go to this backend.
    pub fn new(backend: impl Into<AnyBackend>) -> Self {
        Self(backend.into())
    }

    /// Where they go.
    pub fn backend(&self) -> BackendKind {
        self.0.kind()
    }

    /// Reads a `.zkey` for either curve. `progress` hears of points done, and of points in all.
    ///
    /// # Errors
    /// The file is no key, a point fails the check, or the backend has no room.
    pub fn load(
        &self,
        file: File,
        check: Check,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Arc<dyn Key>, LoadError> {
        let mut source = BufReader::new(file);
        let curve = zkey::curve(&mut source)?;
        with_curve!(curve, C => {
            let key = ProvingKey::<C>::load(self.0.clone(), source, check, progress)?;
            Ok(Arc::new(key))
        })
    }
}

impl<C: Curve> Key for ProvingKey<C> {
    fn info(&self) -> KeyInfo {
        KeyInfo {
            curve: C::ID,
            backend: self.backend().kind(),
            signals: self.signals(),
            public: self.public(),
            log_size: self.log_size(),
            contributions: self.contributions(),
            weakness: self.weakness(),
            bytes: self.bytes(),
        }
    }

    fn read_witness(&self, file: File) -> Result<Words, ProvingError> {
        let witness = Witness::<Scalar<C>>::read(&mut BufReader::new(file), self.signals())?;
        Ok(Zeroizing::new(witness.into_words()))
    }

    fn prove(&self, mut witness: Words) -> Result<Proof, ProvingError> {
        let witness = Witness::<Scalar<C>>::from_words(std::mem::take(&mut *witness))?;
        let proved = prove(self, &witness, &mut OsRng)?;
        Ok(Proof {
            proof: proved.proof.document(),
            public: proved.public.document(),
            stages: proved.stages,
        })
    }
}
