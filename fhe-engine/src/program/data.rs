//! A program as data: what a client sends, and what is hashed, stored and shown.
//!
//! Steps compute values of three types. A *wide* value is a linear combination of inputs, a whole number
//! that costs nothing but may be negative. An *integer* lies in digits and is not negative. A *bit* is 0
//! or 1. Steps name earlier ones.

use pulseproof_packing::ListTotal;
use serde::{Deserialize, Serialize};

/// The version of the language.
pub const VERSION: u32 = 1;

/// A program over encrypted sums.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// [`VERSION`].
    pub version: u32,
    /// What it works on: wide values.
    pub inputs: Vec<Input>,
    /// What it computes, in order.
    pub steps: Vec<Step>,
    /// Which integers and bits come out, by name.
    pub outputs: Vec<String>,
}

/// A named input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    #[serde(flatten)]
    pub from: InputSource,
}

/// Where an input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum InputSource {
    /// A total of one of the sums that the job is given, counted from 0.
    Sum {
        /// Which sum.
        sum: usize,
        /// Which total of it.
        total: ListTotal,
    },
    /// One of the words that the job is given, counted from 0: a threshold that stays encrypted, say.
    Word {
        /// Which word.
        word: usize,
        /// The greatest it can be; whoever encrypts answers for it.
        maximum: u64,
        /// The width of its plaintext.
        plaintext_bits: u32,
    },
}

/// A named step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Step {
    /// Its name.
    pub name: String,
    /// What it computes.
    #[serde(flatten)]
    pub op: Op,
}

/// What a step computes. `of`, `left`, `right` and so on name earlier steps, or inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Op {
    /// Wide: Σ factor·value + constant, over wide values of one plaintext width.
    Linear {
        /// Names and factors.
        terms: Vec<(String, i64)>,
        /// The constant.
        #[serde(default)]
        constant: i64,
    },
    /// Bit: whether a wide value is below zero.
    Negative {
        /// The value.
        of: String,
    },
    /// Integer: ⌊v/2^drop_bits⌋ of a wide value that cannot be negative.
    Integer {
        /// The value.
        of: String,
        /// How many bits are dropped.
        #[serde(default)]
        drop_bits: u32,
    },
    /// Integer: |⌊v/2^drop_bits⌋| of a wide value.
    Absolute {
        /// The value.
        of: String,
        /// How many bits are dropped.
        #[serde(default)]
        drop_bits: u32,
    },
    /// Bit: one of the bits of a wide value in two's complement, counted from 0.
    Bit {
        /// The value.
        of: String,
        /// Which bit.
        index: u32,
    },
    /// Integer: a number that everybody knows.
    Constant {
        /// The number.
        value: u64,
    },
    /// Integer: the sum of integers.
    Add {
        /// The summands.
        of: Vec<String>,
    },
    /// Integer: the product of two integers.
    Multiply {
        /// One factor.
        left: String,
        /// The other.
        right: String,
    },
    /// Integer: the square of an integer.
    Square {
        /// The integer.
        of: String,
    },
    /// Integer: an integer times a number that everybody knows.
    Scale {
        /// The integer.
        of: String,
        /// The number.
        by: u64,
    },
    /// Bit: left ≥ right, of integers.
    AtLeast {
        /// One integer.
        left: String,
        /// The other.
        right: String,
    },
    /// Integer: `then` where the bit is 1, `otherwise` where it is 0.
    Select {
        /// The bit.
        condition: String,
        /// One integer.
        then: String,
        /// The other.
        otherwise: String,
    },
    /// Integer: the least of integers.
    Minimum {
        /// The integers.
        of: Vec<String>,
    },
    /// Integer: the greatest of integers.
    Maximum {
        /// The integers.
        of: Vec<String>,
    },
    /// Integer: the entry of a table, at most 256 long, that an integer names.
    Lookup {
        /// The integer: less than the table is long.
        of: String,
        /// The table.
        table: Vec<u64>,
    },
    /// Bit: 1 − bit.
    Not {
        /// The bit.
        of: String,
    },
    /// Bit: whether all of at most 15 bits are 1.
    All {
        /// The bits.
        of: Vec<String>,
    },
    /// Bit: whether any of at most 15 bits is 1.
    Any {
        /// The bits.
        of: Vec<String>,
    },
    /// Integer: how many of some bits are 1.
    Count {
        /// The bits.
        of: Vec<String>,
    },
}
