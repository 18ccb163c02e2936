//! Files of every kind: real ones made with circom and snarkjs, and real ones with something wrong.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;
mod hostile;
mod ptau;
mod r1cs;
mod wtns;
mod zkey;
