//! The commands.

mod alerts;
mod attestation;
mod audit;
mod bench;
mod check;
mod config;
mod copies;
mod demo;
mod device_worker;
mod doctor;
mod doors;
mod groth16;
mod keys;
mod kinds;
mod openapi;
mod policy;
mod profile;
mod seal;
mod serve;
mod setup;
mod tokens;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::backend::WORKER;
use crate::home::Home;
use crate::output::complain;

/// The exit code of a command that found no answer: wrong arguments, files that cannot be read.
pub const NO_ANSWER: u8 = 2;

/// What a command ends with: how it went, or an error to print. [`ExitCode::FAILURE`] is an answer: no.
pub type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

/// Learn from medical devices without seeing anyone's data, and prove it.
#[derive(Debug, Parser)]
#[command(
    name = "pulseproof",
    version,
    after_help = "\
Examples:
  pulseproof demo                          the whole path on real glucose readings
  pulseproof demo --tamper forge-proof     a dishonest appliance, caught
  pulseproof serve                         an appliance on 127.0.0.1:8750
  pulseproof tokens create gateway-7 --role gateway --region north
  pulseproof policy test                   who may do what to an appliance
  pulseproof audit export                  what an appliance did, and for whom
  pulseproof backup /backup/today          a copy of all that an appliance has, while it runs
  pulseproof openapi                       what an appliance answers over HTTP
  pulseproof seal --help                   submissions for gateways that are no Rust programs
  pulseproof verify region-001.epoch-0.result
  pulseproof groth16 prove --key circuit.zkey --witness witness.wtns
  pulseproof doctor                        what this machine has to compute on
  pulseproof check --backend cuda          a backend gives the same bits as the CPU
  pulseproof bench msm --log-n 16          how fast kernels are here, against their peers
  pulseproof bench wsa                     how fast proving is here, against its peer"
)]
pub struct Cli {
    /// Where keys and SRSs are kept [default: ~/.local/share/pulseproof]
    #[arg(long, global = true, env = "PULSEPROOF_HOME", value_name = "DIR")]
    home: Option<std::path::PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(Box<demo::Args>),
    Serve(serve::Args),
    Config(config::Args),
    Tokens(tokens::Args),
    Policy(policy::Args),
    Audit(audit::Args),
    Attestation(attestation::Args),
    Backup(copies::BackupArgs),
    Restore(copies::RestoreArgs),
    Verify(verify::Args),
    Seal(seal::Args),
    Profile(profile::Args),
    Keys(keys::Args),
    Setup(setup::Args),
    Groth16(groth16::Args),
    Bench(Box<bench::Args>),
    Check(check::Args),
    Doctor(doctor::Args),
    Openapi(openapi::Args),
    #[command(name = WORKER)]
    DeviceWorker(device_worker::Args),
}

impl Cli {
    /// What the command line says, and the file that it names.
    ///
    /// # Errors
    /// The file's.
    pub fn read() -> Result<Self, String> {
        let cli = Self::parse();
        match &cli.command {
            Command::Serve(args) => args.config().map(config::behind),
            _ => None,
        }
        .unwrap_or(Ok(cli))
    }

    /// Runs the command; errors go to standard error.
    pub fn run(self) -> ExitCode {
        let home = Home::new(self.home);
        let outcome = match self.command {
            Command::Demo(args) => demo::run(&args, &home),
            Command::Serve(args) => serve::run(args, &home),
            Command::Config(args) => config::run(&args),
            Command::Tokens(args) => tokens::run(args, &home),
            Command::Policy(args) => policy::run(&args),
            Command::Audit(args) => audit::run(args, &home),
            Command::Attestation(args) => attestation::run(&args),
            Command::Backup(args) => copies::backup(args, &home),
            Command::Restore(args) => copies::restore(args, &home),
            Command::Verify(args) => verify::run(&args, &home),
            Command::Seal(args) => seal::run(&args, &home),
            Command::Profile(args) => profile::run(&args),
            Command::Keys(args) => keys::run(args),
            Command::Setup(args) => setup::run(&args, &home),
            Command::Groth16(args) => groth16::run(&args, &home),
            Command::Bench(args) => bench::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Doctor(args) => doctor::run(&args),
            Command::Openapi(_) => openapi::run(),
            Command::DeviceWorker(args) => device_worker::run(&args),
        };
        outcome.unwrap_or_else(|error| {
            complain(&format!("error: {error}"));
            ExitCode::from(NO_ANSWER)
        })
    }
}
