//! `pulseproof attestation`.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use pulseproof_attestation::{
    Binding, COLLATERAL_LIMIT, Collateral, Evidence, Hex, Policy, REPORT_LIMIT, verify,
};
use pulseproof_sdk::identity::AppliancePublicKey;
use serde_json::json;

use super::Outcome;
use crate::files::{Input, Paths};
use crate::output::{say, say_json};

/// Longest evidence: a report and certificates in base64, and their names.
const EVIDENCE_BYTES_MAX: u64 = 2 * (REPORT_LIMIT + COLLATERAL_LIMIT) as u64;
/// Longest policy.
const POLICY_BYTES_MAX: u64 = 1 << 20;

/// Where an appliance runs: verify what its processor says
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  NONCE=$(openssl rand -hex 32)
  curl -s \"https://edge.example:8750/v1/attestation?nonce=$NONCE\" |
    pulseproof attestation verify --appliance $KEY --nonce $NONCE --policy policy.json")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Verify evidence that an appliance runs in a trusted execution environment, and in which
    #[command(after_help = "\
Examples:
  pulseproof attestation verify --appliance $KEY --nonce $NONCE --policy policy.json evidence.json
  pulseproof attestation verify --appliance $KEY --nonce $NONCE --policy policy.json \\
                                --collateral collateral.json evidence.json

Verifies offline: signatures up to AMD's or Intel's own keys, that the report is of this appliance's key and for this
nonce, that nobody debugs the guest, and what the policy says of measurements and firmware. docs/attestation.md has
policies, and where collateral comes from.
Exits with 0 if the policy accepts it, 1 if not, and 2 if it cannot be read.")]
    Verify(Box<VerifyArgs>),
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// The appliance's key, from somebody you trust
    #[arg(long, value_name = "KEY")]
    appliance: AppliancePublicKey,
    /// What you asked with: 64 hexadecimal digits, random, and new each time
    #[arg(long, value_name = "NONCE")]
    nonce: Hex<32>,
    /// What you accept, in JSON
    #[arg(long, value_name = "FILE")]
    policy: Input,
    /// What AMD or Intel say of their processors, in JSON [default: what comes with the evidence]
    #[arg(long, value_name = "FILE")]
    collateral: Option<Input>,
    /// The evidence, as the appliance answered it
    #[arg(default_value = "-")]
    file: Input,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(Args { what: What::Verify(args) }: &Args) -> Outcome {
    Paths::default()
        .reads("FILE", [&args.file])
        .reads("--policy", [&args.policy])
        .reads("--collateral", &args.collateral)
        .check()?;
    let named = |input: &Input, error: &dyn std::fmt::Display| input.named(error);
    let policy = args.policy.read(POLICY_BYTES_MAX)?;
    let policy: Policy =
        serde_json::from_slice(&policy).map_err(|error| named(&args.policy, &error))?;
    let collateral = match &args.collateral {
        None => Collateral::none(),
        Some(input) => Collateral::from_json(&input.read(COLLATERAL_LIMIT as u64)?)
            .map_err(|error| named(input, &error))?,
    };
    let evidence = args.file.read(EVIDENCE_BYTES_MAX)?;
    let evidence = Evidence::from_json(&evidence).map_err(|error| named(&args.file, &error))?;
    let asked = Binding::new(args.appliance.to_bytes(), args.nonce.0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let verified = verify(&evidence, &asked, &collateral, &policy, now);
    let is_accepted = verified.is_ok();
    if args.json {
        say_json(&match verified {
            Ok(verified) => json!({ "accepted": true, "verified": verified }),
            Err(refused) => json!({ "accepted": false, "error": refused.to_string() }),
        })?;
    } else {
        say(&match verified {
            Ok(verified) if verified.tee.is_none() => {
                format!("{}: accepted, though it is in no TEE: the policy says so", args.file)
            }
            Ok(verified) => format!(
                "{}: accepted: {}",
                args.file,
                json!(verified.kind).as_str().unwrap_or_default()
            ),
            Err(refused) => format!("{}: REFUSED: {refused}", args.file),
        });
    }
    Ok(if is_accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
