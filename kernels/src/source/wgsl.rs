//! WGSL sources: `#import` inlines a file once, `#for` unrolls a loop, constants are written ahead.
//!
//! - `#import name` stands for `shaders/wgsl/name.wgsl`. Two names depend on what is built: `wide` is
//!   `field/wide64` on devices with 64-bit integers, else `field/wide32`; `fe` is `field/prime` or
//!   `field/quad`, the field of the coordinates.
//! - The lines between `#for j in a..b` and `#end` are repeated, `$j` being the number. Bounds are
//!   numbers or injected constants. WGSL has no way to ask for it, and the checks that WebGPU adds
//!   to loops and to indices keep compilers from doing it themselves.

use super::{Constant, Value, constants};
use crate::source::{Limits, Unit};

/// The source of a unit, for devices with and without 64-bit integers in shaders.
///
/// # Panics
/// If a source file is malformed, which a test excludes.
pub fn wgsl(unit: Unit, limits: Limits, has_u64: bool) -> String {
    let constants = constants(unit, limits);
    let number = |name: &str| match &constants.iter().find(|c| c.name == name)?.value {
        Value::Number(number) => Some(*number),
        Value::Words(_) => None,
    };
    let wide = if has_u64 { "field/wide64" } else { "field/wide32" };
    let fe = if number("DEGREE") == Some(2) { "field/quad" } else { "field/prime" };
    let mut lines = Vec::new();
    inline(unit.stem(), &[("wide", wide), ("fe", fe)], &mut Vec::new(), &mut lines);
    let mut source: String = constants.iter().map(declaration).collect();
    unroll(&lines, &number, &mut source);
    source
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../shaders/wgsl/", $name, ".wgsl")))),*]
    };
}

const FILES: [(&str, &str); 20] = files![
    "launch",
    "bits",
    "field/carry",
    "field/wide32",
    "field/wide64",
    "field/mont",
    "field/scalar",
    "field/operation",
    "field/prime",
    "field/quad",
    "ec/xyzz",
    "vector",
    "scan",
    "ntt",
    "words",
    "sort",
    "accumulate",
    "reduce",
    "keyswitch",
    "bootstrap",
];

/// Appends the lines of a file, those of its imports first.
fn inline<'a>(
    name: &'a str,
    choices: &[(&str, &'a str)],
    seen: &mut Vec<&'a str>,
    lines: &mut Vec<&'static str>,
) {
    let name = choices.iter().find(|choice| choice.0 == name).map_or(name, |choice| choice.1);
    if seen.contains(&name) {
        return;
    }
    seen.push(name);
    let (_, text) = FILES.iter().find(|file| file.0 == name).expect("a file of ours");
    for line in text.lines() {
        match line.strip_prefix("#import ") {
            Some(import) => inline(import, choices, seen, lines),
            None => lines.push(line),
        }
    }
}

fn unroll(lines: &[&str], number: &impl Fn(&str) -> Option<u32>, source: &mut String) {
    let mut lines = lines.iter();
    while let Some(line) = lines.next() {
        let Some(header) = line.strip_prefix("#for ") else {
            source.push_str(line);
            source.push('\n');
            continue;
        };
        let (variable, range) = header.split_once(" in ").expect("#for variable in range");
        let (start, end) = range.split_once("..").expect("a range");
        let bound = |text: &str| text.parse().ok().or_else(|| number(text)).expect("a bound");
        let body: Vec<&str> = lines.by_ref().take_while(|line| **line != "#end").copied().collect();
        for i in bound(start)..bound(end) {
            for line in &body {
                source.push_str(&line.replace(&format!("${variable}"), &i.to_string()));
                source.push('\n');
            }
        }
    }
}

fn declaration(constant: &Constant) -> String {
    let name = constant.name;
    match &constant.value {
        Value::Number(number) => format!("const {name} = {number}u;\n"),
        Value::Words(words) => {
            let list: String = words.iter().map(|word| format!("{word:#010x}u, ")).collect();
            format!("const {name} = array<u32, {}>({list});\n", words.len())
        }
    }
}
