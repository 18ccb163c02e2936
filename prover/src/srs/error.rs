//! What can be wrong with an SRS or the file it comes from.

use std::io;
use std::path::PathBuf;

use pulseproof_kernels::CurveId;

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
    /// A ceremony's file is not usable.
    #[error("ptau file: {0}")]
    Ptau(#[from] PtauError),
}

/// Why a `.ptau` file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum PtauError {
    /// Reading fails.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The first bytes name another format.
    #[error("wrong magic bytes, expected \"ptau\"")]
    Magic,
    /// A version this build does not read.
    #[error("version {0} is not supported (expected 1)")]
    Version(u32),
    /// More sections than any such file has.
    #[error("{got} sections are over the limit of {limit}")]
    TooManySections {
        /// Sections claimed.
        got: u32,
        /// The limit.
        limit: u32,
    },
    /// A part reaches beyond the end of the file.
    #[error("truncated: {part} needs {needed} bytes, {left} are left")]
    Truncated {
        /// The part.
        part: String,
        /// Bytes it needs.
        needed: u64,
        /// Bytes left.
        left: u64,
    },
    /// Bytes follow the last section.
    #[error("{0} trailing bytes after the last section")]
    Trailing(u64),
    /// Two sections of one kind.
    #[error("section {0} appears twice")]
    DuplicateSection(u32),
    /// A section that must be there is not.
    #[error("section {kind} ({name}) is missing")]
    MissingSection {
        /// Its number.
        kind: u32,
        /// Its name.
        name: &'static str,
    },
    /// A section whose size is not the one that follows from the header.
    #[error("section {name} has {got} bytes, expected {expected}")]
    SectionSize {
        /// Its name.
        name: &'static str,
        /// Bytes it has.
        got: u64,
        /// Bytes the header promises.
        expected: u64,
    },
    /// A ceremony over another curve.
    #[error("made for {got}, expected curve {expected}")]
    WrongCurve {
        /// The curve found by its prime, or that unknown prime.
        got: String,
        /// The curve in use.
        expected: CurveId,
    },
    /// A ceremony larger than any there is.
    #[error("power {got} is over the limit of {limit}")]
    PowerTooLarge {
        /// The power claimed.
        got: u32,
        /// The limit.
        limit: u32,
    },
    /// Too few powers of τ.
    #[error("power {got} is too small: log_size {log_size} needs a ceremony of power {needed}")]
    PowerTooSmall {
        /// The power of the file.
        got: u32,
        /// The power that suffices.
        needed: u32,
        /// log2 of N asked for.
        log_size: u32,
    },
    /// A ceremony that was started and never contributed to: its secret is 1.
    #[error("no contribution was made: the secret is still 1, which everybody knows")]
    NoContribution,
}
