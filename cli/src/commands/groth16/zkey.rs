//! `pulseproof groth16 zkey`: the second phase of a ceremony.

use std::fs::File;
use std::io::BufReader;
use std::process::ExitCode;

use clap::Subcommand;
use pulseproof_formats::Beacon;
use pulseproof_formats::elements::Check;
use pulseproof_formats::ptau::Ptau;
use pulseproof_formats::r1cs::{Limits, R1cs};
use pulseproof_formats::zkey::{self, Contents, Zkey};
use pulseproof_groth16::Weakness;
use pulseproof_groth16::phase2::{self, Contributed, Phase2Error};
use pulseproof_kernels::{Curve, CurveId, Scalar, with_curve};
use rand::rngs::OsRng;
use serde::Serialize;

use super::Outcome;
use super::files::warn;
use crate::files::{Input, Output, Paths};
use crate::output::{progress_bar, say, say_json};

/// Contribute to a circuit's key, verify it, list who contributed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 zkey contribute --key circuit_0.zkey --out circuit_1.zkey --name Ada
  pulseproof groth16 zkey beacon --key circuit_1.zkey --out circuit.zkey --beacon 0102030405060708090a
  pulseproof groth16 zkey verify --key circuit.zkey --r1cs circuit.r1cs --ptau FILE
  pulseproof groth16 zkey contributions circuit.zkey

The files are snarkjs's: contributions may come from either program, and either verifies them.")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check a key against its circuit and the ceremony that it comes from
    Verify(VerifyArgs),
    /// Multiply a secret into a key, and forget it
    Contribute(ContributeArgs),
    /// Multiply a public value into a key that nobody could choose: the last contribution
    Beacon(BeaconArgs),
    /// List the contributions to a key, if every one of them holds
    Contributions(ListArgs),
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// The key (.zkey)
    #[arg(long, value_name = "FILE")]
    key: Input,
    /// The circuit's constraints
    #[arg(long, value_name = "FILE")]
    r1cs: Input,
    /// The ceremony's powers of tau, prepared for phase 2
    #[arg(long, value_name = "FILE")]
    ptau: Input,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct ContributeArgs {
    #[command(flatten)]
    files: FileArgs,
}

#[derive(Debug, clap::Args)]
struct BeaconArgs {
    #[command(flatten)]
    files: FileArgs,
    /// The value, hexadecimal
    #[arg(long, value_name = "HEX")]
    beacon: String,
    /// log2 of how often it is hashed
    #[arg(long, value_name = "LOG", default_value_t = 10)]
    iterations_log: u8,
}

