//! Groth16 as a service: circuits that a gateway brings, and proofs in snarkjs's JSON.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::digest::Digest;
use crate::name::Name;
use crate::token::UploadToken;

/// A proof to make: of a circuit, from its inputs or from a whole witness. Exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Groth16Request {
    /// The circuit.
    pub circuit: Name,
    /// What the circuit's `.wasm` computes the witness from. Secret: no answer repeats them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Inputs>,
    /// A `.wtns` file that was uploaded, by the token that its maker was answered. Secret: no answer
    /// repeats it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<UploadToken>,
}

impl Groth16Request {
    /// A proof from inputs, as snarkjs takes them: an object of numbers, of decimal digits as
    /// strings, and of arrays of those.
    ///
    /// # Errors
    /// As [`Inputs::new`].
    pub fn from_inputs(circuit: Name, inputs: &Value) -> serde_json::Result<Self> {
        Ok(Self { circuit, inputs: Some(Inputs::new(inputs)?), witness: None })
    }

    /// A proof from an uploaded witness.
    #[must_use]
    pub fn from_witness(circuit: Name, witness: UploadToken) -> Self {
        Self { circuit, inputs: None, witness: Some(witness) }
    }
}

/// A circuit's inputs, as text: what they are made of takes many times as much memory, and is made when they are
/// needed. Secret, so that nobody logs them by accident: `Debug` does not show them. A name that comes twice in an
/// object is refused: of two values, one would be dropped silently.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct Inputs(Box<RawValue>);

impl Inputs {
    /// Inputs in JSON.
    ///
    /// # Errors
    /// No JSON, or a name comes twice.
    pub fn new(value: &Value) -> serde_json::Result<Self> {
        serde_json::from_str(&value.to_string())
    }

    /// The JSON.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Whether they are an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.text().starts_with('{')
    }

    /// Whether there is a number that whoever reads JSON may round.
    #[must_use]
    pub fn has_fraction(&self) -> bool {
        let mut seen = Seen::default();
        let read =
            Look(&mut seen).deserialize(&mut serde_json::Deserializer::from_str(self.text()));
        seen.fraction || read.is_err()
    }
}

impl<'de> Deserialize<'de> for Inputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let mut seen = Seen::default();
        Look(&mut seen)
            .deserialize(&mut serde_json::Deserializer::from_str(raw.get()))
            .map_err(D::Error::custom)?;
        Ok(Self(raw))
    }
}

impl PartialEq for Inputs {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Inputs {}

/// What was seen of JSON that nobody keeps.
#[derive(Default)]
struct Seen {
    fraction: bool,
    hasher: RandomState,
}

/// Reads JSON in which every name of an object comes once, and keeps nothing of it.
struct Look<'a>(&'a mut Seen);

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.0.fraction = true;
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Look(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        // Hashes are much smaller than names may be; that two of these are the same by chance does not happen.
        let mut names = HashSet::new();
        while let Some(name) = fields.next_key::<Cow<'de, str>>()? {
            if !names.insert(self.0.hasher.hash_one(&name)) {
                let name: String = name.chars().take(64).collect();
                return Err(A::Error::custom(format_args!("the name {name:?} comes twice")));
            }
            fields.next_value_seed(Look(self.0))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inputs(secret)")
    }
}

/// A file of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartInfo {
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// Its length.
    pub bytes: u64,
}

/// What `GET /v1/circuits/{name}` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CircuitInfo {
    /// Its name.
    pub name: Name,
    /// The curve that it is proved on.
    pub curve: String,
    /// Wires, with the constant one.
    pub signals: u64,
    /// Public ones among them.
    pub public: u64,
    /// The logarithm of its domain's size.
    pub domain_log: u32,
    /// Contributions to the second phase of its key's ceremony.
    pub contributions: u64,
    /// The proving key, `.zkey`.
    pub key: PartInfo,
    /// What computes a witness from inputs, `.wasm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wasm: Option<PartInfo>,
    /// The constraints, `.r1cs`: errors then name the one that does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r1cs: Option<PartInfo>,
    /// The signals' names, `.sym`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sym: Option<PartInfo>,
    /// Whether each backend holds the key in memory.
    pub resident: BTreeMap<String, bool>,
    /// Begins with INSECURE: why proofs under its key are worth nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// What `GET /v1/circuits` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CircuitList {
    /// All circuits, by name.
    pub circuits: Vec<CircuitInfo>,
}

