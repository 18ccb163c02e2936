//! Proofs, public inputs and verifying keys in snarkjs's JSON: `proof.json`, `public.json`,
//! `verification_key.json`. Texts in memory only.
//!
//! What is written is what snarkjs 0.7.6 writes, byte for byte. What is read is bounded before it is
//! parsed, every number is in its one decimal form (of public inputs also in hexadecimal), and every point in
//! its group; errors name the place, as `pi_b[0][1]`. `vk_alphabeta_12` is written and not read: nothing
//! depends on it.

mod error;
mod read;
mod write;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use pulseproof_kernels::{Curve, CurveId, G1, G2};

pub use error::{JsonError, Problem};
use read::{check_curve, check_protocol, document, many, natural, point, signal};

use crate::{PUBLIC_INPUTS_MAX, Proof, PublicInputs, VerifyingKey, Weakness};

/// The longest proof that is read. snarkjs's have under 2 KiB.
pub const PROOF_BYTES_MAX: usize = 16 << 10;
/// The longest list of public inputs that is read: what snarkjs writes for the most of them, with room.
pub const PUBLIC_BYTES_MAX: usize = PUBLIC_INPUTS_MAX * 96;
/// The longest verifying key that is read: what snarkjs writes for the most inputs, with room.
pub const KEY_BYTES_MAX: usize = (PUBLIC_INPUTS_MAX + 64) * 320;

const PROTOCOL: &str = "groth16";

/// The curve's name in these files.
fn name(curve: CurveId) -> &'static str {
    match curve {
        CurveId::Bls12_381 => "bls12381",
        CurveId::Bn254 => "bn128",
    }
}

/// `proof.json` as a document: fields in snarkjs's order.
#[derive(Clone, Debug, Serialize)]
pub struct ProofDocument {
    pi_a: Value,
    pi_b: Value,
    pi_c: Value,
    protocol: &'static str,
    curve: &'static str,
}

impl ProofDocument {
    /// As snarkjs writes it.
    pub fn text(&self) -> String {
        write::pretty(self)
    }

    /// As a value, to be part of another document.
    pub fn into_value(self) -> Value {
        let Self { pi_a, pi_b, pi_c, protocol, curve } = self;
        json!({ "pi_a": pi_a, "pi_b": pi_b, "pi_c": pi_c, "protocol": protocol, "curve": curve })
    }
}

/// `public.json` as a document.
#[derive(Clone, Debug)]
pub struct PublicDocument(Vec<Value>);

impl PublicDocument {
    /// As snarkjs writes it.
    pub fn text(&self) -> String {
        if self.0.is_empty() {
            // snarkjs's writer has no short form of it.
            return "[\n]".to_owned();
        }
        write::pretty(&self.0)
    }

    /// As a value, to be part of another document.
    pub fn into_value(self) -> Value {
        Value::Array(self.0)
    }
}

/// Other provers leave protocol and curve out; the points say enough.
#[derive(Deserialize)]
struct ProofIn<'a> {
    #[serde(borrow)]
    pi_a: &'a RawValue,
    #[serde(borrow)]
    pi_b: &'a RawValue,
    #[serde(borrow)]
    pi_c: &'a RawValue,
    #[serde(borrow)]
    protocol: Option<&'a RawValue>,
    #[serde(borrow)]
    curve: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[expect(non_snake_case, reason = "the names in the file")]
struct KeyOut {
    protocol: &'static str,
    curve: &'static str,
    nPublic: usize,
    vk_alpha_1: Value,
    vk_beta_2: Value,
    vk_gamma_2: Value,
    vk_delta_2: Value,
    vk_alphabeta_12: Value,
    IC: Vec<Value>,
    /// Not snarkjs's, which passes over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    insecure: Option<String>,
}

#[derive(Deserialize)]
#[expect(non_snake_case, reason = "the names in the file")]
struct KeyIn<'a> {
    #[serde(borrow)]
    protocol: &'a RawValue,
    #[serde(borrow)]
    curve: &'a RawValue,
    #[serde(borrow)]
    nPublic: &'a RawValue,
    #[serde(borrow)]
    vk_alpha_1: &'a RawValue,
    #[serde(borrow)]
    vk_beta_2: &'a RawValue,
    #[serde(borrow)]
    vk_gamma_2: &'a RawValue,
    #[serde(borrow)]
    vk_delta_2: &'a RawValue,
    #[serde(borrow)]
    IC: &'a RawValue,
}

/// The mark that [`VerifyingKey::to_marked_json`] makes in a key.
///
/// # Errors
/// Longer than [`KEY_BYTES_MAX`], or no JSON object.
pub fn mark(text: &[u8]) -> Result<Option<Weakness>, JsonError> {
    #[derive(Deserialize)]
    struct Mark<'a> {
        #[serde(borrow)]
        insecure: Option<&'a RawValue>,
    }
    let raw: Mark<'_> = document(text, "key", KEY_BYTES_MAX)?;
    Ok(raw.insecure.map(|_| Weakness::Marked))
}

/// The curve that a verifying key names; nothing else is looked at.
///
/// # Errors
/// Longer than [`KEY_BYTES_MAX`], no JSON object with a `curve`, or one of another name.
pub fn curve_of_key(text: &[u8]) -> Result<CurveId, JsonError> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        curve: &'a RawValue,
    }
    let raw: Named<'_> = document(text, "key", KEY_BYTES_MAX)?;
    curve_named(raw.curve)
}

