//! What is written, where, and what is left when it fails.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;

use pulseproof_files::{FileId, Readers, identity, write, write_bytes, write_new};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    write_bytes(path, Readers::Everybody, text.as_bytes())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_file_is_whole_or_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    put(&path, "old").unwrap();
    let failed = write(&path, Readers::Everybody, |sink| {
        sink.write_all(b"half of what should")?;
        Err::<(), _>(io::Error::other("no more"))
    });
    assert_eq!(failed.unwrap_err().to_string(), "no more");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    put(&path, "new").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(names(folder.path()), ["a"]);
}

/// As devices side by side in one folder would.
#[test]
fn names_that_differ_after_the_last_dot_do_not_meet() {
    let folder = tempfile::tempdir().unwrap();
    // What somebody else calls his.
    let others = folder.path().join("proof.part");
    fs::write(&others, "mine").unwrap();
    for _ in 0..20 {
        std::thread::scope(|scope| {
            for number in 0..16 {
                let path = folder.path().join(format!("proof.{number}"));
                scope.spawn(move || put(&path, &number.to_string().repeat(10_000)).unwrap());
            }
        });
        for number in 0..16 {
            let text = fs::read_to_string(folder.path().join(format!("proof.{number}"))).unwrap();
            assert_eq!(text, number.to_string().repeat(10_000));
        }
    }
    assert_eq!(fs::read_to_string(&others).unwrap(), "mine");
    assert_eq!(names(folder.path()).len(), 17);
}

#[test]
fn links_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (elsewhere, here) = (folder.path().join("elsewhere"), folder.path().join("here"));
    fs::create_dir(&elsewhere).unwrap();
    fs::create_dir(&here).unwrap();
    fs::write(elsewhere.join("old"), "old").unwrap();
    for name in ["old", "not there yet"] {
        let link = here.join(name);
        symlink(Path::new("../elsewhere").join(name), &link).unwrap();
        put(&link, "new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(elsewhere.join(name)).unwrap(), "new");
    }
    assert_eq!(names(&elsewhere).len(), 2);
    symlink("b", here.join("a")).unwrap();
    symlink("a", here.join("b")).unwrap();
    assert!(put(&here.join("a"), "round and round").is_err());
}

#[test]
fn pipes_and_devices_are_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for new in [false, true] {
        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || {
                let mut text = String::new();
                File::open(pipe).unwrap().read_to_string(&mut text).unwrap();
                text
            })
        };
        match new {
            false => put(&pipe, "through").unwrap(),
            true => write_new(&pipe, Readers::Owner, b"through").unwrap(),
        }
        assert_eq!(reader.join().unwrap(), "through");
        assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    }
    // A link, so that whoever breaks this does not break the machine.
    let null = folder.path().join("null");
    symlink("/dev/full", &null).unwrap();
    assert_eq!(put(&null, "lost").unwrap_err().kind(), ErrorKind::StorageFull);
    assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());
    assert_eq!(names(folder.path()), ["null", "pipe"]);
}

#[test]
fn what_is_open_is_appended_to() {
    use std::os::fd::AsRawFd;
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "before,").unwrap();
    put(Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd())), "after").unwrap();
    assert_eq!(fs::read_to_string(file.path()).unwrap(), "before,after");
}

#[test]
fn secrets_are_their_owners() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "for everybody").unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    write_bytes(&path, Readers::Owner, b"for me").unwrap();
    assert_eq!(mode(&path), 0o600);
    // What somebody closed stays closed.
    put(&path, "an output").unwrap();
    assert_eq!(mode(&path), 0o600);
    fs::remove_file(&path).unwrap();
    put(&path, "an output").unwrap();
    assert_eq!(mode(&path) & 0o600, 0o600);
    assert_eq!(mode(&path) & 0o111, 0);
}

#[test]
fn a_new_file_replaces_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    write_new(&path, Readers::Owner, b"first").unwrap();
    let again = write_new(&path, Readers::Owner, b"second").unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"first");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(names(folder.path()), ["key"]);
}

#[test]
fn places_that_cannot_be_written_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("no folder/a"), "/".into(), "".into()]
    {
        assert!(put(&path, "x").is_err(), "{}", path.display());
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn one_file_is_one_file_whatever_it_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a"), "").unwrap();
    fs::hard_link(at("a"), at("hard")).unwrap();
    symlink("a", at("soft")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    symlink("new", at("dangling")).unwrap();
    for name in ["hard", "soft", "folder/../a", "./a"] {
        assert_eq!(identity(&at(name)), identity(&at("a")), "{name}");
    }
    for name in ["folder/../new", "dangling"] {
        assert_eq!(identity(&at(name)), identity(&at("new")), "{name}");
    }
    assert!(matches!(identity(&at("new")), Some(FileId::New(_))));
    assert_ne!(identity(&at("new")), identity(&at("a")));
    assert_eq!(identity(Path::new("/dev/null")), None);
}
