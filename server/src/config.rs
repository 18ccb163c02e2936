//! What an operator may set.

use std::path::PathBuf;
use std::time::Duration;

use pulseproof_fhe::batcher::Limits;

/// Where an appliance keeps its store, and its limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of the store; made if it is missing. One appliance at a time may use it.
    pub data_dir: PathBuf,
    /// Longest body of a batch of submissions, in bytes.
    pub body_bytes_max: usize,
    /// The longest that reading one body may take.
    pub body_timeout: Duration,
    /// Batches read and checked at the same time; each holds a body in memory.
    pub intakes_max: usize,
    /// Batches that wait for their turn, unread; one more is turned away with a 503.
    pub intakes_waiting_max: usize,
    /// Evaluation keys kept; some 60 MB each.
    pub keys_max: usize,
    /// The longest that reading an evaluation key may take.
    pub key_timeout: Duration,
    /// Evaluation keys read at the same time.
    pub key_uploads_max: usize,
    /// Evaluation keys that engines hold in memory at the same time.
    pub engines_max: usize,
    /// Programs computed at the same time, so that they share batches.
    pub fhe_jobs_max: usize,
    /// Programs queued or running; one more is turned away with a 503.
    pub fhe_jobs_unfinished_max: usize,
    /// When batches of bootstraps close.
    pub batches: Limits,
    /// How long requests in flight may take to finish once the appliance was told to stop.
    pub drain_timeout: Duration,
}

impl Config {
    /// The default limits, with the store in this folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            body_bytes_max: 64 << 20,
            body_timeout: Duration::from_secs(30),
            intakes_max: 4,
            intakes_waiting_max: 32,
            keys_max: 8,
            key_timeout: Duration::from_secs(300),
            key_uploads_max: 2,
            engines_max: 2,
            fhe_jobs_max: 8,
            fhe_jobs_unfinished_max: 1024,
            batches: Limits::default(),
            drain_timeout: Duration::from_secs(60),
        }
    }
}
