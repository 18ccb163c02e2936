//! House rules that no lint knows: where `unsafe` may be, and what must be inlined.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file that lifts the workspace's denial of `unsafe`. ARCHITECTURE.md gives the reasons.
const MAY: [&str; 12] = [
    "cli/src/main.rs",
    "fhe-engine/src/bootstrap/tfhe_cuda/words.rs",
    "groth16/src/witness/native.rs",
    "kernels/src/cpu/simd/avx2.rs",
    "kernels/src/cpu/simd/avx512.rs",
    "kernels/src/cpu/simd/avx512_vectors.rs",
    "kernels/src/cpu/simd/neon.rs",
    "kernels/src/cpu/simd/prefetch.rs",
    "kernels/src/cuda/driver.rs",
    "kernels/src/cuda/launch.rs",
    "kernels/src/cuda/nvrtc.rs",
    "kernels/tests/kernels/cuda_shim/shim/mod.rs",
];

#[test]
fn unsafe_code_stays_where_it_may_be() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for member in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        if member.join("Cargo.toml").exists() {
            collect(&member, &lifts_the_denial, &mut found);
        }
    }
    let mut found: Vec<_> =
        found.iter().map(|path| path.strip_prefix(root).unwrap().to_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, MAY);
}

/// What is not inlined into `run` is compiled without the instructions, and many times slower: the
/// compiler is not left to choose.
#[test]
fn closures_that_run_in_lanes_are_inlined() {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cpu"), &|_| true, &mut files);
    assert!(files.len() > 20);
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let bare = [".run(||", ".run(move ||"].into_iter().find(|bare| text.contains(bare));
        assert_eq!(bare, None, "{}: say #[inline(always)]", path.display());
    }
}

/// Who names the CPU's code: where backends forget their type, where one is chosen, and the laws. The mathematics
/// does not.
#[test]
fn the_mathematics_imports_no_cpu_code() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let code = |line: &&str| !line.trim_start().starts_with("//");
    let names = |text: &str| text.lines().filter(code).any(|line| line.contains("cpu::"));
    collect(&source, &names, &mut found);
    let names: Vec<_> =
        found.iter().map(|path| path.strip_prefix(&source).unwrap().to_str().unwrap()).collect();
    let mut others: Vec<_> = names.into_iter().filter(|name| !name.starts_with("cpu/")).collect();
    others.sort_unstable();
    assert_eq!(others, ["backend/any/mod.rs", "check/mod.rs", "select.rs", "select/host.rs"]);
}

/// Whether a source file has an attribute that allows or expects unsafe code.
fn lifts_the_denial(text: &str) -> bool {
    // Attributes may have many lines, and may be an item's.
    let mut attributes = text.split("#[").skip(1).chain(text.split("#![").skip(1));
    attributes.any(|rest| rest.split(']').next().is_some_and(|one| one.contains("unsafe_code")))
}

/// Source files of which `wanted` holds.
fn collect(folder: &Path, wanted: &dyn Fn(&str) -> bool, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, wanted, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && wanted(&fs::read_to_string(&path).unwrap())
        {
            found.push(path);
        }
    }
}
