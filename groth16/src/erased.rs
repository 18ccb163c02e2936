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
use crate::key::streamed::Progress;
use crate::key::{Head, LoadError, ProvingKey, StreamedKey};
use crate::prove::{ProveError, Proved, Stage, prove};

/// A key that was loaded, or opened.
pub trait Key: Send + Sync {
    /// What is known of it.
    fn info(&self) -> KeyInfo;

    /// Whether what was kept of it is lost, so that nothing is proved with it any more.
    fn is_lost(&self) -> bool;

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
    /// Bytes where it is kept; of a key that is read meanwhile, none.
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

    /// Opens a `.zkey` for either curve, to be read while a proof is made: for one proof that is faster than to load
    /// it, and takes less memory. `progress` hears of points done, and of points in all.
    ///
    /// # Errors
    /// The file is no key, or damaged where it says what it is.
    pub fn open(&self, file: File, progress: Progress) -> Result<Box<dyn Key>, LoadError> {
        let mut source = BufReader::new(file);
        let curve = zkey::curve(&mut source)?;
        with_curve!(curve, C => {
            Ok(Box::new(StreamedKey::<C, _>::open(self.0.clone(), source, progress)?))
        })
    }
}

impl<C: Curve> Key for ProvingKey<C> {
    fn info(&self) -> KeyInfo {
        info(self, self.bytes())
    }

    fn is_lost(&self) -> bool {
        Head::is_lost(self)
    }

    fn read_witness(&self, file: File) -> Result<Words, ProvingError> {
        read_witness(self, file)
    }

    fn prove(&self, words: Words) -> Result<Proof, ProvingError> {
        Ok(prove(self, &witness::<C>(words)?, &mut OsRng)?.into())
    }
}

impl<C: Curve> Key for StreamedKey<C, BufReader<File>> {
    fn info(&self) -> KeyInfo {
        info(self.head(), 0)
    }

    fn is_lost(&self) -> bool {
        false
    }

    fn read_witness(&self, file: File) -> Result<Words, ProvingError> {
        read_witness(self.head(), file)
    }

    fn prove(&self, words: Words) -> Result<Proof, ProvingError> {
        Ok(self.prove(&witness::<C>(words)?, &mut OsRng)?.into())
    }
}

fn info<C: Curve>(head: &Head<C>, bytes: usize) -> KeyInfo {
    KeyInfo {
        curve: C::ID,
        backend: head.backend().kind(),
        signals: head.signals(),
        public: head.public(),
        log_size: head.log_size(),
        contributions: head.contributions(),
        weakness: head.weakness(),
        bytes,
    }
}

fn read_witness<C: Curve>(head: &Head<C>, file: File) -> Result<Words, ProvingError> {
    let witness = Witness::<Scalar<C>>::read(&mut BufReader::new(file), head.signals())?;
    Ok(Zeroizing::new(witness.into_words()))
}

fn witness<C: Curve>(mut words: Words) -> Result<Witness<Scalar<C>>, FormatError> {
    Witness::from_words(std::mem::take(&mut *words))
}

impl<C: Curve> From<Proved<C>> for Proof {
    fn from(proved: Proved<C>) -> Self {
        let Proved { proof, public, stages } = proved;
        Self { proof: proof.document(), public: public.document(), stages }
    }
}
