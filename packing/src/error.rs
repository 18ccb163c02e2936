//! What can be wrong, and how it is said.

use std::fmt;

use crate::list_total::ListTotal;

/// One of the four quantities that a reading contributes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// Readings that are present.
    Count,
    /// Readings inside the range of interest.
    Inside,
    /// Codes of the readings.
    Sum,
    /// Squared codes of the readings.
    SumOfSquares,
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "count",
            Self::Inside => "inside",
            Self::Sum => "sum",
            Self::SumOfSquares => "sum of squares",
        })
    }
}

/// Why no layout serves a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The scale has more decimals than a raw value has digits.
    #[error("scale.decimals is {found}, at most {limit} are possible")]
    Decimals {
        /// Decimals asked for.
        found: u32,
        /// Most decimals possible.
        limit: u32,
    },
    /// The scale holds fewer than two values.
    #[error("scale.maximum is {maximum}, it must be larger than scale.minimum, {minimum}")]
    EmptyScale {
        /// Smallest raw value.
        minimum: i64,
        /// Largest raw value.
        maximum: i64,
    },
    /// The range of interest is reversed or leaves the scale.
    #[error("inside is {low}..={high}: it must be a range within the scale, {minimum}..={maximum}")]
    Inside {
        /// First raw value inside.
        low: i64,
        /// Last raw value inside.
        high: i64,
        /// Smallest raw value of the scale.
        minimum: i64,
        /// Largest raw value of the scale.
        maximum: i64,
    },
    /// No slot was asked for.
    #[error("slots is 0: at least one reading must have a place")]
    NoSlots,
    /// No summand was asked for.
    #[error("summands_max is 0: at least one list must be decrypted")]
    NoSummands,
    /// The noise of that many summands leaves no room for a plaintext.
    #[error("summands_max is {summands_max}: the noise of such a sum leaves no plaintext bits")]
    NoHeadRoom {
        /// Total weight asked for.
        summands_max: u64,
    },
    /// A total would not fit the integer it is returned in.
    #[error(
        "the {field} of all slots may exceed 2^128: lower slots, summands_max or the value range"
    )]
    TotalTooLarge {
        /// The total that would overflow.
        field: Quantity,
    },
    /// A total of a list does not fit a body.
    #[error(
        "the {total} of a list needs {needed} plaintext bits, the noise leaves {available}: \
         lower slots, summands_max or the value range, or plan without totals"
    )]
    ListTotalTooWide {
        /// The total.
        total: ListTotal,
        /// Bits needed.
        needed: u32,
        /// Bits left.
        available: u32,
    },
    /// One mask cannot serve as many bodies.
    #[error(
        "needs {needed} bodies of {plaintext_bits} bits, at most {limit} fit: \
         lower slots, summands_max or the value range"
    )]
    TooManyBodies {
        /// Bodies needed, at the least.
        needed: u128,
        /// Bodies that fit.
        limit: usize,
        /// Plaintext bits of one body.
        plaintext_bits: u32,
    },
}

/// Why readings were not encrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// More readings than the layout has slots.
    #[error("{found} readings were given, the layout has {slots} slots")]
    TooManyReadings {
        /// Readings given.
        found: usize,
        /// Slots of the layout.
        slots: usize,
    },
    /// A reading outside the scale.
    #[error("reading {index} is {found}, outside {minimum}..={maximum}")]
    OutOfRange {
        /// Position of the reading.
        index: usize,
        /// Its raw value.
        found: i64,
        /// Smallest raw value of the scale.
        minimum: i64,
        /// Largest raw value of the scale.
        maximum: i64,
    },
}

/// Why a sum was not decrypted. No variant carries a decrypted value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// The vector is not of the layout's length.
    #[error("the sum has {found} words, the layout has {expected}")]
    Length {
        /// Words given.
        found: usize,
        /// Words of the layout.
        expected: usize,
    },
    /// Nothing was summed.
    #[error("summands is 0: there is nothing to decrypt")]
    NoSummands,
    /// More was summed than the layout has room for.
    #[error("summands is {found}, the layout has room for {limit}")]
    TooManySummands {
        /// Total weight given.
        found: u64,
        /// Largest total weight of the layout.
        limit: u64,
    },
    /// A field holds what readings of that total weight cannot add up to.
    #[error(
        "the field `{field}` is not what lists of total weight {summands} add up to: \
         another key, another layout, another weight, or not a sum of readings"
    )]
    Implausible {
        /// The field.
        field: Quantity,
        /// Total weight given.
        summands: u64,
    },
    /// The totals that devices added up themselves are not those of their readings.
    #[error("the {total} that the lists give is not that of their slots: a device is at fault")]
    Inconsistent {
        /// The total.
        total: ListTotal,
    },
    /// Bits of a body that belong to no field are set.
    #[error(
        "bits outside all fields are set: \
         another key, another layout, or not a sum of readings"
    )]
    UnusedBits,
}

/// Why bytes are not a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Fewer bytes than the format has.
    #[error("{kind}: {found} bytes, but the format has {expected}: truncated")]
    Truncated {
        /// Which key was expected.
        kind: &'static str,
        /// Bytes given.
        found: usize,
        /// Bytes of the format.
        expected: usize,
    },
    /// More bytes than the format has.
    #[error("{kind}: {found} bytes, but the format has {expected}: trailing bytes")]
    Trailing {
        /// Which key was expected.
        kind: &'static str,
        /// Bytes given.
        found: usize,
        /// Bytes of the format.
        expected: usize,
    },
    /// The first bytes are those of something else.
    #[error("{kind}: the first eight bytes are not this format's")]
    Magic {
        /// Which key was expected.
        kind: &'static str,
    },
    /// A version that this library does not read.
    #[error("{kind}: version {found}, this library reads version {expected}")]
    Version {
        /// Which key was expected.
        kind: &'static str,
        /// Version given.
        found: u16,
        /// Version read.
        expected: u16,
    },
    /// A word that is no residue of the key's modulus.
    #[error("{kind}: word {index} is not below the modulus")]
    Residue {
        /// Which key was expected.
        kind: &'static str,
        /// Which word.
        index: usize,
    },
}
