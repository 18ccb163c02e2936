//! circom, snarkjs, solc and a chain, as programs of node; what they make is kept in a folder for as long as
//! the tests run, and made once.

use std::collections::HashMap;
use std::fs;
use std::hash::Hash;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use pulseproof_kernels::CurveId;
use serde_json::Value;
use tempfile::TempDir;

/// What a test or a tool fails with.
pub type Outcome<T> = Result<T, String>;

/// Where this folder is.
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/circom");

/// What is made once, by whoever needs it first.
type Once<K, V> = Mutex<HashMap<K, Arc<OnceLock<Outcome<V>>>>>;

/// The tools and their folder.
pub struct Tools {
    installed: PathBuf,
    folder: TempDir,
    compiled: Once<(&'static str, CurveId), Compiled>,
    powers: Once<(CurveId, u32), PathBuf>,
    setups: Once<(&'static str, CurveId), Setup>,
}

/// A circuit, compiled.
#[derive(Clone)]
pub struct Compiled {
    pub name: &'static str,
    pub curve: CurveId,
    pub wasm: PathBuf,
    pub r1cs: PathBuf,
}

/// A circuit with keys.
#[derive(Clone)]
pub struct Setup {
    pub circuit: Compiled,
    pub zkey: PathBuf,
    pub key: PathBuf,
}

/// A proof and its inputs, in files.
#[derive(Clone)]
pub struct Proved {
    pub proof: PathBuf,
    pub public: PathBuf,
}

/// The curve's name for circom and snarkjs.
pub fn prime(curve: CurveId) -> &'static str {
    match curve {
        CurveId::Bls12_381 => "bls12381",
        CurveId::Bn254 => "bn128",
    }
}

impl Tools {
    /// The tools in the folder that `ci/circom` prints.
    pub fn find() -> Outcome<Self> {
        let installed = std::env::var_os("PULSEPROOF_CIRCOM")
            .ok_or("PULSEPROOF_CIRCOM is not set to what ci/circom prints")?;
        let installed = PathBuf::from(installed);
        if !installed.join("node_modules/snarkjs").is_dir() {
            return Err(format!("{}: no snarkjs in node_modules", installed.display()));
        }
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let tools = Self {
            installed,
            folder,
            compiled: Mutex::default(),
            powers: Mutex::default(),
            setups: Mutex::default(),
        };
        tools.copy_circuits()?;
        Ok(tools)
    }

    /// The compiler sees only what is below the folder it runs in.
    fn copy_circuits(&self) -> Outcome<()> {
        copy(&Path::new(HERE).join("circuits"), self.folder.path())?;
        let library = self.installed.join("node_modules/circomlib/circuits");
        copy(&library, &self.path("circomlib/circuits"))
    }

    /// A file in the tests' folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the tests' folder.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Outcome<PathBuf> {
        let path = self.path(name);
        fs::write(&path, bytes).map_err(|error| format!("{name}: {error}"))?;
        Ok(path)
    }

