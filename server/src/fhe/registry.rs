//! Engines that hold a key in memory, each behind a batcher: a few at a time, the least recently used
//! makes room for the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulseproof_fhe::batcher::{Batcher, Limits};
use pulseproof_fhe::bootstrap::engine::{Engine, EngineError};
use pulseproof_fhe::bootstrap::engines::{Engines, ExactOn};
use pulseproof_fhe::bootstrap::tfhe_cpu::TfheCpu;
use pulseproof_fhe::bootstrap::tfhe_cuda::TfheCuda;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_sdk::Digest;
use pulseproof_sdk::api::EngineKind;
use tokio::sync::{Notify, OnceCell};
use tokio::task::spawn_blocking;

use super::keys::{self, Key};
use crate::blobs::Blobs;
use crate::recent::Recent;
use crate::telemetry;

/// The engines.
pub struct Registry {
    engines: Arc<dyn Engines>,
    /// For what those fail at.
    on_cpu: ExactOn,
    blobs: Arc<Blobs>,
    limits: Limits,
    resident_max: usize,
    slots: Mutex<Recent<Arc<Slot>>>,
    /// Tells those who wait for room that a lease ended.
    freed: Notify,
}

/// Which engine is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The key that it has.
    pub key: Digest,
    /// What it is.
    pub kind: EngineKind,
    /// Whether it is to run on the CPU, whatever others run on.
    pub on_cpu: bool,
}

struct Slot {
    wanted: Wanted,
    batcher: OnceCell<Batcher>,
}

/// An engine that stays as long as this.
pub struct EngineGuard {
    registry: Arc<Registry>,
    /// There until the lease is dropped.
    slot: Option<Arc<Slot>>,
}

impl Registry {
    /// A registry that keeps at most so many engines.
    pub fn new(
        engines: Arc<dyn Engines>,
        blobs: Arc<Blobs>,
        limits: Limits,
        resident_max: usize,
    ) -> Self {
        let (slots, freed) = (Mutex::default(), Notify::new());
        let (on_cpu, resident_max) = (ExactOn::new(Cpu::new()), resident_max.max(1));
        Self { engines, on_cpu, blobs, limits, resident_max, slots, freed }
    }

    /// The device that engines of a kind run on, if it is one that the CPU can stand in for.
    pub fn device(&self, kind: EngineKind) -> Option<BackendKind> {
        let device = self.engines.backend();
        (kind == EngineKind::Exact && device != BackendKind::Cpu).then_some(device)
    }

    /// An engine with a key. It is opened if it is not there, once for all who ask meanwhile; who finds
    /// all of them in use waits.
    ///
    /// # Errors
    /// The key cannot be read, or the engine cannot be opened.
    pub async fn lease(self: &Arc<Self>, wanted: Wanted) -> Result<EngineGuard, EngineError> {
        loop {
            let slot = Some(self.place(wanted).await);
            let lease = EngineGuard { registry: Arc::clone(self), slot };
            let Some(slot) = &lease.slot else { continue };
            let batcher = slot.batcher.get_or_try_init(|| self.open(wanted)).await?;
            // It may have been lost with its device, by whatever others did there.
            if !batcher.engine().is_lost() {
                return Ok(lease);
            }
            lease.discard();
        }
    }

    /// An engine's place, as soon as there is one.
    async fn place(&self, wanted: Wanted) -> Arc<Slot> {
        loop {
            // Made before looking, so that nothing is missed.
            let freed = self.freed.notified();
            match self.slot(wanted) {
                Some(slot) => return slot,
                None => freed.await,
            }
        }
    }

    /// Forgets the engines on a device that is used no more; who uses one keeps it to the end.
    pub fn forget_device(&self) {
        let gone = self
            .lock()
            .take_where(|slot| !slot.wanted.on_cpu && slot.wanted.kind == EngineKind::Exact);
        gone.into_iter().for_each(drop_elsewhere);
        self.freed.notify_waiters();
    }

    /// Whether an engine with a key is in memory.
    pub fn is_resident(&self, key: Digest) -> bool {
        self.lock().iter().any(|slot| slot.wanted.key == key && slot.batcher.initialized())
    }

    /// Forgets a key's engines; who uses one keeps it to the end.
    pub fn forget(&self, key: Digest) {
        let gone = self.lock().take_where(|slot| slot.wanted.key == key);
        gone.into_iter().for_each(drop_elsewhere);
        self.freed.notify_waiters();
    }

    /// An engine's place, or a new one, unless all are in use.
    fn slot(&self, wanted: Wanted) -> Option<Arc<Slot>> {
        let mut slots = self.lock();
        let is_wanted = |slot: &Arc<Slot>| slot.wanted == wanted;
        if let Some(slot) = slots.use_first(is_wanted) {
            return Some(Arc::clone(slot));
        }
        let excess = (slots.iter().len() + 1).saturating_sub(self.resident_max) as u64;
        // Only who holds the lock makes more references.
        let is_unused = |slot: &Arc<Slot>| Arc::strong_count(slot) == 1;
        slots.give_way(excess, |_| 1, is_unused)?.into_iter().for_each(drop_elsewhere);
        let slot = Arc::new(Slot { wanted, batcher: OnceCell::new() });
        slots.add(Arc::clone(&slot));
        Some(slot)
    }

    async fn open(self: &Arc<Self>, wanted: Wanted) -> Result<Batcher, EngineError> {
        let registry = Arc::clone(self);
        let opened = spawn_blocking(move || {
            let engine = registry.engine(wanted)?;
            tracing::info!(key = %wanted.key, engine = engine.name(), "opened an engine");
            let batcher = Batcher::start(engine, registry.limits, telemetry::batch);
            batcher.map_err(|error| failed(error.to_string()))
        });
        opened.await.map_err(|error| failed(error.to_string()))?
    }

    fn engine(&self, wanted: Wanted) -> Result<Arc<dyn Engine>, EngineError> {
        match keys::load(&self.blobs, &wanted.key).map_err(failed)? {
            Key::Exact(key) if wanted.on_cpu => self.on_cpu.exact(&key),
            Key::Exact(key) => self.engines.exact(&key),
            Key::Floating(key) if wanted.kind == EngineKind::TfheCuda => {
                TfheCuda::new(&key).map(|engine| Arc::new(engine) as _)
            }
            Key::Floating(key) => Ok(Arc::new(TfheCpu::new(&key))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Recent<Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EngineGuard {
    /// The engine's batcher.
    pub fn batcher(&self) -> Option<&Batcher> {
        self.slot.as_ref()?.batcher.get()
    }

    /// Sees to it that nobody gets this engine any more: the next lease opens another.
    pub fn discard(self) {
        if let Some(mine) = &self.slot {
            self.registry.lock().take_where(|slot| Arc::ptr_eq(slot, mine));
        }
    }
}

impl Drop for EngineGuard {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            drop_elsewhere(slot);
        }
        self.registry.freed.notify_waiters();
    }
}

/// No engine is there to name.
fn failed(reason: String) -> EngineError {
    EngineError::new("engine", reason)
}

/// The last one to drop a batcher waits for its thread, and frees what may be gigabytes.
fn drop_elsewhere(slot: Arc<Slot>) {
    if let Some(slot) = Arc::into_inner(slot) {
        // If there is no thread to be had, it is dropped here.
        let _ = std::thread::Builder::new().name("closing".to_owned()).spawn(move || drop(slot));
    }
}
