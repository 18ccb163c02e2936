//! The files that commands read and write. `-` is standard input or output, everywhere.
//!
//! - [`Input`]: plain files, pipes, standard input; no more bytes than a limit, whatever it is.
//! - [`Output`]: whole or not at all; what is no plain file is written through.
//! - [`Paths`]: refuses files that are in each other's way, before anything is computed.

mod input;
mod output;
mod paths;

pub use input::Input;
pub use output::Output;
pub use paths::Paths;

/// What some editors begin a text with.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// What stands for standard input or output.
const STANDARD: &str = "-";
