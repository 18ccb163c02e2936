//! The appliance: takes in committed and signed readings, sums them and proves the sum.
//!
//! - [`serve()`], [`Config`]: the whole of the public interface; the wire is `pulseproof-sdk`'s.
//! - [`Prover`]: what proves, on whatever backend.
//! - `http`: routes and problem documents. `intake`: what a submission must pass.
//! - `store`: SQLite; what was accepted is in it. `worker`, `aggregate`: jobs, one at a time.
//! - `telemetry`: every metric, by name.
//!
//! Requests come from anybody: nothing they send may end the process or lose what was accepted.

mod aggregate;
mod app;
mod config;
mod http;
mod intake;
mod prover;
mod serve;
mod store;
mod telemetry;
mod worker;

pub use config::Config;
pub use prover::Prover;
pub use serve::{ServeError, serve};
pub use store::StoreError;
