//! The appliance: takes in committed and signed readings, sums them and proves the sum.
//!
//! - [`serve()`], [`Config`]: the whole of the public interface; the wire is `pulseproof-sdk`'s.
//! - [`Prover`]: what proves, on whatever backend. [`Engines`]: what bootstraps.
//! - `http`: routes and problem documents. `intake`: what a submission must pass.
//! - `store`: SQLite; what was accepted is in it. `worker`, `aggregate`: jobs, one at a time.
//! - `fhe`: evaluation keys, and programs on sums, many at a time.
//! - `telemetry`: every metric, by name.
//!
//! Requests come from anybody: nothing they send may end the process or lose what was accepted.

mod aggregate;
mod app;
mod config;
mod fhe;
mod http;
mod intake;
mod prover;
mod serve;
mod store;
mod telemetry;
mod worker;

pub use config::Config;
pub use fhe::engines::{Engines, ExactOn};
pub use prover::Prover;
pub use serve::{ServeError, serve};
pub use store::StoreError;
