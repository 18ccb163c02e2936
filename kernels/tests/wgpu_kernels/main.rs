//! Every WGSL kernel on every field and group, with 64-bit integers in shaders and without: launch by
//! launch against naive computations with arkworks; in the plans of all operations, each launch
//! against its twin and each result against naive. And what becomes of lost devices and of allocations
//! that are too large.
//!
//! Any adapter will do, software included. Without one all tests are ignored, unless
//! `PULSEPROOF_REQUIRE_BACKEND=wgpu`: then they fail.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod device;
mod ntt;
mod plans;
mod points;
mod scan;
mod sort;
mod vector;
mod words;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let tests = [
        device::tests(),
        vector::tests(),
        scan::tests(),
        ntt::tests(),
        words::tests(),
        sort::tests(),
        points::tests(),
        plans::tests(),
    ];
    let mut trials = Vec::new();
    for variant in common::variants() {
        for (name, test) in tests.iter().flatten() {
            let (name, test) = (format!("{}::{name}", variant.name), *test);
            let run = move || match &variant.device {
                Ok(device) => {
                    test(device);
                    Ok(())
                }
                Err(reason) => Err(reason.as_str().into()),
            };
            trials.push(Trial::test(name, run).with_ignored_flag(variant.is_ignored()));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
