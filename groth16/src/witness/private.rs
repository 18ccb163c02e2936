//! A folder that only this user can read and write, and files in it for which the same holds. Whatever is found
//! to be otherwise is refused: somebody else may have written it.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pulseproof_files::{Readers, private_folder, shrink, write_bytes, write_new};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;

/// Rights of others, in a file's mode.
const OTHERS: u32 = 0o077;

/// The folder.
#[derive(Debug)]
pub(super) struct Private(PathBuf);

impl Private {
    /// Opens a folder, or makes it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        private_folder(path)?;
        // Not through a link: it could be turned to another folder afterwards.
        let found = fs::symlink_metadata(path)?;
        if !found.is_dir() {
            return Err(io::Error::other("it is no folder"));
        }
        private(&found)?;
        Ok(Self(path.to_owned()))
    }

    /// A file's bytes, if there is one, at most so many.
    pub(super) fn read(&self, name: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        // A pipe somebody put there would keep us waiting.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match open(self.0.join(name), flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // Of what is open, not of what has this name by now.
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::other("it is no plain file"));
        }
        private(&found)?;
        if found.len() > bytes_max {
            return Err(io::Error::other(format!("more than {bytes_max} bytes")));
        }
        // That it was used may go unrecorded: it is then only forgotten earlier.
        let _ = file.set_modified(SystemTime::now());
        read_all(file, found.len()).map(Some)
    }

    /// Writes a file, whole or not at all, in the place of what is there.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        write_bytes(&self.0.join(name), Readers::Owner, bytes)
    }

    /// Writes a file, whole, and only if there is none.
    pub(super) fn write_new(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        match write_new(&self.0.join(name), Readers::Owner, bytes) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            written => written,
        }
    }

    /// Removes the files that were used longest ago, until the others have at most so many bytes; `kept` stays.
    pub(super) fn shrink(&self, bytes_max: u64, kept: &str) -> io::Result<()> {
        shrink(&self.0, bytes_max, Some(OsStr::new(kept)))
    }
}

/// That something is this user's and nobody else's.
fn private(found: &Metadata) -> io::Result<()> {
    let me = rustix::process::geteuid().as_raw();
    if found.uid() != me {
        let owner = found.uid();
        return Err(io::Error::other(format!("it belongs to user {owner}, and this is user {me}")));
    }
    if found.mode() & OTHERS != 0 {
        let mode = found.mode() & 0o7777;
        return Err(io::Error::other(format!(
            "its mode is {mode:o}, so that others may have changed what is in it: remove it"
        )));
    }
    Ok(())
}

fn read_all(file: File, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(io::Error::other)?);
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn folder() -> (tempfile::TempDir, Private) {
        let parent = tempfile::tempdir().unwrap();
        let folder = Private::open(&parent.path().join("a/b")).unwrap();
        (parent, folder)
    }

    fn allow(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_written_is_read_and_is_nobody_elses() {
        let (_parent, folder) = folder();
        assert_eq!(folder.read("x", 10).unwrap(), None);
        folder.write("x", b"one").unwrap();
        folder.write("x", b"two").unwrap();
        folder.write_new("x", b"three").unwrap();
        assert_eq!(folder.read("x", 3).unwrap().unwrap(), b"two");
        assert!(folder.read("x", 2).is_err());
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!((mode(&folder.0), mode(&folder.0.join("x"))), (0o700, 0o600));
    }

    #[test]
    fn folders_of_others_are_refused() {
        let (parent, folder) = folder();
        for mode in [0o755, 0o710, 0o702, 0o777] {
            allow(&folder.0, mode);
            let refused = Private::open(&folder.0).unwrap_err().to_string();
            assert!(refused.contains(&format!("mode is {mode:o}")), "{refused}");
        }
        allow(&folder.0, 0o700);
        let link = parent.path().join("link");
        symlink(&folder.0, &link).unwrap();
        assert!(Private::open(&link).is_err(), "a link");
        let file = parent.path().join("file");
        fs::write(&file, b"").unwrap();
        assert!(Private::open(&file).is_err(), "a file");
    }

    #[test]
    fn files_of_others_are_refused() {
        let (parent, folder) = folder();
        folder.write("x", b"one").unwrap();
        for mode in [0o644, 0o620, 0o602] {
            allow(&folder.0.join("x"), mode);
            assert!(folder.read("x", 10).is_err(), "{mode:o}");
        }
        let other = parent.path().join("other");
        fs::write(&other, b"two").unwrap();
        allow(&other, 0o600);
        symlink(&other, folder.0.join("link")).unwrap();
        assert!(folder.read("link", 10).is_err(), "a link");
        fs::create_dir(folder.0.join("folder")).unwrap();
        allow(&folder.0.join("folder"), 0o700);
        assert!(folder.read("folder", 1 << 20).is_err(), "a folder");
    }

    /// Only root can give a file away.
    #[test]
    fn other_owners_are_refused() {
        let (_parent, folder) = folder();
        folder.write("x", b"one").unwrap();
        if std::os::unix::fs::chown(folder.0.join("x"), Some(12345), None).is_err() {
            return;
        }
        let refused = folder.read("x", 10).unwrap_err().to_string();
        assert!(refused.contains("belongs to user 12345"), "{refused}");
        std::os::unix::fs::chown(&folder.0, Some(12345), None).unwrap();
        assert!(Private::open(&folder.0).is_err());
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let (_parent, folder) = folder();
        let age = |name: &str, seconds: u64| {
            let file = File::options().write(true).open(folder.0.join(name)).unwrap();
            let then = SystemTime::now() - std::time::Duration::from_secs(seconds);
            file.set_modified(then).unwrap();
        };
        for (name, seconds) in [("kept", 900), ("a", 500), ("b", 400), ("c", 300)] {
            folder.write(name, &[0; 100]).unwrap();
            age(name, seconds);
        }
        folder.read("a", 100).unwrap();
        folder.shrink(200, "kept").unwrap();
        let there = ["kept", "a", "b", "c"].map(|name| folder.read(name, 100).unwrap().is_some());
        assert_eq!(there, [true, true, false, true]);
    }
}
