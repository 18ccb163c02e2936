//! The house rule that no lint knows: files are written here and nowhere else.

use std::fs;
use std::path::{Path, PathBuf};

/// What opens, makes or moves files for writing.
const WRITES: [&str; 10] = [
    "File::create",
    "File::options",
    "OpenOptions::new",
    "OpenOptions::default",
    "fs::write(",
    "fs::rename(",
    "fs::copy(",
    "fs::hard_link(",
    "NamedTempFile",
    ".persist(",
];

/// Who may, and why.
const MAY: [(&str, &str); 7] = [
    ("attestation/src/collect.rs", "writes to the kernel, which has made what is opened"),
    ("files/src/folder.rs", "makes a file for a database, before that does for everybody"),
    ("files/src/folder_draft.rs", "gives whole folders their names"),
    ("files/src/lib.rs", "this is where files are written"),
    ("server/src/blobs/claim.rs", "goes on with uploads that broke off"),
    ("server/src/blobs/mod.rs", "uploads become whole files in a folder of their own"),
    ("server/src/serve.rs", "a lock has no content"),
];

#[test]
fn files_are_written_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for member in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        if member.join("Cargo.toml").exists() {
            collect(&member.join("src"), &mut found);
        }
    }
    let mut found: Vec<_> =
        found.iter().map(|path| path.strip_prefix(root).unwrap().to_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, MAY.map(|(path, _)| path));
}

/// The rule sees what it forbids.
#[test]
fn what_writes_is_recognised() {
    assert!(writes("fn f() { std::fs::write(path, bytes)?; }"));
    assert!(writes("let file = File::create_new(&part)?;"));
    assert!(!writes("fn f() {}\n#[cfg(test)]\nmod tests { fn f() { fs::write(a, b); } }"));
    assert!(!writes("let bytes = fs::read(path)?; let file = File::open(path)?;"));
}

/// Whether a source writes files outside its tests.
fn writes(text: &str) -> bool {
    let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    WRITES.iter().any(|call| shipped.contains(call))
}

/// Source files that write, but for tests in files of their own.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
        if path.is_dir() {
            collect(&path, found);
        } else if !is_test && path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.extend(writes(&text).then_some(path));
        }
    }
}
