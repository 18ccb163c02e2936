//! Groth16 proofs of a circuit whose signals are all full-width, beside ark-groth16, snarkjs and rapidsnark.
//!
//! Warm: the key is loaded, and a proof of ours is verified before it counts. As a process: a program is
//! started, reads key and witness, and writes the proof; snarkjs and rapidsnark have no other way here.

#[cfg(feature = "peers")]
mod arkworks;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use pulseproof_files::{Readers, write};
use pulseproof_formats::elements::Check;
use pulseproof_formats::r1cs::{Labels, Matrix, R1cs};
use pulseproof_formats::wtns::Witness;
use pulseproof_formats::zkey::{self, Contents};
use pulseproof_groth16::erased::{Key, Loader, Words};
use pulseproof_groth16::setup::develop;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Error, G1, G2, Scalar};
use rand::rngs::OsRng;
use serde::Serialize;
use tempfile::TempDir;

use super::limits::OperationCost;
use super::measure::{BenchError, Subject, time};
use super::msm::Least;
use super::report::Shape;

/// Public signals of the circuit.
const PUBLIC: usize = 4;

/// Something that kept a bench from running, with what to do about it.
type Failure = Box<dyn std::error::Error>;

/// A circuit, its witness and its key, in memory and in files.
pub struct Fixture<C: Curve> {
    log_n: u32,
    #[cfg_attr(
        not(feature = "peers"),
        expect(dead_code, reason = "for the peer that is left out")
    )]
    circuit: R1cs<Scalar<C>>,
    witness: Witness<Scalar<C>>,
    key: Contents<C>,
    folder: TempDir,
    stages: Arc<Mutex<Vec<StageTime>>>,
}

/// How long a step of a proof took.
#[derive(Clone, Debug, Serialize)]
pub struct StageTime {
    /// log2 of the domain.
    pub log_n: u32,
    /// Who proved.
    pub subject: String,
    /// The step.
    pub stage: String,
    /// Milliseconds.
    pub ms: f64,
}

/// The memory of a process that reads a key and a witness and proves, all of it: its own code is about 15 MB.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Memory {
    /// log2 of the domain.
    pub log_n: u32,
    /// The key's file, in MB of 2^20 bytes like all of these.
    pub key_mb: f64,
    /// The witness's file.
    pub witness_mb: f64,
    /// The most that the process had at once.
    pub peak_mb: f64,
}

impl Memory {
    /// What is not the witness's, over the key's size.
    pub fn ratio(&self) -> f64 {
        (self.peak_mb - self.witness_mb) / self.key_mb
    }
}

impl<C: Curve> Fixture<C> {
    /// The largest circuit for a domain of 2^`log_n`: every signal is the product of the two before it.
    ///
    /// # Errors
    /// Files cannot be written; there is no such domain.
    pub fn new(log_n: u32) -> Result<Self, Failure> {
        let constraints = (1usize << log_n).checked_sub(PUBLIC + 1).ok_or("at least 2^3")?;
        let (circuit, witness) = products(constraints)?;
        let key = develop::<C>(&circuit, &mut OsRng, &mut |_, _| ())?;
        let folder = tempfile::tempdir()?;
        let fixture = Self { log_n, circuit, witness, key, folder, stages: Arc::default() };
        let (key, witness) = (fixture.path("circuit.zkey"), fixture.path("witness.wtns"));
        write(&key, Readers::Everybody, |sink| zkey::write(sink, &fixture.key))?;
        write(&witness, Readers::Everybody, |sink| fixture.witness.write(sink))?;
        Ok(fixture)
    }

    /// The memory of ours, as a process.
    ///
    /// # Errors
    /// It fails, or this system does not say what it took.
    pub fn memory(&self) -> Result<Memory, Failure> {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let file_mb = |name| {
            let length = std::fs::metadata(self.path(name)).map(|file| file.len());
            length.map(|length| length as f64 / f64::from(1 << 20))
        };
        let output = succeed(self.command()?.arg("--json"))?;
        let summary: serde_json::Value = serde_json::from_slice(&output)?;
        let peak_mb = summary["peak_memory_mb"].as_f64().ok_or("this system tells no peak")?;
        let (key_mb, witness_mb) = (file_mb("circuit.zkey")?, file_mb("witness.wtns")?);
        Ok(Memory { log_n: self.log_n, key_mb, witness_mb, peak_mb })
    }

    /// The steps of the last proof of each of our subjects.
    pub fn stages(&self) -> Vec<StageTime> {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Size, and the least work: four multiplications in G1 and one in G2.
    pub fn shape(&self) -> Shape {
        let bits = Scalar::<C>::MODULUS_BIT_SIZE;
        let size = 1usize << self.log_n;
        let in_g1 = Least::of::<G1<C>>(size, bits, 1);
        let in_g2 = Least::of::<G2<C>>(size, bits, 1);
        let field_bits = <<G1<C> as Group>::Prime as PrimeField>::MODULUS_BIT_SIZE;
        Shape {
            log_n: self.log_n,
            batch: 1,
            items: 1.0,
            work: OperationCost {
                products: 4.0 * in_g1.products + in_g2.products,
                field_bits,
                reduces_by_shifts: false,
                bytes: 0.0,
            },
            why: format!("four multiplications in G1 and one in G2, {}", in_g1.why),
        }
    }

    /// Ours, with the key loaded.
    ///
    /// # Errors
    /// The backend's.
    pub fn warm(&self, loader: &Loader) -> Result<Subject<'_>, Failure> {
        let file = File::open(self.path("circuit.zkey"))?;
        let (cold_ms, key) = time(|| loader.load(file, Check::Full, &mut |_, _| ()));
        let (key, name) = (key?, loader.backend().to_string());
        let words: Words = self.witness.words().to_vec().into();
        let stages = Arc::clone(&self.stages);
        Ok(Subject {
            name: name.clone(),
            is_peer: false,
            cold_ms: Some(cold_ms),
            bandwidth: None,
            run: Box::new(move || prove(&*key, &words, self.log_n, &name, &stages)),
        })
    }

