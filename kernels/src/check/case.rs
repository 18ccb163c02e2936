//! What a law is about: a kernel, what it computes in, its shape and its inputs.

use std::fmt;

use crate::backend::{Binary, Signedness};
use crate::bootstrap::{BootstrapShape, KeyswitchShape};
use crate::field::FieldId;
use crate::group::GroupId;
use crate::names::names;
use crate::transform::{Direction, Order};

/// A kernel: an operation of a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kernel {
    /// `zeros`, `upload`, `copy`, `download`.
    Copy,
    /// `map`.
    Map,
    /// `map_scalar`.
    MapScalar,
    /// `add_scaled`.
    AddScaled,
    /// `rotate`.
    Rotate,
    /// `powers`.
    Powers,
    /// `invert`.
    Invert,
    /// `scan`.
    Scan,
    /// `evaluate`.
    Evaluate,
    /// `divide_out`.
    DivideOut,
    /// `to_integers`.
    ToIntegers,
    /// `from_integers`.
    FromIntegers,
    /// `first_nonzero`.
    FirstNonzero,
    /// `ntt`.
    Ntt,
    /// `weighted_sums`.
    WeightedSums,
    /// `bases` and `msm_batch`.
    Msm,
    /// `keyswitch_key` and `keyswitch_batch`.
    Keyswitch,
    /// `bootstrap_key` and `pbs_batch`.
    Bootstrap,
    /// Every operation with bad arguments: the same error everywhere, and the next operation works.
    Refusals,
}

names!(
    Kernel, UnknownKernel, "kernel":
    Copy = "copy",
    Map = "map",
    MapScalar = "map-scalar",
    AddScaled = "add-scaled",
    Rotate = "rotate",
    Powers = "powers",
    Invert = "invert",
    Scan = "scan",
    Evaluate = "evaluate",
    DivideOut = "divide-out",
    ToIntegers = "to-integers",
    FromIntegers = "from-integers",
    FirstNonzero = "first-nonzero",
    Ntt = "ntt",
    WeightedSums = "weighted-sums",
    Msm = "msm",
    Keyswitch = "keyswitch",
    Bootstrap = "bootstrap",
    Refusals = "refusals",
);

/// What is computed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Over {
    /// A field.
    Field(FieldId),
    /// A group.
    Group(GroupId),
    /// 64-bit words.
    Words,
    /// LWE ciphertexts.
    Lwe,
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(id) => write!(f, "{id}"),
            Self::Group(id) => write!(f, "{id}"),
            Self::Words => f.write_str("words"),
            Self::Lwe => f.write_str("lwe"),
        }
    }
}

/// Which bases a multiplication has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Points {
    /// All different.
    Distinct,
    /// One point, over and over: every addition to a bucket is a doubling.
    Same,
    /// Every point is followed by its negative: sums vanish in mid-bucket.
    Opposites,
    /// Every third is the point at infinity.
    WithInfinity,
}

/// The shape of an operation on a vector of field elements. Sizes that are not said here are the case's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldOperation {
    /// Copies the middle half of a buffer into another.
    Copy,
    /// b has `period` elements.
    Map {
        /// ∘.
        op: Binary,
        /// Length of b.
        period: usize,
    },
    /// With one scalar.
    MapScalar {
        /// ∘.
        op: Binary,
    },
    /// b has `len` elements.
    AddScaled {
        /// Length of b.
        len: usize,
    },
    /// Rotates.
    Rotate {
        /// By how much.
        by: usize,
    },
    /// As many powers as the case's size says.
    Powers,
    /// Inverts.
    Invert,
    /// Scans rows.
    Scan {
        /// ∘.
        op: Binary,
        /// Elements of a row.
        row: usize,
    },
    /// Evaluates.
    Evaluate,
    /// Divides.
    DivideOut,
    /// To integers.
    ToIntegers,
    /// From integers.
    FromIntegers,
    /// Looks for the first element that is not zero.
    FirstNonzero,
    /// Transforms rows of 2^`log_size`, as many as the case's size has room for.
    Ntt {
        /// log2 of a row.
        log_size: u32,
        /// Which way.
        direction: Direction,
        /// Order of the values.
        order: Order,
        /// Whether on a coset.
        coset: bool,
    },
}

