//! Every WGSL kernel, launch by launch, against obvious computations with arkworks: on all fields and
//! groups, with 64-bit integers in shaders and without. And what becomes of lost devices and of
//! allocations that are too large.
//!
//! Any adapter will do, software included. Without one the tests say so and check nothing, unless
//! `PULSEPROOF_REQUIRE_BACKEND=wgpu`: then they fail.

#![cfg(feature = "wgpu")]

mod common;
mod device;
mod ntt;
mod points;
mod scan;
mod sort;
mod vector;
mod words;
