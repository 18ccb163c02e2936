//! What the authority opens of programs, and what it refuses to.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use pulseproof_fhe::bootstrap::engine::{Engine, Exact};
use pulseproof_fhe::bootstrap::keys::EvaluationKey;
use pulseproof_fhe::program::library;
use pulseproof_fhe::program::{Given, Program};
use pulseproof_fhe::{Layout, LayoutRequest, Scale, generate_keys};
use pulseproof_kernels::Bn254;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_medguard::answers::{Answer, write_question};
use pulseproof_medguard::authority::{Authority, Policy};
use pulseproof_medguard::device::{Device, Profile};
use pulseproof_medguard::trust::Trust;
use pulseproof_prover::commitment::{CommitmentKey, Opening};
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::{DEFAULT_LOG_SIZE, develop};
use pulseproof_prover::wsa::modular::prove;
use pulseproof_sdk::fhe::program_digest;
use pulseproof_sdk::outputs::SumUsed;
use pulseproof_sdk::result::{Claim, Contribution};
use pulseproof_sdk::{Digest, Name, Outputs, ProvedResult, Roster};
use rand::rngs::OsRng;

type C = Bn254;

fn key() -> &'static ProvingKey<C, Cpu> {
    static KEY: OnceLock<ProvingKey<C, Cpu>> = OnceLock::new();
    KEY.get_or_init(|| {
        let srs = develop::generate(DEFAULT_LOG_SIZE, &mut OsRng).unwrap();
        ProvingKey::new(Cpu::new(), Arc::new(srs)).unwrap()
    })
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// Devices with two small readings each, an authority, and an honest engine.
struct World {
    devices: Vec<Device<C>>,
    roster: Roster,
    authority: Authority<C>,
    evaluation_key: EvaluationKey,
}

impl World {
    fn new(devices: usize) -> Self {
        let scale = Scale { decimals: 0, minimum: 0, maximum: 3 };
        let request =
            LayoutRequest { scale, inside: (1, 2), slots: 2, summands_max: 24, totals: true };
        let layout = Layout::plan(request).unwrap();
        let (secret_key, public_key) = generate_keys();
        let evaluation_key = secret_key.evaluation_key();
        let profile = Arc::new(Profile {
            layout: layout.clone(),
            public_key: public_key.clone(),
            commitment_key: CommitmentKey::new(key().srs()),
        });
        let device = |i| Device::new(name("north"), name(&format!("d{i}")), profile.clone());
        let devices: Vec<_> = (0..devices).map(device).collect();
        let roster = Roster {
            region: name("north"),
            words: u32::try_from(layout.words()).unwrap(),
            profile: profile.digest(),
            devices: devices.iter().map(|d| (d.name().clone(), d.public_key())).collect(),
        };
        let rosters: BTreeMap<_, _> = [(name("north"), roster.clone())].into();
        let trust = Trust { key: key().srs().verifying_key.clone(), rosters };
        let authority = Authority {
            secret_key,
            public_key,
            evaluation_key: Some(Digest(evaluation_key.id())),
            layout,
            trust,
            policy: Policy::default(),
        };
        Self { devices, roster, authority, evaluation_key }
    }

    /// A proved sum of the first devices, the first of them counted `weight` times; all readings are 3.
    fn result(&mut self, epoch: u64, present: usize, weight: u64) -> Vec<u8> {
        let submit = |device: &mut Device<C>| device.submit(epoch, &[3, 3]).unwrap().0;
        let all: Vec<_> = self.devices[..present].iter_mut().map(submit).collect();
        let mut weights = vec![1; present];
        weights[0] = weight;
        let contribution = |(s, &weight): (&pulseproof_sdk::Submission<C>, &u64)| Contribution {
            device: s.label.device.clone(),
            sequence: s.label.sequence,
            weight,
            commitment: s.commitment,
            signature: s.signature,
        };
        let claim = Claim {
            srs: self.srs(),
            region: name("north"),
            epoch,
            roster: self.roster.digest(),
            profile: self.roster.profile,
            contributions: all.iter().zip(&weights).map(contribution).collect(),
            missing: self.devices[present..].iter().map(|d| d.name().clone()).collect(),
        };
        let openings: Vec<_> = all
            .iter()
            .map(|s| Opening { commitment: s.commitment, words: &s.words, blinders: &s.blinders })
            .collect();
        let context = claim.context().0;
        let (statement, proof) = prove(key(), &openings, &weights, &context, &mut OsRng).unwrap();
        ProvedResult { claim, aggregate: statement.aggregate, proof }.to_bytes()
    }

    fn srs(&self) -> Digest {
        Digest(key().srs().verifying_key.id())
    }

