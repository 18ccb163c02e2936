//! Files beside the store: evaluation keys, parts of circuits, inputs and witnesses.
//!
//! `<id>` is a whole file, `<id>.part` the start of one. Keys and circuits are called by SHA-256 of their
//! bytes. Inputs have random names, and witnesses are named by a hash of their token: what is secret is
//! neither guessed nor shared. Only whole files with the right hash get their name, synced to disk. What
//! refers to a file is a row of the store: the file comes before its row and goes after it, and
//! [`Blobs::sweep`] removes what nobody refers to.
//! Only the owner may read them: some are secret.

mod claim;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pulseproof_files::{private_folder, remove};
use pulseproof_sdk::{Digest, Problem};
use sha2::Sha256;

pub use claim::{Claim, Finished};

/// The folder, in that of the store.
const FOLDER: &str = "blobs";
/// What the start of a file has behind its name.
const PART: &str = ".part";
/// Most unfinished uploads: each keeps a little memory.
const PARTS_MAX: usize = 1024;

/// The folder of the files.
pub struct Blobs {
    folder: PathBuf,
    bytes_max: u64,
    /// The files that are being written, each with the length it is to have.
    busy: Mutex<HashMap<Digest, u64>>,
    /// The hashes of unfinished files, so that no piece makes us read those before it.
    hashes: Mutex<HashMap<Digest, Hashed>>,
    /// Held while a file's row comes or goes, and while the file goes.
    pub changing: tokio::sync::Mutex<()>,
}

/// The hash of a file's start.
#[derive(Clone, Default)]
struct Hashed {
    length: u64,
    state: Sha256,
}

