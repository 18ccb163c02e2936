//! The proof of well-formed encryption, beside one arkworks MSM of 4096 terms on the same threads, and
//! beside tfhe-rs's own proof of a compact list.

#[cfg(feature = "tfhe-zk")]
mod tfhe_zk;

use std::hint::black_box;
use std::sync::Arc;

use pulseproof_fhe::{
    Encrypt, EncryptError, EncryptionWitness, Layout, LayoutError, LayoutRequest, Scale, Totals,
    generate_keys,
};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::UniformRand;
use pulseproof_kernels::{Curve, Error, G1, G1Affine, Scalar};
use pulseproof_prover::commitment::{Blinders, CommitmentKey, Opening};
use pulseproof_prover::encryption::{
    NotProvable, Proof, Scheme, Secrets, Statement, find_false, prove,
};
use pulseproof_prover::engine::prove::{ProveError, ProvingKey};
use pulseproof_prover::srs::{DEFAULT_LOG_SIZE, SrsError, develop};
use rand::rngs::OsRng;
use serde::Serialize;

use super::measure::{median, peak_memory_mb, processor, simd, time};
use super::wsa::Timing;
#[cfg(feature = "tfhe-zk")]
use tfhe_zk::Tfhe;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Readings of a list.
    pub slots: usize,
    /// Lists that a sum may have.
    pub summands_max: u64,
    /// Lists that are verified together.
    pub batch: usize,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The SRS.
    #[error(transparent)]
    Srs(#[from] SrsError),
    /// The packing.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The packing is larger than what can be proved.
    #[error(transparent)]
    NotProvable(#[from] NotProvable),
    /// The readings.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
    /// The backend.
    #[error(transparent)]
    Kernel(#[from] Error),
    /// The prover.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// tfhe-rs's proof.
    #[error("tfhe-zk: {0}")]
    Tfhe(String),
}

/// Inputs of all measurements, made once.
pub struct Fixture<C: Curve> {
    key: ProvingKey<C>,
    scheme: Scheme<C>,
    readings: Vec<i64>,
    slots: Vec<Totals>,
    list: List<C>,
    batch: Vec<(G1Affine<C>, Proof<C>)>,
    peer_scalars: Vec<Scalar<C>>,
}

struct List<C: Curve> {
    words: Vec<u64>,
    encryption: EncryptionWitness,
    blinders: Blinders<C>,
    commitment: G1Affine<C>,
}

impl<C: Curve> Fixture<C> {
    /// A key, a layout of glucose readings, and lists that fill every slot, proved once.
    ///
    /// # Errors
    /// There is no such layout, or it cannot be proved.
    pub fn new(shape: Shape) -> Result<Self, Failure> {
        let Shape { slots, summands_max, batch } = shape;
        let scale = Scale { decimals: 0, minimum: 40, maximum: 400 };
        let inside = (70, 180);
        let request = LayoutRequest { scale, inside, slots, summands_max, totals: true };
        let (layout, (_, public_key)) = (Layout::plan(request)?, generate_keys());
        let srs = Arc::new(develop::generate::<C>(DEFAULT_LOG_SIZE, &mut OsRng)?);
        let commitment_key = CommitmentKey::new(&srs);
        let key = ProvingKey::new(Cpu::new(), srs)?;
        let peer_scalars = (0..key.srs().size()).map(|_| Scalar::<C>::rand(&mut OsRng)).collect();
        let readings: Vec<i64> = (0..slots).map(|slot| 40 + (slot * 97 % 361) as i64).collect();
        let quantities = layout.quantities(&readings)?.to_vec();
        let encrypt = || {
            let (words, encryption) = public_key.encrypt_with_witness(&layout, &readings)?;
            let blinders = Blinders::random(&mut OsRng);
            let commitment = commitment_key.commit(&words, &blinders);
            Ok::<_, Failure>(List { words, encryption, blinders, commitment })
        };
        let list = encrypt()?;
        let lists = (0..batch).map(|_| encrypt()).collect::<Result<Vec<_>, _>>()?;
        let scheme = Scheme::new(layout.clone(), public_key.clone())?;
        let slots = quantities;
        let mut fixture =
            Self { key, scheme, readings, slots, list, batch: Vec::new(), peer_scalars };
        let proved = |list: &List<C>| Ok((list.commitment, fixture.prove_list(list)?));
        fixture.batch = lists.iter().map(proved).collect::<Result<_, Failure>>()?;
        Ok(fixture)
    }

    /// The peer: one arkworks MSM with full-width scalars.
    pub fn peer_msm(&self) -> G1<C> {
        G1::<C>::arkworks_msm(&self.key.srs().lagrange, &self.peer_scalars)
    }

    /// A device encrypts.
    ///
    /// # Panics
    /// Never: the same readings were encrypted before.
    pub fn encrypt(&self) -> Vec<u64> {
        let encrypted = self.scheme.key().encrypt(self.scheme.layout(), &self.readings);
        encrypted.expect("encrypted before")
    }

    /// A device proves its list.
    ///
    /// # Panics
    /// Never: such a list was proved before.
    pub fn prove(&self) -> Proof<C> {
        self.prove_list(&self.list).expect("proved before")
    }

    fn prove_list(&self, list: &List<C>) -> Result<Proof<C>, ProveError> {
        let List { words, encryption, blinders, commitment } = list;
        let opening = Opening { commitment: *commitment, words, blinders };
        let secrets = Secrets { encryption, slots: &self.slots };
        prove(&self.key, &self.scheme, &opening, &secrets, b"bench", &mut OsRng)
    }

    fn subjects(&self, batch: usize) -> Vec<Subject<'_>> {
        vec![
            Subject::new("arkworks MSM of 4096 terms, full-width scalars (peer)", || {
                black_box(self.peer_msm());
            }),
            Subject::new("encrypt", || drop(black_box(self.encrypt()))),
            Subject::new("prove", || drop(black_box(self.prove()))),
            Subject::new("verify, from bytes", || assert!(self.verify(1))),
            Subject::new(format!("verify {batch} together, from bytes"), move || {
                assert!(self.verify(batch));
            }),
        ]
    }

    /// An appliance checks this many of the batch's proofs together.
    pub fn verify(&self, count: usize) -> bool {
        let claim =
            |(commitment, proof): &'_ (G1Affine<C>, Proof<C>)| (*commitment, proof.to_bytes());
        let read: Vec<_> = self.batch[..count].iter().map(claim).collect();
        let proofs: Result<Vec<_>, _> =
            read.iter().map(|(_, bytes)| Proof::from_bytes(bytes)).collect();
        proofs.is_ok_and(|proofs| {
            let statements =
                read.iter().map(|(c, _)| Statement { commitment: *c, context: b"bench" });
            let claims: Vec<_> = statements.zip(&proofs).collect();
            let key = &self.key.srs().verifying_key;
            find_false(key, &self.scheme, &claims, usize::MAX, &mut OsRng).is_none()
        })
    }
}

/// Something that is timed.
struct Subject<'a> {
    what: String,
    run: Box<dyn Fn() + 'a>,
}