    /// Ours, as a process.
    ///
    /// # Errors
    /// This program cannot be found.
    pub fn process(&self) -> Result<Subject<'_>, Failure> {
        let mut command = self.command()?;
        let run = move || succeed(&mut command).map(drop);
        Ok(Subject { is_peer: false, ..Subject::peer("cpu (process)", run) })
    }

    fn command(&self) -> std::io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["groth16", "prove", "--backend", "cpu", "--insecure-key"]);
        command.arg("--key").arg(self.path("circuit.zkey"));
        command.arg("--witness").arg(self.path("witness.wtns"));
        command.arg("--proof").arg(self.path("proof.json"));
        command.arg("--public").arg(self.path("public.json"));
        Ok(command)
    }

    /// snarkjs, as a process; `folder` is where npm has installed it.
    pub fn snarkjs(&self, folder: &Path) -> Subject<'_> {
        let program = folder.join("node_modules/snarkjs/build/cli.cjs");
        Subject::peer("snarkjs (process)", move || {
            let mut command = Command::new("node");
            command.arg(&program).args(["groth16", "prove"]);
            let files = ["circuit.zkey", "witness.wtns", "theirs.json", "theirs-public.json"];
            command.args(files.map(|file| self.path(file)));
            succeed(&mut command).map(drop)
        })
    }

    /// rapidsnark, as a process.
    pub fn rapidsnark(&self, program: &Path) -> Subject<'_> {
        let program = program.to_owned();
        Subject::peer("rapidsnark (process)", move || {
            let mut command = Command::new(&program);
            let files = ["circuit.zkey", "witness.wtns", "theirs.json", "theirs-public.json"];
            command.args(files.map(|file| self.path(file)));
            succeed(&mut command).map(drop)
        })
    }

    /// ark-groth16 with the same circuit and witness, and a key of its own.
    ///
    /// # Errors
    /// It was left out of this build, or its proof does not verify.
    pub fn arkworks(&self) -> Result<Subject<'_>, BenchError> {
        arkworks::subject(self)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn prove(
    key: &dyn Key,
    words: &Words,
    log_n: u32,
    name: &str,
    stages: &Mutex<Vec<StageTime>>,
) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| lost(name, error);
    let proof = key.prove(words.clone()).map_err(|error| failed(&error))?;
    let mut stages = stages.lock().unwrap_or_else(PoisonError::into_inner);
    stages.retain(|time| (time.log_n, time.subject.as_str()) != (log_n, name));
    stages.extend(proof.stages.iter().map(|(stage, took)| StageTime {
        log_n,
        subject: name.to_owned(),
        stage: stage.name().to_owned(),
        ms: took.as_secs_f64() * 1e3,
    }));
    Ok(())
}

fn succeed(command: &mut Command) -> Result<Vec<u8>, Error> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| lost("process", &error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(lost("process", &String::from_utf8_lossy(&output.stderr)))
}

fn lost(who: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::DeviceLost { backend: BackendKind::Cpu, reason: format!("{who}: {reason}") }
}

/// w_{i+2} = w_{i+1}·w_i, from two secrets on.
fn products<F: PrimeField>(constraints: usize) -> Result<(R1cs<F>, Witness<F>), Failure> {
    let first = 1 + PUBLIC;
    let mut values = vec![F::ONE];
    values.extend((0..PUBLIC + 2).map(|_| F::rand(&mut OsRng)));
    let mut rows: [Matrix<F>; 3] = Default::default();
    for i in 0..constraints {
        values.push(values[first + i] * values[first + i + 1]);
        for (offset, matrix) in rows.iter_mut().enumerate() {
            let signal = u32::try_from(first + i + offset)?;
            matrix.push_row([(signal, F::ONE)]);
        }
    }
    let [a, b, c] = rows;
    let circuit = R1cs {
        wires: values.len(),
        outputs: 0,
        public_inputs: PUBLIC,
        private_inputs: 2,
        labels: Labels::default(),
        a,
        b,
        c,
    };
    Ok((circuit, Witness::from_values(&values)?))
}

#[cfg(not(feature = "peers"))]
mod arkworks {
    //! Left out.

    use super::*;

    pub(super) fn subject<'a, C: Curve>(_: &'a Fixture<C>) -> Result<Subject<'a>, BenchError> {
        Err(BenchError::LeftOut { peer: "ark-groth16".to_owned() })
    }
}