impl FieldOperation {
    fn kernel(&self) -> Kernel {
        match self {
            Self::Copy => Kernel::Copy,
            Self::Map { .. } => Kernel::Map,
            Self::MapScalar { .. } => Kernel::MapScalar,
            Self::AddScaled { .. } => Kernel::AddScaled,
            Self::Rotate { .. } => Kernel::Rotate,
            Self::Powers => Kernel::Powers,
            Self::Invert => Kernel::Invert,
            Self::Scan { .. } => Kernel::Scan,
            Self::Evaluate => Kernel::Evaluate,
            Self::DivideOut => Kernel::DivideOut,
            Self::ToIntegers => Kernel::ToIntegers,
            Self::FromIntegers => Kernel::FromIntegers,
            Self::FirstNonzero => Kernel::FirstNonzero,
            Self::Ntt { .. } => Kernel::Ntt,
        }
    }
}

/// The shape of a multi-scalar multiplication, of as many integers as the case's size says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MsmShape {
    /// Width of the integers.
    pub bits: u32,
    /// Whether they have a sign.
    pub signed: bool,
    /// Levels of stored multiples.
    pub levels: u32,
    /// How many vectors of integers.
    pub vectors: usize,
    /// Bases that no integer belongs to.
    pub spare: usize,
    /// Which bases.
    pub points: Points,
}

/// The shape of an operation on words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordOperation {
    /// Copies the middle half of a buffer into another.
    Copy,
    /// Sums vectors of the case's size.
    WeightedSums {
        /// How many vectors.
        weights: usize,
        /// How words are read.
        signedness: Signedness,
    },
}

/// The shape of an operation on ciphertexts: as many as the case's size says, or fewer, if that would be
/// too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LweOperation {
    /// Switches.
    Keyswitch {
        /// Shape of the key.
        shape: KeyswitchShape,
    },
    /// Bootstraps.
    Bootstrap {
        /// Shape of the key.
        shape: BootstrapShape,
        /// How many tables to choose from.
        tables: usize,
    },
}

/// A kernel, what it computes in, and the shape of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// In a field.
    Field(FieldId, FieldOperation),
    /// Multiplies in a group.
    Msm(GroupId, MsmShape),
    /// On words.
    Words(WordOperation),
    /// On LWE ciphertexts.
    Lwe(LweOperation),
    /// Bad arguments.
    Refusals(Over),
}

impl Operation {
    /// The kernel that does it.
    pub fn kernel(&self) -> Kernel {
        match self {
            Self::Field(_, operation) => operation.kernel(),
            Self::Msm(..) => Kernel::Msm,
            Self::Words(WordOperation::Copy) => Kernel::Copy,
            Self::Words(WordOperation::WeightedSums { .. }) => Kernel::WeightedSums,
            Self::Lwe(LweOperation::Keyswitch { .. }) => Kernel::Keyswitch,
            Self::Lwe(LweOperation::Bootstrap { .. }) => Kernel::Bootstrap,
            Self::Refusals(_) => Kernel::Refusals,
        }
    }

    /// What it computes in.
    pub fn over(&self) -> Over {
        match *self {
            Self::Field(id, _) => Over::Field(id),
            Self::Msm(id, _) => Over::Group(id),
            Self::Words(_) => Over::Words,
            Self::Lwe(_) => Over::Lwe,
            Self::Refusals(over) => over,
        }
    }
}

/// Which values the inputs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Uniform.
    Random,
    /// All zero.
    Zeros,
    /// All one.
    Ones,
    /// All p − 1; for integers, all bits set.
    MinusOnes,
    /// 0, 1, 2, …
    Ramp,
    /// Zero but for one place.
    OneNonzero,
    /// One random value, everywhere: a single bucket per window.
    AllEqual,
    /// Random below 2^10: few buckets, many points in each.
    Small,
    /// In turn 0, 1, −1, values at the edges of words and of Montgomery form, halves of the modulus.
    Edges,
}

/// One comparison. Everything about it follows from these values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The kernel, what it computes in, and its shape.
    pub work: Operation,
    /// How many elements, words of a vector, integers or ciphertexts.
    pub size: usize,
    /// Which values.
    pub input: Input,
    /// Where random values come from.
    pub seed: u64,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { work, size, input, seed } = self;
        write!(
            f,
            "{} over {}, size {size}, {input:?} input, seed {seed}: {work:?}",
            work.kernel(),
            work.over()
        )
    }
}
