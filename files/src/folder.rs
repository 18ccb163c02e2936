//! Folders of our own, and how much lies in them.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Makes what is missing of a folder, for its owner alone. What is there stays as it is.
///
/// # Errors
/// The system's.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes an empty file that its owner alone may read, or sees to it that nobody else may read the one that is
/// there: for what others will write, such as a database.
///
/// # Errors
/// The system's.
pub fn private_file(path: &Path) -> io::Result<()> {
    // What is there is not opened: closing it would let go of a database's locks.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => close_to_others(path),
        made => made.map(drop),
    }
}

/// Takes others' rights to a file away, if there is one and they have any.
///
/// # Errors
/// The system's.
pub fn close_to_others(path: &Path) -> io::Result<()> {
    let mode = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found?.permissions().mode(),
    };
    match mode & 0o077 {
        0 => Ok(()),
        _ => fs::set_permissions(path, Permissions::from_mode(mode & 0o700)),
    }
}

/// Removes a file, if it is there.
///
/// # Errors
/// The system's.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes the files of a folder that were modified longest ago, until the others have at most so many bytes; one,
/// `kept`, stays and does not count. What is no file is left alone, and what is gone meanwhile somebody else has
/// removed.
///
/// # Errors
/// The system's.
pub fn shrink(folder: &Path, bytes_max: u64, kept: Option<&OsStr>) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(found) = entry.metadata() else { continue };
        if found.is_file() && kept != Some(&*entry.file_name()) {
            files.push((found.modified()?, found.len(), entry.path()));
        }
    }
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, length, _)| length).sum();
    for (_, length, path) in files {
        if bytes <= bytes_max {
            break;
        }
        remove(&path)?;
        bytes -= length;
    }
    Ok(())
}
