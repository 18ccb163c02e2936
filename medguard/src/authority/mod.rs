//! The key authority: decrypts totals, and only of results whose proofs it has verified itself.
//!
//! | request | answer |
//! |---|---|
//! | `GET /v1/public-key` | the encryption key, binary |
//! | `POST /v1/decryptions` | a [query](write_query) of proved results → [`Decryption`] |
//! | `POST /v1/answers` | a [question](crate::answers::write_question) → [`Answer`]s |
//!
//! It decrypts the sum of the results in a query, adds up the slots inside, and answers with totals:
//! no slot, no region's ciphertext and no single device's reading ever leaves it. Every result in a
//! query must itself speak for at least [`Policy::devices_min`] devices, so that no difference of two
//! queries tells of fewer, and count each of them once: a sum with weights 1, 1 and 4,000 would tell
//! of the third.

use std::future::Future;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use pulseproof_fhe::{DecryptError, Layout, PublicKey, SecretKey, Totals};
use pulseproof_kernels::Curve;
use pulseproof_prover::encoding::{DecodeError, Reader, Writer};
use pulseproof_prover::srs::LOG_SIZE_MAX;
use pulseproof_sdk::{Digest, Problem, ProvedResult};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::answers::Answer;
use crate::combine::combine;
use crate::http::{BODY_BYTES_MAX, Refusal, compute, serve_routes};
use crate::trust::Trust;

const MAGIC: [u8; 4] = *b"PPDQ";
const VERSION: u8 = 1;
/// Most results in one query.
pub const QUERY_RESULTS_MAX: usize = 100_000;
pub(crate) const RESULT_BYTES_MAX: usize = 16 << 20;

/// What the authority insists on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Fewest devices a result may speak for.
    pub devices_min: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self { devices_min: 3 }
    }
}

/// The authority.
pub struct Authority<C: Curve> {
    /// The key that opens everything.
    pub secret_key: SecretKey,
    /// The key that devices encrypt with.
    pub public_key: PublicKey,
    /// The evaluation key that the appliance has of it, if any: SHA-256 of its bytes.
    pub evaluation_key: Option<Digest>,
    /// The packing of readings.
    pub layout: Layout,
    /// What it trusts.
    pub trust: Trust<C>,
    /// What it insists on.
    pub policy: Policy,
}

/// A decrypted sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decryption {
    /// The totals.
    pub totals: Totals,
    /// How many results were summed.
    pub results: usize,
    /// How many submissions stand behind them.
    pub submissions: usize,
}

/// Packs a combined ciphertext and the results it is the sum of, as bytes, into a query.
pub fn write_query<B: AsRef<[u8]>>(combined: &[u64], results: &[B]) -> Vec<u8> {
    let mut writer = Writer::with_header(MAGIC, VERSION);
    writer.words(combined).length(results.len());
    for result in results {
        writer.string(result.as_ref());
    }
    writer.finish()
}

fn read_query(bytes: &[u8]) -> Result<(Vec<u64>, Vec<&[u8]>), DecodeError> {
    let mut reader = Reader::with_header(bytes, MAGIC, VERSION, "decryption query")?;
    let combined = reader.words(1 << LOG_SIZE_MAX, "combined")?;
    let count = reader.length(QUERY_RESULTS_MAX, "results")?;
    let results =
        (0..count).map(|_| reader.string(RESULT_BYTES_MAX, "result")).collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok((combined, results))
}

impl<C: Curve> Authority<C> {
    /// Serves until `stopped` is ready.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(
        self,
        listener: TcpListener,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let routes = Router::new()
            .route("/v1/public-key", get(public_key::<C>))
            .route("/v1/decryptions", post(decryptions::<C>))
            .route("/v1/answers", post(answers::<C>))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(Arc::new(self));
        serve_routes(routes, listener, stopped).await
    }

    /// Verifies every result of a query, adds the ciphertexts, decrypts, and returns totals.
    ///
    /// # Errors
    /// The problem to answer with; nothing is decrypted then.
    pub fn decrypt(&self, query: &[u8]) -> Result<Decryption, Problem> {
        let (claimed, results) = read_query(query)
            .map_err(|error| Problem::new(400, "malformed-query", error.to_string()))?;
        let results: Vec<_> =
            results.par_iter().map(|bytes| self.trust.verify(bytes)).collect::<Result<_, _>>()?;
        self.check_policy(&results)?;
        let combined = combine(&results)?;
        if combined.words != claimed {
            let detail = "the ciphertext is not the sum of the results that came with it";
            return Err(Problem::new(422, "wrong-combination", detail).field("combined"));
        }
        let totals = self
            .secret_key
            .decrypt(&self.layout, &combined.words, combined.weight)
            .map_err(|error| undecryptable(&error))?;
        let submissions = results.iter().map(|result| result.claim.contributions.len()).sum();
        Ok(Decryption { totals, results: results.len(), submissions })
    }

    pub(crate) fn check_policy(&self, results: &[ProvedResult<C>]) -> Result<(), Problem> {
        for result in results {
            let (claim, least) = (&result.claim, self.policy.devices_min);
            if let Some(heavy) = claim.contributions.iter().find(|c| c.weight != 1) {
                let detail = format!(
                    "{} epoch {} counts {} {} times; only plain sums are decrypted, since unequal \
                     weights can single a device out",
                    claim.region, claim.epoch, heavy.device, heavy.weight
                );
                return Err(Problem::new(403, "weighted-sum", detail).field("weights").limit(1));
            }
            if claim.contributions.len() < least {
                let detail = format!(
                    "the result of {} for epoch {} speaks for {} devices; at least {least} are \
                     required before anything is decrypted",
                    claim.region,
                    claim.epoch,
                    claim.contributions.len()
                );
                let problem = Problem::new(403, "too-few-devices", detail);
                return Err(problem.field("contributions").limit(least as u64));
            }
        }
        Ok(())
    }
}

fn undecryptable(error: &DecryptError) -> Problem {
    Problem::new(422, "undecryptable", error.to_string()).field("results")
}

async fn public_key<C: Curve>(State(authority): State<Arc<Authority<C>>>) -> Vec<u8> {
    authority.public_key.to_bytes()
}

async fn decryptions<C: Curve>(
    State(authority): State<Arc<Authority<C>>>,
    body: Bytes,
) -> Result<Json<Decryption>, Refusal> {
    compute(move || authority.decrypt(&body)).await.map(Json)
}

async fn answers<C: Curve>(
    State(authority): State<Arc<Authority<C>>>,
    body: Bytes,
) -> Result<Json<Vec<Answer>>, Refusal> {
    compute(move || authority.answer(&body)).await.map(Json)
}
