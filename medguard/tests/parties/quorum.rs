//! Programs that several appliances compute: what is decrypted, and who lied.

use std::sync::Arc;

use pulseproof_fhe::Ciphertext;
use pulseproof_fhe::bootstrap::engine::{Engine, EngineError, Lookup};
use pulseproof_fhe::bootstrap::keys::EvaluationKey;
use pulseproof_fhe::program::library;
use pulseproof_medguard::authority::dispute::{DisputeError, Disputed, LookupTree, Verdict};
use pulseproof_medguard::authority::questions::write_question_with_outputs;
use pulseproof_medguard::authority::quorum::{Quorum, Signatory};
use pulseproof_medguard::authority::{Answering, Authority, AuthorityError};
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::merkle::Tree;
use pulseproof_sdk::{Digest, Outputs};

use crate::world::{Computed, World, compute, engines, kind, refusal};

fn appliance(index: u8) -> ApplianceKey {
    ApplianceKey::from_seed([index; 32])
}

fn quorum(needed: usize, of: &[u8]) -> Quorum {
    let signatory = |&i: &u8| Signatory { key: appliance(i).public(), url: String::new() };
    Quorum { needed, appliances: of.iter().map(signatory).collect() }
}

#[tokio::test]
async fn what_enough_appliances_signed_is_opened_and_nothing_else() {
    let world = World::new(3);
    let roster = world.roster("north", &[0, 1, 2]);
    let vault = tempfile::tempdir().unwrap();
    let mut setup = world.setup(vault.path(), std::slice::from_ref(&roster));
    setup.engines = Some(engines());
    setup.policy.answering = Answering::Quorum(quorum(2, &[1, 2, 3]));
    let authority = Arc::new(Authority::open(setup).await.unwrap());
    let key = std::fs::read(vault.path().join("evaluation.key")).unwrap();
    let result = world.sum(&roster, 0, &[0, 1, 2], &[3, 3]);
    let program = library::mean_above(2);
    let ask = async |outputs: &[Outputs]| {
        let question = write_question_with_outputs(&program, &[result.to_bytes()], outputs);
        authority.answer(question.unwrap()).await
    };
    let refused = async |outputs: &[Outputs]| kind(ask(outputs).await);
    let honest = compute(&world, &key, &program, &[&result]);
    let lie = compute(&world, &key, &library::mean_above(0), &[&result]);
    let lie = Computed { claim: honest.claim.clone(), ..lie };
    let by = |index| honest.signed(&appliance(index));
    let no_quorum = refusal("no-quorum", 409);
    assert_eq!(refused(&[]).await, no_quorum);
    assert_eq!(refused(&[by(1)]).await, no_quorum);
    assert_eq!(refused(&[by(1), by(1)]).await, no_quorum, "one appliance counts once");
    assert_eq!(refused(&[by(1), lie.signed(&appliance(2))]).await, no_quorum);
    assert_eq!(refused(&[by(1), by(9)]).await, refusal("untrusted-appliance", 403));
    // What is decrypted is what was signed: another digit is nobody's.
    let mut other = by(2);
    other.outputs[0].digits[0].add_constant(1);
    assert_eq!(refused(&[by(1), other]).await, refusal("untrusted-appliance", 403));
    let resigned = async |change: fn(&mut Outputs)| {
        let mut other = by(2);
        change(&mut other);
        refused(&[by(1), other.signed(&appliance(2))]).await
    };
    assert_eq!(resigned(|o| o.key.0[0] ^= 1).await, refusal("wrong-key", 422));
    assert_eq!(resigned(|o| o.program.0[0] ^= 1).await, refusal("wrong-program", 422));
    assert_eq!(resigned(|o| o.sums[0].sum.0[0] ^= 1).await, refusal("wrong-sums", 422));
    assert_eq!(resigned(|o| o.words.push(o.key)).await, refusal("wrong-sums", 422));
    assert_eq!(resigned(|o| o.outputs.clear()).await, refusal("wrong-outputs", 422));
    // Who bootstrapped where does not matter, and a third one that lies does not either.
    let elsewhere = Outputs { engine: "exact/cuda".to_owned(), ..by(3) };
    let answered = ask(&[lie.signed(&appliance(2)), by(1), elsewhere]).await.unwrap();
    assert_eq!((answered.bits[0].value, answered.outputs), (true, by(1).digest()));
}

