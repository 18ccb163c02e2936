//! Copies of an appliance's folder: taken also beside an appliance that runs, and put back where none is.
//!
//! A copy is a folder for its owner alone, with the store as it was at one moment, the files that it needs, the
//! appliance's key, and a manifest with the hash of each. It has the submissions with their blinders and the key: it
//! is as secret as the appliance. What lookups gave, unfinished uploads and the SRS are not in it.

mod backup;
mod manifest;
mod restore;

pub use backup::backup;
pub use manifest::Manifest;
pub use restore::{Restored, restore};

use std::io;
use std::path::Path;

use pulseproof_store::StoreError;

/// Why there is no copy, or it was not put back.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A file or folder cannot be used.
    #[error("{what}: {source}")]
    Io {
        /// Which one.
        what: String,
        /// What happened.
        source: io::Error,
    },
    /// There is something where the copy is to be, or the appliance.
    #[error("{0}: there is something already: name a folder that is not there yet")]
    Taken(String),
    /// The copy is none, or was damaged.
    #[error("{what}: {reason}")]
    Damaged {
        /// Which file of it.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Files went whenever they were to be copied.
    #[error("files of the appliance come and go too fast to be copied: try again")]
    Restless,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> CopyError + '_ {
    |source| CopyError::Io { what: path.display().to_string(), source }
}

fn damaged(path: &Path, reason: &impl ToString) -> CopyError {
    CopyError::Damaged { what: path.display().to_string(), reason: reason.to_string() }
}

/// The folder of a copy or of an appliance, which must not be there yet.
fn draft(place: &Path) -> Result<pulseproof_files::FolderDraft, CopyError> {
    pulseproof_files::FolderDraft::new(place).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => CopyError::Taken(place.display().to_string()),
        _ => at(place)(source),
    })
}
