//! Where bytes for a path go, and whether two paths lead to one place. Looks at names, writes nothing.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// As many links as Linux follows.
const LINKS_MAX: usize = 40;
/// Whatever processes have open is found there by links that say nothing of its name.
const PROCESSES: &str = "/proc";

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A plain file, or none yet; links are followed.
    Plain(PathBuf),
    /// A device, a pipe, or something a process has open.
    Through(PathBuf),
}

impl Target {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let mut path = path.to_owned();
        for _ in 0..LINKS_MAX {
            let Some(name) = path.file_name() else { return Err(ErrorKind::IsADirectory.into()) };
            let folder = folder(&path).canonicalize()?;
            let place = folder.join(name);
            let kind = match fs::symlink_metadata(&place) {
                Ok(found) => found.file_type(),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::Plain(place)),
                Err(error) => return Err(error),
            };
            if kind.is_dir() {
                return Err(ErrorKind::IsADirectory.into());
            } else if kind.is_file() {
                return Ok(Self::Plain(place));
            } else if !kind.is_symlink() || folder.starts_with(PROCESSES) {
                return Ok(Self::Through(place));
            }
            path = folder.join(fs::read_link(&place)?);
        }
        Err(io::Error::other("too many links"))
    }
}

/// What tells a file from others, whatever names it has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FileId {
    /// It is there: device and inode.
    Found(u64, u64),
    /// It is not there yet: the name that it will have.
    New(PathBuf),
}

/// What a path leads to, for comparison; `None` for what any number may write to at once, as `/dev/null`,
/// and for what cannot be looked at, which fails when it is opened.
pub fn identity(path: &Path) -> Option<FileId> {
    match fs::metadata(path) {
        Ok(found) if found.file_type().is_char_device() => None,
        Ok(found) => Some(FileId::Found(found.dev(), found.ino())),
        Err(_) => match Target::of(path) {
            Ok(Target::Plain(path)) => Some(FileId::New(path)),
            _ => None,
        },
    }
}

pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
