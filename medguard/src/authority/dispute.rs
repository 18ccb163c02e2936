//! Two appliances signed different outputs of one program: who lied.
//!
//! Each signed the root of a [tree](pulseproof_sdk::merkle) over what its lookups gave. The first lookup in
//! which they differ is found by descending both trees: of two unequal nodes the left halves are compared
//! first. What stands before it is the same in both, so that one lookup, computed again from it, convicts at
//! least one of them. An appliance that cannot show what it signed convicts itself.
//!
//! It takes two questions to each appliance for each level of the tree, and one bootstrap.

use std::collections::BTreeMap;

use pulseproof_fhe::Ciphertext;
use pulseproof_fhe::bootstrap::engine::{Engine, EngineError};
use pulseproof_fhe::program::circuit::{Circuit, Linear, Source};
use pulseproof_sdk::merkle::{inner, leaf};
use pulseproof_sdk::{Digest, Outputs};

/// An appliance that is asked about a program that it computed.
pub trait Witness {
    /// A node of its tree: `height` 0 is the leaves.
    fn node(&self, height: usize, index: usize) -> Option<Digest>;

    /// What a lookup gave.
    fn result(&self, lookup: usize) -> Option<Ciphertext>;
}

/// What came of a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The first lookup in which the two differ, if it came to that.
    pub lookup: Option<usize>,
    /// Whether the first one lied, and whether the second one did.
    pub lied: [bool; 2],
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

/// An appliance with what it signed.
struct Party<'a> {
    witness: &'a dyn Witness,
    outputs: &'a Outputs,
    height: usize,
}

/// Who could not show what he signed.
struct Contradiction(usize);

impl Disputed<'_> {
    /// Finds out which of two appliances lied, that signed these outputs of the same program on the same
    /// results.
    ///
    /// # Errors
    /// The engine failed on the one lookup.
    pub fn settle(
        &self,
        outputs: [&Outputs; 2],
        witnesses: [&dyn Witness; 2],
    ) -> Result<Verdict, EngineError> {
        let leaves = self.circuit.nodes.len().next_power_of_two();
        let height = leaves.trailing_zeros() as usize;
        let party = |i: usize| Party { witness: witnesses[i], outputs: outputs[i], height };
        let parties = [party(0), party(1)];
        if outputs[0].lookups == outputs[1].lookups {
            return Ok(self.compare_digits(&parties));
        }
        let (lookup, found) = match descend(&parties) {
            Ok(found) => found,
            Err(Contradiction(who)) => return Ok(guilty(None, who)),
        };
        if lookup >= self.circuit.nodes.len() {
            // Behind the last lookup there is nothing, whatever anybody signed.
            let nothing = Digest([0; 32]);
            return Ok(Verdict { lookup: None, lied: found.map(|of| of != nothing) });
        }
        let earlier = match fetch(&parties[0], &self.circuit.nodes[lookup].input) {
            Some(earlier) => earlier,
            None => return Ok(guilty(Some(lookup), 0)),
        };
        let again = self.circuit.lookup(lookup, self.inputs, |index| &earlier[&index]);
        let truth = self.engine.look_up(&[again])?.first().map(leaf);
        Ok(Verdict { lookup: Some(lookup), lied: found.map(|of| Some(of) != truth) })
    }

    /// The lookups are the same; the outputs are sums of them that anybody can compute.
    fn compare_digits(&self, parties: &[Party<'_>; 2]) -> Verdict {
        let mut lied = [false; 2];
        for (lied, party) in lied.iter_mut().zip(parties) {
            *lied = self.digits_of(party).is_none_or(|digits| {
                let signed = party.outputs.outputs.iter().flat_map(|output| &output.digits);
                !signed.eq(&digits)
            });
        }
        Verdict { lookup: None, lied }
    }

    fn digits_of(&self, party: &Party<'_>) -> Option<Vec<Ciphertext>> {
        let digits = self.circuit.outputs.iter().flat_map(|output| &output.digits);
        let mut found = BTreeMap::new();
        for digit in digits {
            found.extend(fetch(party, digit)?);
        }
        Some(self.circuit.digits_of(self.inputs, |index| &found[&index]))
    }
}

fn guilty(lookup: Option<usize>, who: usize) -> Verdict {
    Verdict { lookup, lied: [who == 0, who == 1] }
}

/// The first leaf in which two trees with different roots differ, and the leaf of each.
fn descend(parties: &[Party<'_>; 2]) -> Result<(usize, [Digest; 2]), Contradiction> {
    let mut nodes = [parties[0].outputs.lookups, parties[1].outputs.lookups];
    let mut index = 0;
    for height in (0..parties[0].height).rev() {
        let children = [
            children(&parties[0], height, index, nodes[0]).ok_or(Contradiction(0))?,
            children(&parties[1], height, index, nodes[1]).ok_or(Contradiction(1))?,
        ];
        let side = usize::from(children[0][0] == children[1][0]);
        nodes = [children[0][side], children[1][side]];
        index = 2 * index + side;
    }
    Ok((index, nodes))
}

/// The two nodes below one, if they are what it is the hash of.
fn children(party: &Party<'_>, height: usize, index: usize, above: Digest) -> Option<[Digest; 2]> {
    let left = party.witness.node(height, 2 * index)?;
    let right = party.witness.node(height, 2 * index + 1)?;
    (inner(left, right) == above).then_some([left, right])
}

/// The results that a combination takes, each shown to be under the root that was signed.
fn fetch(party: &Party<'_>, of: &Linear) -> Option<BTreeMap<usize, Ciphertext>> {
    let lookups = of.terms().filter_map(|(source, _)| match source {
        Source::Lookup(index) => Some(index),
        Source::Input(_) => None,
    });
    lookups.map(|index| Some((index, shown(party, index)?))).collect()
}

/// What a lookup gave, if it is what the party signed.
fn shown(party: &Party<'_>, lookup: usize) -> Option<Ciphertext> {
    let result = party.witness.result(lookup)?;
    let (mut node, mut index) = (leaf(&result), lookup);
    for height in 0..party.height {
        let sibling = party.witness.node(height, index ^ 1)?;
        node = if index % 2 == 0 { inner(node, sibling) } else { inner(sibling, node) };
        index /= 2;
    }
    (node == party.outputs.lookups).then_some(result)
}
