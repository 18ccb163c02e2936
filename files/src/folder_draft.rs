//! Folders that appear whole.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::folder;

/// A folder beside its place, for its owner alone: it gets its name with all that is in it, or is removed.
#[derive(Debug)]
pub struct FolderDraft {
    draft: TempDir,
    place: PathBuf,
}

impl FolderDraft {
    /// Makes an empty one, for a place where nothing is.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if there is something; others are the system's.
    pub fn new(place: &Path) -> io::Result<Self> {
        match fs::symlink_metadata(place) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // A link counts as well: it would be replaced.
            Ok(_) => return Err(ErrorKind::AlreadyExists.into()),
            Err(error) => return Err(error),
        }
        let draft = tempfile::Builder::new()
            .prefix(".pulseproof-")
            .suffix(".tmp")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(folder(place))?;
        Ok(Self { draft, place: place.to_owned() })
    }

    /// Where it is until it is finished.
    pub fn path(&self) -> &Path {
        self.draft.path()
    }

    /// Gives it its name. What is in it must be synced to disk.
    ///
    /// # Errors
    /// The system's; something came to its place meanwhile.
    pub fn finish(self) -> io::Result<()> {
        File::open(self.draft.path())?.sync_all()?;
        fs::rename(self.draft.path(), &self.place)?;
        // There is nothing to remove any more.
        let _ = self.draft.keep();
        File::open(folder(&self.place))?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let names = || fs::read_dir(root.path()).unwrap().count();
        let place = root.path().join("copy");
        let draft = FolderDraft::new(&place).unwrap();
        fs::write(draft.path().join("a"), "a").unwrap();
        assert!(!place.exists());
        drop(draft);
        assert_eq!(names(), 0, "what was not finished is gone");

        let draft = FolderDraft::new(&place).unwrap();
        fs::write(draft.path().join("a"), "a").unwrap();
        draft.finish().unwrap();
        assert_eq!(fs::read_to_string(place.join("a")).unwrap(), "a");
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(names(), 1);

        // Nothing that is there is touched, also if it comes while the draft is made.
        let exists = |place: &Path| FolderDraft::new(place).unwrap_err().kind();
        assert_eq!(exists(&place), ErrorKind::AlreadyExists);
        assert_eq!(exists(&place.join("a")), ErrorKind::AlreadyExists);
        let link = root.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert_eq!(exists(&link), ErrorKind::AlreadyExists);
        fs::remove_file(link).unwrap();
        let late = root.path().join("late");
        let draft = FolderDraft::new(&late).unwrap();
        fs::create_dir(&late).unwrap();
        fs::write(late.join("b"), "b").unwrap();
        assert!(draft.finish().is_err());
        assert_eq!(fs::read_to_string(late.join("b")).unwrap(), "b");
        assert_eq!(names(), 2);
    }
}
