//! Every unit compiles for every architecture that is supported, with no device at hand.
//!
//! Without NVRTC these tests are *ignored*, with the reason on standard error; with
//! `PULSEPROOF_REQUIRE_NVRTC=1` they run and fail. `ci/nvrtc` installs it. Seconds, registers and spills
//! are written to `nvrtc/sm_*.txt` in the folder for test files; none of them is judged.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};
use pulseproof_kernels::cuda::nvrtc::{Nvrtc, NvrtcError};
use pulseproof_kernels::field::FieldId;
use pulseproof_kernels::gpu::{Limits, Unit};
use pulseproof_kernels::source;
use rayon::prelude::*;

/// What a test does with the compiler.
type Body = Box<dyn Fn(&Nvrtc) -> Result<(), Failed> + Send>;

/// A100; Jetson Orin; L4, 4090; H100, H200; B200; Jetson Thor; 5090.
const ARCHITECTURES: [u32; 7] = [80, 87, 89, 90, 100, 110, 120];

const LIMITS: Limits =
    Limits { workgroup: 256, shared_bytes: 48 << 10, allocation_bytes_max: 1 << 40 };

/// What the assembler says of a kernel.
#[derive(Debug, Default, PartialEq, Eq)]
struct Usage {
    kernel: String,
    registers: u32,
    stack_bytes: u32,
    spill_bytes: u32,
}

/// The usage of each kernel in a log of `--ptxas-options=-v`; called functions are left out.
fn usages(log: &str) -> Vec<Usage> {
    let mut usages = Vec::new();
    let mut current: Option<Usage> = None;
    for line in log.lines() {
        let before = |word: &str| -> u32 {
            let text = line.split(word).next().unwrap_or_default().trim_end();
            text.rsplit(|c: char| !c.is_ascii_digit())
                .next()
                .unwrap_or_default()
                .parse()
                .unwrap_or(0)
        };
        if let Some((_, rest)) = line.split_once("Compiling entry function '") {
            let kernel = rest.split('\'').next().unwrap_or_default().to_owned();
            current = Some(Usage { kernel, ..Usage::default() });
        } else if let Some(usage) = &mut current {
            if line.contains("bytes stack frame") && usage.stack_bytes == 0 {
                usage.stack_bytes = before("bytes stack frame");
                usage.spill_bytes = before("bytes spill stores") + before("bytes spill loads");
            }
            if line.contains("Used ") {
                usage.registers = before("registers");
                usages.extend(current.take());
            }
        }
    }
    usages
}

/// Compiles all units for an architecture; the table of what they need.
fn compile_all(nvrtc: &Nvrtc, architecture: u32) -> Result<String, String> {
    let rows: Vec<Result<String, String>> = Unit::all()
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|unit| {
            let begun = Instant::now();
            let compiled = nvrtc
                .compile(&unit.to_string(), &source::cuda(unit, LIMITS), architecture)
                .map_err(|error| format!("{unit} for sm_{architecture}:\n{error}"))?;
            let seconds = begun.elapsed().as_secs_f64();
            let usages = usages(&compiled.log);
            let mut rows = String::new();
            for &entry in unit.entries() {
                let usage = usages.iter().find(|usage| usage.kernel == entry);
                let Usage { registers, stack_bytes, spill_bytes, .. } =
                    usage.ok_or_else(|| format!("{unit} has no kernel {entry}"))?;
                writeln!(
                    rows,
                    "{unit:28} {entry:24} {registers:9} {stack_bytes:11} {spill_bytes:11} {seconds:9.2}",
                    unit = unit.to_string(),
                )
                .unwrap();
            }
            let others = usages.len() - unit.entries().len();
            if others > 0 { Err(format!("{unit} has {others} kernels nobody knows")) } else { Ok(rows) }
        })
        .collect();
    let heading = format!(
        "{:28} {:24} registers stack_bytes spill_bytes unit_secs\n",
        format!("sm_{architecture}, NVRTC {}.{}", nvrtc.version().0, nvrtc.version().1),
        "kernel"
    );
    rows.into_iter().try_fold(heading, |table, rows| rows.map(|rows| table + &rows))
}

fn write_table(architecture: u32, table: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nvrtc");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("sm_{architecture}.txt"));
    std::fs::write(&path, table).unwrap();
    path
}

/// A mistake in a header is reported with its file and line.
fn mistakes_are_located(nvrtc: &Nvrtc) -> Result<(), Failed> {
    let source = source::cuda(Unit::Vector(FieldId::Bn254), LIMITS);
    let broken = source.replacen("DEVICE Field zero() {", "DEVICE Field zero() { mistake;", 1);
    assert_ne!(source, broken);
    match nvrtc.compile("vector", &broken, 90) {
        Err(NvrtcError::Compile { log }) if log.contains("field/element.cuh(") => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn logs_are_understood() -> Result<(), Failed> {
    let log = "ptxas info    : Compiling entry function 'scan_apply' for 'sm_90'\n\
               ptxas info    : Function properties for scan_apply\n\
               \x20   16 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads\n\
               ptxas info    : Used 30 registers, used 0 barriers, 16 bytes cumulative stack size\n";
    let expected =
        Usage { kernel: "scan_apply".into(), registers: 30, stack_bytes: 16, spill_bytes: 12 };
    assert_eq!(usages(log), [expected]);
    Ok(())
}

fn main() {
    let arguments = Arguments::from_args();
    let nvrtc = Arc::new(Nvrtc::find());
    let required = std::env::var_os("PULSEPROOF_REQUIRE_NVRTC").is_some_and(|value| value == "1");
    let ignored = nvrtc.is_err() && !required;
    if let (Err(error), true) = (&*nvrtc, ignored) {
        eprintln!("skipped: CUDA sources are not compiled: {error}");
    }
    let trial = |name: String, body: Body| {
        let nvrtc = Arc::clone(&nvrtc);
        let run = move || body(nvrtc.as_ref().as_ref().map_err(|error| error.to_string())?);
        Trial::test(name, run).with_ignored_flag(ignored)
    };
    let mut trials: Vec<Trial> = ARCHITECTURES
        .into_iter()
        .map(|architecture| {
            trial(
                format!("units_compile_for_sm_{architecture}"),
                Box::new(move |nvrtc| {
                    let table = compile_all(nvrtc, architecture)?;
                    eprintln!("{table}{}", write_table(architecture, &table).display());
                    Ok(())
                }),
            )
        })
        .collect();
    trials.push(trial("mistakes_are_located".to_owned(), Box::new(mistakes_are_located)));
    trials.push(Trial::test("logs_are_understood", logs_are_understood));
    libtest_mimic::run(&arguments, trials).exit();
}
