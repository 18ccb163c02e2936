//! `pulseproof groth16 verify`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pulseproof_groth16::{
    BatchError, PreparedVerifyingKey, Proof, PublicInputs, VerifyError, verify_batch,
};
use pulseproof_kernels::{Curve, with_curve};
use rand::rngs::OsRng;
use serde::Serialize;

use super::Outcome;
use super::files::{AnyVerifyingKey, named, read_json};
use crate::output::{say, say_json};

/// Verify proofs, many at once
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 verify --key verification_key.json proof.json public.json
  pulseproof groth16 verify --key circuit.zkey proof-1.json public-1.json proof-2.json public-2.json

Proofs and their public signals come in turn. Many are checked with one product of pairings.
Exits with 1 if any does not verify.")]
pub struct Args {
    /// The verification key, JSON or in a .zkey
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// A proof, its public signals, and so on
    #[arg(required = true, num_args = 2.., value_names = ["PROOF", "PUBLIC"])]
    files: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Verdict {
    proof: PathBuf,
    public: PathBuf,
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A proof with its public signals.
type Claim<C> = (PublicInputs<C>, Proof<C>);

pub(super) fn run(args: &Args) -> Outcome {
    let (pairs, rest) = args.files.as_chunks::<2>();
    if let [file] = rest {
        return Err(format!("{}: a proof without its public signals", file.display()).into());
    }
    let key = AnyVerifyingKey::open(&args.key)?;
    let errors = with_curve!(key.curve(), C => {
        let key = PreparedVerifyingKey::new(key.read::<C>(&args.key)?);
        judge(&key, pairs)
    });
    let verdicts: Vec<Verdict> = pairs
        .iter()
        .zip(errors)
        .map(|([proof, public], error)| Verdict {
            proof: proof.clone(),
            public: public.clone(),
            valid: error.is_none(),
            error,
        })
        .collect();
    if args.json {
        say_json(&verdicts)?;
    } else {
        verdicts.iter().for_each(print);
    }
    let valid = verdicts.iter().all(|verdict| verdict.valid);
    Ok(if valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is wrong with each proof, if anything.
fn judge<C: Curve>(key: &PreparedVerifyingKey<C>, pairs: &[[PathBuf; 2]]) -> Vec<Option<String>> {
    let mut errors = vec![None; pairs.len()];
    let mut claims = Vec::new();
    for (place, [proof, public]) in pairs.iter().enumerate() {
        match claim(key, proof, public) {
            Ok(claim) => claims.push((place, claim)),
            Err(error) => errors[place] = Some(error),
        }
    }
    let (places, claims): (Vec<usize>, Vec<Claim<C>>) = claims.into_iter().unzip();
    if let Err(error) = verify_batch(key, &claims, &mut OsRng) {
        match &error {
            BatchError::Invalid(bad) => {
                bad.iter()
                    .for_each(|&i| errors[places[i]] = Some(VerifyError::Invalid.to_string()));
            }
            BatchError::Inputs { index, .. } => errors[places[*index]] = Some(error.to_string()),
        }
    }
    errors
}

/// Reads a proof and its public inputs, as many as the key has.
fn claim<C: Curve>(
    key: &PreparedVerifyingKey<C>,
    proof: &Path,
    public: &Path,
) -> Result<Claim<C>, String> {
    let inputs = PublicInputs::from_json(&read_json(public)?);
    let inputs = inputs.map_err(|error| named(public, error))?;
    let (got, expected) = (inputs.len(), key.key().public_inputs());
    if got != expected {
        return Err(named(public, VerifyError::Inputs { got, expected }));
    }
    let parsed = Proof::from_json(&read_json(proof)?);
    Ok((inputs, parsed.map_err(|error| named(proof, error))?))
}

fn print(verdict: &Verdict) {
    let file = verdict.proof.display();
    match &verdict.error {
        None => say(&format!("{file}: VALID")),
        Some(error) => say(&format!("{file}: NOT VALID: {error}")),
    }
}
