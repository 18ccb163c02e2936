//! Key switching and bootstrapping with real keys, beside tfhe-rs's engine.
//!
//! All subjects work under one secret key, on the same ciphertexts and the same table, at the same
//! dimensions, digits and relative noise; nothing is timed unless all decrypt to what they should.

use std::sync::Arc;

use pulseproof_fhe::bootstrap::engine::{Engine, EngineError, Exact, Lookup};
use pulseproof_fhe::bootstrap::keys::EvaluationKey;
use pulseproof_fhe::bootstrap::parameters::{BOOTSTRAP, DIGIT_SHIFT, DIGIT_VALUES, KEYSWITCH};
use pulseproof_fhe::bootstrap::table::Table;
use pulseproof_fhe::bootstrap::tfhe_cpu::TfheCpu;
use pulseproof_fhe::bootstrap::tfhe_cuda::TfheCuda;
use pulseproof_fhe::program::result::{EncryptedOutput, OutputShape};
use pulseproof_fhe::{Ciphertext, Encrypt, PublicKey, SecretKey, generate_keys};
use pulseproof_kernels::Error;
use pulseproof_kernels::backend::{AnyBackend, Backend, BackendKind};

use super::limits::{Work, bandwidth};
use super::measure::{BenchError, Subject, time};
use super::report::Shape;

/// Keys, made once for all sizes.
pub struct Keys {
    secret: SecretKey,
    public: PublicKey,
    exact: EvaluationKey,
}

impl Default for Keys {
    fn default() -> Self {
        let (secret, public) = generate_keys();
        let exact = secret.evaluation_key();
        Self { secret, public, exact }
    }
}

/// An engine that is ready, and how long its key took to bring into its form.
pub struct Ready {
    name: String,
    is_peer: bool,
    cold_ms: f64,
    bandwidth: Option<f64>,
    engine: Box<dyn Engine>,
}

impl Keys {
    /// Our engine on a backend.
    ///
    /// # Errors
    /// The backend's.
    pub fn exact(&self, backend: &AnyBackend) -> Result<Ready, BenchError> {
        let kind = backend.kind();
        let is_cpu = kind == BackendKind::Cpu;
        let bandwidth = if is_cpu { None } else { Some(bandwidth(backend)?) };
        let (cold_ms, engine) = time(|| Exact::new(backend.clone(), &self.exact));
        let engine = Box::new(engine.map_err(|error| failed(&error))?);
        Ok(Ready { name: kind.to_string(), is_peer: false, cold_ms, bandwidth, engine })
    }

    /// tfhe-rs on the CPU.
    #[must_use]
    pub fn tfhe_cpu(&self) -> Ready {
        let key = self.secret.floating_key();
        let (cold_ms, engine) = time(|| Box::new(TfheCpu::new(&key)));
        Ready { name: engine.name(), is_peer: true, cold_ms, bandwidth: None, engine }
    }

    /// tfhe-rs on CUDA.
    ///
    /// # Errors
    /// It was left out of this program, or there is no device.
    pub fn tfhe_cuda(&self) -> Result<Ready, BenchError> {
        let key = self.secret.floating_key();
        let (cold_ms, engine) = time(|| TfheCuda::new(&key));
        let engine = Box::new(engine.map_err(|error| failed(&error))?);
        Ok(Ready { name: engine.name(), is_peer: true, cold_ms, bandwidth: None, engine })
    }
}

/// Ciphertexts of digits, and what a table makes of them.
pub struct Fixture<'a> {
    keys: &'a Keys,
    log_n: u32,
    lookups: Vec<Lookup>,
}

impl<'a> Fixture<'a> {
    /// 2^`log_n` digits.
    #[must_use]
    pub fn new(keys: &'a Keys, log_n: u32) -> Self {
        let table = Arc::new(Table::of_digits(|v| v / 4));
        let lookup = |i: usize| {
            let digit = (i % DIGIT_VALUES) as u64;
            // One bit of padding, four of the digit.
            let ciphertext = keys.public.encrypt_word(digit, u64::BITS - DIGIT_SHIFT);
            Lookup { ciphertext, table: Arc::clone(&table) }
        };
        Self { keys, log_n, lookups: (0..1usize << log_n).map(lookup).collect() }
    }

    /// Size, and the least work: the products of all transforms and of the key, and the two keys read once.
    #[must_use]
    pub fn shape(&self) -> Shape {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (count, size) = (self.lookups.len() as f64, BOOTSTRAP.size() as f64);
        let levels = f64::from(BOOTSTRAP.levels);
        let transforms = (2.0 * levels + 2.0) * size / 2.0 * f64::from(BOOTSTRAP.log_size);
        let step = transforms + 4.0 * levels * size;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (steps, words) =
            (BOOTSTRAP.dimension as f64, (BOOTSTRAP.key_words() + KEYSWITCH.key_words()) as f64);
        Shape {
            log_n: self.log_n,
            batch: 1,
            items: count,
            work: Work {
                products: count * steps * step,
                field_bits: 50,
                reduces_by_shifts: false,
                bytes: 8.0 * words,
            },
            why: "per ciphertext and bit of the key four transforms and four products of polynomials; \
                  the keys are read once"
                .to_owned(),
        }
    }

    /// An engine on these ciphertexts, once its results have been opened.
    ///
    /// # Errors
    /// The engine's, or a wrong digit.
    pub fn subject(&'a self, ready: &'a Ready) -> Result<Subject<'a>, BenchError> {
        let results = ready.engine.look_up(&self.lookups).map_err(|error| failed(&error))?;
        for (i, digit) in results.into_iter().enumerate() {
            if self.open(digit) != Some((i % DIGIT_VALUES / 4) as u128) {
                return Err(BenchError::Wrong { subject: ready.name.clone() });
            }
        }
        Ok(Subject {
            name: ready.name.clone(),
            is_peer: ready.is_peer,
            cold_ms: Some(ready.cold_ms),
            bandwidth: ready.bandwidth,
            run: Box::new(|| match ready.engine.look_up(&self.lookups) {
                Ok(_) => Ok(()),
                Err(error) => Err(lost(&error)),
            }),
        })
    }

    fn open(&self, digit: Ciphertext) -> Option<u128> {
        let shape = OutputShape { name: "digit".to_owned(), is_bit: false, digits: 1 };
        self.keys.secret.open(&EncryptedOutput { shape, digits: vec![digit] }).ok()
    }
}

fn failed(error: &EngineError) -> BenchError {
    BenchError::Engine(error.clone())
}

fn lost(error: &EngineError) -> Error {
    Error::DeviceLost { backend: BackendKind::Cpu, reason: error.to_string() }
}
