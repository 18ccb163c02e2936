//! Where keys and SRSs are kept.

use std::path::PathBuf;
use std::sync::Arc;

use pulseproof_groth16::witness::{Circuit, Limits, Modules, ModulesError, WitnessError};
use pulseproof_kernels::Curve;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::select::BackendChoice;
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::{Srs, SrsError, store};
use pulseproof_server::{ExactOn, Groth16, Machine, Programs};
use rand::rngs::OsRng;

use crate::backend::open_apart;
use crate::output::complain;

/// The folder of Pulseproof's files.
pub struct Home(PathBuf);

impl Home {
    /// The folder given, or `$XDG_DATA_HOME/pulseproof`, or `~/.local/share/pulseproof`.
    pub fn new(given: Option<PathBuf>) -> Self {
        let xdg = || std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
        let user = || std::env::home_dir().map(|home| home.join(".local/share"));
        let default =
            || xdg().or_else(user).unwrap_or_else(|| PathBuf::from(".")).join("pulseproof");
        Self(given.unwrap_or_else(default))
    }

    /// Where the SRS of a curve and size is kept.
    pub fn srs_path<C: Curve>(&self, log_size: u32) -> PathBuf {
        self.0.join(format!("srs-{}-{log_size}.bin", C::ID))
    }

    /// The appliance's store, unless told otherwise.
    pub fn store_dir(&self) -> PathBuf {
        self.0.join("appliance")
    }

    /// Circuits' modules, compiled; none, with a word why, if the folder is not safe.
    pub fn modules(&self) -> Option<Modules> {
        Modules::open(&self.0.join("modules")).inspect_err(not_kept).ok()
    }

    /// A circuit of its module, which is compiled only if it was not before.
    ///
    /// # Errors
    /// As [`Circuit::compile`].
    pub fn circuit(&self, wasm: &[u8], limits: &Limits) -> Result<Circuit, WitnessError> {
        match self.modules() {
            Some(modules) => modules.circuit(wasm, limits, |error| not_kept(&error)),
            None => Circuit::compile(wasm, limits),
        }
    }

    /// The SRS of a curve and size; a development one is made, loudly, if there is none.
    ///
    /// # Errors
    /// The file is damaged, or cannot be read or written; what to do about it.
    pub fn srs<C: Curve>(&self, log_size: u32) -> Result<Srs<C>, String> {
        let path = self.srs_path::<C>(log_size);
        let loaded = store::load_or_develop::<C>(&path, log_size, &mut OsRng);
        let (srs, made) = loaded.map_err(|error| match error {
            SrsError::Damaged { .. } | SrsError::OtherSize { .. } => {
                format!(
                    "{error}; `pulseproof setup --force` makes another, or imports one with --ptau"
                )
            }
            error => error.to_string(),
        })?;
        if made {
            complain(&format!("made a development SRS: {}", path.display()));
        }
        if srs.verifying_key.origin.is_insecure() {
            complain(INSECURE);
        }
        Ok(srs)
    }

    /// Refuses to go on without a ceremony's SRS.
    ///
    /// # Errors
    /// There is none, it is a development one, or its file is damaged; what to do about it.
    pub fn require_ceremony<C: Curve>(&self, log_size: u32) -> Result<(), String> {
        let path = self.srs_path::<C>(log_size);
        let insecure = match path.exists() {
            true => self.srs::<C>(log_size)?.verifying_key.origin.is_insecure(),
            false => true,
        };
        if !insecure {
            return Ok(());
        }
        let what = if path.exists() { "an INSECURE development SRS" } else { "no SRS" };
        Err(format!(
            "{}: {what}. Import a public ceremony's file: pulseproof setup --curve {} --ptau FILE; \
             --insecure-key goes on with an SRS made here, for tests",
            path.display(),
            C::ID
        ))
    }

    /// What proves with [`Self::srs`], what bootstraps and what proves circuits, on one backend, whose device another
    /// process has.
    ///
    /// # Errors
    /// No SRS; the backend is not available, or has no room.
    pub fn machine<C: Curve>(
        &self,
        log_size: u32,
        choice: BackendChoice,
        programs: Programs,
    ) -> Result<Machine<C>, Box<dyn std::error::Error>> {
        let srs = Arc::new(self.srs::<C>(log_size)?);
        let backend = open_apart(choice)?;
        let engines = Arc::new(ExactOn::new(backend.clone()));
        let groth16 = Groth16::on(backend.clone(), programs);
        let cpu = Arc::new(ProvingKey::standby(Cpu::new(), Arc::clone(&srs)));
        let prover = Arc::new(ProvingKey::new(backend, srs)?);
        Ok(Machine { prover, cpu, engines, groth16 })
    }
}

fn not_kept(error: &ModulesError) {
    complain(&format!("compiled circuits are not kept: {error}"));
}

/// Printed wherever a development SRS is used.
pub const INSECURE: &str = "\
WARNING: INSECURE development SRS. Whoever made it could forge proofs. For real use import a
         public ceremony's file: pulseproof setup --ptau FILE";
