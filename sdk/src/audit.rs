//! What an appliance did and for whom: each entry has the hash of all before it, and every so often the appliance signs
//! one, and so all before that.
//!
//! Whoever keeps an entry's hash finds out if what it stands for was changed since. Whoever keeps none takes the word
//! of the appliance's key, and of who has its store. No reading, input, witness or name of a device is in it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::digest::Digest;
use crate::identity::{ApplianceKey, AppliancePublicKey, Signed};
use crate::signing::SIGNATURE_BYTES;

/// An entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// Its place, from 1 on without a gap.
    pub position: u64,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Who: `token` and its id, an address where nobody is asked who it is, `operator` at the machine itself, or
    /// `appliance`.
    pub who: String,
    /// What: an object whose `what` names it, with its other fields. It is hashed as it is written.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub act: Box<RawValue>,
    /// The hash of this and of all entries before.
    pub hash: Digest,
    /// The appliance's signature on the hash, if it signed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<AuditSignature>,
}

/// `GET /v1/audit`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditPage {
    /// Entries in their order.
    pub entries: Vec<AuditEntry>,
    /// What to send as `after` for those that come next; none if there are no more by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// A signature, in hexadecimal where it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AuditSignature([u8; SIGNATURE_BYTES]);

impl AuditSignature {
    /// An appliance's, on the hash of an entry.
    #[must_use]
    pub fn new(key: &ApplianceKey, hash: &Digest) -> Self {
        Self(key.sign(Signed::Audit, hash))
    }

    /// Whether it is this appliance's, on this hash.
    #[must_use]
    pub fn is_of(&self, key: &AppliancePublicKey, hash: &Digest) -> bool {
        key.verifies(Signed::Audit, hash, &self.0)
    }
}

impl TryFrom<String> for AuditSignature {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut bytes = [0; SIGNATURE_BYTES];
        let decoded = hex::decode_to_slice(&text, &mut bytes);
        decoded.map_err(|error| format!("expected 128 hexadecimal digits: {error}"))?;
        Ok(Self(bytes))
    }
}

impl From<AuditSignature> for String {
    fn from(signature: AuditSignature) -> Self {
        hex::encode(signature.0)
    }
}

/// The hash before the first entry.
#[must_use]
pub fn audit_start() -> Digest {
    Digest::of("pulseproof audit v1", b"")
}

/// The hash of an entry behind another one's.
#[must_use]
pub fn audit_hash(before: &Digest, (position, at): (u64, u64), who: &str, act: &str) -> Digest {
    let mut bytes = before.0.to_vec();
    bytes.extend(position.to_le_bytes());
    bytes.extend(at.to_le_bytes());
    for text in [who, act] {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    Digest::of("pulseproof audit v1", &bytes)
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditLogError {
    /// One is missing, or comes twice.
    #[error("entry {expected} is expected, this is entry {found}")]
    Position {
        /// Which should be here.
        expected: u64,
        /// Which is.
        found: u64,
    },
    /// An entry, or one before it, is not what it was.
    #[error("entry {0} or one before it was changed: the hash is another")]
    Hash(u64),
    /// Somebody else signed.
    #[error("entry {0} is not signed by this appliance")]
    Signature(u64),
    /// Nobody vouches for the end of it, or for any of it.
    #[error(
        "{seen} entries, of which the appliance signed {signed}: what comes after may be anybody's"
    )]
    Unsigned {
        /// How many there are.
        seen: u64,
        /// Up to which they are signed.
        signed: u64,
    },
}

/// Follows a log from one end to the other.
#[derive(Clone, Debug)]
pub struct AuditVerifier {
    keys: Vec<AppliancePublicKey>,
    last: (u64, Digest),
    signed: u64,
}

impl AuditVerifier {
    /// From the start of an appliance's log. It has one key, or several that it had one after the other.
    #[must_use]
    pub fn new(keys: Vec<AppliancePublicKey>) -> Self {
        Self { keys, last: (0, audit_start()), signed: 0 }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// It is not what comes next.
    pub fn next(&mut self, entry: &AuditEntry) -> Result<(), AuditLogError> {
        let AuditEntry { position, at, who, act, hash, signature } = entry;
        let (last, before) = &self.last;
        if *position != last + 1 {
            return Err(AuditLogError::Position { expected: last + 1, found: *position });
        }
        if audit_hash(before, (*position, *at), who, act.get()) != *hash {
            return Err(AuditLogError::Hash(*position));
        }
        if let Some(signature) = signature {
            if !self.keys.iter().any(|key| signature.is_of(key, hash)) {
                return Err(AuditLogError::Signature(*position));
            }
            self.signed = *position;
        }
        self.last = (*position, *hash);
        Ok(())
    }

    /// Whether the log ends here: how many entries there were.
    ///
    /// # Errors
    /// It does not end with an entry that the appliance signed, as every log does that is taken to its end.
    pub fn end(&self) -> Result<u64, AuditLogError> {
        let (seen, signed) = (self.last.0, self.signed);
        if seen > 0 && seen == signed {
            Ok(seen)
        } else {
            Err(AuditLogError::Unsigned { seen, signed })
        }
    }
}
