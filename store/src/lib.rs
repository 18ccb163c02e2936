//! The store: everything that was answered with success is in it, durably, before the answer leaves.
//!
//! - [`Store`]: what any store does, a trait for each topic. [`regions`]: rosters. [`profiles`]: what words mean.
//!   [`submissions`]: accepted readings. [`results`]: other appliances' sums. [`keys`]: which evaluation keys there
//!   are. [`circuits`]: which circuits. [`blobs`]: which files beside the store are needed. [`tokens`]: who may ask.
//!   [`audit`]: what was done, and for whom.
//! - [`jobs`]: the queue and its results, whatever the kind. [`epochs`], [`programs`], [`proofs`]: what each kind
//!   of job needs beside.
//! - [`denial`]: the rules. [`clock`]: what time it is.
//! - [`sqlite`]: the store in one file. [`postgres`]: the store in a database that several appliances can share. Both
//!   do the same, in the SQL of `sql`. `laws`, with the feature `laws`: what every store is held to.
//!
//! Rules that depend on what is stored are checked in the transaction that stores, so that of two requests that
//! exclude each other one passes.

pub mod audit;
pub mod blobs;
pub mod circuits;
pub mod clock;
pub mod denial;
pub mod epochs;
mod failure;
pub mod jobs;
pub mod keys;
#[cfg(feature = "laws")]
pub mod laws;
pub mod postgres;
pub mod profiles;
pub mod programs;
pub mod proofs;
pub mod regions;
pub mod results;
pub mod sqlite;
pub mod submissions;
pub mod tokens;

use std::error::Error;
use std::fmt::Display;
use std::sync::Arc;

use async_trait::async_trait;
use pulseproof_sdk::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use audit::{Act, Audit, Sealed};
pub use blobs::Blobs;
pub use circuits::Circuits;
pub use clock::{Clock, SystemClock, Timestamp};
pub use denial::Denial;
pub use epochs::Epochs;
pub use jobs::Jobs;
pub use keys::Keys;
pub use profiles::Profiles;
pub use programs::Programs;
pub use proofs::Proofs;
pub use regions::Regions;
pub use results::Results;
pub use submissions::Submissions;
pub use tokens::Tokens;

/// An open store. What a method writes is there whole, or not at all.
#[async_trait]
pub trait Store:
    Regions
    + Profiles
    + Submissions
    + Jobs
    + Epochs
    + Programs
    + Proofs
    + Keys
    + Circuits
    + Results
    + Blobs
    + Tokens
    + Audit
{
    /// The same store for somebody: what is done through it is noted as done by them.
    fn by(&self, who: &str) -> Arc<dyn Store>;

    /// Waits for open transactions, and lets go of what is open.
    async fn close(&self);
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A rule forbids it.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The database cannot be opened, or its schema not be brought up to date.
    #[error("store: {0}")]
    Open(#[source] Box<dyn Error + Send + Sync>),
    /// There is no room on the disk.
    #[error("store: the disk is full")]
    Full,
    /// The database failed.
    #[error("store: {0}")]
    Database(#[source] Box<dyn Error + Send + Sync>),
    /// The operating system gave no randomness.
    #[error("store: no randomness: {0}")]
    Randomness(#[from] rand::Error),
    /// A row does not hold what was written into it.
    #[error("store: {field} is corrupt: {reason}")]
    Corrupt {
        /// The column.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The store belongs to another SRS.
    #[error("store: made with SRS {stored}, started with SRS {given}")]
    WrongSrs {
        /// The store's.
        stored: String,
        /// The one in use.
        given: Digest,
    },
}

fn corrupt(field: &'static str, reason: &dyn Display) -> StoreError {
    StoreError::Corrupt { field, reason: reason.to_string() }
}

fn to_json(field: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt(field, &error))
}

fn from_json<T: DeserializeOwned>(field: &'static str, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| corrupt(field, &error))
}
