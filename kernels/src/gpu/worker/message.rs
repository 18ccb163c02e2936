//! What a program and the process that has its device say to each other. Both are the same program: nothing is
//! versioned.
//!
//! A message is its length in four bytes, the lowest first, and so many bytes of postcard. Words follow some of them,
//! in the machine's order.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::backend::BackendKind;
use crate::error::Error;
use crate::gpu::{Limits, Unit};

/// Most bytes of a message without its words. The longest are compilers' logs.
const BYTES_MAX: u32 = 1 << 24;
/// Most words that follow a message.
pub(super) const WORDS_MAX: usize = 1 << 19;

/// Words on their way, overwritten when they are dropped: some are of witnesses.
pub(super) type Words = Zeroizing<Vec<u64>>;

/// What a device is asked. Memory is named by whoever asks.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// [`Device::available_bytes`](crate::gpu::Device::available_bytes); answered.
    Available(Vec<Unit>),
    /// Answered.
    Allocate {
        memory: u64,
        words: usize,
    },
    Free {
        memory: u64,
    },
    /// So many words follow.
    Write {
        memory: u64,
        at: usize,
        words: usize,
    },
    /// Answered, and so many words follow the answer.
    Read {
        memory: u64,
        from: usize,
        words: usize,
    },
    Copy {
        from: u64,
        start: usize,
        words: usize,
        to: u64,
        at: usize,
    },
    /// Answered on demand.
    Launch {
        launch: LaunchMessage,
        answered: bool,
    },
    /// Answered.
    Synchronize,
}

/// A [`Launch`](crate::gpu::Launch).
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LaunchMessage {
    pub unit: Unit,
    /// The kernel's place among [`Unit::entries`].
    pub entry: usize,
    pub groups: u64,
    pub shared_bytes: u32,
    pub buffers: Vec<u64>,
    pub parameters: Vec<u32>,
}

/// What is answered. A failure that nothing was asked for is the last thing that is said.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// The first thing that is said.
    Opened {
        kind: BackendKind,
        limits: Limits,
    },
    Done,
    Bytes(u64),
    Failed(Failure),
}

/// Those of [`Error`] that devices have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Failure {
    OutOfMemory {
        needed: u64,
        available: u64,
    },
    Compile {
        unit: String,
        log: String,
    },
    Unavailable {
        backend: BackendKind,
        reason: String,
    },
    /// Whatever leaves nothing as it was.
    Lost(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::OutOfMemory { needed, available, .. } => Self::OutOfMemory { needed, available },
            Error::Compile { unit, log, .. } => Self::Compile { unit, log },
            Error::Unavailable { backend, reason } => Self::Unavailable { backend, reason },
            Error::DeviceLost { reason, .. } | Error::DeviceGone { reason, .. } => {
                Self::Lost(reason)
            }
            error => Self::Lost(error.to_string()),
        }
    }
}

impl Failure {
    /// The error of a device of a kind.
    pub fn into_error(self, backend: BackendKind) -> Error {
        match self {
            Self::OutOfMemory { needed, available } => {
                Error::OutOfMemory { backend, needed, available }
            }
            Self::Compile { unit, log } => Error::Compile { backend, unit, log },
            Self::Unavailable { backend, reason } => Error::Unavailable { backend, reason },
            Self::Lost(reason) => Error::DeviceLost { backend, reason },
        }
    }

    /// Whether the device goes on as if nothing had been asked.
    pub fn leaves_all_as_it_was(&self) -> bool {
        matches!(self, Self::OutOfMemory { .. } | Self::Compile { .. })
    }
}

/// Says something at one go, with the words that follow.
pub(super) fn send(mut to: impl Write, message: &impl Serialize, words: &[u64]) -> io::Result<()> {
    let mut bytes = postcard::to_extend(message, vec![0; 4]).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len() - 4).map_err(io::Error::other)?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    to.write_all(&bytes)?;
    to.write_all(bytemuck::cast_slice(words))
}

/// Hears something, without the words that follow.
pub(super) fn receive<M: DeserializeOwned>(mut from: impl Read) -> io::Result<M> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > BYTES_MAX {
        return Err(no_message(format!("{length} bytes, at most {BYTES_MAX} are said at once")));
    }
    let mut bytes = vec![0; length as usize];
    from.read_exact(&mut bytes)?;
    postcard::from_bytes(&bytes).map_err(no_message)
}

/// Hears so many words.
pub(super) fn receive_words(mut from: impl Read, words: usize) -> io::Result<Words> {
    if words > WORDS_MAX {
        return Err(no_message(format!("{words} words, at most {WORDS_MAX} are said at once")));
    }
    let mut received = Words::new(vec![0; words]);
    from.read_exact(bytemuck::cast_slice_mut(&mut received[..]))?;
    Ok(received)
}

fn no_message(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
