//! What the lookups of programs gave, for whoever doubts outputs that this appliance signed: files called by
//! the root of their [tree](pulseproof_sdk::merkle), which the outputs name. The oldest go when they take too
//! much; whoever has the program computed again has them again, since bootstrapping is exact.
//!
//! A file holds how many results there are, 8 bytes; the nodes of the tree, 32 bytes each, from the leaves up;
//! and the words of each result. Each is read from where it lies.

use std::fs::{File, FileTimes};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use pulseproof_fhe::Ciphertext;
use pulseproof_files::{Readers, Sink, private_folder, shrink};
use pulseproof_sdk::Digest;
use pulseproof_sdk::merkle::Tree;

/// The folder, in that of the store.
const FOLDER: &str = "lookups";
const COUNT_BYTES: usize = 8;
const NODE_BYTES: usize = 32;
const RESULT_BYTES: usize = 8 * Ciphertext::WORDS;

/// The files.
pub struct LookupStore {
    folder: PathBuf,
    bytes_max: u64,
    /// Held by whoever writes or removes.
    writing: Mutex<()>,
}

impl LookupStore {
    /// The files of a data folder, which may take this many bytes together.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(data: &Path, bytes_max: u64) -> io::Result<Self> {
        let folder = data.join(FOLDER);
        private_folder(&folder)?;
        Ok(Self { folder, bytes_max, writing: Mutex::default() })
    }

    /// Keeps what lookups gave, durably, and removes the oldest files if there is no room for it.
    ///
    /// # Errors
    /// The file system's, or it is too large for all the room there is.
    pub fn keep(&self, tree: &Tree, results: &[Ciphertext]) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(&tree.root());
        if let Ok(file) = File::open(&path) {
            return file.set_times(FileTimes::new().set_modified(SystemTime::now()));
        }
        self.make_room(file_bytes(results.len() as u64))?;
        pulseproof_files::write(&path, Readers::Owner, |sink| fill(sink, tree, results))
    }

    /// A node of the tree with this root, if that is kept and has it: `height` 0 is the leaves.
    ///
    /// # Errors
    /// The file system's.
    pub fn node(&self, root: &Digest, height: u32, index: u64) -> io::Result<LookupAnswer<Digest>> {
        let Some((file, count)) = self.file(root)? else { return Ok(LookupAnswer::NoTree) };
        let leaves = count.next_power_of_two();
        let Some(width) = leaves.checked_shr(height).filter(|&width| index < width) else {
            return Ok(LookupAnswer::NotInTree);
        };
        // The levels below have leaves + leaves/2 + … + 2·width nodes.
        let before = 2 * (leaves - width);
        let mut node = [0; NODE_BYTES];
        file.read_exact_at(&mut node, node_at(before + index))?;
        Ok(LookupAnswer::Here(Digest(node)))
    }

    /// What one lookup gave, likewise.
    ///
    /// # Errors
    /// The file system's.
    pub fn result(&self, root: &Digest, lookup: u64) -> io::Result<LookupAnswer<Vec<u8>>> {
        let Some((file, count)) = self.file(root)? else { return Ok(LookupAnswer::NoTree) };
        if lookup >= count {
            return Ok(LookupAnswer::NotInTree);
        }
        let mut words = vec![0; RESULT_BYTES];
        file.read_exact_at(&mut words, result_at(count, lookup))?;
        Ok(LookupAnswer::Here(words))
    }

    /// A file, and how many results it has.
    fn file(&self, root: &Digest) -> io::Result<Option<(File, u64)>> {
        let file = match File::open(self.path(root)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut count = [0; COUNT_BYTES];
        file.read_exact_at(&mut count, 0)?;
        Ok(Some((file, u64::from_le_bytes(count))))
    }

    /// Removes the oldest files until this many bytes more may be kept.
    fn make_room(&self, bytes: u64) -> io::Result<()> {
        match self.bytes_max.checked_sub(bytes) {
            Some(room) => shrink(&self.folder, room, None),
            None => {
                let reason = format!("{bytes} bytes of lookups, at most {}", self.bytes_max);
                Err(io::Error::new(ErrorKind::StorageFull, reason))
            }
        }
    }

    fn path(&self, root: &Digest) -> PathBuf {
        self.folder.join(root.to_string())
    }
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupAnswer<T> {
    /// It.
    Here(T),
    /// No tree with this root is kept.
    NoTree,
    /// The tree has none there.
    NotInTree,
}

/// Where a node lies, counted from the first leaf.
fn node_at(node: u64) -> u64 {
    COUNT_BYTES as u64 + node * NODE_BYTES as u64
}

/// Where a result lies, behind the 2·2^h − 1 nodes of a tree over so many results.
fn result_at(results: u64, lookup: u64) -> u64 {
    node_at(2 * results.next_power_of_two() - 1) + lookup * RESULT_BYTES as u64
}

fn file_bytes(results: u64) -> u64 {
    result_at(results, results)
}

fn fill(sink: &mut Sink, tree: &Tree, results: &[Ciphertext]) -> io::Result<()> {
    sink.write_all(&(results.len() as u64).to_le_bytes())?;
    for node in tree.nodes() {
        sink.write_all(&node.0)?;
    }
    for word in results.iter().flat_map(Ciphertext::words) {
        sink.write_all(&word.to_le_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(start: u64, count: u64) -> (Tree, Vec<Ciphertext>) {
        let results: Vec<_> = (start..start + count).map(Ciphertext::trivial).collect();
        (Tree::over(&results), results)
    }

    #[test]
    fn what_was_kept_is_there_word_for_word() {
        let folder = tempfile::tempdir().unwrap();
        let lookups = LookupStore::open(folder.path(), 1 << 20).unwrap();
        for count in [0, 1, 2, 5] {
            let (tree, found) = results(7, count);
            lookups.keep(&tree, &found).unwrap();
            let root = tree.root();
            for height in 0u8..5 {
                for index in 0u8..9 {
                    let expected = tree.node(usize::from(height), usize::from(index));
                    let expected = expected.map_or(LookupAnswer::NotInTree, LookupAnswer::Here);
                    let node = lookups.node(&root, height.into(), index.into()).unwrap();
                    assert_eq!(node, expected, "{count} results, {height}, {index}");
                }
            }
            for (lookup, result) in found.iter().enumerate() {
                let words: Vec<u8> = result.words().iter().flat_map(|w| w.to_le_bytes()).collect();
                let kept = lookups.result(&root, lookup as u64).unwrap();
                assert_eq!(kept, LookupAnswer::Here(words));
            }
            assert_eq!(lookups.result(&root, count).unwrap(), LookupAnswer::NotInTree);
            let far = [(u32::MAX, 0), (64, 0), (0, u64::MAX), (63, 1)];
            for (height, index) in far {
                let node = lookups.node(&root, height, index).unwrap();
                assert_eq!(node, LookupAnswer::NotInTree, "{height}, {index}");
            }
            assert_eq!(lookups.result(&root, u64::MAX).unwrap(), LookupAnswer::NotInTree);
        }
        let unknown = Digest([1; 32]);
        assert_eq!(lookups.node(&unknown, 0, 0).unwrap(), LookupAnswer::NoTree);
        assert_eq!(lookups.result(&unknown, 0).unwrap(), LookupAnswer::NoTree);
    }

    #[test]
    fn the_oldest_go_first_and_nothing_is_larger_than_the_room() {
        let folder = tempfile::tempdir().unwrap();
        let room = file_bytes(2) + file_bytes(1);
        let lookups = LookupStore::open(folder.path(), room).unwrap();
        let all = [results(0, 2), results(10, 1), results(20, 1), results(30, 4)];
        let keep = |index: usize| lookups.keep(&all[index].0, &all[index].1);
        let has = |index: usize| {
            lookups.node(&all[index].0.root(), 0, 0).unwrap() != LookupAnswer::NoTree
        };
        keep(0).unwrap();
        keep(1).unwrap();
        // Kept again is as good as new.
        keep(0).unwrap();
        keep(2).unwrap();
        assert_eq!([has(0), has(1), has(2)], [true, false, true]);
        assert_eq!(keep(3).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!([has(0), has(2), has(3)], [true, true, false]);
    }
}
