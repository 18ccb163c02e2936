//! Witnesses from inputs: runs what circom 2 compiles a circuit to, a WebAssembly module, in a sandbox.
//!
//! The module comes with the circuit, from anybody. It sees the inputs and makes the witness; it gets five
//! functions to report with, a bounded memory and a bounded time, and nothing else of this machine. Whatever
//! it does, the answer is a witness of the right shape or an error. Whether the witness satisfies the circuit
//! is for the prover to find out. `docs/witness.md` says what is read and what the limits are.

mod engine;
mod error;
mod inputs;
mod modules;
mod native;
mod number;
mod private;
mod sandbox;

use std::fmt;
use std::time::Duration;

use pulseproof_kernels::traits::PrimeField;
use pulseproof_kernels::{CurveId, Scalar, with_curve};
use serde_json::Value;
use wasmtime::{Engine, InstancePre, Module};
use zeroize::Zeroizing;

pub use engine::STACK_BYTES_MAX;
pub use error::{MESSAGE_CHARS_MAX, WitnessError};
use inputs::Signal;
pub use inputs::parse_inputs;
pub use modules::{FOLDER_BYTES_MAX, Modules, ModulesError};
use sandbox::{Sandbox, State};

/// 64-bit words of a value of the witness.
pub const WORDS: usize = 4;

/// What a circuit may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the module.
    pub wasm_bytes: usize,
    /// Bytes of the inputs' JSON.
    pub input_bytes: usize,
    /// Bytes of the module's memory, and of the witness.
    pub memory_bytes: usize,
    /// How long a witness may take, on the wall clock.
    pub time: Duration,
}

impl Default for Limits {
    /// 64 MiB of module, 16 MiB of inputs, 1 GiB of memory, one minute.
    fn default() -> Self {
        Self {
            wasm_bytes: 64 << 20,
            input_bytes: 16 << 20,
            memory_bytes: 1 << 30,
            time: Duration::from_secs(60),
        }
    }
}

impl Limits {
    fn check_module(&self, wasm: &[u8]) -> Result<(), WitnessError> {
        let (got, limit) = (wasm.len(), self.wasm_bytes);
        if got > limit { Err(WitnessError::TooLong { what: "module", got, limit }) } else { Ok(()) }
    }
}

/// A circuit's module, compiled. It is read-only: any number of witnesses may be made at once.
pub struct Circuit {
    module: InstancePre<State>,
    curve: CurveId,
    witness_len: usize,
    limits: Limits,
}

