//! Tables of powers (twiddles, shifts of cosets), made on the device once and kept while there is room.

use std::collections::VecDeque;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::memory::bytes;
use super::{Buffer, Gpu, Unit};
use crate::element::{Element, to_words};
use crate::error::Error;
use crate::field::{FieldId, KernelField};

/// What of the device's memory the tables may take together: one part in so many.
const SHARE: u64 = 4;

/// first, first·base, …, first·base^(len − 1).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    field: FieldId,
    first: Vec<u64>,
    base: Vec<u64>,
    len: usize,
}

/// The tables of a device, the one used last at the back.
#[derive(Default)]
pub(super) struct Tables(VecDeque<(Key, Arc<Buffer<u64>>)>);

impl Tables {
    fn take(&mut self, key: &Key) -> Option<Arc<Buffer<u64>>> {
        let at = self.0.iter().position(|(other, _)| other == key)?;
        self.0.remove(at).map(|(_, table)| table)
    }

    fn bytes(&self) -> u64 {
        self.0.iter().map(|(_, table)| bytes(table.len())).sum()
    }

    /// Keeps a table; those that are kept no more.
    fn keep(&mut self, key: Key, table: Arc<Buffer<u64>>, budget: u64) -> Vec<Arc<Buffer<u64>>> {
        self.0.push_back((key, table));
        let mut surplus = Vec::new();
        while self.bytes() > budget {
            surplus.extend(self.0.pop_front().map(|(_, table)| table));
        }
        surplus
    }
}

impl Gpu {
    /// The tables. No device is called while they are locked, not even to free one, and they are whole between any
    /// two statements, so that a panic elsewhere does no harm.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what tables of powers were made, so that they are made again; whether there were any.
    pub fn forget_tables(&self) -> bool {
        let forgotten = std::mem::take(&mut *self.tables());
        !forgotten.0.is_empty()
    }

    /// The words of a table of powers.
    pub(super) fn table<F: KernelField>(
        &self,
        first: F,
        base: F,
        len: usize,
    ) -> Result<Arc<Buffer<u64>>, Error> {
        let key = Key { field: F::ID, first: to_words(&[first]), base: to_words(&[base]), len };
        let known = self.tables().take(&key);
        let (table, budget) = match known.filter(|table| self.owns(table)) {
            Some(table) => (table, u64::MAX),
            None => {
                let table = self.allocate(len * <F as Element>::WORDS)?;
                self.write_powers(&table, first, base, len)?;
                // Transforms load their kernels with their first table: before anything is changed in place.
                let free = self.call(|device| device.available_bytes(&[Unit::Ntt(F::ID)]))?;
                let all =
                    free.saturating_add(self.tables().bytes()).saturating_add(bytes(table.len()));
                (Arc::new(table), all / SHARE)
            }
        };
        let surplus = self.tables().keep(key, Arc::clone(&table), budget);
        drop(surplus);
        Ok(table)
    }
}
