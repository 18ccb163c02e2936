//! The frame of key bytes: a magic, a version, and a body of fixed length.

use std::fmt;

use crate::error::KeyError;

const HEADER: usize = 10;

/// A format of keys.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// What errors call the key.
    pub kind: &'static str,
    /// The first bytes.
    pub magic: [u8; 8],
    /// The version, two bytes after those.
    pub version: u16,
    /// Bytes of the body, after that.
    pub body: usize,
}

impl Format {
    /// Bytes in all.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        HEADER + self.body
    }

    /// The header, with room for the body that the caller appends.
    #[must_use]
    pub fn header(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.body);
        bytes.extend_from_slice(&self.magic);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes
    }

    /// The body, if the frame is exactly this format's. Nothing is allocated.
    ///
    /// # Errors
    /// Another magic, version or length.
    pub fn open<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], KeyError> {
        let (kind, found, expected) = (self.kind, bytes.len(), HEADER + self.body);
        let Some((header, body)) = bytes.split_first_chunk::<HEADER>() else {
            return Err(KeyError::Truncated { kind, found, expected });
        };
        let [magic @ .., low, high] = *header;
        if magic != self.magic {
            return Err(KeyError::Magic { kind });
        }
        let version = u16::from_le_bytes([low, high]);
        if version != self.version {
            return Err(KeyError::Version { kind, found: version, expected: self.version });
        }
        if found < expected {
            return Err(KeyError::Truncated { kind, found, expected });
        }
        if found > expected {
            return Err(KeyError::Trailing { kind, found, expected });
        }
        Ok(body)
    }
}

/// Bytes in hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
