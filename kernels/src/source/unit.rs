//! Translation units: which sources are compiled together, for which field or group.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field::FieldId;
use crate::group::GroupId;

/// A translation unit. Small, so that each compiles in seconds at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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

    /// The names of the unit's kernels, in the order of `shaders/README.md`.
    pub fn entries(self) -> &'static [&'static str] {
        match self {
            Self::Vector(_) => &[
                "vector_map",
                "vector_map_scalar",
                "vector_add_scaled",
                "vector_rotate",
                "vector_powers",
                "vector_invert",
                "vector_evaluate",
                "vector_to_integers",
                "vector_from_integers",
                "vector_first_nonzero",
            ],
            Self::Scan(_) => &["scan_chunks", "scan_apply"],
            Self::Ntt(_) => &["ntt_dif", "ntt_dit", "ntt_reverse"],
            Self::Words => &["words_weighted_sums"],
            Self::Sort => &[
                "sort_digits",
                "sort_count",
                "sort_scan_chunks",
                "sort_scan_apply",
                "sort_scatter",
                "sort_tasks",
            ],
            Self::Accumulate(_) => &["accumulate_points", "accumulate_sums"],
            Self::Reduce(_) => &["reduce_buckets", "reduce_sums"],
            Self::Keyswitch => &["keyswitch_digits", "keyswitch_sums", "keyswitch_join"],
            Self::Bootstrap => &[
                "bootstrap_monomials",
                "bootstrap_start",
                "bootstrap_digits",
                "bootstrap_products",
                "bootstrap_add",
                "bootstrap_rotate",
                "bootstrap_extract",
            ],
        }
    }
}

/// The only kernel whose launches decide how many bytes a workgroup shares.
#[cfg(any(test, feature = "cuda"))]
pub(crate) const SHARED_BY_LAUNCH: &str = "bootstrap_rotate";

/// The names of all kernels: those of each stem once.
pub fn entries() -> impl Iterator<Item = &'static str> {
    let field = FieldId::ALL[0];
    let group = GroupId::ALL[0];
    let stems = [
        Unit::Vector(field),
        Unit::Scan(field),
        Unit::Ntt(field),
        Unit::Words,
        Unit::Sort,
        Unit::Accumulate(group),
        Unit::Reduce(group),
        Unit::Keyswitch,
        Unit::Bootstrap,
    ];
    stems.into_iter().flat_map(|unit| unit.entries().iter().copied())
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