/// The curve that a proof names; BN254, if it names none.
///
/// # Errors
/// Longer than [`PROOF_BYTES_MAX`], no proof in JSON, or a curve of another name.
pub fn curve_of_proof(text: &[u8]) -> Result<CurveId, JsonError> {
    let raw: ProofIn<'_> = document(text, "proof", PROOF_BYTES_MAX)?;
    raw.curve.map_or(Ok(CurveId::Bn254), curve_named)
}

/// The curve of a name.
fn curve_named(raw: &RawValue) -> Result<CurveId, JsonError> {
    let [first, second] = CurveId::ALL;
    match check_curve(raw, first) {
        Ok(()) => Ok(first),
        Err(_) => check_curve(raw, second).map(|()| second).map_err(|e| e.inside("curve")),
    }
}

impl<C: Curve> Proof<C> {
    /// As `proof.json`.
    pub fn document(&self) -> ProofDocument {
        ProofDocument {
            pi_a: write::point::<G1<C>>(&self.a),
            pi_b: write::point::<G2<C>>(&self.b),
            pi_c: write::point::<G1<C>>(&self.c),
            protocol: PROTOCOL,
            curve: name(C::ID),
        }
    }

    /// The text of `proof.json`.
    pub fn to_json(&self) -> String {
        self.document().text()
    }

    /// Reads a `proof.json`.
    ///
    /// # Errors
    /// Names the place of the first thing that is wrong.
    pub fn from_json(text: &[u8]) -> Result<Self, JsonError> {
        let raw: ProofIn<'_> = document(text, "proof", PROOF_BYTES_MAX)?;
        if let Some(protocol) = raw.protocol {
            check_protocol(protocol).map_err(|e| e.inside("protocol"))?;
        }
        if let Some(curve) = raw.curve {
            check_curve(curve, C::ID).map_err(|e| e.inside("curve"))?;
        }
        Ok(Self {
            a: point::<G1<C>>(raw.pi_a).map_err(|e| e.inside("pi_a"))?,
            b: point::<G2<C>>(raw.pi_b).map_err(|e| e.inside("pi_b"))?,
            c: point::<G1<C>>(raw.pi_c).map_err(|e| e.inside("pi_c"))?,
        })
    }
}

impl<C: Curve> PublicInputs<C> {
    /// As `public.json`.
    pub fn document(&self) -> PublicDocument {
        PublicDocument(self.0.iter().map(write::element).collect())
    }

    /// The text of `public.json`.
    pub fn to_json(&self) -> String {
        self.document().text()
    }

    /// Reads a `public.json`.
    ///
    /// # Errors
    /// Names the place of the first thing that is wrong.
    pub fn from_json(text: &[u8]) -> Result<Self, JsonError> {
        let raw: &RawValue = document(text, "public", PUBLIC_BYTES_MAX)?;
        let inputs = many(raw, PUBLIC_INPUTS_MAX, signal);
        inputs.map(Self).map_err(|e| e.inside("public"))
    }
}

impl<C: Curve> VerifyingKey<C> {
    /// The text of `verification_key.json`.
    pub fn to_json(&self) -> String {
        self.to_marked_json(None)
    }

    /// The same, with a mark for what is known of the key: it is seen by whoever reads it here.
    pub fn to_marked_json(&self, weakness: Option<Weakness>) -> String {
        write::pretty(&KeyOut {
            protocol: PROTOCOL,
            curve: name(C::ID),
            nPublic: self.public_inputs(),
            vk_alpha_1: write::point::<G1<C>>(&self.alpha_g1),
            vk_beta_2: write::point::<G2<C>>(&self.beta_g2),
            vk_gamma_2: write::point::<G2<C>>(&self.gamma_g2),
            vk_delta_2: write::point::<G2<C>>(&self.delta_g2),
            vk_alphabeta_12: write::target(&self.alpha_beta().0),
            IC: self.ic.iter().map(write::point::<G1<C>>).collect(),
            insecure: weakness.map(|weakness| weakness.to_string()),
        })
    }

    /// Reads a `verification_key.json`.
    ///
    /// # Errors
    /// Names the place of the first thing that is wrong.
    pub fn from_json(text: &[u8]) -> Result<Self, JsonError> {
        let raw: KeyIn<'_> = document(text, "key", KEY_BYTES_MAX)?;
        check_protocol(raw.protocol).map_err(|e| e.inside("protocol"))?;
        check_curve(raw.curve, C::ID).map_err(|e| e.inside("curve"))?;
        let inputs = natural(raw.nPublic, PUBLIC_INPUTS_MAX).map_err(|e| e.inside("nPublic"))?;
        let g2 = |raw, field: &str| point::<G2<C>>(raw).map_err(|e| e.inside(field));
        let key = Self {
            alpha_g1: point::<G1<C>>(raw.vk_alpha_1).map_err(|e| e.inside("vk_alpha_1"))?,
            beta_g2: g2(raw.vk_beta_2, "vk_beta_2")?,
            gamma_g2: g2(raw.vk_gamma_2, "vk_gamma_2")?,
            delta_g2: g2(raw.vk_delta_2, "vk_delta_2")?,
            ic: many(raw.IC, PUBLIC_INPUTS_MAX + 1, point::<G1<C>>).map_err(|e| e.inside("IC"))?,
        };
        if key.ic.len() != inputs + 1 {
            let count = Problem::Count { got: key.ic.len(), expected: inputs + 1 };
            return Err(JsonError::from(count).inside("IC"));
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests;
