//! Nothing that is read of a ceremony's file makes the reader panic.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use pulseproof_formats::Check;
use pulseproof_formats::ptau::{PowersG1, PowersG2, Ptau};
use pulseproof_kernels::Bn254;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut file) = Ptau::<Bn254, _>::open(Cursor::new(bytes)) else { return };
    let (count, quiet) = (1 << file.power(), &mut |_, _| {});
    drop(file.powers_g1(PowersG1::Tau, 0..count, Check::OnCurve, quiet));
    drop(file.powers_g2(PowersG2::Tau, 0..count, Check::OnCurve, quiet));
    drop(file.lagrange_g1(PowersG1::AlphaTau, file.power(), Check::OnCurve, quiet));
    drop(file.contributions());
    drop(file.lagrange_g2(file.power(), Check::OnCurve, quiet));
});
