//! The binary, run as its users run it. One program, so that it is linked once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod attestation;
mod audit;
mod circom;
mod commands;
mod common;
mod config;
mod copies;
mod demo;
mod device;
mod durability;
mod files;
mod gateway;
mod groth16;
mod inputs;
mod kernels;
mod kills;
