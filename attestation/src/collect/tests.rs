//! A folder and a thread play the kernel: pipes tell when each file is read or written.

use std::sync::Mutex;
use std::thread::JoinHandle;

use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::TempDir;

use super::*;

fn binding() -> Binding {
    Binding::new([1; 32], [2; 32])
}

/// What the kernel answers.
#[derive(Clone)]
struct Kernel {
    provider: &'static str,
    report: Vec<u8>,
    certificates: Option<Vec<u8>>,
    /// What it counts before and after the report.
    generations: [&'static str; 2],
}

impl Kernel {
    fn new(provider: &'static str, report: &[u8]) -> Self {
        Self { provider, report: report.to_vec(), certificates: None, generations: ["7\n", "8\n"] }
    }

    /// Fills an entry, as making it does, and answers from a thread, which returns what was written.
    fn answer(&self, entry: &Path) -> JoinHandle<Vec<u8>> {
        for pipe in ["generation", "inblob", "outblob"] {
            mkfifoat(CWD, entry.join(pipe), Mode::RUSR | Mode::WUSR).unwrap();
        }
        fs::write(entry.join("provider"), self.provider).unwrap();
        if let Some(certificates) = &self.certificates {
            fs::write(entry.join("auxblob"), certificates).unwrap();
        }
        let (kernel, entry) = (self.clone(), entry.to_owned());
        thread::spawn(move || {
            // Whoever does not come as far as the report closes the pipe, and the rest goes nowhere.
            let [before, after] = kernel.generations;
            if fs::write(entry.join("generation"), before).is_err() {
                return Vec::new();
            }
            let data = fs::read(entry.join("inblob")).unwrap();
            let _ = fs::write(entry.join("outblob"), &kernel.report);
            if kernel.report.len() <= REPORT_LIMIT {
                fs::write(entry.join("generation"), after).unwrap();
            }
            data
        })
    }
}

/// What was made of the kernel's answers, one for each attempt; what was written, and how many entries are left.
fn collect(kernels: Vec<Kernel>) -> (Result<Evidence, CollectError>, Vec<Vec<u8>>, usize) {
    let folder = TempDir::new().unwrap();
    let (kernels, threads) = (Mutex::new(kernels.into_iter()), Mutex::new(Vec::new()));
    let make = |entry: &Path| {
        fs::create_dir(entry)?;
        let kernel = kernels.lock().unwrap().next().expect("as many attempts as answers");
        threads.lock().unwrap().push(kernel.answer(entry));
        Ok(())
    };
    let collected =
        collect_with(folder.path(), binding(), &make, &|entry| fs::remove_dir_all(entry));
    assert_eq!(kernels.lock().unwrap().len(), 0, "as many attempts as answers");
    let threads = threads.into_inner().unwrap();
    let written = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    (collected, written, fs::read_dir(folder.path()).unwrap().count())
}

#[test]
fn a_report_is_asked_for_with_the_data_of_key_and_nonce() {
    let kernel =
        Kernel { certificates: Some(vec![9; 99]), ..Kernel::new("sev_guest\n", &[5; 1184]) };
    let (evidence, written, left) = collect(vec![kernel]);
    let evidence = evidence.unwrap();
    assert_eq!((evidence.kind(), evidence.binding()), (Kind::SevSnp, &binding()));
    assert_eq!((evidence.report(), evidence.certificates()), (&[5; 1184][..], &[9; 99][..]));
    assert_eq!((written, left), (vec![binding().report_data().to_vec()], 0));
}

#[test]
fn a_quote_is_freed_of_what_fills_its_buffer() {
    let padded = include_bytes!("../../tests/vectors/tdx/tdx_quote");
    let kernel = Kernel { certificates: Some(vec![9]), ..Kernel::new("tdx_guest", padded) };
    let (evidence, _, left) = collect(vec![kernel]);
    let evidence = evidence.unwrap();
    assert_eq!((evidence.kind(), evidence.report()), (Kind::Tdx, &padded[..4936]));
    assert_eq!((evidence.certificates().len(), left), (0, 0));
}

/// Somebody else wrote to the entry, or the kernel dropped what we wrote.
#[test]
fn another_attempt_is_made_if_the_report_may_be_somebody_elses() {
    let good = Kernel::new("sev_guest", &[5; 1184]);
    let other = Kernel { generations: ["7", "9"], ..Kernel::new("sev_guest", &[6; 1184]) };
    let dropped = Kernel { generations: ["7", "7"], ..other.clone() };
    let (evidence, written, left) = collect(vec![other.clone(), dropped, good]);
    assert_eq!(evidence.unwrap().report(), [5; 1184]);
    assert_eq!((written.len(), left), (3, 0));
    let (evidence, written, left) = collect(vec![other; ATTEMPTS as usize]);
    assert!(matches!(evidence, Err(CollectError::Busy)));
    assert_eq!((written.len(), left), (ATTEMPTS as usize, 0));
}

#[test]
fn nothing_is_left_behind_an_error() {
    let long = Kernel::new("sev_guest", &[5; REPORT_LIMIT + 100_000]);
    let (evidence, _, left) = collect(vec![long]);
    assert!(matches!(evidence, Err(CollectError::TooLong("outblob", _))), "{evidence:?}");
    assert_eq!(left, 0);
    let empty = Kernel::new("sev_guest", &[]);
    let (evidence, _, left) = collect(vec![empty]);
    assert!(matches!(evidence, Err(CollectError::Report(_))), "{evidence:?}");
    assert_eq!(left, 0);
}

#[test]
fn providers_that_nobody_can_verify_are_errors() {
    let folder = TempDir::new().unwrap();
    let make = |entry: &Path| {
        fs::create_dir(entry)?;
        fs::write(entry.join("provider"), "arm_cca_guest\n")
    };
    let evidence =
        collect_with(folder.path(), binding(), &make, &|entry| fs::remove_dir_all(entry));
    let Err(CollectError::Provider(provider)) = evidence else { panic!("{evidence:?}") };
    assert_eq!(provider, "arm_cca_guest");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A folder that is no kernel's: the entry stays empty, and goes.
#[test]
fn an_entry_goes_that_nobody_filled() {
    let folder = TempDir::new().unwrap();
    let evidence = Evidence::collect(folder.path(), binding());
    assert!(matches!(evidence, Err(CollectError::Kernel { .. })), "{evidence:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_entry_that_stays_is_an_error() {
    let folder = TempDir::new().unwrap();
    let kernel = Kernel::new("sev_guest", &[5; 1184]);
    let make = |entry: &Path| {
        fs::create_dir(entry)?;
        kernel.answer(entry);
        Ok(())
    };
    let stays = |_: &Path| Err(ErrorKind::PermissionDenied.into());
    let evidence = collect_with(folder.path(), binding(), &make, &stays);
    let why = evidence.unwrap_err().to_string();
    assert!(why.contains("remove the entry"), "{why}");
}

#[test]
fn without_the_folder_there_is_none() {
    let folder = TempDir::new().unwrap();
    let evidence = Evidence::collect(&folder.path().join("report"), binding()).unwrap();
    assert_eq!(evidence, Evidence::none(binding()));
}

/// Whoever is in the way is waited for, a few times.
#[test]
fn a_kernel_that_is_busy_is_asked_again() {
    let folder = TempDir::new().unwrap();
    let count = AtomicU64::new(0);
    let make = |_: &Path| {
        count.fetch_add(1, Ordering::Relaxed);
        Err(ErrorKind::ResourceBusy.into())
    };
    let evidence = collect_with(folder.path(), binding(), &make, &|_| Ok(()));
    assert!(matches!(evidence, Err(CollectError::Busy)));
    assert_eq!(count.into_inner(), u64::from(ATTEMPTS));
    // EBUSY, EWOULDBLOCK, EINTR; ENXIO says that no TEE is there, EINVAL that something is wrong.
    for (errno, busy) in [(16, true), (11, true), (4, true), (6, false), (22, false)] {
        assert_eq!(is_busy(&io::Error::from_raw_os_error(errno)), busy, "{errno}");
    }
}

/// Of earlier processes that were killed.
#[test]
fn names_that_are_taken_are_left_to_whose_they_are() {
    let folder = TempDir::new().unwrap();
    let tries = AtomicU64::new(0);
    let make = |entry: &Path| match tries.fetch_add(1, Ordering::Relaxed) {
        0..3 => Err(ErrorKind::AlreadyExists.into()),
        _ => fs::create_dir(entry),
    };
    let entry = fresh(folder.path(), &make).unwrap();
    assert!(entry.starts_with(folder.path()) && entry.is_dir());
    let taken = fresh(folder.path(), &|_| Err(ErrorKind::AlreadyExists.into()));
    assert_eq!(taken.unwrap_err().kind(), ErrorKind::AlreadyExists);
}
