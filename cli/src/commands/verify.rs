//! `pulseproof verify`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use pulseproof_kernels::{Curve, CurveId, with_curve};
use pulseproof_prover::srs::{Srs, VerifyingKey};
use pulseproof_sdk::identity::AppliancePublicKey;
use pulseproof_sdk::profile::Lists;
use pulseproof_sdk::{Profile, ProvedResult, Roster};
use serde::Serialize;

use super::Outcome;
use crate::home::Home;
use crate::output::{say, say_json};

/// The name a demo leaves its verifying key under, beside the results.
const KEY_FILE: &str = "srs.verifying-key";
/// Largest file that is read as a result.
const RESULT_BYTES_MAX: u64 = 64 << 20;
/// Where a result says its curve: after four bytes of magic and one of version.
const CURVE_AT: usize = 5;

/// Verify proved results: roster, appliance, signatures and proofs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof demo --out results
  pulseproof verify results/region-001.epoch-0.result
  pulseproof verify --roster north.roster.json --key srs.verifying-key \\
                    --appliance $(curl -s http://127.0.0.1:8750/v1/identity | jq -r .key) north.epoch-7.result

A proof is worth what you trust: the roster (whose keys speak for the region), the appliances (who
may publish its sums), the profile (what words mean) and the verifying key (which SRS). Those named by default lie beside the result; take them from somebody you trust.
Exits with 1 if any result does not verify.")]
pub struct Args {
    /// Results to verify
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The region's roster [default: REGION.roster.json beside the result]
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    /// Key of an appliance whose sums are taken, 64 hexadecimal digits; may be given again
    /// [default: those in REGION.appliances.json beside the result]
    #[arg(long = "appliance", value_name = "KEY")]
    appliances: Vec<AppliancePublicKey>,
    /// The SRS's verifying key, or the SRS [default: srs.verifying-key beside the result, else the
    /// SRS of this curve in the home folder]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The region's profile, what its devices' words mean [default: DIGEST.profile beside the result]
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Verdict {
    file: PathBuf,
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(flatten)]
    details: Option<Details>,
}

#[derive(Serialize)]
struct Details {
    curve: String,
    region: String,
    epoch: u64,
    devices: usize,
    missing: Vec<String>,
    words: usize,
    roster: String,
    srs: String,
    /// Whether each device proved that its words encrypt readings.
    proved_encryption: bool,
    insecure_srs: bool,
    verify_ms: f64,
}

pub(super) fn run(args: &Args, home: &Home) -> Outcome {
    let verdicts: Vec<_> = args.files.iter().map(|file| judge(file, args, home)).collect();
    let valid = verdicts.iter().all(|verdict| verdict.valid);
    if args.json {
        say_json(&verdicts)?;
    } else {
        verdicts.iter().for_each(print);
    }
    Ok(if valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn judge(file: &Path, args: &Args, home: &Home) -> Verdict {
    let outcome = read(file, RESULT_BYTES_MAX).and_then(|bytes| {
        let curve = bytes.get(CURVE_AT).copied().and_then(CurveId::from_byte);
        // What is no result at all gets its error from the default curve's reader.
        let curve = curve.unwrap_or(CurveId::Bls12_381);
        with_curve!(curve, C => verify::<C>(&bytes, file, args, home))
    });
    let (details, error) = match outcome {
        Ok((details, error)) => (Some(details), error),
        Err(error) => (None, Some(error)),
    };
    Verdict { file: file.to_owned(), valid: error.is_none(), error, details }
}

/// What the result says, and what is wrong with it, if anything.
fn verify<C: Curve>(
    bytes: &[u8],
    file: &Path,
    args: &Args,
    home: &Home,
) -> Result<(Details, Option<String>), String> {
    let result = ProvedResult::<C>::from_bytes(bytes).map_err(|e| e.to_string())?;
    let beside = |name: String| file.parent().unwrap_or(Path::new(".")).join(name);
    let claim = &result.claim;
    let roster_file =
        args.roster.clone().unwrap_or_else(|| beside(format!("{}.roster.json", claim.region)));
    let roster: Roster = serde_json::from_slice(&read(&roster_file, RESULT_BYTES_MAX)?)
        .map_err(|e| format!("{}: {e}", roster_file.display()))?;
    let appliances = appliances(args, &beside(format!("{}.appliances.json", claim.region)))?;
    let key = key::<C>(args, &beside(KEY_FILE.to_owned()), home)?;
    let lists = lists::<C>(args, &beside(format!("{}.profile", roster.profile)))?;
    let proved = lists.scheme().is_some();
    let start = Instant::now();
    let error = result.verify(&key, &roster, &appliances, &lists).err().map(|e| e.to_string());
    let details = Details {
        curve: C::ID.to_string(),
        region: claim.region.to_string(),
        epoch: claim.epoch,
        devices: claim.contributions.len(),
        missing: claim.missing.iter().map(ToString::to_string).collect(),
        words: result.aggregate.len(),
        roster: roster_file.display().to_string(),
        srs: claim.srs.to_string(),
        proved_encryption: proved,
        insecure_srs: key.origin.is_insecure(),
        verify_ms: start.elapsed().as_secs_f64() * 1e3,
    };
    Ok((details, error))
}

/// The appliances: named, or in the file beside the result.
fn appliances(args: &Args, beside: &Path) -> Result<Vec<AppliancePublicKey>, String> {
    if !args.appliances.is_empty() {
        return Ok(args.appliances.clone());
    }
    let bytes = read(beside, RESULT_BYTES_MAX)?;
    serde_json::from_slice(&bytes).map_err(|e| format!("{}: {e}", beside.display()))
}

/// What the devices' words mean: named, or in the file beside the result.
fn lists<C: Curve>(args: &Args, beside: &Path) -> Result<Lists<C>, String> {
    let path = args.profile.as_deref().unwrap_or(beside);
    let named = |error: String| format!("{}: {error}", path.display());
    let profile = Profile::from_bytes(&read(path, RESULT_BYTES_MAX)?);
    let profile = profile.map_err(|error| named(error.to_string()))?;
    Lists::new(&profile).map_err(|error| named(error.to_string()))
}

/// The verifying key: named, beside the result, or that of the home folder's SRS.
fn key<C: Curve>(args: &Args, beside: &Path, home: &Home) -> Result<VerifyingKey<C>, String> {
    let default = if beside.exists() {
        beside.to_owned()
    } else {
        home.srs_path::<C>(pulseproof_prover::srs::DEFAULT_LOG_SIZE)
    };
    let path = args.key.clone().unwrap_or(default);
    let bytes = read(&path, u64::MAX)?;
    VerifyingKey::from_bytes(&bytes)
        .or_else(|key_error| {
            let srs = Srs::<C>::from_bytes(&bytes);
            srs.map(|srs| srs.verifying_key).map_err(|_| key_error)
        })
        .map_err(|e| format!("{}: {e}", path.display()))
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let size = std::fs::metadata(path).map_err(named)?.len();
    if size > limit {
        return Err(format!("{}: {size} bytes, at most {limit} are read", path.display()));
    }
    std::fs::read(path).map_err(named)
}

fn print(verdict: &Verdict) {
    let file = verdict.file.display();
    if let Some(details) = &verdict.details {
        let missing = match details.missing.as_slice() {
            [] => String::new(),
            names => format!("; missing: {}", names.join(", ")),
        };
        say(&format!(
            "{file}: {} epoch {}, {} devices, {} words, {}{missing}",
            details.region, details.epoch, details.devices, details.words, details.curve
        ));
        if !details.proved_encryption {
            say("  UNPROVED ENCRYPTION: its devices do not prove that they encrypted readings");
        }
        say(&format!("  trusted: roster {}, SRS {}", details.roster, details.srs));
    }
    let insecure = verdict.details.as_ref().is_some_and(|details| details.insecure_srs);
    match &verdict.error {
        None if insecure => {
            say("  VALID, under an INSECURE development SRS: whoever made it could forge this");
        }
        None => say("  VALID"),
        Some(error) => say(&format!("  {file}: NOT VALID: {error}")),
    }
}
