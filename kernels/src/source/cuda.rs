//! CUDA sources: a translation unit as one self-contained string.
//!
//! NVRTC is given no files, so every `#include "…"` is replaced by the file it names, once; there are
//! no other includes. Numbers become macros, words `NAME_INIT` macros for arrays to begin with.

use super::{Constant, Value, constants};
use crate::source::{Limits, Unit};

/// A path under `shaders/cuda`, and the text.
type File = (&'static str, &'static str);

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../shaders/cuda/", $path)))),*]
    };
}

const FILES: &[File] = files![
    "kernel.cuh",
    "field/element.cuh",
    "field/wide.cuh",
    "field/mont.cuh",
    "field/single.cuh",
    "field/prime.cuh",
    "field/quad.cuh",
    "ec/affine.cuh",
    "ec/xyzz.cuh",
    "ec/task.cuh",
    "vector.cu",
    "scan.cu",
    "ntt.cu",
    "words.cu",
    "sort.cu",
    "accumulate.cu",
    "reduce.cu",
    "keyswitch.cu",
    "residue.cuh",
    "rotation.cuh",
    "bootstrap.cu",
];

/// The CUDA source of a unit for a device with these limits. Messages of the compiler name the files
/// under `shaders/cuda`.
pub fn cuda(unit: Unit, limits: Limits) -> String {
    let mut source = String::new();
    for constant in constants(unit, limits) {
        define(&constant, &mut source);
    }
    inline(find(&format!("{}.cu", unit.stem())), &mut Vec::new(), &mut source);
    source
}

fn define(Constant { name, value }: &Constant, source: &mut String) {
    let line = match value {
        Value::Number(number) => format!("#define {name} {number}u\n"),
        Value::Words(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("{word:#010x}u")).collect();
            format!("#define {name}_INIT {{{}}}\n", words.join(", "))
        }
    };
    source.push_str(&line);
}

/// Appends a file with its includes in place, unless it is there already.
fn inline(&(path, text): &'static File, done: &mut Vec<&'static str>, source: &mut String) {
    if done.contains(&path) {
        return;
    }
    done.push(path);
    source.push_str(&format!("#line 1 \"{path}\"\n"));
    for (line, next) in text.lines().zip(2..) {
        if let Some(name) = included(line) {
            inline(find(&resolve(path, name)), done, source);
            source.push_str(&format!("#line {next} \"{path}\"\n"));
        } else {
            // There is one file, and each part of it is there once.
            source.push_str(if line == "#pragma once" { "" } else { line });
            source.push('\n');
        }
    }
}

/// The path in an include directive.
fn included(line: &str) -> Option<&str> {
    line.strip_prefix("#include \"")?.strip_suffix('"')
}

/// A path as the including file means it: relative to its own folder.
fn resolve(from: &str, name: &str) -> String {
    let mut folders: Vec<&str> = from.split('/').collect();
    folders.pop();
    for part in name.split('/') {
        match part {
            ".." => drop(folders.pop()),
            part => folders.push(part),
        }
    }
    folders.join("/")
}

fn find(path: &str) -> &'static File {
    FILES.iter().find(|(name, _)| *name == path).expect("every file of the sources is embedded")
}

#[cfg(test)]
mod tests {
    use super::super::unit::SHARED_BY_LAUNCH;
    use super::*;

    const LIMITS: Limits =
        Limits { workgroup: 256, shared_bytes: 48 << 10, allocation_bytes_max: 1 << 40 };

    #[test]
    fn every_unit_is_one_text_with_each_file_once() {
        for unit in Unit::all() {
            let source = cuda(unit, LIMITS);
            assert!(!source.contains("#include"), "{unit}");
            assert!(!source.contains("#pragma once"), "{unit}");
            for (path, _) in FILES {
                let marks = source.matches(&format!("#line 1 \"{path}\"\n")).count();
                assert!(marks <= 1, "{unit}: {path}");
            }
            assert!(source.contains(&format!("#line 1 \"{}.cu\"\n", unit.stem())), "{unit}");
        }
    }

    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders/cuda");
        let mut found = Vec::new();
        for folder in ["", "field/", "ec/"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_file() {
                    found.push(format!("{folder}{}", entry.file_name().to_string_lossy()));
                }
            }
        }
        found.sort();
        let mut embedded: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
        embedded.sort_unstable();
        assert_eq!(found, embedded);
    }

    #[test]
    fn paths_are_relative_to_the_including_file() {
        assert_eq!(resolve("ntt.cu", "field/prime.cuh"), "field/prime.cuh");
        assert_eq!(resolve("ec/affine.cuh", "../field/quad.cuh"), "field/quad.cuh");
        assert_eq!(resolve("field/mont.cuh", "wide.cuh"), "field/wide.cuh");
    }

    #[test]
    fn constants_become_macros() {
        let source = cuda(Unit::Vector(crate::field::FieldId::Goldilocks), LIMITS);
        assert!(source.contains("#define WORKGROUP 256u\n"));
        assert!(source.contains("#define LIMBS 2u\n"));
        assert!(source.contains("#define MODULUS_INIT {0x00000001u, 0xffffffffu}\n"));
    }

    #[test]
    fn launches_decide_what_one_kernel_shares() {
        for unit in Unit::all() {
            let uses = cuda(unit, LIMITS).matches("    SHARED_BY_LAUNCH(").count();
            assert_eq!(uses, usize::from(unit.entries().contains(&SHARED_BY_LAUNCH)), "{unit}");
        }
    }
}
