//! What can be wrong with an SRS or the file it comes from.

use std::io;
use std::path::PathBuf;

use crate::encoding::DecodeError;

/// Why an SRS cannot be made, read or trusted.
#[derive(Debug, thiserror::Error)]
pub enum SrsError {
    /// A size no SRS of the curve has.
    #[error("log_size {got} is outside 1..={limit}")]
    LogSize {
        /// log2 of N as asked for or as found.
        got: u32,
        /// The largest there is.
        limit: u32,
    },
    /// A good file of another size than asked for.
    #[error("{} holds an SRS of log_size {got}, expected {expected}", path.display())]
    OtherSize {
        /// The file.
        path: PathBuf,
        /// log2 of N in the file.
        got: u32,
        /// log2 of N asked for.
        expected: u32,
    },
    /// The operating system refuses.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that is none, or not what was written.
    #[error("{}: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<SrsError>,
    },
    /// A field is not what the format says.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A file whose length is not the one that follows from its header.
    #[error("the file has {got} bytes, its header promises {expected}")]
    Length {
        /// Bytes there are.
        got: u64,
        /// Bytes the header promises.
        expected: u64,
    },
    /// The bytes are not those that were written.
    #[error("checksum mismatch: the file is damaged or was altered")]
    Checksum,
    /// One of many points is bad.
    #[error("point {index} of {source}")]
    Point {
        /// Its place among the points of its field.
        index: usize,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// The secret is one that everybody can guess.
    #[error("degenerate secret: {0}")]
    Degenerate(&'static str),
    /// Parts that do not belong together.
    #[error("inconsistent SRS: {0}")]
    Inconsistent(&'static str),
    /// A ceremony's file is not well-formed, or does not hold.
    #[cfg(feature = "prove")]
    #[error(transparent)]
    Ceremony(#[from] pulseproof_ceremony::CeremonyError),
    /// A ceremony with too few powers of τ.
    #[cfg(feature = "prove")]
    #[error(
        "ptau file: power {got} is too small: log_size {log_size} needs a ceremony of power {needed}"
    )]
    PowerTooSmall {
        /// The power of the file.
        got: u32,
        /// The power that suffices.
        needed: u32,
        /// log2 of N asked for.
        log_size: u32,
    },
}
