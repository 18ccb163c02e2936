//! What goes into a circuit and what the authority reads of what comes out.

use serde::{Deserialize, Serialize};

use super::circuit::{Circuit, InputCiphertext, OutputKind};
use crate::bootstrap::parameters::DIGIT_SHIFT;
use crate::ciphertext::Ciphertext;
use crate::keys::SecretKey;

/// An encrypted output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedOutput {
    /// Its shape.
    pub shape: OutputShape,
    /// Its digits, least significant first.
    pub digits: Vec<Ciphertext>,
}

/// What an output is called and how its digits are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputShape {
    /// Its name in the program.
    pub name: String,
    /// Whether it is one bit, or digits of base 4.
    pub is_bit: bool,
    /// How many digits there are.
    pub digits: usize,
}

/// An output does not decrypt to digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "output {name:?}: digit {index} decrypts to {found}, at most {most} is one: \
     wrong key, or not the result of a program"
)]
pub struct OutputError {
    /// The output.
    pub name: String,
    /// Which digit.
    pub index: usize,
    /// What it decrypts to.
    pub found: u64,
    /// The greatest it can be.
    pub most: u64,
}

impl Circuit {
    /// The ciphertexts that the inputs are.
    ///
    /// # Panics
    /// If there are fewer sums or words than the program was compiled for, or a sum has not the layout's length.
    #[must_use]
    pub fn ciphertexts(&self, sums: &[impl AsRef<[u64]>], words: &[Ciphertext]) -> Vec<Ciphertext> {
        let of = |input: &InputCiphertext| match *input {
            InputCiphertext::Body { sum, body } => Ciphertext::of_body(sums[sum].as_ref(), body),
            InputCiphertext::Word(word) => words[word].clone(),
        };
        self.inputs.iter().map(of).collect()
    }

    /// The outputs' shapes, in order.
    #[must_use]
    pub fn shapes(&self) -> Vec<OutputShape> {
        let shape = |output: &super::circuit::Output| OutputShape {
            name: output.name.clone(),
            is_bit: output.kind == OutputKind::Bit,
            digits: output.digits.len(),
        };
        self.outputs.iter().map(shape).collect()
    }

    /// The digits that [`Self::evaluate`] returned, output by output.
    #[must_use]
    pub fn outputs_of(&self, digits: Vec<Ciphertext>) -> Vec<EncryptedOutput> {
        let mut digits = digits.into_iter();
        let of_shape = |shape: OutputShape| {
            let digits = digits.by_ref().take(shape.digits).collect();
            EncryptedOutput { shape, digits }
        };
        self.shapes().into_iter().map(of_shape).collect()
    }
}

impl SecretKey {
    /// Opens an output.
    ///
    /// # Errors
    /// A digit that is none.
    pub fn open(&self, output: &EncryptedOutput) -> Result<u128, OutputError> {
        let most = if output.shape.is_bit { 1 } else { 3 };
        let mut value = 0u128;
        for (index, digit) in output.digits.iter().enumerate().rev() {
            let rounded = self.phase(digit).wrapping_add(1 << (DIGIT_SHIFT - 1)) >> DIGIT_SHIFT;
            if rounded > most {
                let name = output.shape.name.clone();
                return Err(OutputError { name, index, found: rounded, most });
            }
            value = value << 2 | u128::from(rounded);
        }
        Ok(value)
    }
}
