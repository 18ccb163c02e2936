//! Homomorphic programs on proved sums.
//!
//! - [`registry`]: engines that hold a key; where they run is given from outside.
//! - [`keys`]: evaluation keys.
//! - [`prepare`]: what a request must pass, and what it becomes. [`compute`]: one job's work.
//!   [`lookups`]: what their lookups gave.

pub mod compute;
pub mod keys;
pub mod lookups;
pub mod prepare;
pub mod registry;
