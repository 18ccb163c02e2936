//! Keys, proofs and verdicts, beside those of arkworks and snarkjs. One program, so that all of it is
//! compiled once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "prove")]
mod arkworks;
#[cfg(feature = "prove")]
mod backends;
#[cfg(feature = "prove")]
mod ceremony;
#[cfg(feature = "prove")]
mod ceremony_damaged;
#[cfg(feature = "prove")]
mod circuits;
#[cfg(feature = "prove")]
mod fixtures;
#[cfg(feature = "prove")]
mod phase2;
#[cfg(feature = "prove")]
mod proofs;
#[cfg(feature = "prove")]
mod streamed;
mod verify;
