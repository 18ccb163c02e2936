//! What was done, and for whom: written in the transaction that does it, chained and signed afterwards.
//!
//! An [`Act`] names no reading, input, witness or device. Who does it is told by [`Store::by`](crate::Store::by).

use async_trait::async_trait;
use pulseproof_sdk::access::{Role, TokenId};
use pulseproof_sdk::api::JobState;
use pulseproof_sdk::audit::AuditEntry;
use pulseproof_sdk::identity::{ApplianceKey, AppliancePublicKey};
use pulseproof_sdk::{Digest, Name};
use serde::Serialize;

use crate::StoreError;
use crate::jobs::JobKind;

/// Who acts, unless somebody else is said to.
pub const APPLIANCE: &str = "appliance";
/// Whoever is at the machine itself.
pub const OPERATOR: &str = "operator";
/// Most entries that are chained in one transaction.
pub const SEALED_AT_ONCE: u64 = 4096;

/// Who signs the log.
#[derive(Debug)]
pub struct Signer<'a> {
    /// The appliance's key.
    pub key: &'a ApplianceKey,
    /// The keys that it had before.
    pub earlier: &'a [AppliancePublicKey],
}

/// The last entry that was chained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its place.
    pub position: u64,
    /// Its hash, of all before as well.
    pub hash: Digest,
}

/// Something that is done.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Act<'a> {
    /// An appliance has started.
    Started {
        /// Its version.
        version: &'a str,
        /// The curve.
        curve: &'a str,
        /// The SRS.
        srs: Digest,
        /// SHA-256 of the rules on who may do what; none if nobody is asked.
        rules: Option<Digest>,
    },
    /// It has stopped as it should.
    Stopped,
    /// Somebody began to copy the whole store, with all that is secret in it.
    CopyTaken,
    /// The store is such a copy, and goes on from there: what came after it is lost.
    Restored {
        /// When the copy was taken, in milliseconds since 1970.
        taken: u64,
        /// Whether somebody said that it had never been put back before.
        first: bool,
        /// Submissions that may have been opened since.
        uncertain: u64,
    },
    /// A region's roster was registered, or replaced.
    RegionRegistered {
        /// The region.
        region: &'a Name,
        /// The roster's digest.
        roster: Digest,
    },
    /// A profile came.
    ProfileAdded {
        /// Its digest.
        profile: Digest,
    },
    /// Submissions were accepted.
    SubmissionsAccepted {
        /// The region.
        region: &'a Name,
        /// The epoch.
        epoch: u64,
        /// How many.
        count: usize,
        /// SHA-256 of the hashes of those, in their order.
        digest: Digest,
    },
    /// A job was asked for.
    JobQueued {
        /// The job.
        job: &'a str,
        /// Its kind.
        kind: &'static str,
        /// The regions whose readings are in it.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        regions: Vec<Name>,
    },
    /// A job ended. A sum that is done has opened each of its commitments once.
    JobEnded {
        /// The job.
        job: &'a str,
        /// How.
        state: JobState,
        /// SHA-256 of its result.
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<Digest>,
        /// The kind of problem.
        #[serde(skip_serializing_if = "Option::is_none")]
        problem: Option<&'a str>,
    },
    /// A job that had ended was forgotten, with its result.
    JobForgotten {
        /// The job.
        job: &'a str,
    },
    /// Jobs that had ended long ago were forgotten.
    JobsForgotten {
        /// How many.
        count: u64,
        /// Before when they ended, in milliseconds since 1970.
        before: u64,
    },
    /// A job's result was handed out.
    ResultFetched {
        /// The job.
        job: &'a str,
    },
    /// Another appliance's result came.
    ResultAdded {
        /// The sum's digest.
        result: Digest,
        /// The region.
        region: &'a Name,
        /// The epoch.
        epoch: u64,
    },
    /// Another appliance's result was removed.
    ResultRemoved {
        /// The sum's digest.
        result: Digest,
    },
    /// An evaluation key came.
    KeyAdded {
        /// The key.
        key: Digest,
    },
    /// An evaluation key was removed.
    KeyRemoved {
        /// The key.
        key: Digest,
    },
    /// A circuit came.
    CircuitAdded {
        /// Its name.
        circuit: &'a Name,
        /// SHA-256 of its key.
        key: Digest,
    },
    /// A part of one came.
    CircuitPartAdded {
        /// The circuit.
        circuit: &'a Name,
        /// Which part.
        part: &'static str,
        /// SHA-256 of it.
        file: Digest,
    },
    /// A circuit was removed.
    CircuitRemoved {
        /// Its name.
        circuit: &'a Name,
    },
    /// A token was made.
    TokenCreated {
        /// Its id.
        token: TokenId,
        /// What who has it is.
        role: Role,
        /// For which regions, if not for all.
        #[serde(skip_serializing_if = "Option::is_none")]
        regions: Option<Vec<Name>>,
    },
    /// A token is good for nothing any more.
    TokenRevoked {
        /// Its id.
        token: TokenId,
    },
    /// Somebody was refused something, so often since this was last said of them.
    Refused {
        /// The kind of problem.
        problem: &'a str,
        /// What was asked: method and route.
        route: &'a str,
        /// How often.
        count: u64,
    },
}

impl Act<'_> {
    /// A job of a kind was asked for.
    pub(crate) fn queued(job: &str, kind: JobKind, regions: Vec<Name>) -> Act<'_> {
        Act::JobQueued { job, kind: kind.name(), regions }
    }
}

/// The log of what was done.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Notes something that is not noted with what is stored.
    async fn note(&self, act: &Act<'_>) -> Result<(), StoreError>;

    /// Chains what was not chained yet, up to [`SEALED_AT_ONCE`], and signs the last of them; how many those were, and
    /// the last. `behind` is what was last when this was called before, if it was; another appliance with the same store
    /// may have gone on from there.
    ///
    /// # Errors
    /// What was chained before does not have that entry any more, is not whole at its end, or was signed by none of these
    /// keys there: somebody changed it. Or an entry is missing in between.
    async fn seal_log(
        &self,
        signer: &Signer<'_>,
        behind: Option<Sealed>,
    ) -> Result<(u64, Option<Sealed>), StoreError>;

    /// The last entry that was chained, whoever signed it.
    async fn last_entry(&self) -> Result<Option<Sealed>, StoreError>;

    /// Entries behind a place, in order, as far as they are chained.
    async fn log(&self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError>;
}
