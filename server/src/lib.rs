//! The appliance: accepts committed and signed readings, sums them and proves the sum.
//!
//! - [`serve()`], [`Config`]: the whole of the public interface; the wire is `pulseproof-sdk`'s.
//! - [`Machine`]: what computes. [`Prover`]: what proves sums, on whatever backend. [`Engines`]: what
//!   bootstraps. [`Groth16`]: what proves circuits.
//! - `http`: routes and problem documents. `problems`: those that every room has.
//! - `sums`: what a submission must pass, and sums of submissions; below it alone a curve is known.
//! - `profiles`: what words mean, prepared for checking. `store`: SQLite; what was accepted is in it. `blobs`: files beside it.
//! - `jobs`: how each kind of job is admitted, worked on and settled, and their driver.
//! - `service`: which backends are in service, and which failed too often.
//! - `fhe`: evaluation keys, and programs on sums. `groth16`: circuits, and proofs of them.
//! - `identity`: the key that results and outputs are signed with.
//! - `telemetry`: every metric, by name.
//!
//! Requests come from anybody: nothing they send may end the process or lose what was accepted.

mod app;
mod blobs;
mod config;
mod fhe;
mod groth16;
mod http;
pub mod identity;
mod jobs;
mod problems;
mod profiles;
mod serve;
mod service;
mod store;
mod sums;
mod telemetry;

pub use config::{Config, Groth16Limits, Uploads};
pub use groth16::programs::Programs;
pub use groth16::prover::{
    Circuits, Groth16, KeyError, KeyInfo, LoadedKey, Loader, Part, ProveError, Proved, Unsatisfied,
    Witness,
};
pub use pulseproof_fhe::bootstrap::engines::{Engines, ExactOn};
pub use serve::{Appliance, Machine, ServeError, serve};
pub use store::StoreError;
pub use sums::Prover;