/// What a contribution reads and writes.
#[derive(Debug, clap::Args)]
struct FileArgs {
    /// The key as it is (.zkey)
    #[arg(long, value_name = "FILE")]
    key: Input,
    /// Where the key with the contribution goes
    #[arg(long, value_name = "FILE")]
    out: Output,
    /// Who contributes, for the record
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// The key (.zkey)
    #[arg(value_name = "FILE")]
    key: Input,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A contribution, for machines.
#[derive(Serialize)]
struct Entry {
    hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    beacon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iterations_log: Option<u8>,
}

impl From<&Contributed> for Entry {
    fn from(found: &Contributed) -> Self {
        Self {
            hash: hex::encode(found.hash),
            name: found.name.clone(),
            beacon: found.beacon.as_ref().map(|beacon| hex::encode(&beacon.value)),
            iterations_log: found.beacon.as_ref().map(|beacon| beacon.iterations_log),
        }
    }
}

pub(super) fn run(args: &Args) -> Outcome {
    match &args.what {
        What::Verify(args) => verify(args),
        What::Contribute(args) => contribute(&args.files, None),
        What::Beacon(args) => {
            let value = hex::decode(&args.beacon)
                .map_err(|error| format!("--beacon {:?}: {error}", args.beacon))?;
            let beacon = Beacon { value, iterations_log: args.iterations_log };
            contribute(&args.files, Some(beacon))
        }
        What::Contributions(args) => list(args),
    }
}

fn verify(args: &VerifyArgs) -> Outcome {
    let key = KeySource::open(&args.key)?;
    let found = with_curve!(key.curve, C => verify_on::<C>(args, key))?;
    if args.json {
        say_json(&found.iter().map(Entry::from).collect::<Vec<_>>())?;
    } else {
        say(&format!("{}: VALID, {} contributions", args.key, found.len()));
        print(&found);
    }
    if found.is_empty() {
        warn(Some(Weakness::NoContribution));
    }
    Ok(ExitCode::SUCCESS)
}

fn verify_on<C: Curve>(args: &VerifyArgs, key: KeySource) -> Result<Vec<Contributed>, String> {
    let mut source = BufReader::new(args.r1cs.open()?);
    let circuit = R1cs::<Scalar<C>>::read(&mut source, &Limits::default());
    let circuit = circuit.map_err(|error| args.r1cs.named(error))?;
    let ceremony = Ptau::<C, _>::open(BufReader::new(args.ptau.open()?));
    let mut ceremony = ceremony.map_err(|error| args.ptau.named(error))?;
    let mut key = key.read::<C>(&args.key)?;
    let bar = progress_bar(1, "verifying");
    let found = phase2::verify(&mut key, &circuit, &mut ceremony, &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    found.map_err(|error| match error {
        Phase2Error::Setup(error) => args.ptau.named(error),
        error => args.key.named(error),
    })
}

fn contribute(files: &FileArgs, beacon: Option<Beacon>) -> Outcome {
    Paths::default().reads("--key", [&files.key]).writes("--out", [&files.out]).check()?;
    let key = KeySource::open(&files.key)?;
    let found = with_curve!(key.curve, C => contribute_on::<C>(files, key, beacon))?;
    let tell = Output::beside([&files.out]);
    tell(&format!("{}: contribution {}", files.out, hex::encode(found.hash)));
    Ok(ExitCode::SUCCESS)
}

fn contribute_on<C: Curve>(
    files: &FileArgs,
    key: KeySource,
    beacon: Option<Beacon>,
) -> Result<Contributed, String> {
    let failed = |error: Phase2Error| files.key.named(error);
    let mut contents: Contents<C> =
        key.read::<C>(&files.key)?.contents(Check::Full).map_err(|error| failed(error.into()))?;
    let bar = progress_bar(1, "contributing");
    let mut progress = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let name = files.name.clone();
    let found = match beacon {
        None => phase2::contribute(&mut contents, name, &mut OsRng, &mut progress),
        Some(beacon) => phase2::beacon(&mut contents, name, beacon, &mut progress),
    };
    bar.finish_and_clear();
    let found = found.map_err(failed)?;
    files.out.write(|sink| zkey::write(sink, &contents))?;
    Ok(found)
}

fn list(args: &ListArgs) -> Outcome {
    let key = KeySource::open(&args.key)?;
    let found = with_curve!(key.curve, C => phase2::contributions(&mut key.read::<C>(&args.key)?));
    let found = found.map_err(|error| args.key.named(error))?;
    if args.json {
        say_json(&found.iter().map(Entry::from).collect::<Vec<_>>())?;
    } else {
        print(&found);
    }
    if found.is_empty() {
        warn(Some(Weakness::NoContribution));
    }
    Ok(ExitCode::SUCCESS)
}

/// A key that was opened, once, since it may come from a pipe.
struct KeySource {
    curve: CurveId,
    source: BufReader<File>,
}

impl KeySource {
    fn open(path: &Input) -> Result<Self, String> {
        let mut source = BufReader::new(path.open()?);
        let curve = zkey::curve(&mut source).map_err(|error| path.named(error))?;
        Ok(Self { curve, source })
    }

    fn read<C: Curve>(self, path: &Input) -> Result<Zkey<C, BufReader<File>>, String> {
        Zkey::open(self.source).map_err(|error| path.named(error))
    }
}

fn print(found: &[Contributed]) {
    for (number, one) in (1..).zip(found) {
        // Whoever contributed chose the name: it is not to steer a terminal.
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let name: String = one.name.iter().flat_map(|name| name.chars()).map(plain).collect();
        say(&format!("{number} {name}\n  {}", hex::encode(one.hash)));
        if let Some(Beacon { value, iterations_log }) = &one.beacon {
            say(&format!("  beacon {}, hashed 2^{iterations_log} times", hex::encode(value)));
        }
    }
}
