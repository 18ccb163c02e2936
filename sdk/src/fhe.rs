//! Homomorphic programs as jobs: what is computed, on which sums, under which key.

use pulseproof_fhe::program::Program;
use pulseproof_fhe::{Ciphertext, LayoutRequest};
use serde::{Deserialize, Serialize};

use crate::api::EngineKind;
use crate::digest::Digest;
use crate::name::Name;

/// Most sums of a job.
pub const SUMS_MAX: usize = 64;
/// Most encrypted words of a job.
pub const WORDS_MAX: usize = 16;
/// Hexadecimal digits of an encrypted word.
pub const WORD_DIGITS: usize = 16 * Ciphertext::WORDS;

/// A program to compute on sums that the appliance has proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FheRequest {
    /// The evaluation key: SHA-256 of its bytes.
    pub key: Digest,
    /// Who bootstraps.
    #[serde(default)]
    pub engine: EngineKind,
    /// How the readings in the sums are packed.
    pub layout: LayoutRequest,
    /// The sums that the program's inputs count from 0.
    pub sums: Vec<SumRef>,
    /// The encrypted words that the program's inputs count from 0; see [`word_to_text`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// The program.
    pub program: Program,
}

/// The sum of a region's epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumRef {
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: u64,
    /// The [digest](crate::ProvedResult::sum_digest) of another appliance's sum that was handed in; without
    /// it, the sum that a finished job of this appliance made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Digest>,
}

impl SumRef {
    /// The sum that a finished job of the same appliance made.
    #[must_use]
    pub fn own(region: Name, epoch: u64) -> Self {
        Self { region, epoch, result: None }
    }
}

/// The text is no encrypted word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {WORD_DIGITS} hexadecimal digits: {0}")]
pub struct InvalidWord(String);

/// An encrypted word in hexadecimal: its 64-bit words in order, each little-endian.
#[must_use]
pub fn word_to_text(word: &Ciphertext) -> String {
    hex::encode(word_bytes(word))
}

/// Reads what [`word_to_text`] wrote.
///
/// # Errors
/// Any other text.
pub fn word_from_text(text: &str) -> Result<Ciphertext, InvalidWord> {
    let mut bytes = vec![0; WORD_DIGITS / 2];
    hex::decode_to_slice(text, &mut bytes).map_err(|error| InvalidWord(error.to_string()))?;
    let words = bytes.as_chunks().0.iter().map(|&word| u64::from_le_bytes(word)).collect();
    Ciphertext::from_words(words).ok_or_else(|| InvalidWord("another number of words".to_owned()))
}

/// SHA-256 of an encrypted word.
#[must_use]
pub fn word_digest(word: &Ciphertext) -> Digest {
    Digest::sha256(&word_bytes(word))
}

/// SHA-256 of a program, as JSON without spaces and with its fields in their order.
#[must_use]
pub fn program_digest(program: &Program) -> Digest {
    Digest::sha256(&serde_json::to_vec(program).expect("a program is plain data"))
}

fn word_bytes(word: &Ciphertext) -> Vec<u8> {
    word.words().iter().flat_map(|word| word.to_le_bytes()).collect()
}
