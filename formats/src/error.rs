//! What can be wrong with a file, or with what is to be written as one. Pure data: touches nothing.

use std::fmt;
use std::io::{self, Read, Seek};

/// The kinds of files there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Powers of τ from a ceremony.
    Ptau,
    /// A circuit's constraints.
    R1cs,
    /// A circuit's values for one input.
    Wtns,
    /// A Groth16 proving key.
    Zkey,
}

impl FileKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Ptau, Self::R1cs, Self::Wtns, Self::Zkey];

    /// The first four bytes of such a file, and its usual extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ptau => "ptau",
            Self::R1cs => "r1cs",
            Self::Wtns => "wtns",
            Self::Zkey => "zkey",
        }
    }

    /// The kind of a file, whatever it is called: by its first bytes. The source is at its start afterwards.
    ///
    /// # Errors
    /// Reading fails.
    pub fn sniff(source: &mut (impl Read + Seek)) -> io::Result<Option<Self>> {
        source.rewind()?;
        let mut first = Vec::new();
        source.by_ref().take(4).read_to_end(&mut first)?;
        source.rewind()?;
        Ok(Self::ALL.into_iter().find(|kind| kind.name().as_bytes() == first))
    }

    /// The version that is read and written.
    pub fn version(self) -> u32 {
        match self {
            Self::Ptau | Self::R1cs | Self::Zkey => 1,
            Self::Wtns => 2,
        }
    }

    /// What the operating system says of a file of this kind.
    pub(crate) fn io(self) -> impl Fn(io::Error) -> FormatError {
        move |source| FormatError::Io { file: self, source }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} file", self.name())
    }
}

/// What is wrong with one point or scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElementProblem {
    /// A number that is not below its field's prime.
    #[error("not below the field's prime")]
    NonCanonical,
    /// Coordinates of no point.
    #[error("not a point of the curve")]
    NotOnCurve,
    /// On the curve, in the wrong place.
    #[error("the point is outside the prime-order subgroup")]
    WrongSubgroup,
    /// The point at infinity, where it makes no sense.
    #[error("the point at infinity")]
    Infinity,
}

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Reading or writing fails.
    #[error("{file}: {source}")]
    Io {
        /// The kind of file.
        file: FileKind,
        /// What the system says.
        source: io::Error,
    },
    /// The first bytes name another format.
    #[error("no {file}: its first bytes are not {:?}", file.name())]
    Magic {
        /// The kind of file.
        file: FileKind,
    },
    /// A version this build does not read.
    #[error("{file}: version {got} is not supported (expected {})", file.version())]
    Version {
        /// The kind of file.
        file: FileKind,
        /// The version found.
        got: u32,
    },
    /// More sections than any such file has.
    #[error("{file}: {got} sections are over the limit of {limit}")]
    TooManySections {
        /// The kind of file.
        file: FileKind,
        /// Sections claimed.
        got: u32,
        /// The limit.
        limit: u32,
    },
    /// A part reaches beyond the end of what it is in.
    #[error("{file}: truncated: {part} needs {needed} bytes, {left} are left")]
    Truncated {
        /// The kind of file.
        file: FileKind,
        /// The part.
        part: String,
        /// Bytes it needs.
        needed: u64,
        /// Bytes left.
        left: u64,
    },
    /// Bytes follow the last section.
    #[error("{file}: {bytes} trailing bytes after the last section")]
    Trailing {
        /// The kind of file.
        file: FileKind,
        /// How many.
        bytes: u64,
    },
    /// Two sections of one type.
    #[error("{file}: section {section} appears twice")]
    DuplicateSection {
        /// The kind of file.
        file: FileKind,
        /// The type.
        section: u32,
    },
    /// A section that must be there is not.
    #[error("{file}: section {section} ({name}) is missing")]
    MissingSection {
        /// The kind of file.
        file: FileKind,
        /// Its type.
        section: u32,
        /// Its name.
        name: &'static str,
    },
    /// A section whose size is not the one that follows from the header.
    #[error("{file}: section {name} has {got} bytes, expected {expected}")]
    SectionSize {
        /// The kind of file.
        file: FileKind,
        /// Its name.
        name: &'static str,
        /// Bytes it has.
        got: u64,
        /// Bytes that follow from the header.
        expected: u64,
    },
    /// Made for another curve.
    #[error("{file}: made for {got}, expected {expected}")]
    WrongCurve {
        /// The kind of file.
        file: FileKind,
        /// The curve found by its prime, or that unknown prime.
        got: String,
        /// The curve in use.
        expected: String,
    },
    /// A number over its limit (checked before anything is allocated).
    #[error("{file}: {field} {got} is over the limit of {limit}")]
    Limit {
        /// The kind of file.
        file: FileKind,
        /// What is counted.
        field: &'static str,
        /// The number claimed.
        got: u64,
        /// The limit.
        limit: u64,
    },
    /// A value that makes no sense where it stands.
    #[error("{file}: {field} {reason}")]
    Invalid {
        /// The kind of file.
        file: FileKind,
        /// The field.
        field: &'static str,
        /// What it is and what it should be.
        reason: String,
    },
    /// Something that this format can say and this build does not do.
    #[error("{file}: {what}")]
    Unsupported {
        /// The kind of file.
        file: FileKind,
        /// What, and what is supported instead.
        what: String,
    },
    /// One of many points or scalars is bad.
    #[error("{file}: section {section}: element {index}: {problem}")]
    Element {
        /// The kind of file.
        file: FileKind,
        /// The section's name.
        section: &'static str,
        /// The element's place in its section. For terms of constraints, that of the constraint.
        index: u64,
        /// What is wrong with it.
        problem: ElementProblem,
    },
    /// An element of a section refers to something that is not there.
    #[error("{file}: section {section}: element {index}: {field} {got} is not below {limit}")]
    OutOfRange {
        /// The kind of file.
        file: FileKind,
        /// The section's name.
        section: &'static str,
        /// The element's place in its section. For terms of constraints, that of the constraint.
        index: u64,
        /// What refers.
        field: &'static str,
        /// The number found.
        got: u64,
        /// How many there are.
        limit: u64,
    },
    /// Parts that must be equally long are not.
    #[error("{file}: {field}: {got} values, expected {expected}")]
    Length {
        /// The kind of file.
        file: FileKind,
        /// The part.
        field: &'static str,
        /// How many there are.
        got: u64,
        /// How many there should be.
        expected: u64,
    },
    /// A ceremony's file without the points that circuits need.
    #[error("ptau file: not prepared for circuits: sections 12 to 15 are missing")]
    NotPrepared,
}
