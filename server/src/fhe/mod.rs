//! Homomorphic programs on proved sums.
//!
//! - [`engines`]: where bootstraps run, given from outside. [`registry`]: engines that hold a key.
//! - [`keys`]: evaluation keys.
//! - [`prepare`]: what a request must pass, and what it becomes. [`compute`]: one job's work.
//!   [`transcripts`]: what their lookups gave.

pub mod compute;
pub mod engines;
pub mod keys;
pub mod prepare;
pub mod registry;
pub mod transcripts;
