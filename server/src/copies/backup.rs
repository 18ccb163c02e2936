//! Takes a copy.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use pulseproof_files::{close_to_others, private_folder, remove};
use pulseproof_sdk::Digest;
use pulseproof_store::audit::OPERATOR;
use pulseproof_store::sqlite::{self, SqliteStore};
use pulseproof_store::{Act, Audit as _, Blobs as _, Clock as _, Store, StoreError, SystemClock};

use super::manifest::{Copied, Manifest, copy, describe};
use super::{CopyError, at, draft};
use crate::{blobs, identity};

/// How often the store is copied again because a file that it needs went meanwhile.
const ATTEMPTS: usize = 20;

/// Copies an appliance's folder to a place where nothing is yet. An appliance that runs goes on; the store's copy is
/// of one moment. `copied` hears how many bytes are copied, and of how many.
///
/// # Errors
/// [`CopyError`]; then nothing is there.
pub async fn backup(
    store: &SqliteStore,
    folder: &Path,
    place: &Path,
    copied: &mut dyn FnMut(u64, u64),
) -> Result<Manifest, CopyError> {
    let draft = draft(place)?;
    let to = draft.path();
    private_folder(&to.join(blobs::FOLDER)).map_err(at(to))?;
    let key = identity::existing(folder).map_err(at(&folder.join(identity::FILE)))?.public();
    store.by(OPERATOR).note(&Act::CopyTaken).await?;
    let mut files = Vec::new();
    let log = copy_store(store, folder, to, &mut files, copied).await?;
    files.push(describe(to, sqlite::FILE).map_err(at(to))?);
    files.push(copy(folder, to, identity::FILE, u64::MAX, &mut |_| ()).map_err(at(folder))?);
    match copy(folder, to, identity::EARLIER, u64::MAX, &mut |_| ()) {
        Ok(earlier) => files.push(earlier),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(at(folder)(error)),
    }
    let manifest = Manifest::new(SystemClock.now().0, key, log, files);
    manifest.write(to)?;
    draft.finish().map_err(at(place))?;
    Ok(manifest)
}

/// Copies the store as it is at one moment and all files that it needs at that moment, and says where its log ends.
async fn copy_store(
    store: &SqliteStore,
    folder: &Path,
    to: &Path,
    files: &mut Vec<Copied>,
    copied: &mut dyn FnMut(u64, u64),
) -> Result<Option<String>, CopyError> {
    let file = to.join(sqlite::FILE);
    let mut gone = HashSet::new();
    for _ in 0..ATTEMPTS {
        // Most of what is needed is copied before the moment comes, so that little can go after it.
        let _ = copy_files(folder, to, &store.needed_blobs().await?, files, copied);
        remove(&file).map_err(at(&file))?;
        store.copy_to(&file).await?;
        close_to_others(&file).map_err(at(&file))?;
        let (needed, log) = ask(to).await?;
        match copy_files(folder, to, &needed, files, copied) {
            Ok(()) => {
                File::open(&file).and_then(|file| file.sync_all()).map_err(at(&file))?;
                drop_others(to, &needed, files)?;
                return Ok(log);
            }
            // Its job has ended since, or somebody removed it: a later moment does not need it.
            Err((name, error))
                if error.kind() == ErrorKind::NotFound && gone.insert(name.clone()) => {}
            Err((name, error)) => return Err(at(&folder.join(name))(error)),
        }
    }
    Err(CopyError::Restless)
}

/// Removes what was needed before that moment, and is not any more.
fn drop_others(
    to: &Path,
    needed: &HashSet<Digest>,
    files: &mut Vec<Copied>,
) -> Result<(), CopyError> {
    let needed: HashSet<_> = needed.iter().map(blobs::name).collect();
    for file in files.extract_if(.., |file| !needed.contains(&file.name)) {
        let path = to.join(&file.name);
        remove(&path).map_err(at(&path))?;
    }
    Ok(())
}

/// Copies those of the files that are not copied yet.
fn copy_files(
    folder: &Path,
    to: &Path,
    needed: &HashSet<Digest>,
    files: &mut Vec<Copied>,
    copied: &mut dyn FnMut(u64, u64),
) -> Result<(), (String, io::Error)> {
    let length = |id| folder.join(blobs::name(id)).metadata().map_or(0, |found| found.len());
    let total = needed.iter().map(length).sum();
    let mut done = files.iter().map(|file| file.bytes).sum();
    let there: HashSet<_> = files.iter().map(|file| file.name.clone()).collect();
    let missing = needed.iter().map(blobs::name).filter(|name| !there.contains(name));
    for name in missing {
        let file = copy(folder, to, &name, u64::MAX, &mut |bytes| {
            done += bytes;
            copied(done, total);
        });
        files.push(file.map_err(|error| (name, error))?);
    }
    Ok(())
}

/// Which files a copy of the store needs, and where its log ends.
async fn ask(to: &Path) -> Result<(HashSet<Digest>, Option<String>), StoreError> {
    let copy = SqliteStore::open_beside(to, Arc::new(SystemClock)).await?;
    let needed = copy.needed_blobs().await?;
    let log = copy.last_entry().await?;
    copy.close().await;
    Ok((needed, log.map(|last| format!("{}:{}", last.position, last.hash))))
}
