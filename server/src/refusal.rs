//! Answers that are problems: a service's, made of what the store says as well.

use std::error::Error;
use std::io::{self, ErrorKind};

use axum::extract::rejection::PathRejection;
use axum::response::{IntoResponse, Response};
use pulseproof_sdk::Problem;
use pulseproof_service::answer;
use tokio::task::JoinError;

/// An answer that is a problem.
#[derive(Debug)]
pub struct Refusal(answer::Refusal);

impl Refusal {
    /// What is answered.
    pub fn problem(&self) -> &Problem {
        self.0.problem()
    }

    /// A refusal that will not last.
    pub fn for_now(problem: Problem) -> Self {
        Self(answer::Refusal::for_now(problem))
    }

    /// A refusal that lasts for so many seconds.
    pub fn until(problem: Problem, seconds: u64) -> Self {
        Self(answer::Refusal::until(problem, seconds))
    }
}

/// What went wrong is for the log; who asked can only ask again.
pub fn internal(error: &dyn Error) -> Refusal {
    Refusal(answer::internal(error))
}

/// The same, of something that was written: a disk that is full is told, and passes.
pub fn of_disk(error: &io::Error) -> Refusal {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            tracing::error!(%error, "the disk is full");
            Refusal::for_now(disk_full())
        }
        _ => internal(error),
    }
}

/// There is no room on the appliance's disk.
pub fn disk_full() -> Problem {
    let detail =
        "the appliance's disk is full: nothing was kept of this; send it again when there is room";
    Problem::new(507, "disk-full", detail)
}

impl From<answer::Refusal> for Refusal {
    fn from(refusal: answer::Refusal) -> Self {
        Self(refusal)
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem.into())
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Self(rejection.into())
    }
}

impl From<JoinError> for Refusal {
    fn from(error: JoinError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
