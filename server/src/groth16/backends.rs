//! The backends that prove circuits: one proof at a time on each, and what happens when one fails.

use std::io;
use std::sync::Arc;

use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::Digest;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::cache::{Cache, CacheError, Wanted};
use super::prover::{Circuits, Groth16, Loader, ProveError, Proved, Witness};
use crate::blobs::Blobs;
use crate::config::Groth16Limits;
use crate::health::BackendHealth;

/// The backends of an appliance.
pub struct Backends {
    /// None if the CPU is the primary one.
    primary: Option<Backend>,
    /// The CPU: checks keys, and proves when the primary backend fails.
    pub cpu: Backend,
    /// What needs no key.
    pub circuits: Arc<dyn Circuits>,
    /// Which backends are in service.
    pub health: Arc<BackendHealth>,
}

/// A backend, and the keys in its memory.
pub struct Backend {
    /// Which one.
    pub kind: BackendKind,
    /// The keys.
    pub cache: Arc<Cache>,
    turn: Arc<Semaphore>,
}

/// Why a backend made no proof.
#[derive(Debug, thiserror::Error)]
pub enum NoProof {
    /// The witness' file cannot be read, which is not the backend's fault.
    #[error("{0}")]
    Source(#[from] io::Error),
    /// The key is not in its memory.
    #[error("{0}")]
    Key(#[from] CacheError),
    /// It did not prove.
    #[error("{0}")]
    Prove(#[from] ProveError),
}

impl Backends {
    /// The backends, with nothing in memory.
    pub fn new(
        groth16: Groth16,
        health: &Arc<BackendHealth>,
        blobs: &Arc<Blobs>,
        limits: &Groth16Limits,
    ) -> Self {
        let Groth16 { primary, cpu, circuits } = groth16;
        let backend = |loader, budget| Backend::new(loader, blobs, budget);
        let primary = (primary.backend() != BackendKind::Cpu)
            .then(|| backend(primary, limits.device_key_bytes_max));
        let cpu = backend(cpu, limits.host_key_bytes_max);
        Self { primary, cpu, circuits, health: Arc::clone(health) }
    }

    /// The primary backend, unless it is the CPU or was taken out of service.
    pub fn primary(&self) -> Option<&Backend> {
        let primary = self.primary.as_ref()?;
        if self.health.is_usable(primary.kind) {
            return Some(primary);
        }
        // Also of what was being loaded when it was taken out of service.
        primary.cache.clear();
        None
    }

    /// All backends, in service or not.
    pub fn all(&self) -> impl Iterator<Item = &Backend> {
        self.primary.iter().chain([&self.cpu])
    }

    /// Forgets a key that no circuit has any more.
    pub fn forget(&self, key: &Digest) {
        self.all().for_each(|backend| backend.cache.forget(key));
    }
}

impl Backend {
    fn new(loader: Arc<dyn Loader>, blobs: &Arc<Blobs>, budget: u64) -> Self {
        let kind = loader.backend();
        let cache = Arc::new(Cache::new(loader, Arc::clone(blobs), budget));
        Self { kind, cache, turn: Arc::new(Semaphore::new(1)) }
    }

    /// Proves when it is its turn. To be awaited to its end: a proof cannot be aborted, and counts as
    /// the backend's only one until it is there.
    ///
    /// # Errors
    /// Why there is no proof.
    pub async fn prove(
        &self,
        wanted: Wanted,
        witness: impl FnOnce() -> io::Result<Witness> + Send + 'static,
    ) -> Result<Proved, NoProof> {
        let failed = |reason: String| NoProof::Prove(ProveError::Backend(reason));
        let (lease, turn) = loop {
            let lease = self.cache.lease(wanted).await?;
            let turn = Arc::clone(&self.turn).acquire_owned().await;
            let turn = turn.map_err(|error| failed(error.to_string()))?;
            // Whoever's turn it was may have lost the device. The turn is given away, too: others wait for it with
            // keys that may have to make room.
            if !lease.key().is_lost() {
                break (lease, turn);
            }
        };
        let proving = spawn_blocking(move || {
            let proved = lease.key().prove(witness()?);
            // A large key may be freed here.
            drop((lease, turn));
            Ok(proved?)
        });
        // A panic in there is the backend's failure.
        proving.await.unwrap_or_else(|error| Err(failed(error.to_string())))
    }
}
