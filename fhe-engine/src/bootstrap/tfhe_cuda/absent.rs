//! The engine of a build without it, so that programs are the same with it and without.

use super::failed;
use crate::bootstrap::engine::{Engine, EngineError, Lookup};
use crate::bootstrap::keys::FloatingKey;
use crate::ciphertext::Ciphertext;

/// No value of this type exists.
#[derive(Clone, Copy, Debug)]
pub enum TfheCuda {}

impl TfheCuda {
    /// Whether this build and this machine have what it takes.
    ///
    /// # Errors
    /// This build has not.
    pub fn check() -> Result<(), EngineError> {
        Err(left_out())
    }

    /// Brings a key into the form tfhe-rs computes with.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn new(_: &FloatingKey) -> Result<Self, EngineError> {
        Err(left_out())
    }
}

fn left_out() -> EngineError {
    let reason =
        "this program was built without it: build with the feature tfhe-gpu, by ci/tfhe-gpu";
    failed(reason.to_owned())
}

impl Engine for TfheCuda {
    fn name(&self) -> String {
        match *self {}
    }

    fn fingerprint(&self) -> [u8; 32] {
        match *self {}
    }

    fn look_up(&self, _: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_says_how_to_build_it() {
        let error = TfheCuda::check().unwrap_err();
        assert!(error.to_string().starts_with("tfhe-cuda: this program was built without it"));
        assert!(error.reason.contains("ci/tfhe-gpu"), "{error}");
    }
}
