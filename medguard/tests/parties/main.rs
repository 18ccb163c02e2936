//! Devices, appliances, cloud and authority, honest ones and others. One program, so that all of them are
//! compiled once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod disputes;
mod malformed;
mod quorum;
mod services;
mod thefts;
mod world;
