//! The key authority: decrypts totals, and only of results whose proofs it has verified itself.
//!
//! | request | answer |
//! |---|---|
//! | `GET /v1/public-key` | the encryption key, binary |
//! | `GET /v1/evaluation-key` | the evaluation key, binary |
//! | `POST /v1/decryptions` | a [query](queries::write_query) of proved results → [`queries::Decryption`] |
//! | `POST /v1/answers` | a [question](questions::write_question) → [`questions::Answer`] |
//! | `POST /v1/disputes` | a [question](questions::write_question_with_outputs) with two outputs → [`hearing::Heard`] |
//!
//! It decrypts no ciphertext that it was handed: sums are those of results that it verified, and programs it
//! computes itself. It decrypts each result by itself, insists that it speaks for a group ([`policy`]), and
//! releases totals over all of them, or a program's bits.
//!
//! What was claimed first of a region's epoch is the only claim it will ever hear of, and what it tells
//! about it is counted: the [vault](crate::vault) keeps both. The same question has the same answer, for
//! free. All refusals that depend on what was encrypted are one and the same.

pub mod dispute;
pub mod hearing;
mod http;
pub mod policy;
pub mod queries;
pub mod questions;
pub mod quorum;
mod setup;

use std::sync::Arc;

use axum::body::Bytes;
use pulseproof_fhe::batcher::Batcher;
use pulseproof_fhe::{Layout, PublicKey, SecretKey, Totals};
use pulseproof_kernels::{Curve, apart};
use pulseproof_prover::encoding::DecodeError;
use pulseproof_sdk::{Digest, Problem, ProvedResult};
use pulseproof_service::body::Bodies;
use pulseproof_service::{Gate, blocking};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::trust::TrustAnchors;
use crate::vault::Vault;
use crate::vault::claims::{Admitted, CheckedQuestion, Pin};

pub use policy::{Answering, Fraction, Policy};
pub use queries::{Decryption, write_query};
pub use setup::{AuthorityError, Setup};

/// The authority.
pub struct Authority<C: Curve> {
    secret_key: SecretKey,
    public_key: PublicKey,
    layout: Layout,
    trust: TrustAnchors<C>,
    policy: Policy,
    vault: Vault,
    /// What computes programs, if it computes any.
    programs: Option<Programs>,
    bodies: Bodies,
    gate: Arc<Gate>,
    /// Disputes wait for appliances, and so have a gate of their own.
    hearings: Arc<Gate>,
}

/// What computes programs.
struct Programs {
    evaluation_key: Digest,
    evaluation_key_bytes: Bytes,
    batcher: Batcher,
}

impl<C: Curve> Authority<C> {
    /// SHA-256 of the evaluation key's bytes, if programs are computed.
    #[must_use]
    pub fn evaluation_key(&self) -> Option<Digest> {
        self.programs.as_ref().map(|programs| programs.evaluation_key)
    }

    /// Waits until the vault is closed.
    pub async fn close(&self) {
        self.vault.close().await;
    }

    /// Verifies results, and checks what everybody can see of them.
    fn verify(&self, results: &[&[u8]]) -> Result<Vec<ProvedResult<C>>, Problem> {
        let verified = apart::map(results.to_vec(), |bytes| self.trust.verify(bytes));
        let results: Vec<_> = verified.into_iter().collect::<Result<_, _>>()?;
        self.policy.check(&results)?;
        results.iter().try_for_each(|result| self.check_proved(result))?;
        Ok(results)
    }

    /// A sum of more lists than the packing is planned for may not decrypt.
    fn check_summands(&self, weight: u64) -> Result<(), Problem> {
        let limit = self.layout.request().summands_max;
        if weight <= limit {
            return Ok(());
        }
        let detail = format!("{weight} submissions; the packing is planned for {limit}");
        Err(Problem::new(422, "too-many-summands", detail).field("results").limit(limit))
    }

    /// Words that nobody proved to be encryptions may be chosen so that whatever is released of them reveals
    /// something of the key: even whether they decrypt to anything.
    fn check_proved(&self, result: &ProvedResult<C>) -> Result<(), Problem> {
        let claim = &result.claim;
        let roster = self.trust.roster(&claim.region)?;
        if self.trust.lists(roster)?.scheme().is_some() {
            return Ok(());
        }
        let detail = format!(
            "the devices of {} do not prove that they encrypt readings, and nothing of such sums is decrypted",
            claim.region
        );
        Err(Problem::new(403, "unproved-encryption", detail).field("profile"))
    }

    /// A result's totals, if they are those of a group's readings.
    fn totals(&self, result: &ProvedResult<C>) -> Option<Totals> {
        let weight = result.claim.total_weight()?;
        let totals = self.secret_key.decrypt(&self.layout, &result.aggregate, weight).ok()?;
        let slots = self.layout.request().slots;
        self.policy.is_enough(totals.count, slots).then_some(totals)
    }

    /// Every result's totals, or nothing. All of them are decrypted either way.
    fn all_totals(&self, results: &[ProvedResult<C>]) -> Option<Zeroizing<Vec<Totals>>> {
        let totals: Vec<_> = results.par_iter().map(|result| self.totals(result)).collect();
        let totals = Zeroizing::new(totals);
        totals.iter().copied().collect::<Option<_>>().map(Zeroizing::new)
    }

    /// Pins and charges a question, computes its answer unless it was computed before, and keeps it: also
    /// that there is none.
    async fn answer_once<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        question: CheckedQuestion,
        compute: impl FnOnce() -> Result<Option<T>, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let kept = match self.vault.admit(&question, self.policy.bits_max).await?? {
            Admitted::Answered(answer) => answer,
            Admitted::Unanswered => {
                let answer = serde_json::to_vec(&blocking(compute).await?).map_err(internal)?;
                self.vault.keep(question.digest, &answer).await?
            }
        };
        let answer: Option<T> = serde_json::from_slice(&kept).map_err(internal)?;
        answer.ok_or_else(unanswerable)
    }
}

/// What a question about these results pins.
fn pins<C: Curve>(results: &[ProvedResult<C>]) -> Vec<Pin> {
    let pin = |result: &ProvedResult<C>| {
        let (region, epoch) = (result.claim.region.clone(), result.claim.epoch);
        Pin { region, epoch, claim: result.sum_digest() }
    };
    results.iter().map(pin).collect()
}

/// The one refusal of everything that depends on what was encrypted.
fn unanswerable() -> Problem {
    let detail =
        "there is no answer: too few readings, or not a sum of readings. Which is not said";
    Problem::new(422, "unanswerable", detail)
}

fn malformed(error: &DecodeError) -> Problem {
    Problem::new(400, "malformed-query", error.to_string())
}

fn internal(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "internal");
    Problem::new(500, "internal", "the authority failed to do this; its log says why")
}

/// An authority that several requests use.
type Shared<C> = Arc<Authority<C>>;