impl fmt::Debug for Circuit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Circuit")
            .field("curve", &self.curve)
            .field("witness_len", &self.witness_len)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Circuit {
    /// Compiles a module and asks it for its prime and its size.
    ///
    /// # Errors
    /// If it is too long, no module of circom 2, of a prime that is no curve's order here, wants more than the
    /// five functions, or does not answer within the limits.
    pub fn compile(wasm: &[u8], limits: &Limits) -> Result<Self, WitnessError> {
        limits.check_module(wasm)?;
        let engine = engine::shared()?;
        Self::of(engine, &Module::from_binary(engine, wasm).map_err(error::module)?, limits)
    }

    /// Asks a compiled module what circuit it is.
    fn of(engine: &Engine, module: &Module, limits: &Limits) -> Result<Self, WitnessError> {
        let module = sandbox::link(engine, module)?;
        let mut sandbox = Sandbox::new(&module, limits)?;
        sandbox.check_version()?;
        let curve = curve_of(&sandbox.prime()?)?;
        let witness_len = witness_len(&mut sandbox, limits)?;
        Ok(Self { module, curve, witness_len, limits: *limits })
    }

    /// Bytes of the compiled module in memory.
    pub fn bytes(&self) -> usize {
        let image = self.module.module().image_range();
        image.end.addr() - image.start.addr()
    }

    /// The curve whose order the circuit computes modulo.
    pub fn curve(&self) -> CurveId {
        self.curve
    }

    /// The prime the circuit computes modulo, little-endian.
    pub fn prime(&self) -> [u64; WORDS] {
        modulus(self.curve)
    }

    /// How many values a witness has, the constant one among them.
    pub fn witness_len(&self) -> usize {
        self.witness_len
    }

    /// The witness for inputs: an object of signals' names, see `docs/witness.md`.
    ///
    /// # Errors
    /// If the inputs are not the circuit's, if a check of the circuit fails on them, or if the module passes
    /// a limit or gives anything but a witness.
    pub fn witness(&self, inputs: &Value) -> Result<Words, WitnessError> {
        let signals = inputs::signals(inputs)?;
        let mut sandbox = Sandbox::new(&self.module, &self.limits)?;
        sandbox.start()?;
        let mut given = 0;
        for signal in &signals {
            given += with_curve!(self.curve, C => self.set::<Scalar<C>>(&mut sandbox, signal))?;
        }
        let expected = sandbox.input_len()?;
        if given != expected {
            return Err(WitnessError::MissingInputs { got: given, expected });
        }
        self.read(&mut sandbox)
    }

    /// Hands a signal's values over; how many there are.
    fn set<F: PrimeField>(
        &self,
        sandbox: &mut Sandbox,
        signal: &Signal<'_>,
    ) -> Result<usize, WitnessError> {
        let values = &signal.values;
        sandbox.check_signal(&signal.name, values.len())?;
        for (index, value) in values.iter().enumerate() {
            let words = number::words::<F>(value).map_err(|reason| WitnessError::Value {
                signal: error::shortened(&signal.name),
                index,
                reason,
            })?;
            sandbox.set_signal(&signal.name, index, &words)?;
        }
        Ok(values.len())
    }

    /// The values that the module has computed.
    fn read(&self, sandbox: &mut Sandbox) -> Result<Words, WitnessError> {
        let count = witness_len(sandbox, &self.limits)?;
        if count != self.witness_len {
            return Err(WitnessError::Inconsistent("the size of the witness has changed"));
        }
        // Of its full length from the start: it does not grow, and leaves no copies behind.
        let mut words = Zeroizing::new(vec![0; count * WORDS]);
        let prime = self.prime();
        for (index, value) in words.chunks_exact_mut(WORDS).enumerate() {
            sandbox.value(index, value)?;
            if !value.iter().rev().lt(prime.iter().rev()) {
                return Err(WitnessError::NotReduced { index });
            }
        }
        if words[..WORDS] != [1, 0, 0, 0] {
            return Err(WitnessError::Inconsistent("the first value of the witness is not 1"));
        }
        Ok(Words { words })
    }
}

/// How many values there are, if they may be that many.
fn witness_len(sandbox: &mut Sandbox, limits: &Limits) -> Result<usize, WitnessError> {
    let count = sandbox.witness_len()?;
    let (got, limit) = (count.saturating_mul(8 * WORDS), limits.memory_bytes);
    if got > limit {
        return Err(WitnessError::TooLong { what: "witness", got, limit });
    }
    if count == 0 {
        return Err(WitnessError::Inconsistent("the witness has no values"));
    }
    Ok(count)
}

/// The order of a curve.
fn modulus(curve: CurveId) -> [u64; WORDS] {
    with_curve!(curve, C => Scalar::<C>::MODULUS.0)
}

/// The curve of an order.
fn curve_of(prime: &[u64; WORDS]) -> Result<CurveId, WitnessError> {
    let curve = CurveId::ALL.into_iter().find(|curve| modulus(*curve) == *prime);
    curve.ok_or(WitnessError::Prime)
}

/// A witness: values below the circuit's prime, four little-endian words each, the least significant first.
/// Erased when dropped.
pub struct Words {
    words: Zeroizing<Vec<u64>>,
}

impl Words {
    /// How many values there are.
    pub fn count(&self) -> usize {
        self.words.len() / WORDS
    }

    /// The words of all values.
    pub fn as_slice(&self) -> &[u64] {
        &self.words
    }

    /// The words, for whoever erases them.
    pub fn into_words(mut self) -> Vec<u64> {
        std::mem::take(&mut *self.words)
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} values)", self.count())
    }
}

#[cfg(test)]
mod tests;
