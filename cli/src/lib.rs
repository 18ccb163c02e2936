//! The command line of Pulseproof. The binary is a few lines over this library, so that benches
//! and tests run the same code.
//!
//! - [`commands`]: one file per command.
//! - [`mod@bench`]: the bodies that `pulseproof bench` and the criterion benches share.
//! - [`mod@check`]: what `pulseproof check` compares and reports. [`backend`]: where to compute.
//! - [`files`]: what commands read and write. [`home`]: where files are kept. [`output`]: how things are said.
//! - `store`: an appliance's store, for who is at the machine itself.

pub mod backend;
pub mod bench;
pub mod check;
pub mod commands;
pub mod files;
pub mod home;
pub mod output;
mod store;
