//! Tokens: who they were made for, and what that is to the appliance. Of a token's secret only a hash is stored.

use std::collections::BTreeSet;

use async_trait::async_trait;
use pulseproof_sdk::access::{Role, TokenId};
use pulseproof_sdk::{Digest, Name};

use crate::{StoreError, Timestamp};

/// The tokens of those who may ask.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Keeps a new token.
    async fn add_token(&self, token: &StoredToken) -> Result<(), StoreError>;

    /// A token, also one that is good no more.
    async fn token(&self, id: TokenId) -> Result<Option<StoredToken>, StoreError>;

    /// All tokens, the oldest first.
    async fn tokens(&self) -> Result<Vec<StoredToken>, StoreError>;

    /// Makes a token good for nothing, from now on; false if there is none, or it was revoked before.
    async fn revoke_token(&self, id: TokenId) -> Result<bool, StoreError>;
}

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// What it is called.
    pub id: TokenId,
    /// The hash of its secret.
    pub digest: Digest,
    /// Whom it was made for, for people.
    pub name: Name,
    /// What that is to the appliance.
    pub role: Role,
    /// For which regions; `None` for all of them.
    pub regions: Option<BTreeSet<Name>>,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it is good; `None` for ever.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

impl StoredToken {
    /// Whether it is good for anything at a time.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }
}
