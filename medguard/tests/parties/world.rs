//! People with devices, an appliance that proves whatever it is told to, and an authority.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use pulseproof_fhe::batcher::BatchError;
use pulseproof_fhe::bootstrap::engine::Lookup;
use pulseproof_fhe::bootstrap::engines::{Engines, ExactOn};
use pulseproof_fhe::bootstrap::keys::EvaluationKey;
use pulseproof_fhe::program::circuit::Circuit;
use pulseproof_fhe::program::{Program, SumContext};
use pulseproof_fhe::{
    Ciphertext, Encrypt, Layout, LayoutRequest, PublicKey, Scale, SecretKey, generate_keys,
};
use pulseproof_kernels::Bn254;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_medguard::authority::{Authority, AuthorityError, Policy, Setup, write_query};
use pulseproof_medguard::device::Profile;
use pulseproof_medguard::trust::TrustAnchors;
use pulseproof_prover::commitment::{Opening, find_culprits};
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::{DEFAULT_LOG_SIZE, develop};
use pulseproof_prover::wsa::modular::prove;
use pulseproof_sdk::fhe::program_digest;
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::merkle::Tree;
use pulseproof_sdk::outputs::SumUsed;
use pulseproof_sdk::result::{Claim, Contribution};
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::submission::Label;
use pulseproof_sdk::{Digest, Name, Outputs, Problem, ProvedResult, Roster, Submission};
use rand::rngs::OsRng;

pub type C = Bn254;

pub fn key() -> &'static ProvingKey<C> {
    static KEY: OnceLock<ProvingKey<C>> = OnceLock::new();
    KEY.get_or_init(|| {
        let srs = develop::generate(DEFAULT_LOG_SIZE, &mut OsRng).unwrap();
        ProvingKey::new(Cpu::new(), Arc::new(srs)).unwrap()
    })
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// Few and small readings, so that programs are short: 0 to 3, two of them to a list.
pub fn small() -> LayoutRequest {
    let scale = Scale { decimals: 0, minimum: 0, maximum: 3 };
    LayoutRequest { scale, inside: (1, 2), slots: 2, summands_max: 24, totals: true }
}

pub struct World {
    pub people: Vec<DeviceKey>,
    pub profile: Arc<Profile<C>>,
    pub secret: SecretKey,
    pub appliance: ApplianceKey,
}

impl World {
    pub fn new(people: usize) -> Self {
        Self::with(people, small())
    }

    pub fn with(people: usize, request: LayoutRequest) -> Self {
        let srs = Arc::new(key().srs().clone());
        Self::of(people, request, |layout, key| Profile::proved(layout, key, srs).unwrap())
    }

    /// Devices that cannot prove what they encrypted.
    pub fn unproved(people: usize, request: LayoutRequest) -> Self {
        let srs = key().srs();
        Self::of(people, request, |layout, key| Profile::unproved(layout, key, srs).unwrap())
    }

    fn of(
        people: usize,
        request: LayoutRequest,
        profile: impl FnOnce(Layout, PublicKey) -> Profile<C>,
    ) -> Self {
        let (secret, public_key) = generate_keys();
        let profile = Arc::new(profile(Layout::plan(request).unwrap(), public_key));
        let people = (0..people).map(|_| DeviceKey::generate(&mut OsRng)).collect();
        Self { people, profile, secret, appliance: ApplianceKey::generate(&mut OsRng) }
    }

    /// A region of these people.
    pub fn roster(&self, region: &str, people: &[usize]) -> Roster {
        let member = |&i: &usize| (device(i), self.people[i].public());
        Roster {
            region: name(region),
            words: u32::try_from(self.profile.layout.words()).unwrap(),
            profile: self.profile.digest(),
            devices: people.iter().map(member).collect(),
        }
    }

    pub fn trust(&self, rosters: &[Roster]) -> TrustAnchors<C> {
        let regions = rosters.iter().map(|roster| roster.region.clone());
        TrustAnchors {
            key: key().srs().verifying_key.clone(),
            rosters: rosters.iter().map(|r| (r.region.clone(), r.clone())).collect(),
            profiles: vec![Arc::clone(&self.profile.lists)],
            appliances: regions.map(|region| (region, vec![self.appliance.public()])).collect(),
        }
    }

