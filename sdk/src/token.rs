//! What an upload's maker knows it by, and nobody else.

use std::fmt;
use std::str::FromStr;

use rand::RngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Whoever has it may go on with an upload and have it proved. Secret, so that nobody logs it by accident:
/// `Debug` does not show it, and there is no `Display`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UploadToken([u8; 32]);

impl UploadToken {
    /// 256 random bits from the operating system.
    ///
    /// # Errors
    /// It gives none.
    pub fn random() -> Result<Self, rand::Error> {
        let mut bytes = [0; 32];
        OsRng.try_fill_bytes(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// What is kept of it, and looked for when it comes again: how far two of these agree tells nothing of
    /// either token.
    pub fn id(&self) -> Digest {
        Digest::of("pulseproof upload token v1", &self.0)
    }

    /// 64 lower-case hexadecimal digits, to be sent and not to be shown.
    pub fn secret(&self) -> String {
        hex::encode(self.0)
    }
}

/// In the same time whatever they have in common.
impl PartialEq for UploadToken {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for UploadToken {}

impl fmt::Debug for UploadToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UploadToken(secret)")
    }
}

impl FromStr for UploadToken {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Without the text, which may be a token that was cut off.
        const EXPECTED: &str = "expected 64 lower-case hexadecimal digits";
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| EXPECTED)?;
        if text.bytes().any(|digit| digit.is_ascii_uppercase()) {
            Err(EXPECTED)
        } else {
            Ok(Self(bytes))
        }
    }
}

impl TryFrom<String> for UploadToken {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<UploadToken> for String {
    fn from(token: UploadToken) -> Self {
        token.secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_and_not_shown() {
        let token = UploadToken::random().unwrap();
        let json = serde_json::to_string(&token).unwrap();
        assert_eq!(json, format!("\"{}\"", token.secret()));
        assert_eq!(serde_json::from_str::<UploadToken>(&json).unwrap(), token);
        let shown = format!("{token:?} {:#?}", Some(&token));
        assert!(
            !shown.contains(&token.secret()) && shown.contains("UploadToken(secret)"),
            "{shown}"
        );
        assert!(!token.id().to_string().contains(&token.secret()));
        assert_ne!(token, UploadToken::random().unwrap());
    }

    #[test]
    fn a_token_has_one_spelling_and_a_bad_one_is_not_repeated() {
        let token = UploadToken([0xab; 32]).secret();
        for text in ["", "needle", &token[1..], &token.to_uppercase(), &format!("{token}ab")] {
            let error = serde_json::from_value::<UploadToken>(text.into()).unwrap_err().to_string();
            assert!(error.contains("64 lower-case") && !error.contains("needle"), "{error}");
        }
    }
}
