//! Homomorphic programs as jobs: what is computed, on which sums, under which key. Without the feature `fhe` jobs
//! can be read and handed on, and programs are what they are in JSON.

#[cfg(feature = "fhe")]
use pulseproof_fhe::Ciphertext;
use pulseproof_packing::LayoutRequest;
use serde::{Deserialize, Serialize};

use crate::api::EngineKind;
use crate::digest::Digest;
use crate::name::Name;

/// Most sums of a job.
pub const SUMS_MAX: usize = 64;
/// Most encrypted words of a job.
pub const WORDS_MAX: usize = 16;
/// Hexadecimal digits of an encrypted word.
#[cfg(feature = "fhe")]
pub const WORD_DIGITS: usize = 16 * Ciphertext::WORDS;

#[cfg(feature = "fhe")]
pub use pulseproof_fhe::program::Program;

/// A program as it is in JSON, which nobody reads without the feature `fhe`.
#[cfg(not(feature = "fhe"))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Program(serde_json::Value);

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
    /// The encrypted words that the program's inputs count from 0; hexadecimal, as `word_to_text` writes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// The program.
    pub program: Program,
}

/// The sum of a region's epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SumRef {
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: u64,
    /// The [digest](crate::ProvedResult::sum_digest) of another appliance's sum that was uploaded; without
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

#[cfg(feature = "fhe")]
pub use typed::{InvalidWord, program_digest, word_digest, word_from_text, word_to_text};

/// What needs the encryption library.
#[cfg(feature = "fhe")]
mod typed {
    use super::*;

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
        Ciphertext::from_words(words)
            .ok_or_else(|| InvalidWord("another number of words".to_owned()))
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
}

#[cfg(test)]
mod tests {
    use crate::api::{Job, JobRequest};

    /// With and without the feature.
    #[test]
    fn jobs_are_read_and_handed_on() {
        let key = "0".repeat(64);
        let request = format!(
            r#"{{"kind":"fhe","key":"{key}","engine":"exact",
                "layout":{{"scale":{{"decimals":0,"minimum":0,"maximum":9}},"inside":[2,3],"slots":4,
                          "summands_max":3,"totals":true}},
                "sums":[{{"region":"north","epoch":7}}],
                "program":{{"version":1,"inputs":[],"steps":[],"outputs":[]}}}}"#
        );
        let text = format!(r#"{{"id":"a","request":{request},"state":"queued"}}"#);
        let job: Job = serde_json::from_str(&text).unwrap();
        let JobRequest::Fhe(fhe) = &job.request else { panic!("a program") };
        assert_eq!(fhe.sums[0].epoch, 7);
        let again: Job = serde_json::from_str(&serde_json::to_string(&job).unwrap()).unwrap();
        assert_eq!(again, job);
    }
}
