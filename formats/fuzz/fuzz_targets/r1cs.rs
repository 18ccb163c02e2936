//! Whatever is read as a circuit can be written, and is read again as the same.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use pulseproof_formats::r1cs::{Limits, R1cs};
use pulseproof_kernels::{Bn254, Scalar};

fuzz_target!(|bytes: &[u8]| {
    let read = |bytes| R1cs::<Scalar<Bn254>>::read(&mut Cursor::new(bytes), &Limits::default());
    if let Ok(circuit) = read(bytes.to_vec()) {
        let mut again = Vec::new();
        circuit.write(&mut again).unwrap();
        assert_eq!(read(again).unwrap(), circuit);
    }
});
