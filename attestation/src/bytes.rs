//! Bytes in JSON: hexadecimal where people compare them, base64 where they do not. Each has one way to be written.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// So many bytes, in lower-case hexadecimal where they are written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> FromStr for Hex<N> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("not {} lower-case hexadecimal digits", 2 * N);
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 2 * N || !text.bytes().all(lower) {
            return Err(wrong());
        }
        let mut bytes = [0; N];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| wrong())?;
        Ok(Self(bytes))
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(HexVisitor)
    }
}

struct HexVisitor<const N: usize>;

impl<const N: usize> Visitor<'_> for HexVisitor<N> {
    type Value = Hex<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lower-case hexadecimal digits", 2 * N)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Hex<N>, E> {
        text.parse().map_err(E::custom)
    }
}

/// Some bytes, but no more than `LIMIT`, in base64 where they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blob<const LIMIT: usize>(pub(crate) Vec<u8>);

impl<const LIMIT: usize> Blob<LIMIT> {
    /// Reads one that is there: `null` is no way to leave it out.
    pub(crate) fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        Self::deserialize(from).map(Some)
    }
}

impl<const LIMIT: usize> Serialize for Blob<LIMIT> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de, const LIMIT: usize> Deserialize<'de> for Blob<LIMIT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(BlobVisitor)
    }
}

struct BlobVisitor<const LIMIT: usize>;

impl<const LIMIT: usize> Visitor<'_> for BlobVisitor<LIMIT> {
    type Value = Blob<LIMIT>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1 to {LIMIT} bytes in base64")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Blob<LIMIT>, E> {
        // Before anything is allocated for them.
        if text.is_empty() || text.len() > LIMIT.div_ceil(3) * 4 {
            return Err(E::invalid_length(text.len() / 4 * 3, &self));
        }
        // It takes padding as it has to be, and no bits that mean nothing.
        let bytes = STANDARD.decode(text).map_err(E::custom)?;
        if bytes.len() > LIMIT {
            return Err(E::invalid_length(bytes.len(), &self));
        }
        Ok(Blob(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Blob<4>, String> {
        serde_json::from_value(text.into()).map_err(|error| error.to_string())
    }

    #[test]
    fn bytes_are_counted_before_they_are_decoded() {
        assert_eq!(read("AAAAAA==").unwrap().0, [0; 4]);
        for long in ["AAAAAAA=", "AAAAAAAA", "AAAAAAAAAAAA", "?????????", ""] {
            assert!(read(long).unwrap_err().contains("invalid length"), "{long}");
        }
        assert!(read("????").unwrap_err().contains("Invalid symbol"));
    }
}
