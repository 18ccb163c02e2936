//! The appliance: accepts committed and signed readings, sums them and proves the sum.
//!
//! - [`serve()`], [`Config`]: the whole of the public interface; the wire is `pulseproof-sdk`'s.
//! - [`Machine`]: what computes. [`Prover`]: what proves sums, on whatever backend. [`Engines`]: what
//!   bootstraps. [`Groth16`]: what proves circuits.
//! - `http`: routes. `guard`: who asks, and whether they may. `charges`: what they owe. `problems`: those that every
//!   room has; `denials`: the store's, as problems.
//! - `log`: what was done, chained and signed. `refused`, `fetched`: what was refused and handed out, counted for it.
//! - `sums`: what a submission must pass, and sums of submissions; below it alone a curve is known.
//! - `profiles`: what words mean, prepared for checking. `blobs`: files beside the store, which is
//!   `pulseproof-store`'s.
//! - `jobs`: how each kind of job is admitted, worked on and finished, and their driver. `signals`, `at_work`: what
//!   jobs hear and say. `pinned`, `upkeep`: what is done beside jobs. `readiness`: whether work is taken. `room`: what
//!   the disk has left.
//! - `refusal`: answers that are problems. `health`: which backends are in service, and which failed too often.
//! - `fhe`: evaluation keys, and programs on sums. `groth16`: circuits, and proofs of them.
//! - `identity`: the key that results and outputs are signed with.
//! - [`copies`]: the folder, copied and put back.
//! - `recent`: what is kept in memory while there is room.
//! - `telemetry`: every metric, by name. `app`: what requests and jobs share. `serve`: start and stop.
//!
//! Nothing depends on what comes after it: `stopping`, `problems`, `refused`, `fetched`, `room` ‹ `telemetry` ‹
//! `health`, `blobs`, `sums` ‹ `profiles`, `fhe`, `groth16`, `guard`, `signals` ‹ `app` ‹ `log`, `upkeep`, `pinned`,
//! `readiness` ‹ `jobs` ‹ `http` ‹ `serve`.
//!
//! Requests come from anybody: nothing they send may end the process or lose what was accepted.

mod app;
mod at_work;
mod blobs;
mod charges;
mod config;
pub mod copies;
mod denials;
mod fetched;
mod fhe;
mod groth16;
mod guard;
mod health;
mod http;
pub mod identity;
mod jobs;
mod log;
mod pinned;
mod problems;
mod profiles;
mod readiness;
mod recent;
mod refusal;
mod refused;
mod room;
mod serve;
mod signals;
mod stopping;
mod sums;
mod telemetry;
mod upkeep;

pub use config::{Access, Config, Groth16Limits, Uploads};
pub use groth16::programs::Programs;
pub use groth16::prover::{
    Circuits, Groth16, KeyError, KeyInfo, LoadedKey, Loader, Part, ProveError, Proved, Unsatisfied,
    Witness,
};
pub use http::document::document;
pub use http::routes::{RouteInfo, routes};
pub use pulseproof_fhe::bootstrap::engines::{Engines, ExactOn};
pub use pulseproof_store::StoreError;
pub use serve::{Appliance, Machine, ServeError, lock, serve};
pub use sums::Prover;
