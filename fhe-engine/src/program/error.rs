//! What can be wrong with a program.

/// Why a program was refused. Every error names the step or input.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// Another version of the language.
    #[error("version is {found}, this appliance runs version {expected}")]
    Version {
        /// Version given.
        found: u32,
        /// Version read.
        expected: u32,
    },
    /// Too much of something.
    #[error("{at}: {found} {what}, at most {limit}")]
    TooMany {
        /// Input or step.
        at: String,
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many may be.
        limit: usize,
    },
    /// A name that was given before, or that is no name.
    #[error("{at}: a name is 1 to 64 letters, digits, '_', '-' or '.', and is given once")]
    Name {
        /// The name.
        at: String,
    },
    /// A name that no earlier input or step has.
    #[error("{at}: {name:?} is no earlier input or step")]
    Unknown {
        /// The step.
        at: String,
        /// The name it uses.
        name: String,
    },
    /// A value of another type.
    #[error("{at}: {name:?} is {found}, not {expected}")]
    Type {
        /// The step.
        at: String,
        /// The name it uses.
        name: String,
        /// What that is.
        found: &'static str,
        /// What is needed.
        expected: &'static str,
    },
    /// A sum or a word that the job does not have.
    #[error("input {at}: the job has {available} {what}, and number {index} is asked for")]
    NoSuchSource {
        /// The input.
        at: String,
        /// Sums or words.
        what: &'static str,
        /// Which.
        index: usize,
        /// How many there are.
        available: usize,
    },
    /// Lists of this layout hold no totals.
    #[error("input {at}: the lists of this profile hold no totals that programs could work on")]
    NoTotals {
        /// The input.
        at: String,
    },
    /// A value that does not fit.
    #[error("{at}: values from {low} to {high} do not fit {bits} bits of plaintext")]
    TooWide {
        /// The step.
        at: String,
        /// The least value.
        low: i128,
        /// The greatest.
        high: i128,
        /// The width of the plaintext.
        bits: u32,
    },
    /// Plaintexts of different widths do not add up.
    #[error("{at}: {name:?} has a plaintext of {found} bits, what stands before it has {expected}")]
    Width {
        /// The step.
        at: String,
        /// The name it uses.
        name: String,
        /// Its width.
        found: u32,
        /// The width before.
        expected: u32,
    },
    /// A wide value that may be below zero where none can be.
    #[error("{at}: {name:?} may be as low as {low}: take its absolute value, or add a constant")]
    MayBeNegative {
        /// The step.
        at: String,
        /// The name it uses.
        name: String,
        /// Its least value.
        low: i128,
    },
    /// A number out of its range.
    #[error("{at}: {what} is {found}, expected {expected}")]
    Range {
        /// The step.
        at: String,
        /// What.
        what: &'static str,
        /// Its value.
        found: u128,
        /// What it should be.
        expected: String,
    },
    /// The noise of a lookup's input would be too much.
    #[error(
        "{at}: a lookup would fail with probability 2^{failure_log2:.1}, at most 2^-128 is allowed: \
         use smaller factors"
    )]
    Noise {
        /// The step.
        at: String,
        /// log2 of the probability.
        failure_log2: f64,
    },
}
