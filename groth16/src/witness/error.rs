//! What can be wrong with a module, with inputs, or with both together. No value of a signal is in any of it.

use std::time::Duration;

/// Longest text of a module, of the engine, or of a signal's name in an error.
pub const MESSAGE_CHARS_MAX: usize = 512;

/// Why there is no witness.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// Over a limit of length, checked before it is looked at or allocated.
    #[error("{what}: {got} bytes, the limit is {limit}")]
    TooLong {
        /// The module, the inputs or the witness.
        what: &'static str,
        /// Its length.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// Not WebAssembly, or of a kind that circom does not make.
    #[error("module: {0}")]
    Module(String),
    /// The module wants a function it does not get.
    #[error("module: wants {0:?}, which no circuit needs")]
    Import(String),
    /// Of the compiler before circom 2, whose interface is another.
    #[error(
        "module: compiled by circom 1, which is not run here: compile the circuit with circom 2, or make the \
         witness with snarkjs (`snarkjs wtns calculate`) and prove the .wtns file"
    )]
    Circom1,
    /// A function of circom's interface is missing, or has other arguments.
    #[error("module: export {0:?} is missing or of another type: not compiled by circom 2?")]
    Export(&'static str),
    /// Another version of circom's interface.
    #[error("module: version {0} of circom's interface, expected 2")]
    Version(u32),
    /// Another prime.
    #[error("module: its prime is the order of neither bn254 nor bls12-381")]
    Prime,
    /// The module contradicts itself.
    #[error("module: {0}")]
    Inconsistent(&'static str),
    /// The inputs are no JSON object of signals.
    #[error("inputs: {0}")]
    Inputs(String),
    /// A signal the circuit does not have.
    #[error("signal {0:?}: the circuit has no such input")]
    UnknownSignal(String),
    /// A wrong number of values.
    #[error("signal {signal:?}: {got} values, expected {expected}")]
    Count {
        /// The signal.
        signal: String,
        /// How many are given.
        got: usize,
        /// How many the circuit takes.
        expected: usize,
    },
    /// A value that is no number.
    #[error("signal {signal:?}, value {index}: {reason}")]
    Value {
        /// The signal.
        signal: String,
        /// Which of its values, counted through nested lists.
        index: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A signal is missing. A module knows the names of its signals only as hashes.
    #[error("inputs: {got} values in all, the circuit takes {expected}: a signal is missing")]
    MissingInputs {
        /// How many are given.
        got: usize,
        /// How many the circuit takes.
        expected: usize,
    },
    /// The circuit refuses these inputs.
    #[error("circuit: {reason}{}{message}", if .message.is_empty() { "" } else { ": " })]
    Circuit {
        /// What the module's code for it means.
        reason: &'static str,
        /// What the module says, as which line of which template.
        message: String,
    },
    /// The module asked for more memory.
    #[error("module: asked for {got} bytes of memory, the limit is {limit}")]
    Memory {
        /// What it would have had.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// The module took too long.
    #[error("module: not done within {0:?}")]
    Time(Duration),
    /// The module's calls went too deep.
    #[error("module: calls too deep for {0} bytes of stack")]
    Stack(usize),
    /// The module did what WebAssembly forbids.
    #[error("module: stopped: {0}")]
    Trap(String),
    /// A value that is not below the prime.
    #[error("module: value {index} of the witness is not below the prime")]
    NotReduced {
        /// Which value.
        index: usize,
    },
    /// Modules cannot be run on this machine.
    #[error("WebAssembly cannot be run here: {0}")]
    Engine(String),
}

/// The engine's words for what is wrong with a module.
#[expect(clippy::needless_pass_by_value, reason = "maps the error of a result")]
pub(super) fn module(error: wasmtime::Error) -> WitnessError {
    WitnessError::Module(shortened(&format!("{error:#}")))
}

/// The beginning of a text, without control characters.
pub(super) fn shortened(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(MESSAGE_CHARS_MAX).map(plain).collect()
}

/// What circom's codes mean.
pub(super) fn reason(code: u32) -> &'static str {
    match code {
        1 => "no such signal",
        2 => "too many signals are set",
        3 => "a signal is set twice",
        4 => "a check fails",
        5 => "not enough memory",
        6 => "an index is outside an input's values",
        7 => "an index is outside an array",
        _ => "failed with a code that circom does not have",
    }
}
