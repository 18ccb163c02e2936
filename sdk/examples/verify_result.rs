//! Verifies a region's proved sum, as an auditor does: with files, and without an appliance.
//!
//! ```sh
//! pulseproof demo --out results
//! cargo run --release -p pulseproof-sdk --example verify_result -- \
//!     results/region-001.epoch-0.result results/region-001.roster.json \
//!     results/*.profile results/region-001.appliances.json results/srs.verifying-key
//! ```
//!
//! A proof is worth what is trusted beside it. Roster, profile, appliances' keys and verifying key lie next
//! to a demo's results for convenience; an auditor takes them from somebody else than the result.

use std::error::Error;
use std::fs;
use std::path::Path;

use pulseproof_kernels::{Curve, CurveId, with_curve};
use pulseproof_prover::srs::VerifyingKey;
use pulseproof_sdk::identity::AppliancePublicKey;
use pulseproof_sdk::profile::ProfileVerifier;
use pulseproof_sdk::{Profile, ProvedResult, Roster};

/// Where a result names its curve: after four bytes of magic and one of version.
const CURVE_AT: usize = 5;

#[expect(clippy::print_stdout, reason = "printing is what this example is for")]
fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    let [result, roster, profile, appliances, key] = files.as_slice() else {
        return Err("arguments: RESULT ROSTER PROFILE APPLIANCES VERIFYING-KEY".into());
    };
    let trusted = [roster, profile, appliances, key].map(Path::new);
    let bytes = read(Path::new(result))?;
    let curve = bytes.get(CURVE_AT).copied().and_then(CurveId::from_byte);
    let curve = curve.ok_or("the result names no curve that is known here")?;
    let verdict = with_curve!(curve, C => verify::<C>(&bytes, trusted))?;
    println!("{verdict}");
    Ok(())
}

/// What the result says, if it holds.
fn verify<C: Curve>(bytes: &[u8], trusted: [&Path; 4]) -> Result<String, Box<dyn Error>> {
    let [roster, profile, appliances, key] = trusted;
    // Bytes have one meaning: what is truncated, longer or not canonical is an error that names the field.
    let result = ProvedResult::<C>::from_bytes(bytes)?;
    let roster: Roster = serde_json::from_slice(&read(roster)?)?;
    let appliances: Vec<AppliancePublicKey> = serde_json::from_slice(&read(appliances)?)?;
    let lists = ProfileVerifier::new(&Profile::from_bytes(&read(profile)?)?)?;
    let key = VerifyingKey::<C>::from_bytes(&read(key)?)?;

    // Roster, who published it, every device's signature and proof, and the sum's proof. None is checked
    // apart from the others: a result is accepted whole or not at all.
    result.verify(&key, &roster, &appliances, &lists)?;

    let claim = &result.claim;
    let (devices, missing) = (claim.contributions.len(), claim.missing.len());
    let mut verdict = format!(
        "{}, epoch {}: {devices} devices, {missing} missing. VALID",
        claim.region, claim.epoch
    );
    // What the proof does not show has to be said.
    if lists.scheme().is_none() {
        verdict += ". UNPROVED ENCRYPTION: what the devices' words mean is trusted";
    }
    if key.origin.is_insecure() {
        verdict += ". INSECURE: the SRS is a development one, and whoever made it could forge this";
    }
    Ok(verdict)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
