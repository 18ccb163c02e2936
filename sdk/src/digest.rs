//! A SHA-256 digest, written in hexadecimal.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// 32 bytes that stand for something else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// SHA-256 of bytes, as any tool computes it.
    pub fn sha256(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// SHA-256 of all that a reader has left.
    ///
    /// # Errors
    /// The reader's.
    pub fn of_reader(reader: &mut impl Read) -> io::Result<Self> {
        use sha2::Digest as _;
        let (mut hasher, mut buffer) = (sha2::Sha256::new(), vec![0; 1 << 16]);
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(Self(hasher.finalize().into())),
                Ok(read) => hasher.update(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// SHA-256 of a label and some bytes.
    pub fn of(label: &str, bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        let hasher = sha2::Sha256::new()
            .chain_update((label.len() as u64).to_le_bytes())
            .chain_update(label);
        Self(hasher.chain_update(bytes).finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|e| format!("expected 64 hexadecimal digits: {e}"))?;
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}
