//! `pulseproof keys`.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use pulseproof_fhe::{PublicKey, SecretKey, generate_keys};
use pulseproof_sdk::signing::DeviceKey;
use rand::rngs::OsRng;

use super::Outcome;
use crate::output::say;

/// What a device's key file starts with.
const DEVICE_PREFIX: &str = "pulseproof-device-key:";

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
        file: PathBuf,
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
    /// Make an evaluation key: what an appliance computes programs on encrypted sums with
    #[command(after_help = "\
Examples:
  pulseproof keys evaluation /etc/pulseproof/authority.secret authority.evaluation
  curl -T authority.evaluation http://127.0.0.1:8750/v1/evaluation-keys/$ID

Prints the key's id, which is the SHA-256 of the file. The file is no secret: it reads nothing.")]
    Evaluation {
        /// The authority's secret key
        secret: PathBuf,
        /// File to write
        file: PathBuf,
    },
    /// Say what a key file holds, without its secret
    #[command(after_help = "\
Examples:
  pulseproof keys show meter-17.key
  pulseproof keys show /etc/pulseproof/authority.public")]
    Show {
        /// File to read
        file: PathBuf,
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

fn device(file: &Path) -> Outcome {
    let key = DeviceKey::generate(&mut OsRng);
    let text = format!("{DEVICE_PREFIX}{}\n", hex::encode(key.seed()));
    write_new(file, text.as_bytes(), 0o600)?;
    say(&String::from(key.public()));
    Ok(ExitCode::SUCCESS)
}

fn authority(folder: &Path) -> Outcome {
    std::fs::create_dir_all(folder)?;
    let (secret, public) = generate_keys();
    write_new(&folder.join("authority.secret"), &secret.to_bytes(), 0o600)?;
    write_new(&folder.join("authority.public"), &public.to_bytes(), 0o644)?;
    say(&hex::encode(public.fingerprint()));
    Ok(ExitCode::SUCCESS)
}

fn evaluation(secret: &Path, file: &Path) -> Outcome {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", secret.display());
    let bytes = std::fs::read(secret).map_err(|error| named(&error))?;
    let key = SecretKey::from_bytes(&bytes).map_err(|error| named(&error))?.evaluation_key();
    write_new(file, &key.to_bytes(), 0o644)?;
    say(&hex::encode(key.id()));
    Ok(ExitCode::SUCCESS)
}

fn show(file: &Path) -> Outcome {
    let bytes = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let description = if let Some(seed) = bytes.strip_prefix(DEVICE_PREFIX.as_bytes()) {
        let mut key = [0; 32];
        hex::decode_to_slice(seed.trim_ascii_end(), &mut key)
            .map_err(|_| format!("{}: a damaged device key", file.display()))?;
        format!("device signing key, public {}", String::from(DeviceKey::from_seed(key).public()))
    } else {
        match (PublicKey::from_bytes(&bytes), SecretKey::from_bytes(&bytes)) {
            (Ok(key), _) => format!("authority public key {}", hex::encode(key.fingerprint())),
            (_, Ok(key)) => {
                format!("authority secret key of {}", hex::encode(key.fingerprint()))
            }
            (Err(error), Err(_)) => {
                return Err(format!("{}: no key of ours: {error}", file.display()).into());
            }
        }
    };
    say(&description);
    Ok(ExitCode::SUCCESS)
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), String> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path).map_err(named)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(named)
}
