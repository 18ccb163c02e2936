//! The house rule on `unsafe`: it is denied everywhere but in these files, each of which says why.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

/// Every file that lifts the workspace's denial. ARCHITECTURE.md gives the reasons.
const MAY: [&str; 5] = [
    "kernels/src/cpu/simd/avx512.rs",
    "kernels/src/cuda/driver.rs",
    "kernels/src/cuda/launch.rs",
    "kernels/src/cuda/nvrtc.rs",
    "kernels/tests/shim/mod.rs",
];

#[test]
fn unsafe_code_stays_where_it_may_be() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for member in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        if member.join("Cargo.toml").exists() {
            collect(&member, &mut found);
        }
    }
    let mut found: Vec<_> =
        found.iter().map(|path| path.strip_prefix(root).unwrap().to_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, MAY);
}

/// Source files with an attribute that allows or expects unsafe code.
fn collect(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let lifted =
                |line: &str| line.trim_start().starts_with("#!") && line.contains("unsafe_code");
            if text.lines().any(lifted) {
                found.push(path);
            }
        }
    }
}
