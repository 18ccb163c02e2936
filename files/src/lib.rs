//! Writes files: each appears whole under its name or not at all, and what is no plain file is written
//! through. `tests/files/house.rs` holds that nobody in the workspace writes files otherwise.
//!
//! A draft stands in the same folder under a name that nobody has, and is removed if anything fails. It is
//! synced to disk and renamed, so that readers see the old file or the new one, never a part, after a power
//! failure as well. Links are followed. A device, a pipe, or what a process has open under `/proc` has no
//! content that could be replaced: bytes go there as they come.

mod folder;
mod folder_draft;
mod target;

use std::error::Error;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempPath;

pub use folder::{close_to_others, private_file, private_folder, remove, shrink};
pub use folder_draft::FolderDraft;
pub use target::{FileId, identity};
use target::{Target, folder};

/// What a file's content is written to.
pub type Sink = BufWriter<File>;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Whoever the process's mask lets, or could read the file that is replaced.
    Everybody,
    /// Its owner alone: for secrets.
    Owner,
}

/// Writes a file, or replaces it.
///
/// # Errors
/// The content's, or the system's: no such folder, no permission, no room. What was there is as it was.
pub fn write<E: Into<Box<dyn Error + Send + Sync>>>(
    path: &Path,
    readers: Readers,
    content: impl FnOnce(&mut Sink) -> Result<(), E>,
) -> io::Result<()> {
    match Target::of(path)? {
        Target::Through(path) => write_through(open_through(&path)?, content),
        Target::Plain(path) => Draft::write(&path, readers, content)?.replace(&path),
    }
}

/// Writes a file, or replaces it, from bytes.
///
/// # Errors
/// As [`write()`].
pub fn write_bytes(path: &Path, readers: Readers, bytes: &[u8]) -> io::Result<()> {
    write(path, readers, |sink| sink.write_all(bytes))
}

/// Writes a file that is not there yet: however many try at once, one succeeds.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] if there is one; others as [`write()`].
pub fn write_new(path: &Path, readers: Readers, bytes: &[u8]) -> io::Result<()> {
    match Target::of(path)? {
        Target::Through(path) => write_through(open_through(&path)?, |sink| sink.write_all(bytes)),
        Target::Plain(path) if path.try_exists()? => Err(ErrorKind::AlreadyExists.into()),
        Target::Plain(path) => {
            Draft::write(&path, readers, |sink| sink.write_all(bytes))?.name_new(&path)
        }
    }
}

/// Writes to what is open already: standard output, a pipe, a device.
///
/// # Errors
/// The content's, or the system's.
pub fn write_through<E: Into<Box<dyn Error + Send + Sync>>>(
    file: File,
    content: impl FnOnce(&mut Sink) -> Result<(), E>,
) -> io::Result<()> {
    let mut sink = BufWriter::new(file);
    let written = content(&mut sink).map_err(io::Error::other).and_then(|()| sink.flush());
    // What is left in the buffer belongs to a content that failed.
    let (_, _) = sink.into_parts();
    written
}

/// Appends, because what a process has open under `/proc` may be a file with content of its own.
fn open_through(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

/// A whole file beside its place; removed when dropped without having got its name.
struct Draft(TempPath);

impl Draft {
    fn write<E: Into<Box<dyn Error + Send + Sync>>>(
        target: &Path,
        readers: Readers,
        content: impl FnOnce(&mut Sink) -> Result<(), E>,
    ) -> io::Result<Self> {
        let replaced = replaceable(target)?;
        let mode = if readers == Readers::Owner { 0o600 } else { 0o666 };
        let draft = tempfile::Builder::new()
            .prefix(".pulseproof-")
            .suffix(".tmp")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder(target))?;
        let (file, path) = draft.into_parts();
        if let Some(permissions) = replaced.filter(|_| readers == Readers::Everybody) {
            file.set_permissions(permissions)?;
        }
        let mut sink = BufWriter::new(file);
        content(&mut sink).map_err(io::Error::other)?;
        sink.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(Self(path))
    }

    fn replace(self, path: &Path) -> io::Result<()> {
        self.0.persist(path).map_err(|error| error.error)?;
        sync_folder(path)
    }

    fn name_new(self, path: &Path) -> io::Result<()> {
        match self.0.persist_noclobber(path) {
            Ok(()) => sync_folder(path),
            Err(error) if path.try_exists()? => Err(error.error),
            // File systems of memory cards can neither rename without replacing nor link.
            Err(error) => Self(error.path).replace(path),
        }
    }
}

/// The permissions of the file that is to be replaced, if there is one: it has to be writable, although a
/// rename does not need that.
fn replaceable(path: &Path) -> io::Result<Option<Permissions>> {
    match OpenOptions::new().write(true).open(path) {
        Ok(file) => Ok(Some(file.metadata()?.permissions())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a new name survive a power failure.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}
