//! Who asks: what people and machines may be to an appliance, and the token that says which of them it is.

use std::fmt;
use std::str::FromStr;

use rand::RngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::digest::Digest;

/// What a token starts with, so that whoever looks for secrets that leaked finds it.
const PREFIX: &str = "pulseproof_";
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;
/// The length of a token's text: the prefix, both parts in hexadecimal, and what is between them.
pub const TOKEN_BYTES: usize = PREFIX.len() + 2 * (ID_BYTES + SECRET_BYTES) + 1;

/// What somebody may be to an appliance. What each may do is said by rules that people can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Submits readings, asks for sums and proofs, and fetches their results.
    Gateway,
    /// Looks after the appliance: regions, circuits, keys.
    Operator,
    /// Looks, and changes nothing.
    Auditor,
    /// Asks questions of sums, and fetches the results.
    Clinician,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Gateway, Self::Operator, Self::Auditor, Self::Clinician];

    /// Its name in rules, commands and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Clinician => "clinician",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| "expected gateway, operator, auditor or clinician".to_owned())
    }
}

/// What a token is called: public, so that it can be listed, logged and revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct TokenId([u8; ID_BYTES]);

impl From<TokenId> for String {
    fn from(id: TokenId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for TokenId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        digits(text).map(Self).ok_or("expected 16 lower-case hexadecimal digits")
    }
}

/// Whoever has it is the one that it was made for. Secret, so that nobody logs it by accident: `Debug` does not show
/// it, and there is no `Display`. It is wiped when it is dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ApiToken {
    #[zeroize(skip)]
    id: TokenId,
    secret: [u8; SECRET_BYTES],
}

impl ApiToken {
    /// A new one: 320 random bits from the operating system, of which 256 are secret.
    ///
    /// # Errors
    /// It gives none.
    pub fn random() -> Result<Self, rand::Error> {
        let mut token = Self { id: TokenId([0; ID_BYTES]), secret: [0; SECRET_BYTES] };
        OsRng.try_fill_bytes(&mut token.id.0)?;
        OsRng.try_fill_bytes(&mut token.secret)?;
        Ok(token)
    }

    /// What it is called.
    #[must_use]
    pub fn id(&self) -> TokenId {
        self.id
    }

    /// What an appliance keeps of it. A hash that is fast will do: nobody tries 2^256 secrets.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of("pulseproof api token v1", &self.secret)
    }

    /// Its text, to be sent and not to be shown: the prefix, its id, and the secret.
    #[must_use]
    pub fn secret(&self) -> Zeroizing<String> {
        let mut secret = Zeroizing::new([0; 2 * SECRET_BYTES]);
        // The lengths agree.
        let _ = hex::encode_to_slice(self.secret, &mut secret[..]);
        let secret = std::str::from_utf8(&secret[..]).unwrap_or_default();
        Zeroizing::new(format!("{PREFIX}{}_{secret}", self.id))
    }
}

impl FromStr for ApiToken {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Without the text, which may be a token that was cut off.
        const EXPECTED: &str =
            "expected pulseproof_, 16 hexadecimal digits, another _ and 64 hexadecimal digits";
        let parts = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
        let (id, secret) = parts.ok_or(EXPECTED)?;
        let id = id.parse().map_err(|_| EXPECTED)?;
        Ok(Self { id, secret: digits(secret).ok_or(EXPECTED)? })
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiToken({}, secret)", self.id)
    }
}

/// Bytes in their one spelling.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    (!text.bytes().any(|digit| digit.is_ascii_uppercase())).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_and_not_shown() {
        let token = ApiToken::random().unwrap();
        let text = token.secret();
        assert_eq!(text.len(), TOKEN_BYTES);
        let read: ApiToken = text.parse().unwrap();
        assert_eq!((read.id(), read.digest()), (token.id(), token.digest()));
        let secret = text.rsplit_once('_').unwrap().1;
        let shown = format!("{token:?} {:#?} {} {}", Some(&token), token.id(), token.digest());
        assert!(!shown.contains(secret) && shown.contains("secret"), "{shown}");
        assert_ne!(ApiToken::random().unwrap().digest(), token.digest());
    }

    #[test]
    fn a_token_has_one_spelling_and_a_bad_one_is_not_repeated() {
        let good = ApiToken::random().unwrap().secret();
        let bad = [
            "",
            "needle",
            "pulseproof_needle_",
            &good[1..],
            &good[..good.len() - 1],
            &good.to_uppercase(),
            &format!("{}a", *good),
            &good.replacen("pulseproof_", "pulseproof_\u{e4}", 1),
        ];
        for text in bad {
            let error = text.parse::<ApiToken>().unwrap_err();
            assert!(!error.contains("needle"), "{text:?}");
        }
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
        assert!("root".parse::<Role>().is_err());
    }
}
