//! `pulseproof verify`.

use std::process::ExitCode;
use std::time::Instant;

use pulseproof_groth16::text::unmarked;
use pulseproof_kernels::{Curve, CurveId, with_curve};
use pulseproof_prover::srs::{Srs, VerifyingKey};
use pulseproof_sdk::identity::AppliancePublicKey;
use pulseproof_sdk::profile::ProfileVerifier;
use pulseproof_sdk::{Profile, ProvedResult, Roster};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{NO_ANSWER, Outcome};
use crate::files::{Input, Paths};
use crate::home::Home;
use crate::output::{say, say_json};

/// The name a demo leaves its verifying key under, beside the results.
const KEY_FILE: &str = "srs.verifying-key";
/// Largest file that is read as a result.
const RESULT_BYTES_MAX: u64 = 64 << 20;
/// Largest SRS that is read.
const SRS_BYTES_MAX: u64 = 16 << 30;
/// Where a result says its curve: after four bytes of magic and one of version.
const CURVE_AT: usize = 5;

/// Verify proved results: roster, appliance, signatures and proofs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof demo --out results
  pulseproof verify --insecure-key results/region-001.epoch-0.result
  pulseproof verify --roster north.roster.json --key srs.verifying-key \\
                    --appliance $(curl -s http://127.0.0.1:8750/v1/identity | jq -r .key) north.epoch-7.result

A proof is worth what you trust: the roster (whose keys speak for the region), the appliances (who
may publish its sums), the profile (what words mean) and the verifying key (which SRS). Those named by
default lie beside the result; take them from somebody you trust.
A result under a development SRS is refused unless --insecure-key is given.
Exits with 0 if all verify, 1 if any does not, and 2 if there is no verdict because something could not be read.")]
pub struct Args {
    /// Results to verify
    #[arg(required = true, value_name = "FILE")]
    files: Vec<Input>,
    /// The region's roster [default: REGION.roster.json beside the result]
    #[arg(long, value_name = "FILE")]
    roster: Option<Input>,
    /// Key of an appliance whose sums are accepted, 64 hexadecimal digits; may be given again
    /// [default: those in REGION.appliances.json beside the result]
    #[arg(long = "appliance", value_name = "KEY")]
    appliances: Vec<AppliancePublicKey>,
    /// The SRS's verifying key, or the SRS [default: srs.verifying-key beside the result, else the
    /// SRS of this curve in the home folder]
    #[arg(long, value_name = "FILE")]
    key: Option<Input>,
    /// The region's profile, what its devices' words mean [default: DIGEST.profile beside the result]
    #[arg(long, value_name = "FILE")]
    profile: Option<Input>,
    /// Take results under a development SRS, whose maker could forge them: for tests
    #[arg(long)]
    insecure_key: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Verdict {
    file: String,
    /// Missing where there is none, because something could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<bool>,
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
    Paths::default()
        .reads("FILE", &args.files)
        .reads("--roster", &args.roster)
        .reads("--key", &args.key)
        .reads("--profile", &args.profile)
        .check()?;
    let verdicts: Vec<_> = args.files.iter().map(|file| judge(file, args, home)).collect();
    if args.json {
        say_json(&verdicts)?;
    } else {
        verdicts.iter().for_each(print);
    }
    Ok(if verdicts.iter().any(|verdict| verdict.valid.is_none()) {
        ExitCode::from(NO_ANSWER)
    } else if verdicts.iter().any(|verdict| verdict.valid == Some(false)) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn judge(file: &Input, args: &Args, home: &Home) -> Verdict {
    let outcome = file.read(RESULT_BYTES_MAX).and_then(|bytes| {
        let curve = bytes.get(CURVE_AT).copied().and_then(CurveId::from_byte);
        // What is no result at all gets its error from the default curve's reader.
        let curve = curve.unwrap_or(CurveId::Bls12_381);
        with_curve!(curve, C => verify::<C>(&bytes, file, args, home))
    });
    let (valid, details, error) = match outcome {
        Ok((details, error)) => (Some(error.is_none()), Some(details), error),
        Err(error) => (None, None, Some(error)),
    };
    Verdict { file: file.to_string(), valid, error, details }
}

/// What the result says, and what is wrong with it, if anything.
fn verify<C: Curve>(
    bytes: &[u8],
    file: &Input,
    args: &Args,
    home: &Home,
) -> Result<(Details, Option<String>), String> {
    let result = ProvedResult::<C>::from_bytes(bytes).map_err(|error| file.named(error))?;
    let beside = |name: String| Input::Path(file.folder().join(name));
    let claim = &result.claim;
    let roster_file =
        args.roster.clone().unwrap_or_else(|| beside(format!("{}.roster.json", claim.region)));
    let roster: Roster = read_json(&roster_file)?;
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
        roster: roster_file.to_string(),
        srs: claim.srs.to_string(),
        proved_encryption: proved,
        insecure_srs: key.origin.is_insecure(),
        verify_ms: start.elapsed().as_secs_f64() * 1e3,
    };
    Ok((details, error))
}

/// The appliances: named, or in the file beside the result.
fn appliances(args: &Args, beside: &Input) -> Result<Vec<AppliancePublicKey>, String> {
    if !args.appliances.is_empty() {
        return Ok(args.appliances.clone());
    }
    read_json(beside)
}

/// What the devices' words mean: named, or in the file beside the result.
fn lists<C: Curve>(args: &Args, beside: &Input) -> Result<ProfileVerifier<C>, String> {
    let input = args.profile.as_ref().unwrap_or(beside);
    let profile = Profile::from_bytes(&input.read(RESULT_BYTES_MAX)?);
    let profile = profile.map_err(|error| input.named(error))?;
    ProfileVerifier::new(&profile).map_err(|error| input.named(error))
}

/// The verifying key: named, beside the result, or that of the home folder's SRS.
fn key<C: Curve>(args: &Args, beside: &Input, home: &Home) -> Result<VerifyingKey<C>, String> {
    let default = if beside.exists() {
        beside.clone()
    } else {
        Input::Path(home.srs_path::<C>(pulseproof_prover::srs::DEFAULT_LOG_SIZE))
    };
    let input = args.key.clone().unwrap_or(default);
    let bytes = input.read(SRS_BYTES_MAX)?;
    let key = VerifyingKey::from_bytes(&bytes).or_else(|key_error| {
        let srs = Srs::<C>::from_bytes(&bytes);
        srs.map(|srs| srs.verifying_key).map_err(|_| key_error)
    });
    let key = key.map_err(|error| input.named(error))?;
    if key.origin.is_insecure() && !args.insecure_key {
        let reason = "an INSECURE development SRS: whoever made it could forge proofs; --insecure-key accepts results \
                      under it, for tests";
        return Err(input.named(reason));
    }
    Ok(key)
}

fn read_json<T: DeserializeOwned>(input: &Input) -> Result<T, String> {
    let bytes = input.read(RESULT_BYTES_MAX)?;
    let text = unmarked(&bytes).map_err(|error| input.named(error))?;
    serde_json::from_slice(text).map_err(|error| input.named(error))
}

fn print(verdict: &Verdict) {
    let file = &verdict.file;
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
    let error = verdict.error.as_deref().unwrap_or_default();
    match verdict.valid {
        Some(true) if insecure => {
            say("  VALID, under an INSECURE development SRS: whoever made it could forge this");
        }
        Some(true) => say("  VALID"),
        Some(false) => say(&format!("  {file}: NOT VALID: {error}")),
        None => say(&format!("  {file}: NO VERDICT: {error}")),
    }
}
