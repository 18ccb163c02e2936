//! Programs that appliances of different parties compute: the authority decrypts what enough of them signed.
//!
//! It computes nothing then, and trusts that not as many of the appliances collude as it asks to agree.

use pulseproof_fhe::program::result::OutputShape;
use pulseproof_sdk::identity::AppliancePublicKey;
use pulseproof_sdk::{Outputs, Problem};

/// Most appliances of a quorum.
pub const APPLIANCES_MAX: usize = 16;

/// How many of which appliances must have the same outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// How many; at least two, or one appliance would have its own outputs decrypted.
    pub needed: usize,
    /// Whose signatures count, each once.
    pub appliances: Vec<Signatory>,
}

/// An appliance whose signature counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatory {
    /// Its key.
    pub key: AppliancePublicKey,
    /// Its base address, where it is asked in a dispute.
    pub url: String,
}

impl Quorum {
    /// Whether it can be reached, and by no single appliance.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let all = &self.appliances;
        let is_new = |i: usize| all[..i].iter().all(|earlier| earlier.key != all[i].key);
        let distinct = (0..all.len()).all(is_new);
        distinct && all.len() <= APPLIANCES_MAX && (2..=all.len()).contains(&self.needed)
    }

    /// The outputs that enough appliances signed, out of those that came with a question.
    ///
    /// `expected` is what they must be the outputs of, `shapes` what the program's are.
    ///
    /// # Errors
    /// Outputs of something else, or signed by nobody who counts, or not enough that are the same.
    pub(super) fn agreed(
        &self,
        given: &[Outputs],
        expected: &Outputs,
        shapes: &[OutputShape],
    ) -> Result<Outputs, Problem> {
        let mut signed = Vec::with_capacity(given.len());
        for (index, outputs) in given.iter().enumerate() {
            let signer = self.signer(index, outputs, expected, shapes)?;
            signed.push((outputs.digest(), signer, outputs));
        }
        let supporters = |digest| {
            let signers = signed.iter().filter(|(of, ..)| *of == digest).map(|(_, by, _)| *by);
            signers.collect::<std::collections::BTreeSet<_>>().len()
        };
        let agreed = signed.iter().find(|(digest, ..)| supporters(*digest) >= self.needed);
        agreed.map(|(.., outputs)| (*outputs).clone()).ok_or_else(|| self.no_quorum())
    }

    /// Who signed two outputs that are not the same, of those that came with a question.
    ///
    /// # Errors
    /// Outputs of something else, or signed by nobody who counts, or no dispute between two.
    pub(super) fn parties<'a>(
        &self,
        given: &'a [Outputs],
        expected: &Outputs,
        shapes: &[OutputShape],
    ) -> Result<[(&Signatory, &'a Outputs); 2], Problem> {
        let [first, second] = given else { return Err(no_dispute()) };
        let signer = |index, outputs| self.signer(index, outputs, expected, shapes);
        let signers = [signer(0, first)?, signer(1, second)?];
        if signers[0] == signers[1] || first.digest() == second.digest() {
            return Err(no_dispute());
        }
        let [one, other] = signers.map(|signer| &self.appliances[signer]);
        Ok([(one, first), (other, second)])
    }

    /// Which of the appliances signed the outputs, if they claim to be what was asked for.
    fn signer(
        &self,
        index: usize,
        outputs: &Outputs,
        expected: &Outputs,
        shapes: &[OutputShape],
    ) -> Result<usize, Problem> {
        check(index, outputs, expected, shapes)?;
        let signer = self.appliances.iter().position(|one| outputs.is_signed_by(&one.key));
        signer.ok_or_else(|| untrusted(index))
    }

    fn no_quorum(&self) -> Problem {
        let detail = format!(
            "fewer than {} of the trusted appliances signed the same outputs; if others disagree, a dispute \
             names who lied",
            self.needed
        );
        Problem::new(409, "no-quorum", detail).field("outputs").limit(self.needed as u64)
    }
}

/// They claim to be what was asked for, and look like it.
fn check(
    index: usize,
    outputs: &Outputs,
    expected: &Outputs,
    shapes: &[OutputShape],
) -> Result<(), Problem> {
    let refuse = |kind, detail: &str| {
        Err(Problem::new(422, kind, detail).field(format!("outputs[{index}]")))
    };
    if outputs.key != expected.key {
        return refuse("wrong-key", "computed under another evaluation key");
    }
    if outputs.program != expected.program {
        return refuse("wrong-program", "the outputs of another program");
    }
    if outputs.sums != expected.sums || outputs.words != expected.words {
        return refuse("wrong-sums", "computed on other results than came with the question");
    }
    if !outputs.outputs.iter().map(|output| &output.shape).eq(shapes) {
        return refuse("wrong-outputs", "not the names and lengths of the program's outputs");
    }
    Ok(())
}

fn no_dispute() -> Problem {
    let detail = "a dispute is between two appliances that signed different outputs";
    Problem::new(422, "no-dispute", detail).field("outputs").limit(2)
}

fn untrusted(index: usize) -> Problem {
    let detail = "signed by no appliance whose signature counts";
    Problem::new(403, "untrusted-appliance", detail).field(format!("outputs[{index}]"))
}
