//! What sources are assembled for.

use serde::{Deserialize, Serialize};

/// What a device can do at once. Sources are assembled for these limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Limits {
    /// Threads of a workgroup; a power of two, 32 to 1024.
    pub workgroup: u32,
    /// Bytes that the threads of a workgroup share.
    pub shared_bytes: u32,
    /// Bytes of the largest allocation a kernel can be given.
    pub allocation_bytes_max: u64,
}
