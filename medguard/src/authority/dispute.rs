//! Two appliances signed different outputs of one program: who lied.
//!
//! Each signed the root of a [tree](pulseproof_sdk::merkle) over what its lookups gave. The first lookup in
//! which they differ is found by descending both trees: of two unequal nodes the left halves are compared
//! first. What stands before it is the same in both, so that one lookup, computed again from it, convicts at
//! least one of them. One whose tree contradicts itself is convicted by that. One that shows nothing is no liar for
//! it: it may have lost what it signed, and is asked to compute the program again.
//!
//! It takes two questions to each appliance for each level of the tree, and one bootstrap.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use pulseproof_fhe::Ciphertext;
use pulseproof_fhe::bootstrap::engine::{Engine, EngineError};
use pulseproof_fhe::program::circuit::{Circuit, Linear, Source};
use pulseproof_sdk::merkle::{NOTHING, inner, leaf};
use pulseproof_sdk::{Digest, Outputs};

/// An appliance that is asked about a program that it computed.
pub trait LookupTree {
    /// A node of its tree: `height` 0 is the leaves. `None` is an answer: that it has none.
    ///
    /// # Errors
    /// There was no answer, and why.
    fn node(&self, height: usize, index: usize) -> Result<Option<Digest>, String>;

    /// What a lookup gave, likewise.
    ///
    /// # Errors
    /// There was no answer, and why.
    fn result(&self, lookup: usize) -> Result<Option<Ciphertext>, String>;
}

/// What came of a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The first lookup in which the two differ, if it came to that.
    pub lookup: Option<usize>,
    /// Whether the first one lied, and whether the second one did.
    pub lied: [bool; 2],
    /// Who of them did not show what it signed.
    pub unshown: [bool; 2],
}

impl Verdict {
    fn lied(lookup: Option<usize>, lied: [bool; 2]) -> Self {
        Self { lookup, lied, unshown: [false; 2] }
    }
}

/// True for one of two.
fn only(who: usize) -> [bool; 2] {
    [who == 0, who == 1]
}

/// Why a dispute came to no end.
#[derive(Debug, thiserror::Error)]
pub enum DisputeError {
    /// One of the two did not answer.
    #[error("no answer: {reason}")]
    Silent {
        /// Which: 0 or 1.
        who: usize,
        /// What happened.
        reason: String,
    },
    /// The one lookup could not be computed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// The program both computed, and what of it everybody can compute.
pub struct Disputed<'a> {
    /// The circuit.
    pub circuit: &'a Circuit,
    /// Its inputs.
    pub inputs: &'a [Ciphertext],
    /// What computes one lookup again.
    pub engine: &'a dyn Engine,
}

/// Why somebody was not heard to the end.
enum Halt {
    /// It says what cannot be under the root that it signed.
    Contradiction(usize),
    /// It has nothing to show.
    Unshown(usize),
    Failed(DisputeError),
}