/// What `GET /v1/circuits/{name}/public-signals` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicSignals {
    /// Their names, in the order of `public.json`.
    pub names: Vec<String>,
}

/// What `GET /v1/uploads/{sha256}` and `GET /v1/witnesses` answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadState {
    /// Bytes that the appliance has, from the first one on.
    pub received: u64,
    /// Whether that is the whole file.
    pub complete: bool,
}

/// The header with the token of a witness's upload.
pub const UPLOAD_TOKEN: &str = "upload-token";
/// The header with SHA-256 of a witness, which what arrived is compared with.
pub const UPLOAD_SHA256: &str = "upload-sha256";

/// What `POST /v1/witnesses` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// What its other requests have to bring, and the job that proves it.
    pub token: UploadToken,
    /// How much of it is there.
    #[serde(flatten)]
    pub state: UploadState,
}

/// A finished job's result: snarkjs's `proof.json` and `public.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Groth16Proof {
    /// The proof.
    pub proof: Value,
    /// The public signals.
    pub public: Value,
    /// Begins with INSECURE: why the proof is worth nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::JobRequest;

    #[test]
    fn inputs_are_sent_and_not_shown() {
        let inputs = json!({ "a": "needle" });
        let request = Groth16Request::from_inputs("sum".parse().unwrap(), &inputs).unwrap();
        let job = JobRequest::Groth16(request);
        let json = json!({ "kind": "groth16", "circuit": "sum", "inputs": { "a": "needle" } });
        assert_eq!(serde_json::to_value(&job).unwrap(), json);
        assert_eq!(serde_json::from_str::<JobRequest>(&json.to_string()).unwrap(), job);
        let shown = format!("{job:?} {job:#?}");
        assert!(!shown.contains("needle") && shown.contains("Inputs(secret)"), "{shown}");
    }

    #[test]
    fn no_input_is_dropped_without_a_word() {
        let read = |text: &str| serde_json::from_str::<Inputs>(text);
        let text = r#"{"a":[1,-2,"3",{"b":null,"c":true}],"d":1.5}"#;
        let inputs = read(text).unwrap();
        assert!(inputs.text() == text && inputs.is_object() && inputs.has_fraction());
        let inputs = read(r#" {"a":[1,-2,18446744073709551615,"0.5"]} "#).unwrap();
        assert!(inputs.is_object() && !inputs.has_fraction());
        assert!(!read("[1]").unwrap().is_object());
        // JSON that is as deep as it is long is no reason to go that deep.
        for deep in ["[".repeat(100_000), "[".repeat(1000) + &"]".repeat(1000)] {
            assert!(read(&deep).is_err());
        }
        for twice in [r#"{"a":1,"a":2}"#, r#"[{"x":{"b":1,"c":2,"b":1}}]"#] {
            assert!(read(twice).unwrap_err().to_string().contains("comes twice"), "{twice}");
        }
        // Within a job, where the kind is read first.
        let job = r#"{"kind":"groth16","circuit":"sum","inputs":{"a":1,"b":2,"a":3}}"#;
        let error = serde_json::from_str::<JobRequest>(job).unwrap_err();
        assert!(error.to_string().contains(r#"the name "a" comes twice"#), "{error}");
    }

    #[test]
    fn a_request_has_no_other_fields() {
        let witness = UploadToken::random().unwrap();
        let request = Groth16Request::from_witness("sum".parse().unwrap(), witness.clone());
        let json = json!({ "circuit": "sum", "witness": witness.secret() });
        assert_eq!(serde_json::to_value(&request).unwrap(), json);
        assert!(!format!("{request:?}").contains(&witness.secret()));
        for other in
            [json!({ "circuit": "sum", "proof": 1 }), json!({ "circuit": "a b" }), json!({})]
        {
            assert!(serde_json::from_value::<Groth16Request>(other).is_err());
        }
    }
}
