//! Whatever is read as a key can be written, and is read again as the same.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use pulseproof_formats::Check;
use pulseproof_formats::zkey::{Contribution, Zkey, write};
use pulseproof_kernels::Bn254;

fuzz_target!(|bytes: &[u8]| {
    let read = |bytes| Zkey::<Bn254, _>::open(Cursor::new(bytes))?.contents(Check::OnCurve);
    if let Ok(contents) = read(bytes.to_vec()) {
        let mut again = Vec::new();
        write(&mut again, &contents).unwrap();
        assert_eq!(read(again).unwrap(), contents);
        // Whether they can be read or not.
        let _ = Contribution::<Bn254>::read_all(&contents.contributions);
    }
});
