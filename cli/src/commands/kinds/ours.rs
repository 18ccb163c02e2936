//! Files that this program makes.

use pulseproof_fhe::bootstrap::keys::{EvaluationKey, FloatingKey};
use pulseproof_fhe::{PublicKey, SecretKey};
use pulseproof_kernels::{Curve, CurveId, with_curve};
use pulseproof_prover::srs::{Srs, SrsError, VerifyingKey};
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::{Digest, Outputs, Profile, ProvedResult};
use pulseproof_server::identity;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::INSECURE;
use crate::commands::keys::DEVICE_PREFIX;

/// Where files that depend on a curve say which: after four bytes of magic and one of version.
const CURVE_AT: usize = 5;

type Facts = Result<Value, String>;

/// What one of our files holds; nothing if it begins as none of them does.
pub(super) fn of_bytes(bytes: &[u8]) -> Option<Facts> {
    if let Some(seed) = bytes.strip_prefix(DEVICE_PREFIX.as_bytes()) {
        return Some(signing_key("device signing key", seed, |seed| {
            DeviceKey::from_seed(seed).public().into()
        }));
    }
    if let Some(seed) = bytes.strip_prefix(identity::PREFIX.as_bytes()) {
        return Some(signing_key("appliance signing key", seed, |seed| {
            ApplianceKey::from_seed(seed).public().to_string()
        }));
    }
    Some(match bytes.get(..8)? {
        b"PPFHESEC" => SecretKey::from_bytes(bytes)
            .map(|key| authority("authority secret key", key.fingerprint()))
            .map_err(|error| error.to_string()),
        b"PPFHEPUB" => PublicKey::from_bytes(bytes)
            .map(|key| authority("authority public key", key.fingerprint()))
            .map_err(|error| error.to_string()),
        b"PPFHEEVA" => EvaluationKey::from_bytes(bytes)
            .map(|key| json!({ "format": "evaluation key", "id": hex::encode(key.id()) }))
            .map_err(|error| error.to_string()),
        b"PPFHEEVF" => FloatingKey::from_bytes(bytes)
            .map(|key| authority("floating-point evaluation key", key.fingerprint()))
            .map_err(|error| error.to_string()),
        [b'P', b'P', b'S', b'R', ..] => of_curve(bytes, Of::Srs),
        [b'P', b'P', b'V', b'K', ..] => of_curve(bytes, Of::Key),
        [b'P', b'P', b'R', b'S', ..] => of_curve(bytes, Of::Result),
        [b'P', b'P', b'P', b'R', ..] => Profile::from_bytes(bytes)
            .map(|profile| described(&profile))
            .map_err(|error| error.to_string()),
        [b'P', b'P', b'F', b'O', ..] => Outputs::from_bytes(bytes)
            .map(|outputs| {
                json!({
                    "format": "outputs of a program",
                    "program": outputs.program.to_string(),
                    "outputs": outputs.outputs.len(),
                })
            })
            .map_err(|error| error.to_string()),
        [b'P', b'P', b'S', b'U', ..] => Ok(of_digest("submission", bytes)),
        [b'P', b'P', b'S', b'B', ..] => Ok(of_digest("batch of submissions", bytes)),
        _ => return None,
    })
}

fn signing_key(format: &str, text: &[u8], public: impl FnOnce([u8; 32]) -> String) -> Facts {
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim_ascii_end(), &mut seed[..])
        .map_err(|_| format!("a damaged {format}"))?;
    Ok(json!({ "format": format, "public": public(*seed) }))
}

fn authority(format: &str, fingerprint: [u8; 32]) -> Value {
    json!({ "format": format, "fingerprint": hex::encode(fingerprint) })
}

fn described(profile: &Profile) -> Value {
    let mut facts = json!({ "format": "profile", "digest": profile.digest() });
    if let Profile::Proved { layout, .. } = profile {
        facts["words"] = layout.words().into();
        facts["layout"] = json!(layout.request());
    }
    facts
}

fn of_digest(format: &str, bytes: &[u8]) -> Value {
    json!({ "format": format, "sha256": Digest::sha256(bytes).to_string() })
}

/// A file that depends on a curve.
#[derive(Clone, Copy)]
enum Of {
    Srs,
    Key,
    Result,
}

fn of_curve(bytes: &[u8], what: Of) -> Facts {
    let curve = bytes.get(CURVE_AT).copied().and_then(CurveId::from_byte);
    let curve = curve.ok_or("its curve is unknown")?;
    with_curve!(curve, C => match what {
        Of::Srs => Srs::<C>::from_bytes(bytes)
            .map(|srs| reference("SRS", &srs.verifying_key))
            .map_err(|error: SrsError| error.to_string()),
        Of::Key => VerifyingKey::<C>::from_bytes(bytes)
            .map(|key| reference("verifying key of an SRS", &key))
            .map_err(|error| error.to_string()),
        Of::Result => ProvedResult::<C>::from_bytes(bytes)
            .map(|result| proved(&result))
            .map_err(|error| error.to_string()),
    })
}

fn reference<C: Curve>(format: &str, key: &VerifyingKey<C>) -> Value {
    let mut facts = json!({
        "format": format,
        "curve": C::ID.to_string(),
        "log size": key.log_size(),
        "id": hex::encode(key.id()),
    });
    if key.origin.is_insecure() {
        facts[INSECURE] = "a development SRS: whoever made it could forge proofs".into();
    }
    facts
}

fn proved<C: Curve>(result: &ProvedResult<C>) -> Value {
    let claim = &result.claim;
    json!({
        "format": "proved result",
        "curve": C::ID.to_string(),
        "region": claim.region.to_string(),
        "epoch": claim.epoch,
        "devices": claim.contributions.len(),
        "words": result.aggregate.len(),
        "srs": claim.srs.to_string(),
    })
}
