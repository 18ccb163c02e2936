//! Disputes between appliances of a [quorum](super::quorum) that signed different outputs of one program: both
//! are asked over HTTP, and who lied is named.
//!
//! Only appliances that the policy lists are asked, at the addresses it lists. Nothing is decrypted and nothing
//! told but what everybody who holds the evaluation key can find out.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pulseproof_fhe::Ciphertext;
use pulseproof_kernels::Curve;
use pulseproof_sdk::client::{ApplianceClient, ClientError};
use pulseproof_sdk::identity::AppliancePublicKey;
use pulseproof_sdk::{Digest, Problem};
use pulseproof_service::blocking;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::dispute::{DisputeError, Disputed, LookupTree, Verdict};
use super::policy::Answering;
use super::quorum::{Quorum, Signatory};
use super::{Authority, Shared, internal};

/// The longest that either appliance may take for all of its answers, so that who answers slowly is named and
/// not the other one.
const ANSWERS_MAX: Duration = Duration::from_secs(60);

/// What came of a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The first lookup in which the two differ, if it came to that.
    pub lookup: Option<usize>,
    /// Who signed what is not so.
    pub liars: Vec<AppliancePublicKey>,
    /// Who did not show what it signed: it may have lost it, and can compute the program again.
    pub unshown: Vec<AppliancePublicKey>,
}

impl<C: Curve> Authority<C> {
    /// Hears the two appliances whose outputs came with a
    /// [question](super::questions::write_question_with_outputs).
    ///
    /// # Errors
    /// The problem to answer with: it is no dispute of two that the policy lists, or one did not answer.
    pub async fn hear(
        self: &Shared<C>,
        question: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Heard, Problem> {
        let this = Arc::clone(self);
        let runtime = Handle::current();
        blocking(move || this.hear_now(question.as_ref(), &runtime)).await
    }

    fn hear_now(&self, question: &[u8], runtime: &Handle) -> Result<Heard, Problem> {
        let quorum = self.quorum()?;
        let examined = self.examine_question(question)?;
        let (circuit, inputs) = (&examined.circuit, &*examined.inputs);
        let parties = quorum.parties(&examined.given, &examined.claim, &circuit.shapes())?;
        let [first, second] = parties.map(|(signatory, outputs)| {
            ApplianceClient::new(&signatory.url).map(|appliance| RemoteLookupTree {
                appliance,
                root: outputs.lookups,
                runtime,
                left: Cell::new(ANSWERS_MAX),
            })
        });
        let (first, second) = (first.map_err(internal)?, second.map_err(internal)?);
        let engine = self.programs()?.batcher.engine();
        let disputed = Disputed { circuit, inputs, engine };
        let keys = |which: [bool; 2]| {
            let chosen = parties.iter().zip(which).filter(|(_, is_chosen)| *is_chosen);
            chosen.map(|((signatory, _), _)| signatory.key).collect()
        };
        match disputed.judge(parties.map(|(_, outputs)| outputs), [&first, &second]) {
            Ok(Verdict { lookup, lied, unshown }) => {
                Ok(Heard { lookup, liars: keys(lied), unshown: keys(unshown) })
            }
            Err(DisputeError::Silent { who, reason }) => Err(silent(who, parties[who].0, &reason)),
            Err(DisputeError::Engine(error)) => Err(internal(error)),
        }
    }

    fn quorum(&self) -> Result<&Quorum, Problem> {
        match &self.policy.answering {
            Answering::Quorum(quorum) => Ok(quorum),
            Answering::Recompute => {
                let detail =
                    "this authority computes programs itself: it settles no disputes of appliances";
                Err(Problem::new(501, "no-quorum-here", detail))
            }
        }
    }
}

/// An appliance that is asked over HTTP.
struct RemoteLookupTree<'a> {
    appliance: ApplianceClient,
    root: Digest,
    runtime: &'a Handle,
    /// Of the time that its answers may take.
    left: Cell<Duration>,
}

impl RemoteLookupTree<'_> {
    fn ask<T>(&self, answer: impl Future<Output = Result<T, ClientError>>) -> Result<T, String> {
        let (start, left) = (Instant::now(), self.left.get());
        let answer = self.runtime.block_on(async { timeout(left, answer).await });
        self.left.set(left.saturating_sub(start.elapsed()));
        match answer {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(format!("its answers may take {} s", ANSWERS_MAX.as_secs())),
        }
    }
}

impl LookupTree for RemoteLookupTree<'_> {
    fn node(&self, height: usize, index: usize) -> Result<Option<Digest>, String> {
        self.ask(self.appliance.lookup_node(&self.root, height, index))
    }

    fn result(&self, lookup: usize) -> Result<Option<Ciphertext>, String> {
        self.ask(self.appliance.lookup_result(&self.root, lookup))
    }
}

fn silent(who: usize, signatory: &Signatory, reason: &str) -> Problem {
    tracing::warn!(key = %signatory.key, reason, "an appliance did not answer in a dispute");
    let detail = format!("the appliance {} did not answer", signatory.key);
    Problem::new(502, "appliance-silent", detail).field(format!("outputs[{who}]"))
}