    pub fn setup(&self, vault: &Path, rosters: &[Roster]) -> Setup<C> {
        Setup {
            secret_key: SecretKey::from_bytes(&self.secret.to_bytes()).unwrap(),
            public_key: self.profile.public_key.clone(),
            layout: self.profile.layout.clone(),
            trust: self.trust(rosters),
            policy: Policy::default(),
            engines: None,
            vault: vault.to_owned(),
        }
    }

    /// An authority that answers no questions.
    pub async fn open(&self, vault: &Path, rosters: &[Roster]) -> Arc<Authority<C>> {
        self.try_open(vault, rosters).await.unwrap()
    }

    pub async fn try_open(
        &self,
        vault: &Path,
        rosters: &[Roster],
    ) -> Result<Arc<Authority<C>>, AuthorityError> {
        Authority::open(self.setup(vault, rosters)).await.map(Arc::new)
    }

    /// One that does.
    pub async fn open_for_questions(&self, vault: &Path, rosters: &[Roster]) -> Arc<Authority<C>> {
        let setup = Setup { engines: Some(engines()), ..self.setup(vault, rosters) };
        Arc::new(Authority::open(setup).await.unwrap())
    }

    pub fn seal(&self, region: &str, epoch: u64, person: usize, words: Vec<u64>) -> Submission<C> {
        let commitment_key = &self.profile.commitment_key;
        let label = Label {
            region: name(region),
            epoch,
            device: device(person),
            sequence: epoch + 1,
            profile: self.profile.digest(),
            srs: Digest(commitment_key.srs_id()),
        };
        Submission::seal(label, words, commitment_key, &self.people[person], &mut OsRng)
    }

    pub fn submit(
        &self,
        region: &str,
        epoch: u64,
        person: usize,
        readings: &[i64],
    ) -> Submission<C> {
        let Profile { public_key, layout, .. } = &*self.profile;
        let (words, encryption) = public_key.encrypt_with_witness(layout, readings).unwrap();
        let mut submission = self.seal(region, epoch, person, words);
        submission.proof = self.profile.prove(&submission, &encryption, readings).unwrap();
        submission
    }

    /// A proved sum of these submissions, checked as intake does.
    pub fn prove(&self, roster: &Roster, submissions: &[&Submission<C>]) -> ProvedResult<C> {
        self.prove_weighted(roster, submissions, 1)
    }

    /// The same, with the first one counted `weight` times.
    pub fn prove_weighted(
        &self,
        roster: &Roster,
        submissions: &[&Submission<C>],
        weight: u64,
    ) -> ProvedResult<C> {
        let openings: Vec<_> = submissions
            .iter()
            .map(|s| Opening { commitment: s.commitment, words: &s.words, blinders: &s.blinders })
            .collect();
        let commitment_key = &self.profile.commitment_key;
        assert!(find_culprits(commitment_key, &openings, 1, &mut OsRng).is_none());
        let mut weights = vec![1; submissions.len()];
        weights[0] = weight;
        let contribution = |(s, &weight): (&&Submission<C>, &u64)| Contribution {
            device: s.label.device.clone(),
            sequence: s.label.sequence,
            weight,
            commitment: s.commitment,
            signature: s.signature,
            proof: s.proof.clone(),
        };
        let is_missing = |device: &&Name| !submissions.iter().any(|s| s.label.device == **device);
        let claim = Claim {
            srs: Digest(commitment_key.srs_id()),
            region: roster.region.clone(),
            epoch: submissions[0].label.epoch,
            roster: roster.digest(),
            profile: roster.profile,
            contributions: submissions.iter().zip(&weights).map(contribution).collect(),
            missing: roster.devices.keys().filter(is_missing).cloned().collect(),
        };
        let context = claim.context().0;
        let (statement, proof) = prove(key(), &openings, &weights, &context, &mut OsRng).unwrap();
        ProvedResult::signed(claim, statement.aggregate, proof, &self.appliance)
    }