impl<'a> Subject<'a> {
    fn new(what: impl Into<String>, run: impl Fn() + 'a) -> Self {
        Self { what: what.into(), run: Box::new(run) }
    }
}

/// How long something takes.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What.
    pub what: String,
    /// How long.
    #[serde(flatten)]
    pub time: Timing,
}

/// Everything measured in one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Curve.
    pub curve: String,
    /// Readings of a list.
    pub slots: usize,
    /// Lists that a sum may have.
    pub summands_max: u64,
    /// Words of a list.
    pub words: usize,
    /// Lists that are verified together.
    pub batch: usize,
    /// Threads of the pool that peers and prover share.
    pub threads: usize,
    /// Processor.
    pub processor: String,
    /// The CPU's instructions that our kernels use.
    pub simd: String,
    /// Repetitions.
    pub samples: usize,
    /// Bytes of a proof.
    pub proof_bytes: usize,
    /// Bytes of tfhe-rs's proofs, by where their cost is put, if they were measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tfhe_zk_bytes: Vec<(String, usize)>,
    /// The times, the first one that of the peer that all are divided by.
    pub rows: Vec<Row>,
    /// Peak resident memory of the process, where the system tells.
    pub peak_memory_mb: Option<f64>,
}

/// Measures everything `samples` times, in turn, so that a disturbance meets all alike.
///
/// # Errors
/// There is no such layout, or it cannot be proved; tfhe-rs's proof was left out of this build, or does not
/// cover the layout.
///
/// # Panics
/// If a measured operation gives a wrong answer.
pub fn measure<C: Curve>(shape: Shape, samples: usize, with_tfhe: bool) -> Result<Report, Failure> {
    let shape = Shape { batch: shape.batch.max(1), ..shape };
    let fixture = Fixture::<C>::new(shape)?;
    let peer = with_tfhe.then(|| Tfhe::new(&fixture.scheme, &fixture.readings)).transpose()?;
    let mut subjects = fixture.subjects(shape.batch);
    subjects.extend(peer.iter().flat_map(Tfhe::subjects));
    let mut times = vec![Vec::with_capacity(samples); subjects.len()];
    for round in 0..=samples.max(1) {
        for (subject, times) in subjects.iter().zip(&mut times) {
            let (taken, ()) = time(&subject.run);
            // The first round warms caches and is not counted.
            if round > 0 {
                times.push(taken);
            }
        }
    }
    let reference = median(&mut times[0]);
    let row = |(subject, times): (&Subject<'_>, &mut Vec<f64>)| Row {
        what: subject.what.clone(),
        time: Timing::of(times, reference),
    };
    Ok(Report {
        curve: C::ID.to_string(),
        slots: shape.slots,
        summands_max: shape.summands_max,
        words: fixture.scheme.words(),
        batch: shape.batch,
        threads: rayon::current_num_threads(),
        processor: processor(),
        simd: simd(),
        samples,
        proof_bytes: fixture.batch[0].1.to_bytes().len(),
        tfhe_zk_bytes: peer.as_ref().map(Tfhe::proof_bytes).unwrap_or_default(),
        rows: subjects.iter().zip(&mut times).map(row).collect(),
        peak_memory_mb: peak_memory_mb(),
    })
}

/// tfhe-rs's proof, where it is not linked.
#[cfg(not(feature = "tfhe-zk"))]
struct Tfhe(std::convert::Infallible);

#[cfg(not(feature = "tfhe-zk"))]
impl Tfhe {
    fn new<C: Curve>(_: &Scheme<C>, _: &[i64]) -> Result<Self, Failure> {
        let reason = "was left out of this program: build with the feature tfhe-zk";
        Err(Failure::Tfhe(reason.to_owned()))
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        match self.0 {}
    }

    fn proof_bytes(&self) -> Vec<(String, usize)> {
        match self.0 {}
    }
}
