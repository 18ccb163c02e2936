//! What a file holds, of every kind that is made or taken here, by its first bytes and never by its name.
//!
//! - `circom`: iden3's binary files, and modules. `json`: texts. `ours`: keys, SRSs, results.

mod circom;
mod json;
mod ours;

use std::io::{Read, Seek};

use pulseproof_formats::FileKind;
use serde_json::Value;

use crate::files::Input;
use crate::output::{complain, say, say_json};

/// Longest file that is read whole.
const WHOLE_BYTES_MAX: u64 = 4 << 30;

/// The field of what shows that a file is worth nothing as evidence.
const INSECURE: &str = "insecure";

/// What a file holds: an object with a `format`, and without secrets.
pub(super) fn facts(input: &Input) -> Result<Value, String> {
    let mut file = input.open()?;
    let failed = |error: std::io::Error| input.named(error);
    let bytes = file.metadata().map_err(failed)?.len();
    let kind = FileKind::sniff(&mut file).map_err(failed)?;
    let facts = match kind {
        Some(kind) => circom::of_kind(kind, file),
        None if bytes > WHOLE_BYTES_MAX => {
            Err(format!("{bytes} bytes, at most {WHOLE_BYTES_MAX} of such a file are read"))
        }
        None => {
            let mut whole = zeroize::Zeroizing::new(Vec::new());
            file.rewind().and_then(|()| file.read_to_end(&mut whole)).map_err(failed)?;
            of_bytes(&whole)
        }
    };
    let mut facts = facts.map_err(|error| input.named(error))?;
    facts["bytes"] = bytes.into();
    Ok(facts)
}

fn of_bytes(bytes: &[u8]) -> Result<Value, String> {
    ours::of_bytes(bytes)
        .or_else(|| circom::of_module(bytes))
        .unwrap_or_else(|| json::of_text(bytes))
}

/// Says it, and warns of what is insecure.
pub(super) fn show(facts: &Value, as_json: bool) -> serde_json::Result<()> {
    if as_json {
        say_json(facts)?;
    } else if let Some(facts) = facts.as_object() {
        for (name, value) in facts {
            let name = if name == INSECURE { "INSECURE" } else { name };
            match value {
                Value::String(text) => say(&format!("{name}: {text}")),
                other => say(&format!("{name}: {other}")),
            }
        }
    }
    if let Some(reason) = facts[INSECURE].as_str() {
        complain(&format!("WARNING: INSECURE: {reason}"));
    }
    Ok(())
}
