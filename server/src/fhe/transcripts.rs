//! What the lookups of programs gave, for whoever doubts outputs that this appliance signed: files called by
//! the root of their [tree](pulseproof_sdk::merkle), which the outputs name. The oldest go when they take too
//! much; whoever has the program computed again has them again, since bootstrapping is exact.
//!
//! A file holds the tree's leaves, 32 bytes each, and then the words of each result.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use pulseproof_fhe::Ciphertext;
use pulseproof_sdk::Digest;
use pulseproof_sdk::merkle::Tree;

/// The folder, in that of the store.
const FOLDER: &str = "lookups";
/// What follows a root while its file is written.
const PART: &str = "part";
const LEAF_BYTES: u64 = 32;
const RESULT_BYTES: u64 = 8 * Ciphertext::WORDS as u64;

/// The files.
pub struct Transcripts {
    folder: PathBuf,
    bytes_max: u64,
    /// Held by whoever writes or removes.
    writing: Mutex<()>,
}

impl Transcripts {
    /// The files of a data folder, which may take this many bytes together.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(data: &Path, bytes_max: u64) -> io::Result<Self> {
        let folder = data.join(FOLDER);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
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
        self.make_room(results.len() as u64 * (LEAF_BYTES + RESULT_BYTES))?;
        let part = path.with_extension(PART);
        let written = write(&part, tree, results).and_then(|()| fs::rename(&part, &path));
        if written.is_err() {
            // The first error counts; the next file to be kept removes the part as the oldest.
            let _ = fs::remove_file(&part);
        }
        written?;
        File::open(&self.folder)?.sync_all()
    }

    /// The tree whose root this is, if it is kept.
    ///
    /// # Errors
    /// The file system's.
    pub fn tree(&self, root: &Digest) -> io::Result<Option<Tree>> {
        let Some((mut file, count)) = self.file(root)? else { return Ok(None) };
        let mut leaves = vec![[0; LEAF_BYTES as usize]; count];
        file.read_exact(leaves.as_flattened_mut())?;
        Ok(Some(Tree::over_leaves(leaves.into_iter().map(Digest).collect())))
    }

    /// What one lookup gave, if the tree with this root is kept and has it.
    ///
    /// # Errors
    /// The file system's.
    pub fn result(&self, root: &Digest, lookup: usize) -> io::Result<Option<Vec<u8>>> {
        let Some((mut file, count)) = self.file(root)? else { return Ok(None) };
        if lookup >= count {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(count as u64 * LEAF_BYTES + lookup as u64 * RESULT_BYTES))?;
        let mut words = vec![0; RESULT_BYTES as usize];
        file.read_exact(&mut words)?;
        Ok(Some(words))
    }

    /// A file, and how many results it has.
    fn file(&self, root: &Digest) -> io::Result<Option<(File, usize)>> {
        let file = match File::open(self.path(root)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let count = file.metadata()?.len() / (LEAF_BYTES + RESULT_BYTES);
        Ok(Some((file, usize::try_from(count).map_err(io::Error::other)?)))
    }

    /// Removes the oldest files until this many bytes more may be kept.
    fn make_room(&self, bytes: u64) -> io::Result<()> {
        let Some(mut room) = self.bytes_max.checked_sub(bytes) else {
            let reason = format!("{bytes} bytes of lookups, at most {}", self.bytes_max);
            return Err(io::Error::new(ErrorKind::StorageFull, reason));
        };
        let entry = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            let metadata = entry.metadata()?;
            Ok((metadata.modified()?, metadata.len(), entry.path()))
        };
        let mut files: Vec<_> =
            fs::read_dir(&self.folder)?.map(entry).collect::<io::Result<_>>()?;
        files.sort_unstable();
        for (_, length, path) in files.into_iter().rev() {
            match room.checked_sub(length) {
                Some(left) => room = left,
                // Whatever is older goes too.
                None => {
                    room = 0;
                    fs::remove_file(path)?;
                }
            }
        }
        Ok(())
    }

    fn path(&self, root: &Digest) -> PathBuf {
        self.folder.join(root.to_string())
    }
}

fn write(path: &Path, tree: &Tree, results: &[Ciphertext]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = BufWriter::new(options.open(path)?);
    for leaf in (0..results.len()).filter_map(|index| tree.node(0, index)) {
        file.write_all(&leaf.0)?;
    }
    for word in results.iter().flat_map(Ciphertext::words) {
        file.write_all(&word.to_le_bytes())?;
    }
    file.into_inner()?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: u64 = LEAF_BYTES + RESULT_BYTES;

    fn results(start: u64, count: u64) -> (Tree, Vec<Ciphertext>) {
        let results: Vec<_> = (start..start + count).map(Ciphertext::trivial).collect();
        (Tree::over(&results), results)
    }

    #[test]
    fn what_was_kept_is_there_word_for_word() {
        let folder = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(folder.path(), 100 * EACH).unwrap();
        let (tree, found) = results(7, 5);
        transcripts.keep(&tree, &found).unwrap();
        let root = tree.root();
        assert_eq!(transcripts.tree(&root).unwrap(), Some(tree));
        for (lookup, result) in found.iter().enumerate() {
            let words: Vec<u8> = result.words().iter().flat_map(|w| w.to_le_bytes()).collect();
            assert_eq!(transcripts.result(&root, lookup).unwrap(), Some(words));
        }
        assert_eq!(transcripts.result(&root, 5).unwrap(), None);
        let unknown = Digest([1; 32]);
        assert_eq!(transcripts.tree(&unknown).unwrap(), None);
        assert_eq!(transcripts.result(&unknown, 0).unwrap(), None);
    }

    #[test]
    fn the_oldest_go_first_and_nothing_is_larger_than_the_room() {
        let folder = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(folder.path(), 4 * EACH).unwrap();
        let all = [results(0, 2), results(10, 2), results(20, 1), results(30, 5)];
        let keep = |index: usize| transcripts.keep(&all[index].0, &all[index].1);
        let has = |index: usize| transcripts.tree(&all[index].0.root()).unwrap().is_some();
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
