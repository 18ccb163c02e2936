//! Laws and values that every backend is held to. One program, so that all backends are compiled once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arkworks;
mod laws;
mod suite;
mod vectors;

fn main() {
    suite::run(&[&laws::Laws, &vectors::Vectors]).exit();
}
