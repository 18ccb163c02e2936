//! The appliance's JSON, shared by server and client.

mod request;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::identity::AppliancePublicKey;
use crate::name::Name;
use crate::problem::Problem;

pub use request::JobRequest;
#[cfg(feature = "openapi")]
pub(crate) use request::{FheJob, ProofJob, SumJob};

/// What `GET /healthz` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The program's version.
    pub version: String,
    /// The curve that proofs are made on.
    pub curve: String,
    /// The SRS that proofs are made with.
    pub srs: Digest,
    /// Said loudly while the SRS is a development one: its proofs convince nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// What became of a batch of submissions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Intake {
    /// Stored durably.
    pub accepted: Vec<Accepted>,
    /// Not stored, each with its reason.
    pub refused: Vec<Refused>,
}

/// A submission that was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accepted {
    /// Position in the batch.
    pub index: usize,
    /// The device.
    pub device: Name,
    /// Its sequence number.
    pub sequence: u64,
}

/// A submission that was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refused {
    /// Position in the batch.
    pub index: usize,
    /// The device, if the submission could be read that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Name>,
    /// Why.
    pub problem: Problem,
}

/// What `GET /v1/evaluation-keys/{id}` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvaluationKeyInfo {
    /// SHA-256 of its bytes.
    pub id: Digest,
    /// The engine that computes with it; one for `tfhe-cpu` is for `tfhe-cuda`, too.
    pub engine: EngineKind,
    /// Its length.
    pub bytes: u64,
    /// The fingerprint of the public key that it belongs to.
    pub fingerprint: Digest,
    /// Whether an engine holds it in memory.
    pub resident: bool,
}

/// Who bootstraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// Our kernels, in exact integers.
    #[default]
    Exact,
    /// tfhe-rs, in floating point on the CPU: for comparison.
    TfheCpu,
    /// tfhe-rs, in floating point on CUDA, where the appliance was built with it: for comparison.
    TfheCuda,
}

impl EngineKind {
    /// The engine whose kind of key this one takes.
    #[must_use]
    pub fn keyed_as(self) -> Self {
        match self {
            Self::Exact => Self::Exact,
            Self::TfheCpu | Self::TfheCuda => Self::TfheCpu,
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "exact",
            Self::TfheCpu => "tfhe-cpu",
            Self::TfheCuda => "tfhe-cuda",
        })
    }
}

/// What a program costs, and how likely it fails, known before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Estimate {
    /// Bootstraps.
    pub lookups: usize,
    /// Bootstraps one after the other.
    pub depth: usize,
    /// Bound on log2 of the probability that any of them gives a wrong digit.
    pub failure_log2: f64,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Accepted, durable, waiting.
    Queued,
    /// Being worked on.
    Running,
    /// The result can be fetched.
    Done,
    /// There will be no result; see the job's problem.
    Failed,
    /// Somebody cancelled it: there will be no result.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// `GET /v1/identity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Identity {
    /// The key that the appliance's results and outputs are signed with.
    pub key: AppliancePublicKey,
}

/// `GET /v1/lookups/{root}/nodes/{height}/{index}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LookupNode {
    /// The hash of a lookup's result, or of two nodes.
    pub node: Digest,
}

/// `GET /v1/jobs`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobList {
    /// Jobs, the newest first.
    pub jobs: Vec<JobSummary>,
    /// What to send as `after` for those that come next; none if there are no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// An event of `GET /v1/jobs/{id}/events`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobProgress {
    /// Where the job stands.
    pub state: JobState,
    /// What is being done, or was when it ended without a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// How much of the stage is done, in thousandths, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<u16>,
}

/// What is listed of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobSummary {
    /// Identifies the job.
    pub id: String,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// `aggregate`, `fhe` or `groth16`.
    pub kind: String,
    /// The regions whose readings are in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Name>,
    /// The epoch that it sums.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// The circuit that it proves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circuit: Option<Name>,
    /// Where it stands.
    pub state: JobState,
    /// What is being done, or was when it ended without a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// How much of the stage is done, in thousandths, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<u16>,
    /// When it was queued, in milliseconds since 1970, as are all times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_at: Option<u64>,
    /// When it was begun the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<u64>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<u64>,
    /// The kind of problem that it failed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// `GET /readyz`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Readiness {
    /// Whether work is taken.
    pub ready: bool,
    /// Why not, and what else is not as it should be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// A backend that failed before the CPU proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retried {
    /// The backend that failed.
    pub backend: String,
    /// How.
    pub reason: String,
}

/// `GET /v1/jobs/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// Identifies the job.
    pub id: String,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// What was asked.
    pub request: JobRequest,
    /// Where it stands.
    pub state: JobState,
    /// What is being done, while it runs; of a job that failed or was cancelled what was done then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// How much of the stage is done, in thousandths, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<u16>,
    /// When it was queued, in milliseconds since 1970, as are all times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_at: Option<u64>,
    /// When it was begun, the last time if it was begun anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<u64>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<u64>,
    /// When it fails if it has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u64>,
    /// Which backend did the heavy work, once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// Time spent proving, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prove_us: Option<u64>,
    /// Time spent verifying the proof before its release, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_us: Option<u64>,
    /// What a program costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// Which engine computed the program, once it is done: `exact/cpu`, `tfhe-cpu`,
    /// `tfhe-cuda`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Time from the program's first bootstrap to its last, in microseconds; other jobs' bootstraps are
    /// in the same batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compute_us: Option<u64>,
    /// Which backend failed before the CPU did the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retried: Option<Retried>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}
