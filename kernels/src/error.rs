//! What can go wrong in an operation. No error but [`Error::DeviceGone`] leaves a backend unusable.

use crate::kind::BackendKind;

/// Why an operation was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A transform of a size its field has no roots of unity for, or its backend no room.
    #[error("transform: size 2^{got}, at most 2^{limit} is supported")]
    TransformSize {
        /// log2 of the size asked for.
        got: u32,
        /// log2 of the largest size.
        limit: u32,
    },
    /// A buffer whose length does not fit the operation.
    #[error("{what}: length {got}, expected {expected}")]
    Length {
        /// The buffer.
        what: &'static str,
        /// Its length.
        got: usize,
        /// What it should be, in words.
        expected: String,
    },
    /// An argument outside its range.
    #[error("{what}: {got}, expected {expected}")]
    Argument {
        /// The argument.
        what: &'static str,
        /// Its value.
        got: u64,
        /// Its range.
        expected: &'static str,
    },
    /// A buffer of another device, or of this one before it was lost and opened again.
    #[error("a buffer belongs to another device, or was made before this one was lost")]
    ForeignBuffer,
    /// Not enough memory, and the operation cannot be split further.
    #[error("{backend}: {needed} bytes needed, {available} available")]
    OutOfMemory {
        /// The backend.
        backend: BackendKind,
        /// What the operation needs at once.
        needed: u64,
        /// What there is.
        available: u64,
    },
    /// The device failed in mid-operation. Its buffers are gone; the next operation opens it again.
    #[error("{backend}: device lost: {reason}")]
    DeviceLost {
        /// The backend.
        backend: BackendKind,
        /// What the driver said.
        reason: String,
    },
    /// The device failed in a way after which its driver serves this process no more. Another process can use it.
    #[error("{backend}: device lost to this process: {reason}")]
    DeviceGone {
        /// The backend.
        backend: BackendKind,
        /// What the driver said.
        reason: String,
    },
    /// The backend cannot be used on this machine.
    #[error("{backend} is not available: {reason}")]
    Unavailable {
        /// The backend.
        backend: BackendKind,
        /// What is missing, and what to do about it.
        reason: String,
    },
    /// A kernel source did not compile: a defect of ours, or a compiler never tried.
    #[error("{backend}: kernel {unit} does not compile: {log}")]
    Compile {
        /// The backend.
        backend: BackendKind,
        /// The translation unit.
        unit: String,
        /// The compiler's log.
        log: String,
    },
}

impl Error {
    /// Whether everything is gone that lay on the device.
    pub fn is_loss(&self) -> bool {
        matches!(self, Self::DeviceLost { .. } | Self::DeviceGone { .. })
    }
}