#[tokio::test]
async fn a_quorum_is_of_different_appliances() {
    let world = World::new(3);
    let vault = tempfile::tempdir().unwrap();
    for (needed, of) in [(1, &[1, 2][..]), (3, &[1, 2]), (2, &[1, 1]), (0, &[])] {
        let mut setup = world.setup(vault.path(), &[]);
        setup.policy.answering = Answering::Quorum(quorum(needed, of));
        let error = Authority::open(setup).await.map(drop).unwrap_err();
        assert!(matches!(error, AuthorityError::Quorum), "{needed} of {of:?}: {error}");
    }
}

/// An appliance in this process.
struct Local {
    tree: Tree,
    found: Vec<Ciphertext>,
    /// A node about which it says something else than it signed.
    contradicts: Option<(usize, usize)>,
    /// Whether it has lost what it signed.
    lost: bool,
}

impl Local {
    fn of(computed: &Computed) -> Self {
        let found = computed.found.clone();
        Self { tree: Tree::over(&found), found, contradicts: None, lost: false }
    }
}

impl LookupTree for Local {
    fn node(&self, height: usize, index: usize) -> Result<Option<Digest>, String> {
        let other = self.contradicts == Some((height, index));
        Ok(if self.lost {
            None
        } else if other {
            Some(Digest([1; 32]))
        } else {
            self.tree.node(height, index)
        })
    }

    fn result(&self, lookup: usize) -> Result<Option<Ciphertext>, String> {
        Ok(self.found.get(lookup).filter(|_| !self.lost).cloned())
    }
}

struct Court {
    honest: Computed,
    engine: Arc<dyn Engine>,
}

impl Court {
    fn new() -> Self {
        let world = World::new(3);
        let roster = world.roster("north", &[0, 1, 2]);
        let key = world.secret.evaluation_key();
        let results = [0, 1].map(|epoch| world.sum(&roster, epoch, &[0, 1, 2], &[3, 2]));
        let program = library::trend(&[3, 3], 1);
        let honest = compute(&world, &key.to_bytes(), &program, &results.each_ref().map(|r| r));
        let engine = engines().exact(&EvaluationKey::from_bytes(&key.to_bytes()).unwrap()).unwrap();
        Self { honest, engine }
    }

    /// An appliance that changed what some lookups gave.
    fn liar(&self, lookups: &[usize]) -> Computed {
        let Computed { claim, circuit, inputs, found, .. } = &self.honest;
        let mut found = found.clone();
        lookups.iter().for_each(|&lookup| found[lookup].add_constant(1 << 60));
        let (claim, circuit, inputs) = (claim.clone(), circuit.clone(), inputs.clone());
        Computed { claim, circuit, inputs, found, digits: None }
    }

    fn judge(&self, first: (&Computed, &Local), second: (&Computed, &Local)) -> Verdict {
        self.hear(first, second).unwrap()
    }

    fn hear(
        &self,
        first: (&Computed, &Local),
        second: (&Computed, &Local),
    ) -> Result<Verdict, DisputeError> {
        let outputs = [first.0.signed(&appliance(1)), second.0.signed(&appliance(2))];
        let Computed { circuit, inputs, .. } = &self.honest;
        let disputed = Disputed { circuit, inputs, engine: &*self.engine };
        disputed.judge(outputs.each_ref(), [first.1, second.1])
    }
}

/// Forgets every lookup.
struct Forgetful;

impl Engine for Forgetful {
    fn name(&self) -> String {
        "forgetful".to_owned()
    }

    fn fingerprint(&self) -> [u8; 32] {
        [0; 32]
    }

    fn look_up(&self, _: &[Lookup]) -> Result<Vec<Ciphertext>, EngineError> {
        Ok(Vec::new())
    }
}

