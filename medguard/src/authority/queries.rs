//! Totals of proved results.
//!
//! An answer is charged to each result in the query with the bits of its totals
//! ([`totals_bits`]), so that no number of overlapping queries reveals more of one
//! than its budget.

use std::sync::Arc;

use pulseproof_kernels::Curve;
use pulseproof_prover::encoding::{DecodeError, Reader, Writer};
use pulseproof_prover::srs::LOG_SIZE_MAX;
use pulseproof_sdk::result::RESULT_BYTES_MAX;
use pulseproof_sdk::{Digest, Problem, ProvedResult};
use pulseproof_service::blocking;
use serde::{Deserialize, Serialize};

use super::policy::{add_up, totals_bits};
use super::{Authority, Shared, malformed, pins};
use crate::combine::combine;
use crate::vault::claims::CheckedQuestion;
use pulseproof_fhe::Totals;

const MAGIC: [u8; 4] = *b"PPDQ";
const VERSION: u8 = 1;
/// Most results in one query.
pub const QUERY_RESULTS_MAX: usize = 100_000;

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
    /// Verifies every result of a query, decrypts each of them, and releases the totals of all together.
    ///
    /// # Errors
    /// The problem to answer with; nothing is released then.
    pub async fn decrypt(
        self: &Shared<C>,
        query: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Decryption, Problem> {
        let this = Arc::clone(self);
        let (question, results) = blocking(move || this.examine_query(query.as_ref())).await?;
        let this = Arc::clone(self);
        self.answer_once(question, move || Ok(this.total(&results))).await
    }

    fn examine_query(
        &self,
        query: &[u8],
    ) -> Result<(CheckedQuestion, Vec<ProvedResult<C>>), Problem> {
        let (claimed, results) = read_query(query).map_err(|error| malformed(&error))?;
        let results = self.verify(&results)?;
        let combined = combine(&results)?;
        if combined.words != claimed {
            let detail = "the ciphertext is not the sum of the results that came with it";
            return Err(Problem::new(422, "wrong-combination", detail).field("combined"));
        }
        self.check_summands(combined.weight)?;
        let pins = pins(&results);
        // The order of results makes no other question.
        let mut claims: Vec<_> = pins.iter().map(|pin| pin.claim.0).collect();
        claims.sort_unstable();
        let digest = Digest::of("medguard totals v1", claims.as_flattened());
        let bits = totals_bits(&self.layout, combined.weight);
        Ok((CheckedQuestion { digest, pins, bits }, results))
    }

    fn total(&self, results: &[ProvedResult<C>]) -> Option<Decryption> {
        let totals = add_up(self.all_totals(results)?.iter().copied());
        let submissions = results.iter().map(|result| result.claim.contributions.len()).sum();
        Some(Decryption { totals, results: results.len(), submissions })
    }
}