impl<E: Into<DisputeError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Disputed<'_> {
    /// Finds out which of two appliances lied, that signed these outputs of the same program on the same
    /// results.
    ///
    /// # Errors
    /// One of them did not answer, or the engine failed on the one lookup.
    pub fn judge(
        &self,
        outputs: [&Outputs; 2],
        witnesses: [&dyn LookupTree; 2],
    ) -> Result<Verdict, DisputeError> {
        let height = self.circuit.nodes.len().next_power_of_two().trailing_zeros() as usize;
        let party =
            |who: usize| Respondent { who, witness: witnesses[who], outputs: outputs[who], height };
        match self.hear(&[party(0), party(1)]) {
            Ok(verdict) => Ok(verdict),
            Err(Halt::Contradiction(who)) => Ok(Verdict::lied(None, only(who))),
            Err(Halt::Unshown(who)) => {
                Ok(Verdict { lookup: None, lied: [false; 2], unshown: only(who) })
            }
            Err(Halt::Failed(error)) => Err(error),
        }
    }

    fn hear(&self, parties: &[Respondent<'_>; 2]) -> Result<Verdict, Halt> {
        if parties[0].outputs.lookups == parties[1].outputs.lookups {
            return self.compare_digits(parties);
        }
        let (lookup, found) = descend(parties)?;
        if lookup >= self.circuit.nodes.len() {
            // Behind the last lookup there is nothing, whatever anybody signed.
            return Ok(Verdict::lied(None, found.map(|of| of != NOTHING)));
        }
        let earlier = show(parties, [&self.circuit.nodes[lookup].input])?;
        let again = self.circuit.lookup(lookup, self.inputs, |index| &earlier[&index]);
        let truth = self.engine.look_up_all(&[again])?.first().map(leaf);
        Ok(Verdict::lied(Some(lookup), found.map(|of| Some(of) != truth)))
    }

    /// The lookups are the same; the outputs are sums of them that anybody can compute.
    fn compare_digits(&self, parties: &[Respondent<'_>; 2]) -> Result<Verdict, Halt> {
        let found = show(parties, self.circuit.outputs.iter().flat_map(|output| &output.digits))?;
        let digits = self.circuit.digits_of(self.inputs, |index| &found[&index]);
        let lied = [0, 1].map(|who: usize| {
            let signed = parties[who].outputs.outputs.iter().flat_map(|output| &output.digits);
            !signed.eq(&digits)
        });
        Ok(Verdict::lied(None, lied))
    }
}

/// The results that combinations take, which are the same in both trees: from whichever party shows them.
fn show<'a>(
    parties: &[Respondent<'_>; 2],
    of: impl IntoIterator<Item = &'a Linear>,
) -> Result<BTreeMap<usize, Ciphertext>, Halt> {
    let mut found = BTreeMap::new();
    for (source, _) in of.into_iter().flat_map(Linear::terms) {
        let Source::Lookup(lookup) = source else { continue };
        if let Entry::Vacant(place) = found.entry(lookup) {
            let result = match parties[0].shows(lookup) {
                Err(Halt::Unshown(_) | Halt::Failed(DisputeError::Silent { .. })) => {
                    parties[1].shows(lookup)
                }
                shown => shown,
            };
            place.insert(result?);
        }
    }
    Ok(found)
}

/// The first leaf in which two trees with different roots differ, and the leaf of each.
fn descend(parties: &[Respondent<'_>; 2]) -> Result<(usize, [Digest; 2]), Halt> {
    let mut nodes = [parties[0].outputs.lookups, parties[1].outputs.lookups];
    let mut index = 0;
    for height in (0..parties[0].height).rev() {
        let children = [
            parties[0].children(height, index, nodes[0])?,
            parties[1].children(height, index, nodes[1])?,
        ];
        let side = usize::from(children[0][0] == children[1][0]);
        nodes = [children[0][side], children[1][side]];
        index = 2 * index + side;
    }
    Ok((index, nodes))
}

/// An appliance with what it signed.
struct Respondent<'a> {
    who: usize,
    witness: &'a dyn LookupTree,
    outputs: &'a Outputs,
    height: usize,
}

impl Respondent<'_> {
    /// What it answered.
    fn said<T>(&self, answer: Result<Option<T>, String>) -> Result<T, Halt> {
        let answer = answer.map_err(|reason| DisputeError::Silent { who: self.who, reason })?;
        answer.ok_or(Halt::Unshown(self.who))
    }

    fn node(&self, height: usize, index: usize) -> Result<Digest, Halt> {
        self.said(self.witness.node(height, index))
    }

    /// The two nodes below one, if they are what it is the hash of.
    fn children(&self, height: usize, index: usize, above: Digest) -> Result<[Digest; 2], Halt> {
        let (left, right) = (self.node(height, 2 * index)?, self.node(height, 2 * index + 1)?);
        let is_right = inner(left, right) == above;
        is_right.then_some([left, right]).ok_or(Halt::Contradiction(self.who))
    }

    /// What a lookup gave, if it is what was signed.
    fn shows(&self, lookup: usize) -> Result<Ciphertext, Halt> {
        let result = self.said(self.witness.result(lookup))?;
        let (mut node, mut index) = (leaf(&result), lookup);
        for height in 0..self.height {
            let sibling = self.node(height, index ^ 1)?;
            node = if index % 2 == 0 { inner(node, sibling) } else { inner(sibling, node) };
            index /= 2;
        }
        let is_right = node == self.outputs.lookups;
        is_right.then_some(result).ok_or(Halt::Contradiction(self.who))
    }
}
