//! What is kept, and what is not believed.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use pulseproof_kernels::{Bls12_381, Bn254, CurveId};
use serde_json::json;

use super::*;
use crate::witness::tests::wasm;

struct Bench {
    folder: tempfile::TempDir,
    modules: Modules,
    troubles: RefCell<Vec<String>>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let modules = Modules::open(&folder.path().join("modules")).unwrap();
        Self { folder, modules, troubles: RefCell::default() }
    }

    /// The file of the one module there is, and which file it is.
    fn kept(&self) -> (PathBuf, u64) {
        let files = fs::read_dir(self.folder.path().join("modules")).unwrap();
        let mut files = files.map(|file| file.unwrap()).filter(|file| file.file_name() != KEY);
        let file = files.next().unwrap();
        assert!(files.next().is_none());
        (file.path(), file.metadata().unwrap().ino())
    }

    fn circuit(&self, wasm: &[u8]) -> Result<Circuit, WitnessError> {
        let trouble = |error: ModulesError| self.troubles.borrow_mut().push(error.to_string());
        self.modules.circuit(wasm, &Limits::default(), trouble)
    }

    /// That the module works, from wherever it comes.
    fn works(&self, wasm: &[u8]) {
        let witness = self.circuit(wasm).unwrap().witness(&json!({"a": 7})).unwrap();
        assert_eq!(witness.as_slice(), [1, 0, 0, 0, 7, 0, 0, 0]);
    }
}

#[test]
fn a_module_is_compiled_once() {
    let bench = Bench::new();
    let module = wasm::<Bn254>(&[]);
    bench.works(&module);
    let first = bench.kept();
    assert_eq!(fs::metadata(&first.0).unwrap().mode() & 0o777, 0o600);
    bench.works(&module);
    // Another process, as it were.
    let again = Modules::open(&bench.modules.path).unwrap();
    let circuit = again.circuit(&module, &Limits::default(), |error| panic!("{error}")).unwrap();
    assert_eq!(circuit.curve(), CurveId::Bn254);
    assert_eq!(bench.kept(), first, "nothing was written again");
    assert!(bench.troubles.borrow().is_empty());
}

#[test]
fn what_is_kept_is_what_runs() {
    // Under a module's name lies another one, sealed with the same key: only whoever has the key can do that.
    let bench = Bench::new();
    let (module, other) = (wasm::<Bn254>(&[]), wasm::<Bls12_381>(&[]));
    bench.circuit(&module).unwrap();
    let engine = engine::shared().unwrap();
    let code = Module::from_binary(engine, &other).unwrap();
    let sealed = bench.modules.seal.close(&name(engine, &module), &code).unwrap();
    fs::write(bench.kept().0, sealed).unwrap();
    assert_eq!(bench.circuit(&module).unwrap().curve(), CurveId::Bls12_381);
}

#[test]
fn other_modules_have_other_names() {
    let engine = engine::shared().unwrap();
    let module = wasm::<Bn254>(&[]);
    assert_eq!(name(engine, &module), name(engine, &module));
    assert_ne!(name(engine, &module), name(engine, &wasm::<Bls12_381>(&[])));
    let other = Engine::new(wasmtime::Config::new().epoch_interruption(false)).unwrap();
    assert_ne!(name(engine, &module), name(&other, &module), "other settings");
}

#[test]
fn damaged_files_are_made_again() {
    let bench = Bench::new();
    let module = wasm::<Bn254>(&[]);
    bench.works(&module);
    let (path, _) = bench.kept();
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let halved = whole[..whole.len() / 2].to_vec();
    for damaged in [flipped, halved, Vec::new(), whole[32..].to_vec()] {
        fs::write(&path, damaged).unwrap();
        bench.works(&module);
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
    assert!(bench.troubles.borrow().is_empty());
}

#[test]
fn files_from_elsewhere_are_not_run() {
    let (bench, other) = (Bench::new(), Bench::new());
    let module = wasm::<Bn254>(&[]);
    bench.works(&module);
    // Another user's folder has the same module, with code of another one.
    let engine = engine::shared().unwrap();
    let code = Module::from_binary(engine, &wasm::<Bls12_381>(&[])).unwrap();
    let forged = other.modules.seal.close(&name(engine, &module), &code).unwrap();
    let (path, _) = bench.kept();
    fs::write(&path, forged).unwrap();
    assert_eq!(bench.circuit(&module).unwrap().curve(), CurveId::Bn254);
    bench.works(&module);
}

#[test]
fn files_that_others_can_write_are_not_run() {
    let bench = Bench::new();
    let module = wasm::<Bn254>(&[]);
    bench.works(&module);
    let (path, before) = bench.kept();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    bench.works(&module);
    let troubles = bench.troubles.take();
    assert!(troubles[0].contains("mode is 666"), "{troubles:?}");
    let (path, after) = bench.kept();
    assert!(before != after && fs::metadata(path).unwrap().mode() & 0o777 == 0o600);
}

#[test]
fn folders_and_keys_that_others_can_read_are_refused() {
    let bench = Bench::new();
    let path = bench.modules.path.clone();
    let refused = || Modules::open(&path).err().unwrap().to_string();
    let allow = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(&path, 0o755);
    let error = refused();
    assert!(error.starts_with(&path.display().to_string()) && error.contains("755"), "{error}");
    allow(&path, 0o700);
    allow(&path.join(KEY), 0o640);
    assert!(refused().contains("640"));
    allow(&path.join(KEY), 0o600);
    fs::write(path.join(KEY), b"short").unwrap();
    assert!(refused().contains("damaged: remove the folder"));
}

#[test]
fn without_its_folder_a_circuit_is_compiled_all_the_same() {
    let bench = Bench::new();
    fs::remove_dir_all(&bench.modules.path).unwrap();
    bench.works(&wasm::<Bn254>(&[]));
    let troubles = bench.troubles.take();
    assert_eq!(troubles.len(), 1, "{troubles:?}");
}

#[test]
fn what_is_no_circuit_is_not_kept() {
    let bench = Bench::new();
    assert!(bench.circuit(&wat::parse_str("(module)").unwrap()).is_err());
    assert!(bench.circuit(b"no module").is_err());
    let module = wasm::<Bn254>(&[]);
    let small = Limits { wasm_bytes: module.len() - 1, ..Limits::default() };
    bench.works(&module);
    // Limits hold for what is there, too.
    let refused = bench.modules.circuit(&module, &small, |error| panic!("{error}"));
    assert!(matches!(refused, Err(WitnessError::TooLong { .. })));
    bench.kept();
}
