//! The right to write one file: taken by one at a time, released when dropped. What was written stays,
//! so that whoever was cut off can go on.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::sync::Arc;

use axum::body::Bytes;
use pulseproof_files::remove;
use pulseproof_sdk::Digest;
use sha2::Digest as _;
use tokio::sync::mpsc::Receiver;

use super::{Blobs, Hashed, create, open};

/// Read at a time when a file is hashed again.
const READ_BYTES: usize = 1 << 16;

/// The right to write a file.
pub struct Claim {
    blobs: Arc<Blobs>,
    id: Digest,
}

/// What became of a file that was received to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It has its name.
    Whole,
    /// It has another hash, and was removed.
    Wrong(Digest),
}

impl Claim {
    pub(super) fn new(blobs: Arc<Blobs>, id: Digest) -> Self {
        Self { blobs, id }
    }

    /// Writes what arrives, from the first byte on or behind what was received, and returns how much
    /// there is then. What was received of a file that cannot be written is removed: a full disk has no use for
    /// it, and it would take the place of another's.
    ///
    /// # Errors
    /// The file system's.
    pub fn receive(&self, anew: bool, mut chunks: Receiver<Bytes>) -> io::Result<u64> {
        let (mut file, mut hashed) = if anew { self.begin()? } else { self.resume()? };
        while let Some(chunk) = chunks.blocking_recv() {
            file.write_all(&chunk).or_else(|error| self.give_up(error))?;
            hashed.update(&chunk);
        }
        let length = hashed.length;
        self.blobs.lock_hashes().insert(self.id, hashed);
        Ok(length)
    }

    /// Syncs what was received.
    ///
    /// # Errors
    /// The file system's.
    pub fn keep(&self) -> io::Result<()> {
        let kept = File::open(self.blobs.part_path(&self.id)).and_then(|file| file.sync_all());
        kept.or_else(|error| self.give_up(error))
    }

    /// Gives a file that was received to its end its name, or removes it if its hash is another.
    ///
    /// # Errors
    /// The file system's.
    pub fn finish(&self, sha256: Digest) -> io::Result<Finished> {
        let (file, hashed) = self.resume()?;
        let found = hashed.digest();
        if found == sha256 {
            let published = self.blobs.publish(&self.id, &file);
            published.or_else(|error| self.give_up(error))?;
            return Ok(Finished::Whole);
        }
        self.discard()?;
        Ok(Finished::Wrong(found))
    }

    /// What could not be written is of no use.
    fn give_up(&self, error: io::Error) -> io::Result<()> {
        // The error that came first is the one to be told.
        let _ = self.discard();
        Err(error)
    }

    /// Removes what was received.
    ///
    /// # Errors
    /// The file system's.
    pub fn discard(&self) -> io::Result<()> {
        self.blobs.lock_hashes().remove(&self.id);
        self.blobs.lock_senders().remove(&self.id);
        remove(&self.blobs.part_path(&self.id))
    }

    fn begin(&self) -> io::Result<(File, Hashed)> {
        self.blobs.lock_hashes().remove(&self.id);
        Ok((create(&self.blobs.part_path(&self.id))?, Hashed::default()))
    }

    /// Opens the file at its end, with the hash of what is there, which is read only if nobody knows.
    fn resume(&self) -> io::Result<(File, Hashed)> {
        let path = self.blobs.part_path(&self.id);
        let known = self.blobs.lock_hashes().remove(&self.id);
        let file = open(&path, OpenOptions::new().append(true))?;
        let length = file.metadata()?.len();
        match known {
            Some(hashed) if hashed.length == length => Ok((file, hashed)),
            _ => Ok((file, hash(&mut File::open(&path)?)?)),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.blobs.lock_busy().remove(&self.id);
        // Of a file of which nothing came nobody needs to know who was to send it.
        if !self.blobs.is_known(&self.id) {
            self.blobs.lock_senders().remove(&self.id);
        }
    }
}

impl Hashed {
    fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// SHA-256 of all that was hashed.
    pub(super) fn digest(self) -> Digest {
        Digest(self.state.finalize().into())
    }
}

/// The hash of a file.
pub(super) fn hash(file: &mut File) -> io::Result<Hashed> {
    let (mut hashed, mut buffer) = (Hashed::default(), vec![0; READ_BYTES]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hashed),
            Ok(read) => hashed.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
