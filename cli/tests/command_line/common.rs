//! The binary, run as a user runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

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

/// A folder, and snarkjs's files.
pub struct Bench(TempDir);

impl Bench {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A file here.
    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// What is here.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Copies one of snarkjs's files here.
    pub fn copy(&self, curve: &str, name: &str) {
        std::fs::copy(fixture(curve, name), self.path(name)).unwrap();
    }

    /// Runs `pulseproof groth16` here; `@name` is a file here, `curve@name` one of snarkjs's.
    pub fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// The command that [`Self::run`] runs.
    pub fn command(&self, line: &str) -> Command {
        let words = line.split_whitespace().map(|word| match word.split_once('@') {
            Some(("", name)) => self.path(name),
            Some((curve, name)) => fixture(curve, name).display().to_string(),
            None => word.to_owned(),
        });
        let mut command = pulseproof(self.0.path());
        command.current_dir(self.0.path()).arg("groth16").args(words);
        command
    }

    pub fn ok(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {}{}", stdout(&output), stderr(&output));
        stdout(&output)
    }

    pub fn fails(&self, line: &str, reason: &str) {
        let output = self.run(line);
        let said = stdout(&output) + &stderr(&output);
        assert!(!output.status.success() && said.contains(reason), "{line}: {said}");
    }
}

/// A file that snarkjs made.
pub fn fixture(curve: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/tests/fixtures").join(curve).join(name)
}
