//! What is behind the interface: the proving crate, and the circuits' programs.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;
use std::time::Duration;

use pulseproof_formats::elements::Check;
use pulseproof_formats::r1cs::{self, Limits as R1csLimits, R1cs};
use pulseproof_formats::wtns::Witness as Values;
use pulseproof_formats::zkey::{self, Zkey};
use pulseproof_formats::{FormatError, sym};
use pulseproof_groth16::erased::{self, ProvingError};
use pulseproof_groth16::key::LoadError;
use pulseproof_groth16::prove::{self, Stage};
use pulseproof_groth16::solidity::{self, TooManyInputs};
use pulseproof_groth16::{VerifyingKey, Weakness};
use pulseproof_kernels::backend::{AnyBackend, BackendKind};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::{Curve, Scalar, with_curve};
use serde_json::Value;
use zeroize::Zeroizing;

use super::programs::Programs;
use super::prover::{
    Circuits, Groth16, KeyError, KeyInfo, LoadedKey, Loader, Part, ProveError, Proved, Unsatisfied,
    Witness, shape,
};

impl Groth16 {
    /// What proves circuits on a backend, and on the CPU where that fails.
    pub fn on(backend: impl Into<AnyBackend>, programs: Programs) -> Self {
        Self {
            primary: Arc::new(erased::Loader::new(backend)),
            cpu: Arc::new(erased::Loader::new(Cpu::new())),
            circuits: Arc::new(Files(programs)),
        }
    }
}

impl Loader for erased::Loader {
    fn backend(&self) -> BackendKind {
        self.backend()
    }

    fn load(&self, file: File, checked: bool) -> Result<Arc<dyn LoadedKey>, KeyError> {
        let check = if checked { Check::None } else { Check::Full };
        match self.load(file, check, &mut |_, _| ()) {
            Ok(key) => Ok(Arc::new(OpenedKey(key))),
            Err(error @ (LoadError::Kernel(_) | LoadError::Format(FormatError::Io { .. }))) => {
                Err(KeyError::Failed(error.to_string()))
            }
            Err(error) => Err(KeyError::Bad(error.to_string())),
        }
    }
}

/// A key in memory.
struct OpenedKey(Arc<dyn erased::Key>);

impl LoadedKey for OpenedKey {
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

    fn is_lost(&self) -> bool {
        self.0.is_lost()
    }

