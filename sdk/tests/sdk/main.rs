//! What gateways and auditors link: bytes, text, and the client.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(all(feature = "client", feature = "fhe"))]
mod client;
mod formats;
#[cfg(feature = "fhe")]
mod outputs;
