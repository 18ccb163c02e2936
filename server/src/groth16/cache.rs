//! Keys in memory on one backend: never more bytes than a budget, the least recently used goes first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulseproof_sdk::Digest;
use tokio::sync::{Notify, OnceCell};
use tokio::task::spawn_blocking;

use super::prover::{KeyError, LoadedKey, Loader};
use crate::blobs::Blobs;
use crate::recent::Recent;
use crate::telemetry;

/// The keys on one backend.
pub struct Cache {
    loader: Arc<dyn Loader>,
    blobs: Arc<Blobs>,
    budget: u64,
    state: Mutex<State>,
    /// Tells those who wait for room that a lease ended.
    freed: Notify,
}

#[derive(Default)]
struct State {
    entries: Recent<Entry>,
    /// What keys took that were loaded before.
    sizes: HashMap<Digest, u64>,
    /// Bytes of keys that were forgotten and are still being freed.
    freeing: u64,
}

/// A key's place, and the bytes that count for it from before it is loaded.
struct Entry {
    slot: Arc<Slot>,
    bytes: u64,
    pinned: bool,
}

struct Slot {
    key: Digest,
    loaded: OnceCell<Result<Arc<dyn LoadedKey>, Failure>>,
    /// What made room for it; freed before it is loaded.
    evicted: Mutex<Vec<Entry>>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The file of the key.
    pub key: Digest,
    /// Whether a backend has checked its bytes before.
    pub checked: bool,
    /// Whether it stays once it is there.
    pub pinned: bool,
}

/// Why a key is not in memory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// It was not loaded.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It takes more than the budget, or than pinned keys leave of it.
    #[error("the key takes {bytes} bytes in memory, and there is room for {room}")]
    TooLarge {
        /// What it takes.
        bytes: u64,
        /// What there is.
        room: u64,
    },
}

#[derive(Clone)]
enum Failure {
    Final(CacheError),
    /// It took more than it was thought to: there must be more room first.
    Misjudged,
}

/// A key that stays as long as this.
pub struct KeyGuard {
    // Dropped in this order: who is told that there is room finds it.
    key: Arc<dyn LoadedKey>,
    _hold: Hold,
}

/// Keeps a slot from making room for others.
struct Hold {
    cache: Arc<Cache>,
    /// There until this is dropped.
    slot: Option<Arc<Slot>>,
}

impl Cache {
    /// A cache of so many bytes.
    pub fn new(loader: Arc<dyn Loader>, blobs: Arc<Blobs>, budget: u64) -> Self {
        let (state, freed) = (Mutex::default(), Notify::new());
        Self { loader, blobs, budget, state, freed }
    }

