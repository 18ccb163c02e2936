//! Texts: snarkjs's, and ours.

use pulseproof_groth16::text::unmarked;
use pulseproof_groth16::{Proof, PublicInputs, VerifyingKey, json};
use pulseproof_kernels::{Bls12_381, CurveId, with_curve};
use pulseproof_sdk::Roster;
use pulseproof_sdk::identity::AppliancePublicKey;
use serde_json::{Value, json};

use super::INSECURE;

pub(super) fn of_text(text: &[u8]) -> Result<Value, String> {
    let text = unmarked(text).map_err(|error| error.to_string())?;
    let Ok(value) = serde_json::from_slice::<Value>(text) else { return Err(unknown()) };
    let has = |field: &str| value.get(field).is_some();
    if has("vk_alpha_1") {
        verification_key(text)
    } else if has("pi_a") {
        proof(text)
    } else if value.is_array() {
        list(text)
    } else if let Ok(roster) = serde_json::from_slice::<Roster>(text) {
        Ok(json!({
            "format": "roster",
            "region": roster.region.to_string(),
            "devices": roster.devices.len(),
            "digest": roster.digest().to_string(),
        }))
    } else if value.is_object() {
        // Whatever it is, its names are no secret, and its values may be.
        Ok(json!({ "format": "JSON object, as inputs of a circuit are" }))
    } else {
        Err(unknown())
    }
}

fn unknown() -> String {
    "of no kind that is known here: neither of circom's or snarkjs's files, nor a key, SRS, profile, roster or \
     result of ours"
        .to_owned()
}

fn verification_key(text: &[u8]) -> Result<Value, String> {
    let failed = |error: pulseproof_groth16::JsonError| error.to_string();
    let curve = json::curve_of_key(text).map_err(failed)?;
    with_curve!(curve, C => {
        let key = VerifyingKey::<C>::from_json(text).map_err(failed)?;
        let mut facts = json!({
            "format": "verification key (groth16)",
            "curve": curve.to_string(),
            "public": key.public_inputs(),
        });
        if let Some(weakness) = key.weakness().or(json::mark(text).map_err(failed)?) {
            facts[INSECURE] = weakness.to_string().into();
        }
        Ok(facts)
    })
}

/// The curve of a proof is that on which its points are.
fn proof(text: &[u8]) -> Result<Value, String> {
    let mut wrong = String::new();
    for curve in CurveId::ALL {
        match with_curve!(curve, C => Proof::<C>::from_json(text).map(drop)) {
            Ok(()) => {
                return Ok(json!({ "format": "proof (groth16)", "curve": curve.to_string() }));
            }
            Err(error) => wrong = format!("a proof that is one on no curve: {error}"),
        }
    }
    Err(wrong)
}

fn list(text: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice::<Vec<AppliancePublicKey>>(text) {
        Ok(keys) if !keys.is_empty() => {
            Ok(json!({ "format": "appliances' public keys", "keys": keys.len() }))
        }
        _ => {
            // The field of the larger order: it has the signals of both curves.
            let inputs = PublicInputs::<Bls12_381>::from_json(text);
            let inputs = inputs.map_err(|error| error.to_string())?;
            Ok(json!({ "format": "public signals", "public": inputs.len() }))
        }
    }
}