    fn program(&self, script: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.installed.join("node_modules").join(script));
        command.current_dir(self.folder.path());
        command
    }

    /// Runs snarkjs.
    pub fn snarkjs<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Outcome<String> {
        run(self.program("snarkjs/build/cli.cjs").args(arguments))
    }

    /// Compiles one of the circuits.
    pub fn compile(&self, name: &'static str, curve: CurveId) -> Outcome<Compiled> {
        once(&self.compiled, (name, curve), || {
            let out = prime(curve);
            fs::create_dir_all(self.path(out)).map_err(|error| error.to_string())?;
            let source = format!("{name}.circom");
            let arguments = [&source, "--r1cs", "--wasm", "--O2", "-p", out, "-l", ".", "-o", out];
            run(self.program("circom2/cli.js").args(arguments))?;
            let wasm = self.path(&format!("{out}/{name}_js/{name}.wasm"));
            Ok(Compiled { name, curve, wasm, r1cs: self.path(&format!("{out}/{name}.r1cs")) })
        })
    }

    /// A ceremony of one, for circuits of at most 2^log_size constraints.
    pub fn powers(&self, curve: CurveId, log_size: u32) -> Outcome<PathBuf> {
        once(&self.powers, (curve, log_size), || {
            let size = log_size.to_string();
            let file = |step: &str| format!("{}_{size}_{step}.ptau", prime(curve));
            let [new, contributed, prepared] = ["new", "contributed", "prepared"].map(file);
            self.snarkjs(&["powersoftau", "new", prime(curve), &size, &new])?;
            self.snarkjs(&["powersoftau", "contribute", &new, &contributed, "-e=tests"])?;
            self.snarkjs(&["powersoftau", "prepare", "phase2", &contributed, &prepared])?;
            Ok(self.path(&prepared))
        })
    }

    /// Keys by snarkjs.
    pub fn setup(&self, name: &'static str, curve: CurveId, log_size: u32) -> Outcome<Setup> {
        once(&self.setups, (name, curve), || {
            let circuit = self.compile(name, curve)?;
            let powers = self.powers(curve, log_size)?;
            let file = |end: &str| self.path(&format!("{}_{name}{end}", prime(curve)));
            let (new, zkey, key) = (file("_new.zkey"), file(".zkey"), file("_key.json"));
            self.snarkjs(&[
                "groth16".as_ref(),
                "setup".as_ref(),
                circuit.r1cs.as_path(),
                &powers,
                &new,
            ])?;
            let contribute = ["zkey".as_ref(), "contribute".as_ref(), new.as_path(), &zkey];
            self.snarkjs(&[contribute.as_slice(), &["-e=tests".as_ref()]].concat())?;
            let export = ["zkey", "export", "verificationkey"].map(Path::new);
            self.snarkjs(&[export.as_slice(), &[&zkey, &key]].concat())?;
            Ok(Setup { circuit, zkey, key })
        })
    }

    /// Whether snarkjs finds a key to be the circuit's and the ceremony's.
    pub fn holds(&self, circuit: &Compiled, log_size: u32, zkey: &Path) -> Outcome<bool> {
        let powers = self.powers(circuit.curve, log_size)?;
        let verbs = ["zkey", "verify"].map(Path::new);
        let said = self.snarkjs(&[verbs.as_slice(), &[&circuit.r1cs, &powers, zkey]].concat());
        Ok(said.is_ok_and(|said| said.contains("ZKey Ok!")))
    }

    /// The witness file that snarkjs makes of inputs.
    pub fn witness(&self, circuit: &Compiled, inputs: &Value, tag: &str) -> Outcome<PathBuf> {
        let stem = format!("{}_{}_{tag}", prime(circuit.curve), circuit.name);
        let inputs = self.write(&format!("{stem}.inputs.json"), inputs.to_string())?;
        let witness = self.path(&format!("{stem}.wtns"));
        let verbs = ["wtns", "calculate"].map(Path::new);
        self.snarkjs(&[verbs.as_slice(), &[&circuit.wasm, &inputs, &witness]].concat())?;
        Ok(witness)
    }

    /// snarkjs's proof for inputs.
    pub fn prove(&self, setup: &Setup, inputs: &Value, tag: &str) -> Outcome<Proved> {
        let witness = self.witness(&setup.circuit, inputs, tag)?;
        let file = |end: &str| witness.with_extension(end);
        let (proof, public) = (file("proof.json"), file("public.json"));
        let verbs = ["groth16", "prove"].map(Path::new);
        self.snarkjs(&[verbs.as_slice(), &[&setup.zkey, &witness, &proof, &public]].concat())?;
        Ok(Proved { proof, public })
    }

    /// Whether snarkjs accepts a proof.
    pub fn verifies(&self, setup: &Setup, proved: &Proved) -> bool {
        let verbs = ["groth16", "verify"].map(Path::new);
        let files = [setup.key.as_path(), &proved.public, &proved.proof];
        self.snarkjs(&[verbs.as_slice(), &files].concat()).is_ok_and(|said| said.contains("OK!"))
    }

    /// What snarkjs calls its contract with.
    pub fn calldata(&self, proved: &Proved) -> Outcome<String> {
        let verbs = ["zkey", "export", "soliditycalldata"].map(Path::new);
        self.snarkjs(&[verbs.as_slice(), &[&proved.public, &proved.proof]].concat())
    }

    /// The contract that snarkjs writes for a key.
    pub fn contract(&self, setup: &Setup) -> Outcome<String> {
        let file = setup.zkey.with_extension("sol");
        let verbs = ["zkey", "export", "solidityverifier"].map(Path::new);
        self.snarkjs(&[verbs.as_slice(), &[&setup.zkey, &file]].concat())?;
        read(&file)
    }

    /// Compiles contracts, deploys them and asks them; see `evm.mjs`.
    pub fn chain(&self, job: &Value) -> Outcome<Value> {
        let mut command = Command::new("node");
        command.arg(Path::new(HERE).join("evm.mjs")).env("PULSEPROOF_CIRCOM", &self.installed);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("node: {error}"))?;
        let mut stdin = child.stdin.take().ok_or("no standard input")?;
        stdin.write_all(job.to_string().as_bytes()).map_err(|error| error.to_string())?;
        drop(stdin);
        let said = child.wait_with_output().map_err(|error| error.to_string())?;
        serde_json::from_slice(&said.stdout)
            .map_err(|_| format!("evm.mjs: {}", String::from_utf8_lossy(&said.stderr)))
    }
}

/// A file's text.
pub fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// What a program says, if it ends well.
fn run(command: &mut Command) -> Outcome<String> {
    let said = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    if said.status.success() {
        return Ok(text);
    }
    Err(format!("{command:?}: {text}{}", String::from_utf8_lossy(&said.stderr)))
}

/// What a key stands for, made by whoever comes first while all others wait.
fn once<K: Eq + Hash, V: Clone>(
    made: &Once<K, V>,
    key: K,
    make: impl FnOnce() -> Outcome<V>,
) -> Outcome<V> {
    let cell = Arc::clone(made.lock().map_err(|error| error.to_string())?.entry(key).or_default());
    cell.get_or_init(make).clone()
}

/// Copies a folder and what is in it.
fn copy(from: &Path, to: &Path) -> Outcome<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let to = to.join(path.file_name().ok_or("a file without a name")?);
        if path.is_dir() {
            copy(&path, &to)?;
        } else {
            fs::copy(&path, &to).map_err(failed)?;
        }
    }
    Ok(())
}
