//! Whether the files of a command are in each other's way.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;

use pulseproof_files::{FileId, identity};

use super::{Input, Output};

/// What a command is going to read and write, by the names of its options.
pub struct Paths {
    places: Vec<Place>,
}

struct Place {
    option: &'static str,
    name: String,
    is_written: bool,
    what: What,
}

/// What two places may have in common.
#[derive(PartialEq, Eq)]
enum What {
    Input,
    Output,
    File(FileId),
}

impl Default for Paths {
    /// Nothing but what is said on standard output, which may be a file.
    fn default() -> Self {
        let mut paths = Self { places: Vec::new() };
        if let Some(identity) = redirected(io::stdout().as_fd()) {
            paths.add("standard output", &"", true, What::File(identity));
        }
        paths
    }
}

impl Paths {
    /// Adds what is read.
    pub fn reads<'a>(
        mut self,
        option: &'static str,
        inputs: impl IntoIterator<Item = &'a Input>,
    ) -> Self {
        for input in inputs {
            let found = match input {
                Input::Standard => {
                    self.add(option, input, false, What::Input);
                    redirected(io::stdin().as_fd())
                }
                Input::Path(path) => identity(path),
            };
            if let Some(identity) = found {
                self.add(option, input, false, What::File(identity));
            }
        }
        self
    }

    /// Adds what is written.
    pub fn writes<'a>(
        mut self,
        option: &'static str,
        outputs: impl IntoIterator<Item = &'a Output>,
    ) -> Self {
        for output in outputs {
            match output {
                Output::Standard => self.add(option, output, true, What::Output),
                Output::Path(path) => {
                    if let Some(identity) = identity(path) {
                        self.add(option, output, true, What::File(identity));
                    }
                }
            }
        }
        self
    }

    /// Adds what is printed for machines to standard output.
    pub fn prints(self, json: bool) -> Self {
        self.writes("--json", json.then_some(&Output::Standard))
    }

    /// Refuses an output that is an input or another output, and standard input that is to be read twice.
    ///
    /// # Errors
    /// Which two, and what to do.
    pub fn check(&self) -> Result<(), String> {
        for (index, second) in self.places.iter().enumerate() {
            if let Some(first) = self.places[..index].iter().find(|first| first.clashes(second)) {
                let (first, second) = (first.described(), second.described());
                return Err(format!("{first} and {second} are the same: name two different files"));
            }
        }
        Ok(())
    }

    fn add(&mut self, option: &'static str, name: &impl ToString, is_written: bool, what: What) {
        self.places.push(Place { option, name: name.to_string(), is_written, what });
    }
}

impl Place {
    /// Any number of readers may share a file, but not a stream.
    fn clashes(&self, other: &Self) -> bool {
        let shared = !self.is_written && !other.is_written && self.what != What::Input;
        self.what == other.what && !shared
    }

    fn described(&self) -> String {
        if self.name.is_empty() {
            self.option.to_owned()
        } else {
            format!("{} ({})", self.option, self.name)
        }
    }
}

/// The plain file that standard input or output was redirected to.
fn redirected(stream: BorrowedFd<'_>) -> Option<FileId> {
    let file = File::from(stream.try_clone_to_owned().ok()?);
    let found = file.metadata().ok()?;
    found.is_file().then(|| FileId::Found(found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn input(name: &str) -> Input {
        Input::from(OsString::from(name))
    }

    fn output(name: &str) -> Output {
        Output::from(OsString::from(name))
    }

    #[test]
    fn files_in_each_others_way_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(at("key"), "").unwrap();
        std::os::unix::fs::symlink(at("key"), at("link")).unwrap();
        let plan = |proof: &str, public: &str| {
            Paths::default()
                .reads("--key", [&input(&at("key"))])
                .writes("--proof", [&output(proof)])
                .writes("--public", [&output(public)])
                .check()
        };
        assert_eq!(plan(&at("a"), &at("b")), Ok(()));
        assert_eq!(plan("/dev/null", "/dev/null"), Ok(()));
        assert_eq!(plan("-", &at("b")), Ok(()));
        let key = at("key");
        let same =
            format!("--key ({key}) and --proof ({key}) are the same: name two different files");
        assert_eq!(plan(&key, &at("b")), Err(same));
        let both = format!("{}/./a", folder.path().display());
        for (proof, public) in [(at("a"), at("a")), (at("a"), both), (at("a"), at("link"))] {
            assert!(plan(&proof, &public).unwrap_err().contains("--public"), "{proof} {public}");
        }
        assert!(plan("-", "/dev/stdout").is_err());
    }

    #[test]
    fn two_inputs_may_be_one_file_and_not_one_stream() {
        let plan = |key: &str, proof: &str| {
            Paths::default().reads("--key", [&input(key)]).reads("PROOF", [&input(proof)]).check()
        };
        assert_eq!(plan("/etc/hostname", "/etc/hostname"), Ok(()));
        assert_eq!(plan("-", "/etc/hostname"), Ok(()));
        assert!(plan("-", "-").unwrap_err().contains("standard input"));
    }

    #[test]
    fn json_takes_standard_output() {
        let plan =
            |name: &str| Paths::default().writes("--proof", [&output(name)]).prints(true).check();
        assert!(plan("-").unwrap_err().contains("--json"));
        assert_eq!(plan("proof.json"), Ok(()));
    }
}
