//! The binary, run as a user runs it.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// `pulseproof` with its files in `home`.
pub fn pulseproof(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pulseproof"));
    command.env("PULSEPROOF_HOME", home);
    command
}

/// Runs it with these arguments, in a home of its own.
pub fn run(args: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    pulseproof(home.path()).args(args).output().unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The JSON of a run that must have ended with 0.
pub fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}{}", stdout(output), stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}
