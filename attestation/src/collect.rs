//! Asks the kernel for a report, as its `Documentation/ABI/testing/configfs-tsm-report` says. Touches one folder,
//! in which it makes an entry, fills it in, reads it and removes it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::binding::Binding;
use crate::evidence::{BadEvidence, Evidence, Kind};
use crate::tdx::without_padding;
use crate::{COLLATERAL_LIMIT, REPORT_LIMIT};

/// Where Linux has it, once configfs is mounted and a TEE's driver is loaded.
pub const REPORTS: &str = "/sys/kernel/config/tsm/report";

/// How often a report is asked for while others are in the way.
const ATTEMPTS: u32 = 8;
/// How long until the second attempt; the next ones wait longer.
const PAUSE: Duration = Duration::from_millis(20);
/// How many names are tried that entries of earlier processes still have.
const NAMES: u32 = 64;
/// Numbers and names that the kernel writes are short.
const WORD_LIMIT: usize = 64;

/// No evidence, although there is a folder for reports.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The kernel refused.
    #[error("the kernel did not {what}: {source}")]
    Kernel {
        /// What it was asked.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Others were in the way each time.
    #[error("others asked for reports at the same time, {ATTEMPTS} times in a row")]
    Busy,
    /// A TEE that nobody here can verify.
    #[error("reports of `{0}` are not known; `sev_guest` and `tdx_guest` are")]
    Provider(String),
    /// A number that is none.
    #[error("the kernel's generation is no number: `{0}`")]
    Generation(String),
    /// A file that is longer than it may be.
    #[error("`{0}` has more than {1} bytes")]
    TooLong(&'static str, usize),
    /// A report that is none.
    #[error("{0}")]
    Report(#[from] BadEvidence),
}

impl Evidence {
    /// Asks for a report on where this process runs; `reports` is [`REPORTS`]. Without that folder there is none, and
    /// the evidence says so. Blocks while the TEE signs.
    ///
    /// # Errors
    /// What the kernel did not do.
    pub fn collect(reports: &Path, binding: Binding) -> Result<Self, CollectError> {
        collect_with(reports, binding, &|path| fs::create_dir(path), &|path| fs::remove_dir(path))
    }
}

/// What makes and removes an entry. In the kernel's folder these fill and empty it as well.
type Folder<'a> = &'a dyn Fn(&Path) -> io::Result<()>;

fn collect_with(
    reports: &Path,
    binding: Binding,
    make: Folder<'_>,
    remove: Folder<'_>,
) -> Result<Evidence, CollectError> {
    if !reports.try_exists().map_err(kernel("look for its reports"))? {
        return Ok(Evidence::none(binding));
    }
    for attempt in 1..=ATTEMPTS {
        match attempt_with(reports, binding, make, remove) {
            Ok(Some(evidence)) => return Ok(evidence),
            Err(CollectError::Kernel { source, .. }) if is_busy(&source) => {}
            Err(error) => return Err(error),
            Ok(None) => {}
        }
        thread::sleep(PAUSE * attempt);
    }
    Err(CollectError::Busy)
}

/// Nothing if somebody else wrote to the entry in between.
fn attempt_with(
    reports: &Path,
    binding: Binding,
    make: Folder<'_>,
    remove: Folder<'_>,
) -> Result<Option<Evidence>, CollectError> {
    let entry = fresh(reports, make).map_err(kernel("make an entry for a report"))?;
    let answer = ask(&entry, binding);
    // Also when there is no answer: entries stay until somebody removes them.
    let removed = remove(&entry).map_err(kernel("remove the entry of a report"));
    let answer = answer?;
    removed?;
    Ok(answer)
}

/// A new entry: nobody else knows its name.
fn fresh(reports: &Path, make: Folder<'_>) -> io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut taken = ErrorKind::AlreadyExists.into();
    for _ in 0..NAMES {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let entry = reports.join(format!("pulseproof-{}-{number}", process::id()));
        match make(&entry) {
            Ok(()) => return Ok(entry),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => taken = error,
            Err(error) => return Err(error),
        }
    }
    Err(taken)
}

fn ask(entry: &Path, binding: Binding) -> Result<Option<Evidence>, CollectError> {
    let kind = match word(entry, "provider")?.as_str() {
        "sev_guest" => Kind::SevSnp,
        "tdx_guest" => Kind::Tdx,
        other => return Err(CollectError::Provider(other.to_owned())),
    };
    let before = generation(entry)?;
    write(&entry.join("inblob"), &binding.report_data())
        .map_err(kernel("take the data for a report"))?;
    let mut report = read(entry, "outblob", REPORT_LIMIT)?;
    let certificates = if kind == Kind::SevSnp { beside(entry)? } else { Vec::new() };
    // The kernel counts what is written. It also drops errors of this very write, and then does not count it.
    if generation(entry)? != before.wrapping_add(1) {
        return Ok(None);
    }
    if kind == Kind::Tdx {
        without_padding(&mut report);
    }
    Ok(Some(Evidence::new(kind, binding, report, certificates)?))
}

/// The certificates that the host gave, if it gave any.
fn beside(entry: &Path) -> Result<Vec<u8>, CollectError> {
    match read(entry, "auxblob", COLLATERAL_LIMIT) {
        Err(CollectError::Kernel { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Ok(Vec::new())
        }
        other => other,
    }
}

fn generation(entry: &Path) -> Result<u64, CollectError> {
    let text = word(entry, "generation")?;
    text.parse().map_err(|_| CollectError::Generation(text))
}

fn word(entry: &Path, name: &'static str) -> Result<String, CollectError> {
    let bytes = read(entry, name, WORD_LIMIT)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

fn read(entry: &Path, name: &'static str, limit: usize) -> Result<Vec<u8>, CollectError> {
    let mut bytes = Vec::new();
    let file = File::open(entry.join(name)).map_err(kernel("give a report"))?;
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(kernel("give a report"))?;
    if bytes.len() > limit { Err(CollectError::TooLong(name, limit)) } else { Ok(bytes) }
}

/// Opens what the kernel made, and makes nothing.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all(bytes)
}

/// `EBUSY` and `EWOULDBLOCK`, by which the kernel says that somebody else was faster; `EINTR` where a signal came.
fn is_busy(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ResourceBusy | ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn kernel(what: &'static str) -> impl Fn(io::Error) -> CollectError {
    move |source| CollectError::Kernel { what, source }
}

#[cfg(test)]
mod tests;
