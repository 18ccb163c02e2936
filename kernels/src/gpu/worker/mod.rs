//! A device in a process of its own, so that what goes wrong on it ends that process and not this one.
//!
//! After an illegal address or a failed launch NVIDIA's driver serves a process no more, whatever is opened anew, and
//! drivers may crash. Here that costs what was at work on the device: [`WorkerDevice`] says [`Error::DeviceLost`], and
//! starts another process with the next allocation.
//!
//! - `message`: what is said. `link`: who says it, and whose turn it is to hear the answer.
//! - `device`: the [`Device`](super::Device) that asks. `work`: the loop that answers.
//! - [`process`]: starting the other process, and seeing to its end.
//!
//! The other process is this program once more, and is trusted as itself.

mod device;
mod link;
mod message;
pub mod process;
#[cfg(test)]
mod tests;
mod work;

use std::io;
use std::os::unix::net::UnixStream;

pub use device::WorkerDevice;
pub use work::work;

use crate::backend::BackendKind;

#[cfg(doc)]
use crate::error::Error;

/// Starts a worker that answers on a stream, with a device of this kind if one is named: the one that was there.
pub type Start =
    dyn Fn(UnixStream, Option<BackendKind>) -> io::Result<Box<dyn Worker>> + Send + Sync;

/// A worker that was started. Whoever drops it has called [`Self::end`].
pub trait Worker: Send {
    /// Sees to it that the worker ends, and says how it did.
    fn end(&mut self) -> String;
}
