//! Whether a circuit's other files can be of the circuit that a key is for, as far as numbers tell.

use std::fmt::Display;

use pulseproof_formats::r1cs::R1cs;
use pulseproof_kernels::CurveId;
use pulseproof_kernels::traits::PrimeField;

use crate::setup::{SetupError, log_size};
#[cfg(feature = "witness")]
use crate::witness::Circuit;

/// What a key says of its circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The curve.
    pub curve: CurveId,
    /// Signals of a witness, the constant 1 included.
    pub signals: u64,
    /// Public signals, the constant 1 not included.
    pub public: u64,
    /// log2 of the domain.
    pub log_size: u32,
}

/// Why a file is not of a key's circuit.
#[derive(Debug, thiserror::Error)]
pub enum NotTheCircuit {
    /// A number differs.
    #[error("it is of another circuit: its {what} is {found}, the key's is {of_key}")]
    Other {
        /// Which number.
        what: &'static str,
        /// As the file has it.
        found: String,
        /// As the key has it.
        of_key: String,
    },
    /// It is of no circuit that has keys.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

impl Shape {
    /// Compares the curve of a file, which has to be known before more of it can be read.
    ///
    /// # Errors
    /// It is another.
    pub fn check_curve(&self, found: CurveId) -> Result<(), NotTheCircuit> {
        same("curve", found, self.curve)
    }

    /// Compares a module that makes witnesses.
    ///
    /// # Errors
    /// It is of another circuit.
    #[cfg(feature = "witness")]
    pub fn check_module(&self, module: &Circuit) -> Result<(), NotTheCircuit> {
        self.check_curve(module.curve())?;
        same("number of signals", module.witness_len() as u64, self.signals)
    }

    /// Compares constraints.
    ///
    /// # Errors
    /// They are of another circuit.
    pub fn check_constraints<F: PrimeField>(&self, circuit: &R1cs<F>) -> Result<(), NotTheCircuit> {
        same("number of signals", circuit.wires as u64, self.signals)?;
        same("number of public signals", circuit.public() as u64, self.public)?;
        same("domain's log2", log_size(circuit)?, self.log_size)
    }
}

fn same<T: PartialEq + Display + Copy>(
    what: &'static str,
    found: T,
    of_key: T,
) -> Result<(), NotTheCircuit> {
    if found == of_key {
        return Ok(());
    }
    let (found, of_key) = (found.to_string(), of_key.to_string());
    Err(NotTheCircuit::Other { what, found, of_key })
}