    fn prove(&self, witness: Witness) -> Result<Proved, ProveError> {
        let words = match witness {
            Witness::File(file) => self.0.read_witness(file).map_err(refused)?,
            Witness::Values(values) => Zeroizing::new(values.to_vec()),
        };
        let erased::Proof { proof, public, stages } = self.0.prove(words).map_err(refused)?;
        let took = |verifying: bool| -> Duration {
            let of = stages.iter().filter(|(stage, _)| (*stage == Stage::Verify) == verifying);
            of.map(|(_, took)| *took).sum()
        };
        Ok(Proved {
            proof: proof.into_value(),
            public: public.into_value(),
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
struct Files(Programs);

impl Circuits for Files {
    fn inspect(&self, part: Part, file: File, key: &KeyInfo) -> Result<(), String> {
        match part {
            Part::Wasm => {
                let program = self.0.program(file)?;
                shape(key).check_module(&program).map_err(|error| error.to_string())
            }
            Part::R1cs => {
                let mut source = BufReader::new(file);
                let curve = r1cs::curve(&mut source).map_err(|error| error.to_string())?;
                shape(key).check_curve(curve).map_err(|error| error.to_string())?;
                with_curve!(curve, C => same_circuit::<C>(&mut source, key))
            }
            Part::Sym => {
                let (public, wires) = (key.public, u32::try_from(key.signals).ok());
                names(file, public, wires).map(drop)
            }
        }
    }

    fn witness(&self, wasm: File, inputs: &Value) -> Result<Zeroizing<Vec<u64>>, String> {
        let witness = self.0.program(wasm)?.witness(inputs).map_err(|error| error.to_string())?;
        Ok(Zeroizing::new(witness.into_words()))
    }

    fn first_unsatisfied(
        &self,
        r1cs: File,
        witness: Witness,
        sym: Option<File>,
    ) -> Result<Option<Unsatisfied>, String> {
        let mut source = BufReader::new(r1cs);
        let found = r1cs::curve(&mut source).and_then(
            |curve| with_curve!(curve, C => first_unsatisfied::<C>(&mut source, witness)),
        );
        let Some((constraint, wires)) = found.map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let names = sym.map(|sym| sym::names(BufReader::new(sym), &wires, None)).transpose();
        let names = names.map_err(|error| error.to_string())?.unwrap_or_default();
        Ok(Some(Unsatisfied { constraint, signals: names.into_values().collect() }))
    }

    fn verification_key(&self, zkey: File) -> Result<String, String> {
        let mut source = BufReader::new(zkey);
        let text = zkey::curve(&mut source).and_then(|curve| {
            with_curve!(curve, C => verifying_key::<C>(source)
                .map(|(key, weakness)| key.to_marked_json(weakness)))
        });
        text.map_err(|error| error.to_string())
    }

    fn contract(&self, zkey: File) -> Result<Result<String, TooManyInputs>, String> {
        let mut source = BufReader::new(zkey);
        let text = zkey::curve(&mut source)
            .and_then(|curve| with_curve!(curve, C => verifying_key::<C>(source).map(contract)));
        text.map_err(|error| error.to_string())
    }

    fn public_names(&self, sym: File, public: u64) -> Result<Vec<String>, String> {
        names(sym, public, None)
    }
}

/// The names of a circuit's public signals, which has so many wires where that is asked.
fn names(sym: File, public: u64, wires: Option<u32>) -> Result<Vec<String>, String> {
    let public = u32::try_from(public).map_err(|error| error.to_string())?;
    sym::public_names(BufReader::new(sym), public, wires).map_err(|error| error.to_string())
}

/// The part of a key that verifiers need, and what shows that it is insecure. It is little, and is looked at every
/// time.
fn verifying_key<C: Curve>(
    source: BufReader<File>,
) -> Result<(VerifyingKey<C>, Option<Weakness>), FormatError> {
    VerifyingKey::from_zkey(&mut Zkey::<C, _>::open(source)?)
}

fn contract<C: Curve>(
    (key, weakness): (VerifyingKey<C>, Option<Weakness>),
) -> Result<String, TooManyInputs> {
    let contract = solidity::contract(&key)?;
    Ok(match weakness {
        Some(weakness) => solidity::marked(&contract, weakness),
        None => contract,
    })
}

/// Whether constraints may be those of a key's circuit, as far as their numbers tell.
fn same_circuit<C: Curve>(source: &mut BufReader<File>, key: &KeyInfo) -> Result<(), String> {
    let circuit = R1cs::<Scalar<C>>::read(source, &R1csLimits::default());
    let circuit = circuit.map_err(|error| error.to_string())?;
    shape(key).check_constraints(&circuit).map_err(|error| error.to_string())
}

/// The first constraint that does not hold, and its wires.
fn first_unsatisfied<C: Curve>(
    source: &mut BufReader<File>,
    witness: Witness,
) -> Result<Option<(u64, BTreeSet<u32>)>, FormatError> {
    let circuit = R1cs::<Scalar<C>>::read(source, &R1csLimits::default())?;
    let witness = match witness {
        Witness::File(file) => Values::read(&mut BufReader::new(file), circuit.wires)?,
        Witness::Values(values) => Values::from_words(values.to_vec())?,
    };
    circuit.check_length(&witness)?;
    let found = circuit.first_unsatisfied(&witness);
    Ok(found.map(|index| (index as u64, circuit.wires_of(index))))
}
