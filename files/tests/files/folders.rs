//! Folders and files for one user, and folders that do not grow.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use pulseproof_files::{close_to_others, private_file, private_folder, remove, shrink};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_private_is_its_owners_alone_and_keeps_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    private_folder(&inner).unwrap();
    assert_eq!([mode(&inner), mode(&folder.path().join("a"))], [0o700; 2]);
    let file = inner.join("store");
    private_file(&file).unwrap();
    assert_eq!(mode(&file), 0o600);
    fs::write(&file, "content").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    private_folder(&inner).unwrap();
    private_file(&file).unwrap();
    assert_eq!((fs::read(&file).unwrap(), mode(&file)), (b"content".to_vec(), 0o600));
    close_to_others(&inner.join("none")).unwrap();
}

#[test]
fn what_is_not_there_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    remove(&file).unwrap();
    remove(&file).unwrap();
    assert!(remove(folder.path()).is_err());
}

/// Files of ten bytes each, the first the oldest, and a folder.
fn aged(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (age, name) in names.iter().rev().enumerate() {
        let path = folder.path().join(name);
        fs::write(&path, [0; 10]).unwrap();
        let seconds = Duration::from_secs(60 * age as u64);
        File::open(&path).unwrap().set_modified(SystemTime::now() - seconds).unwrap();
    }
    fs::create_dir(folder.path().join("folder")).unwrap();
    folder
}

fn left(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| name(entry).into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_oldest_files_go_until_the_others_fit() {
    for (bytes, expected) in [
        (30, &["a", "b", "c", "folder"][..]),
        (29, &["b", "c", "folder"]),
        (20, &["b", "c", "folder"]),
        (19, &["c", "folder"]),
        (0, &["folder"]),
    ] {
        let folder = aged(&["a", "b", "c"]);
        shrink(folder.path(), bytes, None).unwrap();
        assert_eq!(left(folder.path()), expected, "{bytes} bytes");
    }
    let folder = aged(&["a", "b", "c"]);
    shrink(folder.path(), 10, Some(OsStr::new("a"))).unwrap();
    assert_eq!(left(folder.path()), ["a", "c", "folder"]);
}
