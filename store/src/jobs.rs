//! Jobs of every kind: the queue, what became of each job, and the results.
//!
//! Whoever takes a job writes under a lease: the job's id, and a token that nobody else has. A lease that has run out
//! may be taken by somebody else, and from then on writes nothing; nor does one whose job has ended. One that ran
//! out and that nobody has taken is still good: a worker that was slow to renew it loses nothing.

use std::time::Duration;

use async_trait::async_trait;
use pulseproof_sdk::api::{Estimate, Job, JobProgress, JobRequest, JobState, JobSummary, Retried};
use pulseproof_sdk::{Digest, Problem};
use rand::RngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

use crate::{StoreError, Timestamp, corrupt, from_json};

/// The queue, and what became of jobs.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// A job, if it is known.
    async fn job(&self, id: &str) -> Result<Option<Job>, StoreError>;

    /// What is listed of jobs, the newest first, each with its position: so many of those before a position, if one is
    /// given, and of a client, if one is named.
    async fn jobs(
        &self,
        before: Option<i64>,
        client: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(i64, JobSummary)>, StoreError>;

    /// Which kind a job is and how far, if it is known: what is asked as often as anybody waits.
    async fn progress_of(&self, id: &str) -> Result<Option<(JobKind, JobProgress)>, StoreError>;

    /// A finished job's result.
    async fn result(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// How many jobs of each kind are not finished.
    async fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError>;

    /// Jobs that are not finished.
    async fn queue_length(&self) -> Result<u64, StoreError> {
        Ok(self.unfinished().await?.iter().map(|of| of.queued + of.running).sum())
    }

    /// The job that was asked for before under the same key, if there is one. Whoever queues one looks again.
    ///
    /// # Errors
    /// [`AskedOtherwise`](crate::Denial::AskedOtherwise).
    async fn asked_before(&self, ask: &Ask) -> Result<Option<String>, StoreError>;

    /// Whether there is room for one more unfinished job of a kind and of a client. Whoever queues one looks again.
    ///
    /// # Errors
    /// [`Busy`](crate::Denial::Busy), [`TooManyJobs`](crate::Denial::TooManyJobs).
    async fn check_room(&self, kind: JobKind, client: &str, room: Room) -> Result<(), StoreError>;

    /// Puts all jobs of a kind that are at work back into the queue, at their old place, and says how many. Only for
    /// who knows that nobody is at work.
    async fn requeue(&self, kind: JobKind) -> Result<u64, StoreError>;

    /// Takes a job of a kind for so long: of those that are queued or whose lease has run out one of the client that
    /// was served least recently, of these the one with the highest priority, and of these the oldest.
    async fn take(&self, kind: JobKind, term: Duration) -> Result<Option<Taken>, StoreError>;

    /// Whether a lease can still write: the job has not ended, and nobody took it again.
    async fn holds(&self, lease: &Lease) -> Result<bool, StoreError>;

    /// Makes a lease last for so long from now; false if it is not valid any more.
    async fn renew(&self, lease: &Lease, term: Duration) -> Result<bool, StoreError>;

    /// Says how far a job is; false if the lease is not valid any more.
    async fn progress(&self, lease: &Lease, progress: Progress) -> Result<bool, StoreError>;

    /// Stores a result and ends its job; false if the lease is not valid any more.
    async fn finish(
        &self,
        lease: &Lease,
        result: &[u8],
        facts: &JobDetails,
    ) -> Result<bool, StoreError>;

    /// Ends a job without a result; false if the lease is not valid any more.
    async fn fail(&self, lease: &Lease, problem: &Problem) -> Result<bool, StoreError>;

    /// Cancels a job, whoever has it; false if the job ended before, or there is none.
    async fn cancel(&self, id: &str) -> Result<bool, StoreError>;

    /// Fails the jobs whose deadline has passed, whoever has them, and says which.
    async fn fail_overdue(&self, problem: &Problem) -> Result<Vec<(JobKind, String)>, StoreError>;

    /// Forgets a job that has ended, with its result; false if there is none.
    ///
    /// # Errors
    /// [`JobUnfinished`](crate::Denial::JobUnfinished), [`SumStays`](crate::Denial::SumStays).
    async fn forget(&self, id: &str) -> Result<bool, StoreError>;

    /// Forgets jobs that ended before a time, so many at most, and says how many. Sums stay.
    async fn forget_ended(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError>;
}

/// The kinds of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Sums of an epoch.
    Aggregate,
    /// Homomorphic programs.
    Fhe,
    /// Proofs of circuits.
    Groth16,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Aggregate, Self::Fhe, Self::Groth16];

    /// The kind of a request.
    pub fn of(request: &JobRequest) -> Self {
        match request {
            JobRequest::Aggregate { .. } => Self::Aggregate,
            JobRequest::Fhe(_) => Self::Fhe,
            JobRequest::Groth16(_) => Self::Groth16,
        }
    }

    /// Its name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aggregate => "aggregate",
            Self::Fhe => "fhe",
            Self::Groth16 => "groth16",
        }
    }

    /// What several of them are called.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Aggregate => "sums",
            Self::Fhe => "programs",
            Self::Groth16 => "proofs",
        }
    }
}

