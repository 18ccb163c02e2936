//! Translation units: which sources are compiled together, for which field or group.

use std::fmt;

use crate::field::FieldId;
use crate::group::GroupId;

/// A translation unit. Small, so that each compiles in seconds at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Element-wise operations, inversion, evaluation, conversions.
    Vector(FieldId),
    /// Running sums and products.
    Scan(FieldId),
    /// Transforms.
    Ntt(FieldId),
    /// Weighted sums of 64-bit words.
    Words,
    /// Digits of scalars, and points sorted by bucket.
    Sort,
    /// Sums of the points of buckets.
    Accumulate(GroupId),
    /// Weighted sums of buckets.
    Reduce(GroupId),
    /// Key switching.
    Keyswitch,
    /// Bootstrapping.
    Bootstrap,
}

impl Unit {
    /// Every unit.
    pub fn all() -> impl Iterator<Item = Self> {
        let fields = FieldId::ALL;
        let groups = GroupId::ALL;
        (fields.into_iter().flat_map(|f| [Self::Vector(f), Self::Scan(f), Self::Ntt(f)]))
            .chain([Self::Words, Self::Sort, Self::Keyswitch, Self::Bootstrap])
            .chain(groups.into_iter().flat_map(|g| [Self::Accumulate(g), Self::Reduce(g)]))
    }

    /// The stem of the source file, under `shaders/cuda` (`.cu`) and `shaders/wgsl` (`.wgsl`).
    pub fn stem(self) -> &'static str {
        match self {
            Self::Vector(_) => "vector",
            Self::Scan(_) => "scan",
            Self::Ntt(_) => "ntt",
            Self::Words => "words",
            Self::Sort => "sort",
            Self::Accumulate(_) => "accumulate",
            Self::Reduce(_) => "reduce",
            Self::Keyswitch => "keyswitch",
            Self::Bootstrap => "bootstrap",
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stem())?;
        match self {
            Self::Vector(field) | Self::Scan(field) | Self::Ntt(field) => write!(f, "/{field}"),
            Self::Accumulate(group) | Self::Reduce(group) => write!(f, "/{group}"),
            Self::Words | Self::Sort | Self::Keyswitch | Self::Bootstrap => Ok(()),
        }
    }
}
