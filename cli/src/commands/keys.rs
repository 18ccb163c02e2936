//! `pulseproof keys`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use pulseproof_fhe::{SecretKey, generate_keys};
use pulseproof_files::Readers;
use pulseproof_sdk::signing::DeviceKey;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use super::{Outcome, kinds};
use crate::files::{Input, Output, Paths};
use crate::output::say;

/// What a device's key file starts with.
pub(super) const DEVICE_PREFIX: &str = "pulseproof-device-key:";
/// Longest device's key that is read.
const KEY_TEXT_MAX: u64 = 1024;
/// Longest key that is read.
const KEY_BYTES_MAX: u64 = 1 << 30;

/// Make and inspect keys
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof keys device meter-17.key           prints the public key for the roster
  pulseproof keys authority /etc/pulseproof     authority.secret and authority.public
  pulseproof keys evaluation /etc/pulseproof/authority.secret authority.evaluation
  pulseproof keys show meter-17.key

Secret files are readable by their owner alone, and are never overwritten.")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a device's signing key
    #[command(after_help = "\
Examples:
  pulseproof keys device meter-17.key

Prints the public key, which goes into the region's roster.")]
    Device {
        /// File to write
        file: Output,
    },
    /// Make an authority's decryption key and its public encryption key
    #[command(after_help = "\
Examples:
  pulseproof keys authority /etc/pulseproof

Prints the public key's fingerprint, which is part of every profile.")]
    Authority {
        /// Folder to write to
        folder: PathBuf,
    },
    /// Make an evaluation key, with which an appliance computes homomorphic programs on encrypted sums
    #[command(after_help = "\
Examples:
  pulseproof keys evaluation /etc/pulseproof/authority.secret authority.evaluation
  curl -T authority.evaluation http://127.0.0.1:8750/v1/evaluation-keys/$ID

Prints the key's id, which is the SHA-256 of the file. The file is no secret: it reads nothing.")]
    Evaluation {
        /// The authority's secret key
        secret: Input,
        /// File to write
        file: Output,
    },
    /// Say what a file holds, of any kind that is written or read here, without its secrets
    #[command(after_help = "\
Examples:
  pulseproof keys show meter-17.key
  pulseproof keys show /etc/pulseproof/authority.public
  pulseproof keys show circuit.zkey")]
    Show {
        /// File to read
        file: Input,
    },
}

pub(super) fn run(args: Args) -> Outcome {
    match args.what {
        What::Device { file } => device(&file),
        What::Authority { folder } => authority(&folder),
        What::Evaluation { secret, file } => evaluation(&secret, &file),
        What::Show { file } => show(&file),
    }
}

fn device(file: &Output) -> Outcome {
    Paths::default().writes("FILE", [file]).check()?;
    let key = DeviceKey::generate(&mut OsRng);
    let text = Zeroizing::new(format!("{DEVICE_PREFIX}{}\n", hex::encode(key.seed())));
    file.write_new(Readers::Owner, text.as_bytes())?;
    Output::beside([file])(&String::from(key.public()));
    Ok(ExitCode::SUCCESS)
}

fn authority(folder: &Path) -> Outcome {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let at = |name| Output::Path(folder.join(name));
    let (secret, public) = generate_keys();
    at("authority.secret").write_new(Readers::Owner, &secret.to_bytes())?;
    at("authority.public").write_new(Readers::Everybody, &public.to_bytes())?;
    say(&hex::encode(public.fingerprint()));
    Ok(ExitCode::SUCCESS)
}

fn evaluation(secret: &Input, file: &Output) -> Outcome {
    Paths::default().reads("SECRET", [secret]).writes("FILE", [file]).check()?;
    let key = SecretKey::from_bytes(&secret.read(KEY_BYTES_MAX)?);
    let key = key.map_err(|error| secret.named(error))?.evaluation_key();
    file.write_new(Readers::Everybody, &key.to_bytes())?;
    Output::beside([file])(&hex::encode(key.id()));
    Ok(ExitCode::SUCCESS)
}

/// Reads a device's key.
///
/// # Errors
/// It is none, with its name.
pub(super) fn device_key(file: &Input) -> Result<DeviceKey, String> {
    if let Input::Path(path) = file
        && path
            .metadata()
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o077 != 0)
    {
        return Err(file.named("others than its owner may read it: chmod 600"));
    }
    let text = file.read(KEY_TEXT_MAX)?;
    let digits = text.strip_prefix(DEVICE_PREFIX.as_bytes()).unwrap_or_default();
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits.trim_ascii_end(), &mut seed[..]).map_err(|_| {
        file.named("no device's signing key, as `pulseproof keys device` makes them")
    })?;
    Ok(DeviceKey::from_seed(*seed))
}

fn show(file: &Input) -> Outcome {
    kinds::show(&kinds::facts(file)?, false)?;
    Ok(ExitCode::SUCCESS)
}
