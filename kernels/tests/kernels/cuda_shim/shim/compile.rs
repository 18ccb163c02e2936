//! Compiles units for the host, each once per source, into the folder for test files.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

const SHIM: &str = include_str!("shim.h");

const FLAGS: &[&str] = &[
    "-O2",
    "-std=c++17",
    "-shared",
    "-fPIC",
    "-Wall",
    "-Wextra",
    "-Werror",
    // A unit uses part of what it includes; a device's pragmas are not the host's.
    "-Wno-unused-function",
    "-Wno-unknown-pragmas",
    // Kernels read words as elements.
    "-fno-strict-aliasing",
    // longjmp to another stack is what the shim is made of.
    "-U_FORTIFY_SOURCE",
];

/// The library of a source, compiled now if it has not been.
pub fn library(name: &str, source: &str) -> PathBuf {
    let text = format!("{SHIM}\n{source}");
    let key = Sha256::new().chain_update(FLAGS.concat()).chain_update(&text).finalize();
    let key: String = key[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shim");
    let library = folder.join(format!("{name}-{key}.so"));
    fs::create_dir_all(&folder).unwrap();
    // Tests run in several processes: one compiles, the others wait.
    let lock = fs::File::create(folder.join(format!("{key}.lock"))).unwrap();
    lock.lock().unwrap();
    if !library.exists() {
        let partial = folder.join(format!("{key}.partial"));
        compile(name, &text, &partial);
        fs::rename(&partial, &library).unwrap();
    }
    library
}

fn compile(name: &str, text: &str, output: &Path) {
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let mut child = Command::new(&compiler)
        .args(FLAGS)
        .args(["-x", "c++", "-", "-o"])
        .arg(output)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("no C++ compiler: {compiler:?}: {error}; run ci/install, or set CXX")
        });
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let outcome = child.wait_with_output().unwrap();
    let messages = String::from_utf8_lossy(&outcome.stderr);
    assert!(outcome.status.success(), "{name} does not compile for the host:\n{messages}");
}