fn lied(lookup: Option<usize>, lied: [bool; 2]) -> Verdict {
    Verdict { lookup, lied, unshown: [false; 2] }
}

#[test]
fn the_liar_is_named_at_the_first_lookup_that_differs() {
    let court = Court::new();
    let honest = Local::of(&court.honest);
    let count = court.honest.found.len();
    assert!(count > 4, "{count} lookups");
    for lookup in [0, 1, count / 2, count - 1] {
        let lie = court.liar(&[lookup, count - 1].map(|l: usize| l.max(lookup)));
        let local = Local::of(&lie);
        let verdict = court.judge((&court.honest, &honest), (&lie, &local));
        assert_eq!(verdict, lied(Some(lookup), [false, true]));
        let verdict = court.judge((&lie, &local), (&court.honest, &honest));
        assert_eq!(verdict, lied(Some(lookup), [true, false]));
    }
    // Two liars: of the first lookup in which they differ, the one that is wrong there is named.
    let (early, late) = (court.liar(&[1]), court.liar(&[2]));
    let verdict = court.judge((&late, &Local::of(&late)), (&early, &Local::of(&early)));
    assert_eq!(verdict, lied(Some(1), [false, true]));
}

#[test]
fn an_engine_that_forgets_the_lookup_convicts_nobody() {
    let court = Court { engine: Arc::new(Forgetful), ..Court::new() };
    let (honest, lie) = (Local::of(&court.honest), court.liar(&[1]));
    let error = court.hear((&court.honest, &honest), (&lie, &Local::of(&lie))).unwrap_err();
    assert!(matches!(error, DisputeError::Engine(_)), "{error}");
}

#[test]
fn who_has_lost_what_he_signed_is_named_and_no_liar() {
    let court = Court::new();
    let honest = Local::of(&court.honest);
    let lie = court.liar(&[3]);
    let lost = Local { lost: true, ..Local::of(&lie) };
    let unshown = |unshown| Verdict { lookup: None, lied: [false; 2], unshown };
    let verdict = court.judge((&lie, &lost), (&court.honest, &honest));
    assert_eq!(verdict, unshown([true, false]));
    let verdict = court.judge((&court.honest, &honest), (&lie, &lost));
    assert_eq!(verdict, unshown([false, true]));
    // Where both have the same lookups it is enough that one of them shows them.
    let mut digits = court.honest.circuit.digits(&court.honest.inputs, &court.honest.found);
    digits[0].add_constant(1);
    let other = Computed { digits: Some(digits), ..court.liar(&[]) };
    let lost = Local { lost: true, ..Local::of(&court.honest) };
    for (first, second) in [(&honest, &lost), (&lost, &honest)] {
        let verdict = court.judge((&other, first), (&court.honest, second));
        assert_eq!(verdict, lied(None, [true, false]));
    }
}

#[test]
fn whose_tree_contradicts_itself_is_named() {
    let court = Court::new();
    let honest = Local::of(&court.honest);
    let lie = court.liar(&[0]);
    let mut local = Local::of(&lie);
    local.contradicts = Some((0, 1));
    let verdict = court.judge((&court.honest, &honest), (&lie, &local));
    assert_eq!(verdict, lied(None, [false, true]));
    // The lookups are the same, and the outputs are not what they add up to.
    let mut digits = court.honest.circuit.digits(&court.honest.inputs, &court.honest.found);
    digits[0].add_constant(1);
    let other = Computed { digits: Some(digits), ..court.liar(&[]) };
    let verdict = court.judge((&other, &honest), (&court.honest, &honest));
    assert_eq!(verdict, lied(None, [true, false]));
    // Behind the last lookup: a root over one more than there are.
    let mut more = court.liar(&[]);
    if !more.found.len().is_power_of_two() {
        more.found.push(Ciphertext::trivial(0));
        let verdict = court.judge((&court.honest, &honest), (&more, &Local::of(&more)));
        assert_eq!(verdict, lied(None, [false, true]));
    }
}
