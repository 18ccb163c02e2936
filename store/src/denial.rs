//! What the store's rules forbid: which rule, and what it is about. What is answered to whom is for others to say.

use pulseproof_sdk::api::JobState;
use pulseproof_sdk::{Digest, Name, Problem};

use crate::circuits::Part;
use crate::jobs::JobKind;

/// Why the store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// No region of that name is registered.
    #[error("no region {0} is registered")]
    UnknownRegion(Name),
    /// A roster cannot be replaced now.
    #[error("an epoch of {0} has submissions that no job has summed; close it with a job first")]
    EpochOpen(Name),
    /// A batch was checked against a roster that is no longer the region's.
    #[error("{0}'s roster was replaced while the batch was checked; send it again")]
    RosterChanged(Name),
    /// A submission for an epoch that a job has closed.
    #[error("epoch {epoch} of {region} was closed by job {job}")]
    EpochClosed {
        /// The region.
        region: Name,
        /// The epoch.
        epoch: u64,
        /// The job.
        job: String,
    },
    /// A second job for an epoch.
    #[error("epoch {epoch} of {region} was closed by job {job}")]
    EpochReused {
        /// The region.
        region: Name,
        /// The epoch.
        epoch: u64,
        /// The first job.
        job: String,
    },
    /// A sequence number that is not above all before it.
    #[error("{device} sent sequence {sequence}, but {highest} was accepted already")]
    SequenceReused {
        /// The device.
        device: Name,
        /// Its number.
        sequence: u64,
        /// The highest that was accepted.
        highest: u64,
    },
    /// A second submission for an epoch.
    #[error("{device} has submitted for epoch {epoch} already")]
    Duplicate {
        /// The device.
        device: Name,
        /// The epoch.
        epoch: u64,
    },
    /// A commitment was opened as often as its blinders hide it.
    #[error("a commitment was opened as often as its blinders hide it")]
    OpeningsExhausted,
    /// As many jobs of a kind are unfinished as may be.
    #[error("{limit} {} are queued or running: try again later", kind.plural())]
    Busy {
        /// The kind.
        kind: JobKind,
        /// How many.
        limit: usize,
    },
    /// As many jobs of one kind are unfinished as one client may have.
    #[error("{limit} {} of yours are queued or running, and others are to have room: try again later", kind.plural())]
    TooManyJobs {
        /// The kind.
        kind: JobKind,
        /// How many.
        limit: usize,
    },
    /// What was to be checked inside the transaction was refused.
    #[error(transparent)]
    Refused(Box<Problem>),
    /// Another request than the one before under the same key of the same client.
    #[error("another request was made under this idempotency key")]
    AskedOtherwise,
    /// A job's evaluation key.
    #[error("there is no such evaluation key: PUT it to /v1/evaluation-keys first")]
    KeyNotThere,
    /// A job's circuit.
    #[error("there is no such circuit: PUT its key to /v1/circuits first")]
    CircuitNotThere,
    /// A sum of a job that no job has computed.
    #[error("no job has summed epoch {epoch} of {region}")]
    UnknownSum {
        /// Which of the job's sums.
        index: usize,
        /// The region.
        region: Name,
        /// The epoch.
        epoch: u64,
    },
    /// A sum of a job that is not there yet, or never will be.
    #[error("the job that sums epoch {epoch} of {region} is {}", state.name())]
    SumNotReady {
        /// Which of the job's sums.
        index: usize,
        /// The region.
        region: Name,
        /// The epoch.
        epoch: u64,
        /// The state of the job that sums it.
        state: JobState,
    },
    /// A sum of a job that another appliance computed, and nobody uploaded.
    #[error(
        "no such result of epoch {epoch} of {region} is here: PUT it to /v1/results/{{digest}} first"
    )]
    ResultNotThere {
        /// Which of the job's sums.
        index: usize,
        /// The region.
        region: Name,
        /// The epoch.
        epoch: u64,
    },
    /// A job that has not ended cannot be forgotten.
    #[error("the job has not ended: cancel it first")]
    JobUnfinished,
    /// A sum has closed its epoch, for ever.
    #[error("a sum stays: its epoch is closed for ever, and programs ask for it")]
    SumStays,
    /// There is no key of that name.
    #[error("there is no such evaluation key")]
    UnknownKey,
    /// An unfinished job needs a key.
    #[error("job {0} needs the key: wait for it or cancel it")]
    KeyInUse(String),
    /// There is no room for another key.
    #[error("the appliance keeps {0} evaluation keys: delete one first")]
    TooManyKeys(usize),
    /// There is no circuit of that name.
    #[error("there is no such circuit")]
    UnknownCircuit,
    /// An unfinished job needs a circuit.
    #[error("job {0} needs the circuit: wait for it or cancel it")]
    CircuitInUse(String),
    /// There is no room for another circuit.
    #[error("the appliance keeps {0} circuits: delete one first")]
    TooManyCircuits(usize),
    /// The name has another key.
    #[error("{0} has another key: delete it first, or take another name")]
    NameTaken(Name),
    /// The circuit has another file of that kind.
    #[error("{name} has another {}: delete the circuit first", part.name())]
    PartTaken {
        /// The circuit.
        name: Name,
        /// The kind.
        part: Part,
    },
    /// There is no such result of another appliance.
    #[error("there is no result {0}")]
    UnknownResult(Digest),
    /// An unfinished job needs a result.
    #[error("an unfinished job needs this result")]
    ResultInUse,
    /// There is no room for another result.
    #[error("there are {0} results of others: delete one first")]
    TooManyResults(usize),
    /// No profile of that digest was uploaded.
    #[error("upload it first: PUT /v1/profiles/{0}")]
    UnknownProfile(Digest),
    /// There is no room for another profile.
    #[error("there are {0} profiles already")]
    TooManyProfiles(usize),
}
