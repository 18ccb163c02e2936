//! Circuits' programs, compiled: in memory within a budget, the least recently used go first; and on the disk,
//! from where one that went comes back without being compiled again.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulseproof_groth16::witness::{Circuit, Limits, Modules};
use pulseproof_sdk::Digest;

use crate::recent::Recent;

/// Programs of circuits.
pub struct Programs {
    limits: Limits,
    disk: Option<Modules>,
    memory: Mutex<Memory<Circuit>>,
}

impl Programs {
    /// None yet. At most so many bytes of them are kept in memory, and all on the disk, if there is a folder.
    pub fn new(bytes_max: u64, disk: Option<Modules>) -> Self {
        let memory = Memory::new(bytes_max);
        Self { limits: Limits::default(), disk, memory: Mutex::new(memory) }
    }

    /// The program in a file.
    ///
    /// # Errors
    /// It is none, or the file cannot be read.
    pub fn program(&self, file: File) -> Result<Arc<Circuit>, String> {
        let bytes = read(file, self.limits.wasm_bytes).map_err(|error| error.to_string())?;
        let digest = Digest::sha256(&bytes);
        if let Some(program) = self.memory().find(&digest) {
            return Ok(program);
        }
        // Two that come at once compile it twice, which is better than others waiting for it.
        let program = match &self.disk {
            None => Circuit::compile(&bytes, &self.limits),
            Some(disk) => disk.circuit(&bytes, &self.limits, |error| {
                tracing::warn!(%error, "compiled programs are not kept on the disk");
            }),
        };
        let program = Arc::new(program.map_err(|error| error.to_string())?);
        let bytes = program.bytes() as u64;
        self.memory().keep(digest, Arc::clone(&program), bytes);
        Ok(program)
    }

    fn memory(&self) -> MutexGuard<'_, Memory<Circuit>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is kept in memory. What went may be in use for a while; then it is no longer counted.
struct Memory<T> {
    budget: u64,
    entries: Recent<(Digest, Arc<T>, u64)>,
}

impl<T> Memory<T> {
    fn new(budget: u64) -> Self {
        Self { budget, entries: Recent::default() }
    }

    fn find(&mut self, digest: &Digest) -> Option<Arc<T>> {
        let (_, found, _) = self.entries.use_first(|(known, ..)| known == digest)?;
        Some(Arc::clone(found))
    }

    fn keep(&mut self, digest: Digest, value: Arc<T>, bytes: u64) {
        // Another one may have been as fast.
        self.entries.take_where(|(known, ..)| *known == digest);
        let used: u64 = self.entries.iter().map(|(.., bytes)| bytes).sum();
        let excess = (used + bytes).saturating_sub(self.budget);
        if self.entries.give_way(excess, |(.., bytes)| *bytes, |_| true).is_some() {
            self.entries.add((digest, value, bytes));
        }
    }
}

/// The bytes of a program, not many more than it may have.
fn read(file: File, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::DirEntryExt;

    use super::*;

    fn id(name: u8) -> Digest {
        Digest([name; 32])
    }

    /// Which of the first programs are there, without using them.
    fn there(memory: &Memory<u8>) -> Vec<u8> {
        memory.entries.iter().map(|(.., value, _)| **value).collect()
    }

    #[test]
    fn as_many_as_fit_are_kept() {
        let mut memory = Memory::new(100);
        // More than eight: their bytes count, and not their number.
        for name in 0..20 {
            memory.keep(id(name), Arc::new(name), 5);
        }
        assert_eq!(there(&memory), (0..20).collect::<Vec<_>>());
        memory.keep(id(20), Arc::new(20), 5);
        assert_eq!(there(&memory), (1..21).collect::<Vec<_>>());
    }

    #[test]
    fn the_least_recently_used_go_first() {
        let mut memory = Memory::new(100);
        for name in 1..=3 {
            memory.keep(id(name), Arc::new(name), 30);
        }
        assert_eq!(memory.find(&id(1)).as_deref(), Some(&1));
        memory.keep(id(4), Arc::new(4), 30);
        assert_eq!(there(&memory), [3, 1, 4]);
        // Two go for one that is larger.
        memory.keep(id(5), Arc::new(5), 41);
        assert_eq!(there(&memory), [4, 5]);
        assert_eq!(memory.find(&id(2)), None);
    }

    #[test]
    fn one_that_is_too_large_takes_nobodys_place() {
        let mut memory = Memory::new(100);
        memory.keep(id(1), Arc::new(1), 60);
        memory.keep(id(2), Arc::new(2), 101);
        assert_eq!(there(&memory), [1]);
        // Twice the same counts once.
        memory.keep(id(1), Arc::new(1), 60);
        memory.keep(id(3), Arc::new(3), 40);
        assert_eq!(there(&memory), [1, 3]);
    }

    /// A circuit's program, as circom compiled it.
    fn wasm() -> File {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../formats/tests/fixtures");
        File::open(format!("{fixtures}/bn128/tiny.wasm")).unwrap()
    }

    #[test]
    fn what_is_in_memory_is_handed_out_again() {
        let programs = Programs::new(1 << 30, None);
        let first = programs.program(wasm()).unwrap();
        assert!(Arc::ptr_eq(&first, &programs.program(wasm()).unwrap()));
        assert!(first.bytes() > 10_000, "{} bytes", first.bytes());
        assert!(programs.program(File::open("/dev/null").unwrap()).is_err());
    }

    #[test]
    fn what_has_no_room_comes_back_from_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("modules");
        let programs = Programs::new(0, Some(Modules::open(&path).unwrap()));
        let kept = || {
            let files = std::fs::read_dir(&path).unwrap().map(|file| file.unwrap());
            let mut files: Vec<_> = files.map(|file| (file.file_name(), file.ino())).collect();
            files.sort();
            files
        };
        let first = programs.program(wasm()).unwrap();
        let files = kept();
        assert_eq!(files.len(), 2, "the module, and the key");
        let second = programs.program(wasm()).unwrap();
        assert!(!Arc::ptr_eq(&first, &second) && kept() == files);
        let inputs = serde_json::json!({"a": 3, "b": -2, "c": 17});
        let [first, second] = [first, second].map(|program| program.witness(&inputs).unwrap());
        assert_eq!(first.as_slice(), second.as_slice());
    }
}