    /// The key in memory. It is loaded if it is not there, once for all who ask meanwhile; who finds no
    /// room because all keys are in use waits.
    ///
    /// # Errors
    /// There can be no room, the file is no good, or the backend failed.
    pub async fn lease(self: &Arc<Self>, wanted: Wanted) -> Result<KeyGuard, CacheError> {
        loop {
            // Made before looking, so that nothing is missed.
            let freed = self.freed.notified();
            let Some(slot) = self.place(wanted)? else {
                freed.await;
                continue;
            };
            let hold = Hold { cache: Arc::clone(self), slot: Some(Arc::clone(&slot)) };
            let loaded = slot.loaded.get_or_init(|| self.load(&slot, wanted.checked)).await.clone();
            match loaded {
                // It was lost with its device, by whatever others did there.
                Ok(key) if key.is_lost() => self.give_up(&slot),
                Ok(key) => return Ok(KeyGuard { key, _hold: hold }),
                Err(failure) => {
                    self.give_up(&slot);
                    if let Failure::Final(error) = failure {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Whether a key is in memory.
    pub fn is_resident(&self, key: &Digest) -> bool {
        let ready = |slot: &Slot| matches!(slot.loaded.get(), Some(Ok(_)));
        self.lock().entries.iter().any(|entry| entry.slot.key == *key && ready(&entry.slot))
    }

    /// Forgets a key that nobody will ask for any more. While it is in use it stays, and counts.
    pub fn forget(self: &Arc<Self>, key: &Digest) {
        let mine = |entry: &Entry| entry.slot.key == *key;
        let mut state = self.lock();
        state.sizes.remove(key);
        state.entries.iter_mut().filter(|entry| mine(entry)).for_each(|e| e.pinned = false);
        self.free(state, mine);
    }

    /// Forgets all keys that are not in use.
    pub fn clear(self: &Arc<Self>) {
        self.free(self.lock(), |_| true);
    }

    /// Frees what is not in use, where that keeps nobody waiting. Until then it counts.
    fn free(self: &Arc<Self>, mut state: MutexGuard<'_, State>, which: impl Fn(&Entry) -> bool) {
        let freed = state.entries.take_where(|entry| which(entry) && is_unused(entry));
        let bytes = total(freed.iter());
        state.freeing = state.freeing.saturating_add(bytes);
        drop(state);
        let freeing = Freeing { cache: Arc::clone(self), entries: freed, bytes };
        spawn_blocking(move || drop(freeing));
    }

    /// Bytes that count for keys.
    #[cfg(test)]
    pub fn used(&self) -> u64 {
        let state = self.lock();
        state.freeing + total(state.entries.iter())
    }

    /// A key's place: the one it has, or a new one, with room made for it; none while all that could
    /// make room is in use.
    fn place(&self, wanted: Wanted) -> Result<Option<Arc<Slot>>, CacheError> {
        let mut state = self.lock();
        if let Some(entry) = state.entries.use_first(|entry| entry.slot.key == wanted.key) {
            entry.pinned |= wanted.pinned;
            return Ok(Some(Arc::clone(&entry.slot)));
        }
        let bytes = match state.sizes.get(&wanted.key) {
            Some(&bytes) => bytes,
            None => self.loader.reserve(self.blobs.length(&wanted.key).unwrap_or(0)),
        };
        let Some(evicted) = self.make_room(&mut state, bytes, None)? else { return Ok(None) };
        // Until those are freed, this place stands for them.
        let bytes = bytes.max(total(evicted.iter()));
        let (key, loaded, evicted) = (wanted.key, OnceCell::new(), Mutex::new(evicted));
        let slot = Arc::new(Slot { key, loaded, evicted });
        let pinned = wanted.pinned;
        state.entries.add(Entry { slot: Arc::clone(&slot), bytes, pinned });
        Ok(Some(slot))
    }

    /// Takes out what must go so that `bytes` fit beside the others, or says that too much is in use.
    /// The entry of `mine` counts as if it were not there.
    fn make_room(
        &self,
        state: &mut State,
        bytes: u64,
        mine: Option<&Arc<Slot>>,
    ) -> Result<Option<Vec<Entry>>, CacheError> {
        let State { entries, freeing, .. } = state;
        let is_mine = |entry: &Entry| mine.is_some_and(|mine| Arc::ptr_eq(mine, &entry.slot));
        let others = || entries.iter().filter(|entry| !is_mine(entry));
        let sum = |bytes: u64, entry: &Entry| bytes.saturating_add(entry.bytes);
        let pinned = others().filter(|entry| entry.pinned).fold(0, sum);
        let room = self.budget.saturating_sub(pinned);
        if bytes > room {
            return Err(CacheError::TooLarge { bytes, room });
        }
        let taken = others().fold(bytes.saturating_add(*freeing), sum);
        let excess = taken.saturating_sub(self.budget);
        let may_go = |entry: &Entry| !is_mine(entry) && !entry.pinned && is_unused(entry);
        Ok(entries.give_way(excess, |entry| entry.bytes, may_go))
    }

    async fn load(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        checked: bool,
    ) -> Result<Arc<dyn LoadedKey>, Failure> {
        let (cache, place) = (Arc::clone(self), Arc::clone(slot));
        let loading = spawn_blocking(move || {
            place.free_evicted();
            let loaded = cache.open(place.key, checked)?;
            cache.account(&place, &*loaded)?;
            Ok(loaded)
        });
        let loaded = loading.await.unwrap_or_else(|error| Err(failed(&error)));
        telemetry::key_loaded(self.loader.backend(), loaded.is_ok());
        self.changed();
        loaded
    }

    fn open(&self, key: Digest, checked: bool) -> Result<Arc<dyn LoadedKey>, Failure> {
        // The claim that the bytes were checked must be true of what is on the disk now.
        let file = if checked { self.blobs.checked_file(&key) } else { self.blobs.file(&key) };
        let file = file.map_err(|error| failed(&error))?;
        let loaded =
            self.loader.load(file, checked).map_err(|error| Failure::Final(error.into()))?;
        tracing::info!(%key, backend = %self.loader.backend(), bytes = loaded.bytes(), "loaded");
        Ok(loaded)
    }

    /// Counts what a key takes really, and makes room if that is more than was reserved.
    fn account(&self, slot: &Arc<Slot>, loaded: &dyn LoadedKey) -> Result<(), Failure> {
        let mut state = self.lock();
        let bytes = loaded.bytes();
        state.sizes.insert(slot.key, bytes);
        let room = self.make_room(&mut state, bytes, Some(slot));
        let evicted = room.map_err(Failure::Final)?.ok_or(Failure::Misjudged)?;
        let mine = state.entries.iter_mut().find(|entry| Arc::ptr_eq(&entry.slot, slot));
        // It may have been forgotten meanwhile.
        if let Some(mine) = mine {
            mine.bytes = bytes;
        }
        drop(state);
        drop(evicted);
        Ok(())
    }

    /// Takes away the place of a key that was not loaded, or is lost.
    fn give_up(&self, slot: &Arc<Slot>) {
        let gone = self.lock().entries.take_where(|entry| Arc::ptr_eq(&entry.slot, slot));
        drop(gone);
        self.changed();
    }

    fn changed(&self) {
        telemetry::resident_bytes(self.loader.backend(), total(self.lock().entries.iter()));
        self.freed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn free_evicted(&self) {
        let mut evicted = self.evicted.lock().unwrap_or_else(PoisonError::into_inner);
        drop(std::mem::take(&mut *evicted));
    }
}

impl KeyGuard {
    /// The key.
    pub fn key(&self) -> &dyn LoadedKey {
        &*self.key
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.slot = None;
        self.cache.freed.notify_waiters();
    }
}

/// Keys that are being freed.
struct Freeing {
    cache: Arc<Cache>,
    entries: Vec<Entry>,
    bytes: u64,
}

impl Drop for Freeing {
    fn drop(&mut self) {
        self.entries.clear();
        let mut state = self.cache.lock();
        state.freeing = state.freeing.saturating_sub(self.bytes);
        drop(state);
        self.cache.changed();
    }
}

fn total<'a>(entries: impl Iterator<Item = &'a Entry>) -> u64 {
    entries.fold(0, |sum, entry| sum.saturating_add(entry.bytes))
}

/// Whether nobody has a lease. Only who holds the lock makes more references.
fn is_unused(entry: &Entry) -> bool {
    Arc::strong_count(&entry.slot) == 1
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::Final(KeyError::Failed(error.to_string()).into())
}

#[cfg(test)]
mod tests;