/// How many jobs of a kind are not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The kind.
    pub kind: JobKind,
    /// Those that wait.
    pub queued: u64,
    /// Those at work.
    pub running: u64,
}

/// A job that is to be queued: its name, and how it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The job's id, unless it was asked for before.
    pub id: String,
    /// Who asks.
    pub client: String,
    /// Higher ones of the same client are taken first; 0 if nobody says.
    pub priority: i32,
    /// What makes asking twice no second job.
    pub once: Option<Once>,
    /// When it fails if it has not ended.
    pub deadline: Option<Timestamp>,
}

impl Ask {
    /// A job like others, each time that it is asked for.
    pub fn new(id: impl Into<String>, client: impl Into<String>) -> Self {
        Self { id: id.into(), client: client.into(), priority: 0, once: None, deadline: None }
    }
}

/// One client's key for one job: whoever asks again under it gets that job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The key.
    pub key: String,
    /// Stands for all that is asked, so that another request under the key is noticed. Where something of it is
    /// secret, of a kind that does not tell.
    pub digest: Digest,
}

/// How many jobs of a kind may be unfinished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// In all.
    pub all: usize,
    /// Of one client.
    pub each: usize,
}

impl Room {
    /// So many in all, of which one client may have half.
    #[must_use]
    pub fn new(all: usize) -> Self {
        Self { all, each: all.div_ceil(2) }
    }
}

/// The right to write what becomes of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub id: String,
    /// Which taking of it.
    pub(crate) token: String,
}

impl Lease {
    /// 128 random bits from the operating system: no other taking of any job has them.
    pub(crate) fn new_token() -> Result<String, StoreError> {
        let mut bytes = [0; 16];
        OsRng.try_fill_bytes(&mut bytes)?;
        Ok(hex::encode(bytes))
    }
}

/// A job that was taken from the queue.
#[derive(Debug)]
pub struct Taken {
    /// The right to end it.
    pub lease: Lease,
    /// How often it was taken, this time included.
    pub attempt: u64,
    /// What was asked, as stored.
    pub(crate) request: String,
}

impl Taken {
    /// What was asked.
    ///
    /// # Errors
    /// The row is corrupt.
    pub fn request(&self) -> Result<JobRequest, StoreError> {
        from_json("request", &self.request)
    }
}

/// How far a job at work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: &'static str,
    /// How much of it is done, in thousandths, if that is known. More than 1000 counts as 1000.
    pub per_mille: Option<u16>,
}

/// What is known of a job beside its state, its problem and its result: fields of [`Job`].
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobDetails {
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// Which backend did the heavy work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// Time spent proving.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prove_us: Option<u64>,
    /// Time spent verifying.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify_us: Option<u64>,
    /// Which engine computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Time spent computing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_us: Option<u64>,
    /// The backend that failed first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retried: Option<Retried>,
}

/// What jobs need of what clients can remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dependency {
    EvaluationKey,
    Circuit,
    Result,
}

impl Dependency {
    /// Its name where it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::EvaluationKey => "evaluation-key",
            Self::Circuit => "circuit",
            Self::Result => "result",
        }
    }
}

/// A job as it is stored.
pub(crate) struct StoredJob {
    pub id: String,
    pub client: String,
    pub request: String,
    pub state: String,
    pub facts: String,
    pub problem: Option<String>,
    pub stage: Option<String>,
    pub per_mille: Option<i64>,
    pub queued_ms: Option<i64>,
    pub started_ms: Option<i64>,
    pub ended_ms: Option<i64>,
    pub deadline_ms: Option<i64>,
}

impl StoredJob {
    /// What is told of it.
    pub fn read(self) -> Result<Job, StoreError> {
        let facts: JobDetails = from_json("facts", &self.facts)?;
        let problem = self.problem.map(|json| from_json("problem", &json)).transpose()?;
        let per_mille = self.per_mille.map(u16::try_from).transpose();
        Ok(Job {
            id: self.id,
            client: Some(self.client).filter(|client| !client.is_empty()),
            request: from_json("request", &self.request)?,
            state: job_state(&self.state)?,
            stage: self.stage,
            progress: per_mille.map_err(|error| corrupt("per_mille", &error))?,
            queued_at: self.queued_ms.map(i64::unsigned_abs),
            started_at: self.started_ms.map(i64::unsigned_abs),
            ended_at: self.ended_ms.map(i64::unsigned_abs),
            deadline: self.deadline_ms.map(i64::unsigned_abs),
            backend: facts.backend,
            prove_us: facts.prove_us,
            verify_us: facts.verify_us,
            estimate: facts.estimate,
            engine: facts.engine,
            compute_us: facts.compute_us,
            retried: facts.retried,
            problem,
        })
    }
}

pub(crate) fn job_state(text: &str) -> Result<JobState, StoreError> {
    let found = JobState::ALL.into_iter().find(|state| state.name() == text);
    found.ok_or_else(|| corrupt("state", &text))
}
