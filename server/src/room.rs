//! Room on the disk.

use std::io;
use std::path::Path;

use tokio::task::spawn_blocking;

/// What a disk has room for, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What is left.
    pub free: u64,
    /// All of it.
    pub all: u64,
}

/// Room on the disk with a folder.
///
/// # Errors
/// The file system's.
pub async fn on_disk(folder: &Path) -> io::Result<Room> {
    let folder = folder.to_owned();
    let looking = spawn_blocking(move || {
        let disk = rustix::fs::statvfs(&folder)?;
        let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
        Ok(Room { free: bytes(disk.f_bavail), all: bytes(disk.f_blocks) })
    });
    looking.await.map_err(io::Error::other)?
}
