//! `pulseproof groth16 verify`.

use std::io::BufReader;
use std::process::ExitCode;

use pulseproof_formats::sym;
use pulseproof_groth16::{
    BatchError, PreparedVerifyingKey, Proof, PublicInputs, VerifyError, Weakness, verify_batch,
};
use pulseproof_kernels::{Curve, with_curve};
use rand::rngs::OsRng;
use serde::Serialize;

use super::Outcome;
use super::files::{Allowed, JSON_BYTES_MAX, KeyFile};
use crate::commands::NO_ANSWER;
use crate::files::{Input, Paths};
use crate::output::{say, say_json};

/// Verify proofs, many at once
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 verify --key verification_key.json proof.json public.json
  pulseproof groth16 verify --key circuit.zkey proof-1.json public-1.json proof-2.json public-2.json

  pulseproof groth16 verify --key verification_key.json --sym circuit.sym proof.json public.json

Proofs and their public signals come in turn. Many are checked with one product of pairings.
Exits with 0 if all verify, 1 if any does not, and 2 if anything could not be read.")]
pub struct Args {
    /// The verification key, JSON or in a .zkey
    #[arg(long, value_name = "FILE")]
    key: Input,
    /// A proof, its public signals, and so on
    #[arg(required = true, num_args = 2.., value_names = ["PROOF", "PUBLIC"])]
    files: Vec<Input>,
    /// The names of signals, to name the public ones where something is wrong with them
    #[arg(long, value_name = "FILE")]
    sym: Option<Input>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    allowed: Allowed,
}

#[derive(Serialize)]
struct Verdict {
    proof: String,
    public: String,
    /// Missing where there is none, because something could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    insecure: Option<String>,
}

/// What was found of a proof.
#[derive(Clone)]
enum Found {
    Valid,
    NotValid,
    NotRead(String),
}

/// A proof with its public signals.
type Claim<C> = (PublicInputs<C>, Proof<C>);

pub(super) fn run(args: &Args) -> Outcome {
    let (pairs, rest) = args.files.as_chunks::<2>();
    if let [file] = rest {
        return Err(file.named("a proof without its public signals").into());
    }
    Paths::default()
        .reads("--key", [&args.key])
        .reads("--sym", &args.sym)
        .reads("PROOF or PUBLIC", &args.files)
        .check()?;
    let mut file = KeyFile::open(&args.key)?;
    let (found, weakness) = with_curve!(file.curve(), C => {
        let (key, weakness) = file.read::<C>()?;
        args.allowed.check(&args.key, weakness)?;
        let names = names(args.sym.as_ref(), key.public_inputs())?;
        (judge(&PreparedVerifyingKey::new(key), pairs, &names), weakness)
    });
    let verdicts: Vec<Verdict> =
        pairs.iter().zip(&found).map(|(pair, found)| verdict(pair, found, weakness)).collect();
    if args.json {
        say_json(&verdicts)?;
    } else {
        verdicts.iter().for_each(print);
    }
    Ok(if found.iter().any(|found| matches!(found, Found::NotRead(_))) {
        ExitCode::from(NO_ANSWER)
    } else if found.iter().any(|found| matches!(found, Found::NotValid)) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// What there is to say of each pair of files.
fn judge<C: Curve>(
    key: &PreparedVerifyingKey<C>,
    pairs: &[[Input; 2]],
    names: &[String],
) -> Vec<Found> {
    let mut found = vec![Found::Valid; pairs.len()];
    let mut claims = Vec::new();
    for (place, [proof, public]) in pairs.iter().enumerate() {
        match claim(key, proof, public, names) {
            Ok(claim) => claims.push((place, claim)),
            Err(error) => found[place] = Found::NotRead(error),
        }
    }
    let (places, claims): (Vec<usize>, Vec<Claim<C>>) = claims.into_iter().unzip();
    match verify_batch(key, &claims, &mut OsRng) {
        Ok(()) => {}
        Err(BatchError::Invalid(bad)) => {
            bad.into_iter().for_each(|index| found[places[index]] = Found::NotValid);
        }
        Err(error @ BatchError::Inputs { index, .. }) => {
            found[places[index]] = Found::NotRead(error.to_string());
        }
    }
    found
}

/// The names of a key's public signals, if there is a file of names.
fn names(sym: Option<&Input>, public: usize) -> Result<Vec<String>, String> {
    let Some(sym) = sym else { return Ok(Vec::new()) };
    let public = u32::try_from(public).map_err(|error| sym.named(error))?;
    let names = sym::public_names(BufReader::new(sym.open()?), public, None);
    names.map_err(|error| sym.named(error))
}

/// Reads a proof and its public inputs, as many as the key has.
fn claim<C: Curve>(
    key: &PreparedVerifyingKey<C>,
    proof: &Input,
    public: &Input,
    names: &[String],
) -> Result<Claim<C>, String> {
    let named = |error: String| match names {
        [] => public.named(error),
        names => public.named(format!("{error}. The public signals are {}", names.join(", "))),
    };
    let inputs = PublicInputs::from_json(&public.read(JSON_BYTES_MAX)?);
    let inputs = inputs.map_err(|error| named(error.to_string()))?;
    let (got, expected) = (inputs.len(), key.key().public_inputs());
    if got != expected {
        return Err(named(VerifyError::Inputs { got, expected }.to_string()));
    }
    let parsed = Proof::from_json(&proof.read(JSON_BYTES_MAX)?);
    Ok((inputs, parsed.map_err(|error| proof.named(error))?))
}

fn verdict([proof, public]: &[Input; 2], found: &Found, weakness: Option<Weakness>) -> Verdict {
    let (valid, error) = match found {
        Found::Valid => (Some(true), None),
        Found::NotValid => (Some(false), Some(VerifyError::Invalid.to_string())),
        Found::NotRead(error) => (None, Some(error.clone())),
    };
    let insecure = weakness.map(|weakness| weakness.to_string());
    Verdict { proof: proof.to_string(), public: public.to_string(), valid, error, insecure }
}

fn print(verdict: &Verdict) {
    let file = &verdict.proof;
    let error = verdict.error.as_deref().unwrap_or_default();
    match (verdict.valid, &verdict.insecure) {
        (Some(true), None) => say(&format!("{file}: VALID")),
        (Some(true), Some(reason)) => {
            say(&format!("{file}: VALID, under an INSECURE key: {reason}"));
        }
        (Some(false), _) => say(&format!("{file}: NOT VALID: {error}")),
        (None, _) => say(&format!("{file}: NO VERDICT: {error}")),
    }
}