    /// A proved sum of these people's lists, all of them with the same readings.
    pub fn sum(
        &self,
        roster: &Roster,
        epoch: u64,
        people: &[usize],
        readings: &[i64],
    ) -> ProvedResult<C> {
        let region = roster.region.as_str();
        let all: Vec<_> =
            people.iter().map(|&person| self.submit(region, epoch, person, readings)).collect();
        self.prove(roster, &all.iter().collect::<Vec<_>>())
    }
}

pub fn device(person: usize) -> Name {
    name(&format!("d{person}"))
}

pub fn engines() -> Arc<dyn Engines> {
    Arc::new(ExactOn::new(Cpu::new()))
}

/// A query for the totals of these results.
pub fn query(results: &[&ProvedResult<C>]) -> Vec<u8> {
    let mut sum = vec![0; results[0].aggregate.len()];
    results.iter().for_each(|r| pulseproof_fhe::add_assign(&mut sum, &r.aggregate, 1));
    let bytes: Vec<_> = results.iter().map(|result| result.to_bytes()).collect();
    write_query(&sum, &bytes)
}

/// The kind and the status of a refusal.
pub fn kind<T: std::fmt::Debug>(answer: Result<T, Problem>) -> (String, u16) {
    let problem = answer.unwrap_err();
    (problem.kind.trim_start_matches("urn:pulseproof:").to_owned(), problem.status)
}

pub fn refusal(kind: &str, status: u16) -> (String, u16) {
    (kind.to_owned(), status)
}

/// What a kind of refusal says, whatever was refused.
pub fn texts(problems: &[Problem]) -> BTreeMap<String, usize> {
    let mut texts = BTreeMap::new();
    for problem in problems {
        *texts.entry(serde_json::to_string(problem).unwrap()).or_default() += 1;
    }
    texts
}

/// What an appliance computed, and what it can be asked about it.
pub struct Computed {
    pub claim: Outputs,
    pub circuit: Circuit,
    pub inputs: Vec<Ciphertext>,
    pub found: Vec<Ciphertext>,
    /// The digits, if they are not those of what was found.
    pub digits: Option<Vec<Ciphertext>>,
}

impl Computed {
    /// Signed by an appliance.
    pub fn signed(&self, key: &ApplianceKey) -> Outputs {
        let honest = || self.circuit.digits(&self.inputs, &self.found);
        let digits = self.digits.clone().unwrap_or_else(honest);
        let outputs = self.circuit.outputs_of(digits);
        let lookups = Tree::over(&self.found).root();
        Outputs { outputs, lookups, ..self.claim.clone() }.signed(key)
    }
}

/// Computes a program under an evaluation key, as an honest appliance does.
pub fn compute(
    world: &World,
    key: &[u8],
    program: &Program,
    results: &[&ProvedResult<C>],
) -> Computed {
    let key = EvaluationKey::from_bytes(key).unwrap();
    let engine = engines().exact(&key).unwrap();
    let layout = &world.profile.layout;
    let weights: Vec<_> = results.iter().map(|r| r.claim.total_weight().unwrap()).collect();
    let circuit =
        program.compile(SumContext { layout, summands: &weights, words: 0 }).unwrap().circuit;
    let lists: Vec<_> = results.iter().map(|result| &result.aggregate).collect();
    let inputs = circuit.ciphertexts(&lists, &[]);
    let look_up = |lookups: Vec<Lookup>| engine.look_up(&lookups).map_err(BatchError::from);
    let found = circuit.results(&inputs, look_up).unwrap();
    let used = |result: &&ProvedResult<C>| SumUsed {
        region: result.claim.region.clone(),
        epoch: result.claim.epoch,
        sum: result.sum_digest(),
    };
    let claim = Outputs {
        key: Digest(key.id()),
        engine: engine.name(),
        program: program_digest(program),
        sums: results.iter().map(used).collect(),
        words: vec![],
        outputs: vec![],
        lookups: Digest([0; 32]),
        signature: [0; 64],
    };
    Computed { claim, circuit, inputs, found, digits: None }
}
