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
use std::time::{Duration, SystemTime};

use pulseproof_files::{private_folder, remove};
use pulseproof_sdk::{Digest, Problem};
use sha2::Sha256;

use crate::config::Uploads;

pub use claim::{Claim, Finished};

/// The folder, in that of the store.
pub const FOLDER: &str = "blobs";
/// What the start of a file has behind its name.
const PART: &str = ".part";

/// A whole file's name in the folder of the store.
pub fn name(id: &Digest) -> String {
    format!("{FOLDER}/{id}")
}

/// The folder of the files.
pub struct Blobs {
    folder: PathBuf,
    bytes_max: u64,
    unfinished: Unfinished,
    /// The files that are being written, each with the length it is to have.
    busy: Mutex<HashMap<Digest, u64>>,
    /// Who sent which files. Of those that an earlier process left nobody knows.
    senders: Mutex<HashMap<Digest, String>>,
    /// The hashes of unfinished files, so that no piece makes us read those before it.
    hashes: Mutex<HashMap<Digest, Hashed>>,
    /// Held while a file's row comes or goes, and while the file goes.
    pub changing: tokio::sync::Mutex<()>,
}

/// What files take.
struct Used {
    /// Bytes, taken and reserved.
    all: u64,
    /// Those that one sender sent or sends, as far as is known.
    own: u64,
    /// How many files those are.
    own_files: usize,
    /// The unfinished ones, and when they were written to last.
    parts: Vec<(SystemTime, Digest)>,
}

/// How many unfinished files are kept: each keeps a little memory, and a name.
#[derive(Clone, Copy)]
struct Unfinished {
    all: usize,
    of_each: usize,
}

/// The hash of a file's start.
#[derive(Clone, Default)]
struct Hashed {
    length: u64,
    state: Sha256,
}

impl Blobs {
    /// Opens or makes the folder, for so many bytes in all and so many unfinished files.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(directory: &Path, limits: &Uploads) -> io::Result<Self> {
        let folder = directory.join(FOLDER);
        private_folder(&folder)?;
        let (all, of_each) = (limits.unfinished_max.max(1), limits.unfinished_each_max.max(1));
        Ok(Self {
            folder,
            bytes_max: limits.bytes_max,
            unfinished: Unfinished { all, of_each },
            busy: Mutex::default(),
            senders: Mutex::default(),
            hashes: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        })
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

    /// Reserves a file for one writer, and room for so many bytes. If its sender, or all together, have too many
    /// unfinished files, the oldest of those that nobody writes goes.
    ///
    /// # Errors
    /// The file system's; the problem is another writer, or no room.
    pub fn claim(
        self: &Arc<Self>,
        id: Digest,
        bytes: u64,
        sender: &str,
    ) -> io::Result<Result<Claim, Problem>> {
        let mut busy = self.lock_busy();
        if busy.contains_key(&id) {
            return Ok(Err(in_progress()));
        }
        let Used { all, own, own_files, parts } = self.used(&busy, &id, sender)?;
        if all.saturating_add(bytes) > self.bytes_max {
            return Ok(Err(full(self.bytes_max)));
        }
        if own.saturating_add(bytes) > self.bytes_max / 2 {
            return Ok(Err(full(self.bytes_max / 2)));
        }
        if own_files >= self.unfinished.all {
            return Ok(Err(too_many_files(self.unfinished.all)));
        }
        // Nobody makes room for what brings nothing, or is there already.
        let is_new = bytes > 0 && !self.is_known(&id);
        if is_new {
            if let Err(limit) = self.make_room(&busy, parts, sender)? {
                return Ok(Err(too_many_parts(limit)));
            }
            self.lock_senders().insert(id, sender.to_owned());
        }
        busy.insert(id, bytes);
        Ok(Ok(Claim::new(Arc::clone(self), id)))
    }

    /// Sees to it that one more unfinished file is not too many; if all are being written, how many there may be.
    fn make_room(
        &self,
        busy: &HashMap<Digest, u64>,
        mut parts: Vec<(SystemTime, Digest)>,
        sender: &str,
    ) -> io::Result<Result<(), usize>> {
        let Unfinished { all, of_each } = self.unfinished;
        parts.sort_unstable_by_key(|(since, _)| *since);
        let mut senders = self.lock_senders();
        let is_own = |senders: &HashMap<Digest, String>, id| {
            senders.get(id).map_or("", String::as_str) == sender
        };
        let own = parts.iter().filter(|(_, id)| is_own(&senders, id)).count();
        let (least, limit) = match (own >= of_each, parts.len() >= all) {
            (true, _) => (true, of_each),
            (false, true) => (false, all),
            (false, false) => return Ok(Ok(())),
        };
        let goes = parts
            .iter()
            .map(|(_, id)| id)
            .find(|id| !busy.contains_key(id) && (!least || is_own(&senders, id)));
        let Some(id) = goes else { return Ok(Err(limit)) };
        senders.remove(id);
        self.lock_hashes().remove(id);
        remove(&self.part_path(id))?;
        Ok(Ok(()))
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
        self.lock_senders().remove(id);
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
                    if old {
                        self.lock_senders().remove(&id);
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

    /// What others than this file take.
    fn used(&self, busy: &HashMap<Digest, u64>, id: &Digest, sender: &str) -> io::Result<Used> {
        let mut lengths = HashMap::<Digest, u64>::new();
        let mut parts = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let Some((other, kind)) = named(&entry.path()) else { continue };
            if other != *id {
                // It may be gone by now.
                let Ok(metadata) = entry.metadata() else { continue };
                if kind == Kind::Part {
                    parts.push((metadata.modified()?, other));
                }
                *lengths.entry(other).or_default() += metadata.len();
            }
        }
        for (other, &reserved) in busy {
            let length = lengths.entry(*other).or_default();
            *length = (*length).max(reserved);
        }
        let senders = self.lock_senders();
        let is_own = |id| senders.get(id).is_some_and(|of| of == sender);
        let sum = |lengths: &[u64]| lengths.iter().fold(0, |sum: u64, &l| sum.saturating_add(l));
        let own = lengths.iter().filter(|(id, _)| is_own(id)).map(|(_, &length)| length);
        let own: Vec<_> = own.collect();
        let all: Vec<_> = lengths.values().copied().collect();
        Ok(Used { all: sum(&all), own: sum(&own), own_files: own.len(), parts })
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

    fn lock_senders(&self) -> MutexGuard<'_, HashMap<Digest, String>> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Somebody is sending the file.
pub fn in_progress() -> Problem {
    let detail = "these bytes are being received from somebody: send them again later";
    Problem::new(409, "upload-in-progress", detail).field("sha256")
}

fn full(limit: u64) -> Problem {
    let detail =
        format!("uploads may take {limit} bytes in all, and there is no room for this one");
    Problem::new(507, "storage-full", detail).field("body").limit(limit)
}

fn too_many_files(limit: usize) -> Problem {
    let detail = "this client has as many files here as one may: have them proved, or remove some";
    Problem::new(429, "too-many-files", detail).field("body").limit(limit as u64)
}

fn too_many_parts(limit: usize) -> Problem {
    let detail = "too many uploads are being received: send this one again later";
    Problem::new(503, "busy", detail).field("body").limit(limit as u64)
}
