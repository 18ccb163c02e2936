//! What is asked of an appliance: `POST /v1/jobs`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use pulseproof_packing::LayoutRequest;
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::EngineKind;
use crate::digest::Digest;
use crate::fhe::{FheRequest, Program, SumRef};
use crate::groth16::{Groth16Request, Inputs};
use crate::maps::each_once;
use crate::name::Name;
#[cfg(feature = "openapi")]
use crate::schemas;
use crate::token::UploadToken;

/// `POST /v1/jobs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum JobRequest {
    /// Close an epoch of a region, sum what was accepted for it and prove the sum.
    Aggregate {
        /// The region.
        region: Name,
        /// The epoch.
        epoch: u64,
        /// Weights other than 1.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        weights: BTreeMap<Name, u64>,
    },
    /// Compute a homomorphic program on sums.
    Fhe(Box<FheRequest>),
    /// Prove a circuit.
    Groth16(Groth16Request),
}

impl JobRequest {
    /// The regions whose readings are in what is asked; none of a proof of a circuit.
    #[must_use]
    pub fn regions(&self) -> Vec<Name> {
        let regions: BTreeSet<&Name> = match self {
            Self::Aggregate { region, .. } => [region].into(),
            Self::Fhe(request) => request.sums.iter().map(|sum| &sum.region).collect(),
            Self::Groth16(_) => BTreeSet::new(),
        };
        regions.into_iter().cloned().collect()
    }
}

/// What every request says first.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

/// A sum to prove: closes the region's epoch. Each kind of request has these fields, and no others.
#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct SumJob {
    #[serde(rename = "kind")]
    #[cfg_attr(feature = "openapi", schema(schema_with = schemas::kind_of_sum))]
    _kind: IgnoredAny,
    /// The region.
    region: Name,
    /// The epoch.
    epoch: u64,
    /// Weights other than 1, by device.
    #[serde(default, deserialize_with = "each_once")]
    weights: BTreeMap<Name, u64>,
}

/// A homomorphic program to compute on proved sums.
#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct FheJob {
    #[serde(rename = "kind")]
    #[cfg_attr(feature = "openapi", schema(schema_with = schemas::kind_of_fhe))]
    _kind: IgnoredAny,
    /// The evaluation key: SHA-256 of its bytes.
    key: Digest,
    /// Who bootstraps.
    #[serde(default)]
    engine: EngineKind,
    /// How the readings in the sums are packed.
    layout: LayoutRequest,
    /// The sums that the program's inputs count from 0.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 64))]
    sums: Vec<SumRef>,
    /// The encrypted words that the program's inputs count from 0; hexadecimal.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 16))]
    words: Vec<String>,
    /// The program.
    program: Program,
}

/// A circuit to prove, from its inputs or from an uploaded witness: one of the two.
#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ProofJob {
    #[serde(rename = "kind")]
    #[cfg_attr(feature = "openapi", schema(schema_with = schemas::kind_of_proof))]
    _kind: IgnoredAny,
    /// The circuit.
    circuit: Name,
    /// What the circuit's `.wasm` computes the witness from. Secret: no answer repeats them.
    #[serde(default)]
    inputs: Option<Inputs>,
    /// A `.wtns` file that was uploaded, by its token. Secret: no answer repeats it.
    #[serde(default)]
    witness: Option<UploadToken>,
}

/// Read twice, first the kind: of what is read by its kind alone, serde would make a copy of many times the size.
impl<'de> Deserialize<'de> for JobRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        read_request(raw.get()).map_err(D::Error::custom)
    }
}

fn read_request(text: &str) -> serde_json::Result<JobRequest> {
    let Kind { kind } = serde_json::from_str(text)?;
    match &*kind {
        "aggregate" => {
            let SumJob { region, epoch, weights, .. } = serde_json::from_str(text)?;
            Ok(JobRequest::Aggregate { region, epoch, weights })
        }
        "fhe" => {
            let FheJob { key, engine, layout, sums, words, program, .. } =
                serde_json::from_str(text)?;
            let request = FheRequest { key, engine, layout, sums, words, program };
            Ok(JobRequest::Fhe(Box::new(request)))
        }
        "groth16" => {
            let ProofJob { circuit, inputs, witness, .. } = serde_json::from_str(text)?;
            Ok(JobRequest::Groth16(Groth16Request { circuit, inputs, witness }))
        }
        other => {
            let other: String = other.chars().take(64).collect();
            let reason = format!("there is no kind {other:?}: expected aggregate, fhe or groth16");
            Err(serde_json::Error::custom(reason))
        }
    }
}
