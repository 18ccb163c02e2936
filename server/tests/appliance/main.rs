//! The appliance over HTTP, from outside. One program, so that the prover is compiled once.

#![allow(clippy::unwrap_used, reason = "this is a test, outside of its test functions as well")]

mod abuses;
mod asked;
mod attestation;
mod audit;
mod circuits;
mod circuits_refused;
mod common;
mod document;
mod durability;
mod floods;
mod flow;
mod guard;
mod hangups;
mod jobs;
mod keys;
mod late;
mod logged;
mod mocks;
mod people;
mod profiles;
mod programs;
mod programs_lost;
mod proofs;
mod proofs_lost;
mod proofs_real;
mod races;
mod refusals;
mod sums_lost;
mod unread;
mod watched;
mod wire;
mod witnesses;
mod world;