impl Blobs {
    /// Opens or makes the folder, for so many bytes in all.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(directory: &Path, bytes_max: u64) -> io::Result<Self> {
        let folder = directory.join(FOLDER);
        private_folder(&folder)?;
        let (busy, hashes, changing) = (Mutex::default(), Mutex::default(), Default::default());
        Ok(Self { folder, bytes_max, busy, hashes, changing })
    }

    /// Takes over whole files from a folder that earlier versions used; `suffix` follows their hash.
    ///
    /// # Errors
    /// The file system's.
    pub fn adopt(&self, old: &Path, suffix: &str) -> io::Result<()> {
        let entries = match fs::read_dir(old) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(suffix)?.parse().ok());
            if let Some(id) = id {
                fs::rename(entry.path(), self.path(&id))?;
            }
        }
        self.sync()?;
        fs::remove_dir_all(old)
    }

    /// Reserves a file for one writer, and room for so many bytes.
    ///
    /// # Errors
    /// The file system's; the problem is another writer, or no room.
    pub fn claim(self: &Arc<Self>, id: Digest, bytes: u64) -> io::Result<Result<Claim, Problem>> {
        let mut busy = self.lock_busy();
        if busy.contains_key(&id) {
            return Ok(Err(in_progress()));
        }
        let (used, parts) = self.used(&busy, &id)?;
        if used.saturating_add(bytes) > self.bytes_max {
            return Ok(Err(full(self.bytes_max)));
        }
        if parts >= PARTS_MAX {
            return Ok(Err(too_many_parts()));
        }
        busy.insert(id, bytes);
        Ok(Ok(Claim::new(Arc::clone(self), id)))
    }

    /// The length of a whole file, if it is there.
    pub fn length(&self, id: &Digest) -> Option<u64> {
        Some(fs::metadata(self.path(id)).ok()?.len())
    }

    /// The length of the start of a file.
    pub fn received(&self, id: &Digest) -> u64 {
        fs::metadata(self.part_path(id)).map_or(0, |metadata| metadata.len())
    }

    /// Whether there is anything of a file.
    pub fn is_known(&self, id: &Digest) -> bool {
        self.path(id).exists() || self.part_path(id).exists()
    }

    /// Opens a whole file.
    ///
    /// # Errors
    /// The file system's.
    pub fn file(&self, id: &Digest) -> io::Result<File> {
        File::open(self.path(id))
    }

    /// Opens a whole file whose hash is still its name. Reads all of it.
    ///
    /// # Errors
    /// The file system's, or the file is damaged.
    pub fn checked_file(&self, id: &Digest) -> io::Result<File> {
        let mut file = self.file(id)?;
        if claim::hash(&mut file)?.digest() != *id {
            let reason = format!("{}: damaged: SHA-256 is not its name", self.path(id).display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        file.rewind()?;
        Ok(file)
    }

    /// Writes a whole file that is too secret to be named by its hash.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(&self, id: &Digest, bytes: &[u8]) -> io::Result<()> {
        let path = self.part_path(id);
        let mut file = create(&path)?;
        let written = file.write_all(bytes).and_then(|()| self.publish(id, &file));
        // What is left is of no use to anybody, and may be secret.
        written.inspect_err(|_| drop(remove(&path)))
    }

    /// Removes a file and the start of it, unless it is being written. Only with `changing` held, for
    /// a file that nobody refers to.
    ///
    /// # Errors
    /// The file system's.
    pub fn remove(&self, id: &Digest) -> io::Result<()> {
        let busy = self.lock_busy();
        if busy.contains_key(id) {
            return Ok(());
        }
        self.lock_hashes().remove(id);
        remove(&self.part_path(id))?;
        remove(&self.path(id))
    }

    /// Removes what nobody refers to and nobody has written to for a while. Only with `changing` held.
    ///
    /// # Errors
    /// The file system's.
    pub fn sweep(&self, known: &HashSet<Digest>, retention: Duration) -> io::Result<usize> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let busy = self.lock_busy();
            let spare = match named(&path) {
                Some((id, _)) if busy.contains_key(&id) => false,
                Some((id, Kind::Whole)) if known.contains(&id) => false,
                Some((id, kind)) => {
                    let old = is_older(&path, retention);
                    if old && kind == Kind::Part {
                        self.lock_hashes().remove(&id);
                    }
                    old
                }
                // None of ours: nobody else writes in this folder.
                None => true,
            };
            if spare {
                remove(&path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Gives a file that was written whole its name, durably.
    fn publish(&self, id: &Digest, file: &File) -> io::Result<()> {
        file.sync_all()?;
        fs::rename(self.part_path(id), self.path(id))?;
        self.sync()
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    /// Bytes taken and reserved by others than this file, and how many are unfinished.
    fn used(&self, busy: &HashMap<Digest, u64>, id: &Digest) -> io::Result<(u64, usize)> {
        let mut lengths = HashMap::<Digest, u64>::new();
        let mut parts = 0;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let Some((other, kind)) = named(&entry.path()) else { continue };
            if other != *id {
                parts += usize::from(kind == Kind::Part);
                *lengths.entry(other).or_default() += entry.metadata().map_or(0, |m| m.len());
            }
        }
        for (other, &reserved) in busy {
            let length = lengths.entry(*other).or_default();
            *length = (*length).max(reserved);
        }
        Ok((lengths.values().fold(0, |sum, &length| sum.saturating_add(length)), parts))
    }

    fn path(&self, id: &Digest) -> PathBuf {
        self.folder.join(id.to_string())
    }

    fn part_path(&self, id: &Digest) -> PathBuf {
        self.folder.join(format!("{id}{PART}"))
    }

    fn lock_busy(&self) -> MutexGuard<'_, HashMap<Digest, u64>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_hashes(&self) -> MutexGuard<'_, HashMap<Digest, Hashed>> {
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a file in the folder is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    Part,
}

/// Reads a file's name.
fn named(path: &Path) -> Option<(Digest, Kind)> {
    let name = path.file_name()?.to_str()?;
    match name.strip_suffix(PART) {
        Some(id) => Some((id.parse().ok()?, Kind::Part)),
        None => Some((name.parse().ok()?, Kind::Whole)),
    }
}

fn is_older(path: &Path, retention: Duration) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    // An error of the clock is no reason to remove anything.
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age >= retention))
}

/// Makes a file anew that only its owner may read.
fn create(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().write(true).truncate(true))
}

/// Opens a file, or makes it so that only its owner may read it.
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.create(true).open(path)
}

fn in_progress() -> Problem {
    let detail = "these bytes are being received from somebody: send them again later";
    Problem::new(409, "upload-in-progress", detail).field("sha256")
}

fn full(limit: u64) -> Problem {
    let detail =
        format!("uploads may take {limit} bytes in all, and there is no room for this one");
    Problem::new(507, "storage-full", detail).field("body").limit(limit)
}

fn too_many_parts() -> Problem {
    let detail = "too many uploads are unfinished: send this one again later";
    Problem::new(503, "busy", detail).field("body").limit(PARTS_MAX as u64)
}
