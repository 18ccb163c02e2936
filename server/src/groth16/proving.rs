//! What stands behind the seam: the proving crate, and the circuits' programs that were used last.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pulseproof_formats::FormatError;
use pulseproof_formats::elements::Check;
use pulseproof_formats::r1cs::{self, Limits as R1csLimits, R1cs};
use pulseproof_formats::wtns::Witness as Values;
use pulseproof_groth16::erased::{self, On, ProvingError};
use pulseproof_groth16::key::LoadError;
use pulseproof_groth16::prove::{self, Stage};
use pulseproof_groth16::witness::{Circuit, Limits as WitnessLimits};
use pulseproof_kernels::backend::{BackendKind, CurveOps};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, Scalar, with_curve};
use pulseproof_sdk::Digest;
use serde_json::Value;
use zeroize::Zeroizing;

use super::prover::{
    Circuits, Groth16, KeyError, KeyInfo, LoadedKey, Loader, Part, ProveError, Proved, Witness,
};

/// Compiled programs that are kept.
const PROGRAMS_MAX: usize = 8;

impl Groth16 {
    /// What proves circuits on a backend, and on the processor where that fails.
    pub fn on<B>(backend: B) -> Self
    where
        B: CurveOps<Bls12_381> + CurveOps<Bn254> + Clone,
    {
        Self {
            primary: Arc::new(Keys(On(backend))),
            cpu: Arc::new(Keys(On(Cpu::new()))),
            circuits: Arc::new(Files::default()),
        }
    }
}

/// Opens keys.
struct Keys<L>(L);

impl<L: erased::Loader> Loader for Keys<L> {
    fn backend(&self) -> BackendKind {
        self.0.backend()
    }

    fn load(&self, file: File, checked: bool) -> Result<Arc<dyn LoadedKey>, KeyError> {
        let check = if checked { Check::None } else { Check::Full };
        match self.0.load(file, check, &mut |_, _| ()) {
            Ok(key) => Ok(Arc::new(Loaded(key))),
            Err(error @ (LoadError::Kernel(_) | LoadError::Format(FormatError::Io { .. }))) => {
                Err(KeyError::Failed(error.to_string()))
            }
            Err(error) => Err(KeyError::Bad(error.to_string())),
        }
    }
}

/// A key in memory.
struct Loaded(Arc<dyn erased::Key>);

impl LoadedKey for Loaded {
    fn info(&self) -> KeyInfo {
        let info = self.0.info();
        KeyInfo {
            curve: info.curve,
            signals: info.signals as u64,
            public: info.public as u64,
            domain_log: info.log_size,
            contributions: info.contributions as u64,
            weakness: info.weakness,
        }
    }

    fn bytes(&self) -> u64 {
        self.0.info().bytes as u64
    }

    fn prove(&self, witness: Witness) -> Result<Proved, ProveError> {
        let words = match witness {
            Witness::File(file) => self.0.read_witness(file).map_err(refused)?,
            Witness::Values(values) => Zeroizing::new(values.to_vec()),
        };
        let erased::Proof { proof, public, stages } = self.0.prove(words).map_err(refused)?;
        let json = |text: &str| {
            serde_json::from_str(text).map_err(|error| ProveError::Backend(error.to_string()))
        };
        let took = |verifying: bool| -> Duration {
            let of = stages.iter().filter(|(stage, _)| (*stage == Stage::Verify) == verifying);
            of.map(|(_, took)| *took).sum()
        };
        Ok(Proved {
            proof: json(&proof)?,
            public: json(&public)?,
            prove: took(false),
            verify: took(true),
        })
    }
}

fn refused(error: ProvingError) -> ProveError {
    match error {
        ProvingError::Prove(prove::ProveError::Rejected) => ProveError::Rejected,
        ProvingError::Prove(error @ prove::ProveError::Kernel(_)) => {
            ProveError::Backend(error.to_string())
        }
        error @ (ProvingError::Prove(_) | ProvingError::Witness(_)) => {
            ProveError::Witness(error.to_string())
        }
    }
}

/// Looks at circuits' other files, and runs their programs.
#[derive(Default)]
struct Files {
    limits: WitnessLimits,
    /// The most recently used last.
    programs: Mutex<Vec<(Digest, Arc<Circuit>)>>,
}

impl Files {
    /// Compiles a program, or finds it compiled.
    fn program(&self, file: File) -> Result<Arc<Circuit>, String> {
        let bytes = read(file, self.limits.wasm_bytes).map_err(|error| error.to_string())?;
        let digest = Digest::sha256(&bytes);
        let found = {
            let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
            let place = programs.iter().position(|(known, _)| *known == digest);
            place.map(|place| {
                let program = programs.remove(place);
                programs.push(program.clone());
                program.1
            })
        };
        if let Some(program) = found {
            return Ok(program);
        }
        // Two that come at once compile it twice, which is better than others waiting for it.
        let program = Circuit::compile(&bytes, &self.limits).map_err(|error| error.to_string())?;
        let program = Arc::new(program);
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if programs.len() >= PROGRAMS_MAX {
            programs.remove(0);
        }
        programs.push((digest, Arc::clone(&program)));
        Ok(program)
    }
}

impl Circuits for Files {
    fn inspect(&self, part: Part, file: File, key: &KeyInfo) -> Result<(), String> {
        match part {
            Part::Wasm => {
                let program = self.program(file)?;
                key.shape().check_module(&program).map_err(|error| error.to_string())
            }
            Part::R1cs => {
                let mut source = BufReader::new(file);
                let curve = r1cs::curve(&mut source).map_err(|error| error.to_string())?;
                key.shape().check_curve(curve).map_err(|error| error.to_string())?;
                with_curve!(curve, C => same_circuit::<C>(&mut source, key))
            }
        }
    }

    fn witness(&self, wasm: File, inputs: &Value) -> Result<Zeroizing<Vec<u64>>, String> {
        let witness = self.program(wasm)?.witness(inputs).map_err(|error| error.to_string())?;
        Ok(Zeroizing::new(witness.into_words()))
    }

    fn first_unsatisfied(&self, r1cs: File, witness: Witness) -> Result<Option<u64>, String> {
        let mut source = BufReader::new(r1cs);
        let found = r1cs::curve(&mut source).and_then(
            |curve| with_curve!(curve, C => first_unsatisfied::<C>(&mut source, witness)),
        );
        found.map_err(|error| error.to_string())
    }
}

/// Whether constraints may be those of a key's circuit, as far as their numbers tell.
fn same_circuit<C: Curve>(source: &mut BufReader<File>, key: &KeyInfo) -> Result<(), String> {
    let circuit = R1cs::<Scalar<C>>::read(source, &R1csLimits::default());
    let circuit = circuit.map_err(|error| error.to_string())?;
    key.shape().check_constraints(&circuit).map_err(|error| error.to_string())
}

fn first_unsatisfied<C: Curve>(
    source: &mut BufReader<File>,
    witness: Witness,
) -> Result<Option<u64>, FormatError> {
    let circuit = R1cs::<Scalar<C>>::read(source, &R1csLimits::default())?;
    let witness = match witness {
        Witness::File(file) => Values::read(&mut BufReader::new(file), circuit.wires)?,
        Witness::Values(values) => Values::from_words(values.to_vec())?,
    };
    circuit.check_length(&witness)?;
    Ok(circuit.first_unsatisfied(&witness).map(|index| index as u64))
}

/// A file of at most so many bytes.
fn read(file: File, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