    /// What an honest appliance computes.
    fn compute(&self, program: &Program, results: &[&[u8]]) -> Outputs {
        let engine = Exact::new(Cpu::new(), &self.evaluation_key).unwrap();
        let parsed: Vec<_> =
            results.iter().map(|bytes| ProvedResult::<C>::from_bytes(bytes).unwrap()).collect();
        let layout = &self.authority.layout;
        let weights: Vec<_> = parsed.iter().map(|r| r.claim.total_weight().unwrap()).collect();
        let given = Given { layout, summands: &weights, words: 0 };
        let circuit = program.compile(given).unwrap().circuit;
        let lists: Vec<_> = parsed.iter().map(|result| &result.aggregate).collect();
        let inputs = program.ciphertexts(layout, &lists, &[]);
        let digits = circuit.evaluate(&inputs, |lookups| engine.look_up(&lookups)).unwrap();
        let used = |(result, bytes): (&ProvedResult<C>, &&[u8])| SumUsed {
            region: result.claim.region.clone(),
            epoch: result.claim.epoch,
            result: Digest::sha256(bytes),
        };
        Outputs {
            key: Digest(self.evaluation_key.id()),
            engine: engine.name(),
            program: program_digest(program),
            sums: parsed.iter().zip(results).map(used).collect(),
            words: vec![],
            outputs: circuit.outputs_of(digits),
        }
    }

    /// The answer, or the kind and the status of the refusal.
    fn ask(
        &self,
        program: &Program,
        outputs: &Outputs,
        results: &[&[u8]],
    ) -> Result<Vec<Answer>, (String, u16)> {
        let question = write_question(program, &outputs.to_bytes(), results).unwrap();
        self.authority.answer(&question).map_err(|problem| {
            (problem.kind.trim_start_matches("urn:pulseproof:").to_owned(), problem.status)
        })
    }
}

fn refusal(kind: &str, status: u16) -> Result<Vec<Answer>, (String, u16)> {
    Err((kind.to_owned(), status))
}

#[test]
fn bits_of_proved_sums_are_opened() {
    let mut world = World::new(3);
    let result = world.result(0, 3, 1);
    for (threshold, value) in [(2, true), (3, false)] {
        let program = library::mean_above(threshold);
        let outputs = world.compute(&program, &[&result]);
        let expected = vec![Answer { name: "above".to_owned(), value }];
        assert_eq!(world.ask(&program, &outputs, &[&result]), Ok(expected));
    }
}

#[test]
fn what_the_outputs_claim_must_be_what_was_asked() {
    let mut world = World::new(3);
    let (result, other) = (world.result(0, 3, 1), world.result(1, 3, 1));
    let program = library::mean_above(2);
    let honest = world.compute(&program, &[&result]);
    let ask = |change: &dyn Fn(&mut Outputs), results: &[&[u8]]| {
        let mut outputs = honest.clone();
        change(&mut outputs);
        world.ask(&program, &outputs, results)
    };
    assert_eq!(ask(&|o| o.key.0[0] ^= 1, &[&result]), refusal("wrong-key", 422));
    assert_eq!(ask(&|o| o.program.0[0] ^= 1, &[&result]), refusal("wrong-program", 422));
    assert_eq!(
        world.ask(&library::mean_above(1), &honest, &[&result]),
        refusal("wrong-program", 422)
    );
    assert_eq!(ask(&|_| (), &[&other]), refusal("wrong-sums", 422));
    assert_eq!(ask(&|_| (), &[]), refusal("wrong-sums", 422));
    assert_eq!(ask(&|_| (), &[&result, &other]), refusal("wrong-sums", 422));
    assert_eq!(ask(&|o| o.words.push(o.key), &[&result]), refusal("unproved-words", 403));
    assert_eq!(ask(&|o| o.outputs.clear(), &[&result]), refusal("wrong-outputs", 422));
    let rename = |o: &mut Outputs| o.outputs[0].shape.name.push('x');
    assert_eq!(ask(&rename, &[&result]), refusal("wrong-outputs", 422));
    // A sum that nobody proved, whatever the outputs say of it.
    let mut forged = result.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let claim_forged = |o: &mut Outputs| o.sums[0].result = Digest::sha256(&forged);
    assert!(matches!(ask(&claim_forged, &[&forged]), Err((_, 400 | 422))));
    for malformed in [&b""[..], b"PPAQ", b"PPAQ\x01\x02\0\0\0{}"] {
        assert!(world.authority.answer(malformed).unwrap_err().is("malformed-query"));
    }
    world.authority.evaluation_key = None;
    assert_eq!(world.ask(&program, &honest, &[&result]), refusal("wrong-key", 422));
}

#[test]
fn nothing_is_opened_of_few_devices_of_weights_of_words_or_of_numbers() {
    let mut world = World::new(4);
    let (thin, heavy) = (world.result(0, 2, 1), world.result(1, 4, 9));
    let program = library::mean_above(2);
    for (result, kind) in [(&thin, "too-few-devices"), (&heavy, "weighted-sum")] {
        let outputs = world.compute(&program, &[result]);
        assert_eq!(world.ask(&program, &outputs, &[result]), refusal(kind, 403));
    }
    let full = world.result(2, 4, 1);
    let numbers = library::extremes(&[4]);
    let outputs = world.compute(&numbers, &[&full]);
    assert_eq!(world.ask(&numbers, &outputs, &[&full]), refusal("not-a-bit", 403));
    // A word is nobody's proved sum: it might be a single device's.
    let secret = library::mean_above_secret(4, 3, 13);
    let claim = Outputs { program: program_digest(&secret), ..outputs };
    assert_eq!(world.ask(&secret, &claim, &[&full]), refusal("unproved-words", 403));
}
