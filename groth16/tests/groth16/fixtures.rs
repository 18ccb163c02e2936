//! snarkjs's files, which the tests of `pulseproof-formats` read as well.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use pulseproof_formats::r1cs::{Limits, R1cs};
use pulseproof_kernels::{Curve, Scalar};

pub fn file(curve: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/tests/fixtures").join(curve).join(name)
}

pub fn circuit<C: Curve>(curve: &str) -> R1cs<Scalar<C>> {
    let source = File::open(file(curve, "tiny.r1cs")).unwrap();
    R1cs::read(&mut BufReader::new(source), &Limits::default()).unwrap()
}
