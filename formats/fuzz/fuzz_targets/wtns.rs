//! Whatever is read as a witness can be written, and is read again as the same.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use pulseproof_formats::Witness;
use pulseproof_kernels::{Bn254, Scalar};

fuzz_target!(|bytes: &[u8]| {
    let read = |bytes| Witness::<Scalar<Bn254>>::read(&mut Cursor::new(bytes), 1 << 16);
    if let Ok(witness) = read(bytes.to_vec()) {
        let mut again = Vec::new();
        witness.write(&mut again).unwrap();
        assert_eq!(read(again).unwrap().words(), witness.words());
    }
});
