//! Puts a copy back.

use std::path::Path;
use std::sync::Arc;

use pulseproof_files::private_folder;
use pulseproof_store::audit::OPERATOR;
use pulseproof_store::sqlite::{self, SqliteStore};
use pulseproof_store::{Store as _, StoreError, SystemClock, Timestamp};

use super::manifest::{Manifest, copy};
use super::{CopyError, at, damaged, draft};
use crate::{blobs, identity};

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The copy.
    pub manifest: Manifest,
    /// Submissions of which it is not known any more how often they were opened.
    pub uncertain: u64,
}

/// Puts a copy back, to a place where nothing is yet, if no file of it was damaged. `copied` hears how long
/// each piece is, of [`Manifest::bytes`]. `is_first`: this copy was never put back before.
///
/// # Errors
/// [`CopyError`]; then nothing is there.
pub async fn restore(
    from: &Path,
    place: &Path,
    is_first: bool,
    copied: &mut dyn FnMut(u64),
) -> Result<Restored, CopyError> {
    let manifest = Manifest::read(from)?;
    let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.map_or(Ok(()), private_folder).map_err(at(place))?;
    let draft = draft(place)?;
    let to = draft.path();
    private_folder(&to.join(blobs::FOLDER)).map_err(at(to))?;
    for expected in &manifest.files {
        let path = from.join(&expected.name);
        let found = copy(from, to, &expected.name, expected.bytes, copied).map_err(at(&path))?;
        if found != *expected {
            return Err(damaged(&path, &"it is not what was copied: SHA-256 or length differ"));
        }
    }
    let key = to.join(identity::FILE);
    if identity::existing(to).map_err(at(&key))?.public() != manifest.appliance {
        return Err(damaged(&from.join(identity::FILE), &"it is not the key of this copy"));
    }
    let uncertain = note(to, &manifest, is_first).await.map_err(|error| match error {
        error @ StoreError::Full => CopyError::Store(error),
        error => damaged(&from.join(sqlite::FILE), &error),
    })?;
    draft.finish().map_err(at(place))?;
    Ok(Restored { manifest, uncertain })
}

/// Looks whether the store is whole, brings it up to date, and notes in it that it is a copy.
async fn note(to: &Path, manifest: &Manifest, is_first: bool) -> Result<u64, StoreError> {
    let store = SqliteStore::open_any(to, Arc::new(SystemClock)).await?;
    let noted = match store.check().await {
        Ok(()) => store.by(OPERATOR).restored(Timestamp(manifest.taken_at), is_first).await,
        Err(error) => Err(error),
    };
    store.close().await;
    noted
}
