//! Which evaluation keys there are.

use async_trait::async_trait;
use pulseproof_sdk::Digest;
use pulseproof_sdk::api::EngineKind;

use crate::{StoreError, corrupt};

/// Evaluation keys.
#[async_trait]
pub trait Keys: Send + Sync {
    /// A key, if it is known.
    async fn key(&self, id: &Digest) -> Result<Option<StoredKey>, StoreError>;

    /// Adds a key, or finds that it is there: true if it is new.
    ///
    /// # Errors
    /// [`TooManyKeys`](crate::Denial::TooManyKeys).
    async fn add_key(
        &self,
        id: &Digest,
        key: &StoredKey,
        keys_max: usize,
    ) -> Result<bool, StoreError>;

    /// Removes a key that no unfinished job needs.
    ///
    /// # Errors
    /// [`UnknownKey`](crate::Denial::UnknownKey), [`KeyInUse`](crate::Denial::KeyInUse).
    async fn remove_key(&self, id: &Digest) -> Result<(), StoreError>;
}

/// A key whose file is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// Who computes with it.
    pub engine: EngineKind,
    /// The fingerprint of its public key.
    pub fingerprint: Digest,
    /// Its length.
    pub bytes: u64,
}

/// The engine that a key was stored for.
pub(crate) fn engine_kind(text: &str) -> Result<EngineKind, StoreError> {
    let kinds = [EngineKind::Exact, EngineKind::TfheCpu];
    let found = kinds.into_iter().find(|kind| kind.to_string() == text);
    found.ok_or_else(|| corrupt("engine", &text))
}
