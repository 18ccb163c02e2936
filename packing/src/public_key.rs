//! The authority's public key, as words with a name, and the bytes it travels in.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::error::KeyError;
use crate::format::{Format, Hex};
use crate::noise::DIMENSION;

const PUBLIC: Format =
    Format { kind: "public key", magic: *b"PPFHEPUB", version: 1, body: 2 * DIMENSION * 8 };

/// Encrypts readings. Anybody may have it.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// a, then b, of 2048 words each.
    words: Vec<u64>,
    fingerprint: [u8; 32],
}

impl PublicKey {
    /// Words of a key: twice as many as a mask has.
    pub const WORDS: usize = 2 * DIMENSION;

    /// Bytes of a key: see [`Self::to_bytes`].
    pub const BYTES: usize = PUBLIC.bytes();

    /// The key of these words, a and then b, if they are [`Self::WORDS`].
    #[must_use]
    pub fn from_words(words: Vec<u64>) -> Option<Self> {
        (words.len() == Self::WORDS).then(|| Self::new(words))
    }

    fn new(words: Vec<u64>) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"pulseproof/fhe/public-key/v1");
        for word in &words {
            hash.update(word.to_le_bytes());
        }
        Self { words, fingerprint: hash.finalize().into() }
    }

    /// a, then b.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The coefficients of a, from that of X^0 on.
    #[must_use]
    pub fn mask(&self) -> &[u64] {
        &self.words[..DIMENSION]
    }

    /// The coefficients of b = a·s̄ + e, from that of X^0 on.
    #[must_use]
    pub fn body(&self) -> &[u64] {
        &self.words[DIMENSION..]
    }

    /// A name for the key: SHA-256 of its words.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// The key in this library's format.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = PUBLIC.header();
        bytes.extend(self.words.iter().flat_map(|word| word.to_le_bytes()));
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote, and nothing else.
    ///
    /// # Errors
    /// Another format or version, another length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let (words, _) = PUBLIC.open(bytes)?.as_chunks();
        Ok(Self::new(words.iter().map(|&word| u64::from_le_bytes(word)).collect()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", Hex(&self.fingerprint))
    }
}
