//! SRS files on disk.

use std::fs;
use std::path::{Path, PathBuf};

use pulseproof_kernels::{Bls12_381, Bn254};
use pulseproof_prover::srs::store::load_or_develop;
use pulseproof_prover::srs::{Srs, SrsError};
use rand::rngs::OsRng;

use super::seeded;

/// An empty folder for one test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("srs").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// What is wrong with a file.
fn damage(loaded: Result<Srs<Bn254>, SrsError>) -> SrsError {
    match loaded {
        Err(SrsError::Damaged { source, .. }) => *source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn saved_files_load_and_leave_nothing_beside_them() {
    let folder = folder("save");
    let path = folder.join("a.srs");
    for seed in [1, 2] {
        let srs = seeded::<Bls12_381>(3, seed);
        srs.save(&path).unwrap();
        assert_eq!(Srs::load(&path).unwrap(), srs);
        assert_eq!(fs::read(&path).unwrap(), srs.to_bytes());
        assert_eq!(names(&folder), ["a.srs"]);
    }
    assert!(matches!(damage(Srs::load(&path)), SrsError::Decode(_)));
}

#[test]
fn bad_files_are_refused() {
    let folder = folder("load");
    let path = folder.join("a.srs");
    assert!(matches!(Srs::<Bn254>::load(&path), Err(SrsError::File { .. })));
    assert!(matches!(Srs::<Bn254>::load(&folder), Err(SrsError::File { .. })));
    let good = seeded::<Bn254>(2, 1).to_bytes();
    for length in [0, 9, 10, good.len() - 1] {
        fs::write(&path, &good[..length]).unwrap();
        assert!(Srs::<Bn254>::load(&path).is_err(), "{length} bytes");
    }
    fs::write(&path, [&good[..], &[0]].concat()).unwrap();
    assert!(matches!(damage(Srs::load(&path)), SrsError::Length { .. }));
    let named = Srs::<Bn254>::load(&path).unwrap_err().to_string();
    assert!(named.starts_with(path.to_str().unwrap()), "{named}");
}

#[test]
fn a_save_that_fails_cleans_up() {
    let folder = folder("fail");
    let taken = folder.join("b.srs");
    fs::create_dir(&taken).unwrap();
    assert!(matches!(seeded::<Bn254>(2, 1).save(&taken), Err(SrsError::File { .. })));
    assert_eq!(names(&folder), ["b.srs"]);
}

#[test]
fn makes_an_srs_once() {
    let path = folder("develop").join("new folder").join("a.srs");
    let (made, newly) = load_or_develop::<Bn254>(&path, 2, &mut OsRng).unwrap();
    assert!(newly);
    let (loaded, newly) = load_or_develop::<Bn254>(&path, 2, &mut OsRng).unwrap();
    assert!(!newly);
    assert_eq!(made, loaded);
    let error = load_or_develop::<Bn254>(&path, 3, &mut OsRng).unwrap_err();
    assert!(matches!(&error, SrsError::OtherSize { got: 2, expected: 3, .. }));
    assert!(error.to_string().ends_with("a.srs holds an SRS of log_size 2, expected 3"));
    assert!(load_or_develop::<Bls12_381>(&path, 2, &mut OsRng).is_err());
    assert_eq!(fs::read(&path).unwrap(), made.to_bytes(), "a refused file is left as it is");
}

#[test]
fn a_damaged_file_is_never_replaced() {
    let path = folder("damaged").join("a.srs");
    let mut bytes = seeded::<Bn254>(2, 1).to_bytes();
    bytes[300] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let error = load_or_develop::<Bn254>(&path, 2, &mut OsRng).unwrap_err();
    assert!(matches!(damage(Err(error)), SrsError::Checksum));
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn all_that_start_at_once_get_the_same_srs() {
    let folder = folder("race");
    let path = folder.join("a.srs");
    let results: Vec<(Srs<Bn254>, bool)> = std::thread::scope(|scope| {
        let start = || load_or_develop(&path, 4, &mut OsRng).unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|(_, newly)| *newly).count(), 1);
    assert!(results.iter().all(|(srs, _)| *srs == results[0].0));
    assert_eq!(names(&folder), ["a.srs"]);
}
