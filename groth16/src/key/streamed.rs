//! A proving key that is read while a proof is made, section by section, each point once: for one proof. Its points are
//! in memory a piece at a time.
//!
//! Every point is checked for being on the curve. That they are in the subgroup is not checked of each, which costs
//! many additions a point, but of the five sums; docs/groth16.md says why that is enough.

use std::io::{Read, Seek};
use std::sync::{Mutex, PoisonError};

use pulseproof_formats::FormatError;
use pulseproof_formats::elements::Check;
use pulseproof_formats::wtns::Witness;
use pulseproof_formats::zkey::{Coefficient, Matrix2, PointsG1, Zkey};
use pulseproof_kernels::backend::{AnyBackend, AnyBuffer, Backend, MsmOps};
use pulseproof_kernels::group::Group;
use pulseproof_kernels::msm::ScalarShape;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Error, G1, G2, Scalar};
use rand::{CryptoRng, RngCore};
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::resident::Loading;
use super::{Head, LoadError};
use crate::prove::{Clock, Parts, ProveError, Proved, Stage, Two, one, prove_of, width};

/// Points that are in memory at a time, at least: fewer would make sums slower.
const PIECE_MIN: usize = 1 << 16;
/// Pieces that a section is cut into, at most.
const PIECES_MAX: usize = 4;
/// Terms that are worth a thread's while.
const TERMS: usize = 1 << 8;

/// What hears of points that were read, and of points in all.
pub type Progress = Box<dyn Fn(usize, usize) + Send + Sync>;

/// A proving key in a file.
pub struct StreamedKey<C: Curve, S> {
    head: Head<C>,
    file: Mutex<Zkey<C, S>>,
    progress: Progress,
    step: usize,
}

impl<C: Curve, S: Read + Seek> StreamedKey<C, S> {
    /// Reads what a key says before its points.
    ///
    /// # Errors
    /// The file is no key for this curve, or damaged where it was read.
    pub fn open(
        backend: impl Into<AnyBackend>,
        source: S,
        progress: Progress,
    ) -> Result<Self, LoadError> {
        let mut file = Zkey::open(source)?;
        let head = Head::read(backend, &mut file)?;
        let longest = head.signals().max(head.domain.size());
        let step = longest.div_ceil(PIECES_MAX).max(PIECE_MIN);
        Ok(Self { head, file: Mutex::new(file), progress, step })
    }

    /// With so many points in memory at a time, instead of a fourth of a section or 2^16: with fewer, proofs take less
    /// memory and more time.
    ///
    /// # Panics
    /// If they are none.
    #[must_use]
    pub fn in_pieces(self, points: usize) -> Self {
        assert!(points > 0, "pieces of one point at least");
        Self { step: points, ..self }
    }

    /// What is known of it.
    pub fn head(&self) -> &Head<C> {
        &self.head
    }

    /// As [`prove`](crate::prove::prove) does.
    ///
    /// # Errors
    /// The same, and a damaged key.
    pub fn prove(
        &self,
        witness: &Witness<Scalar<C>>,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Proved<C>, ProveError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = Reading { key: self, file: &mut file, done: 0 };
        match prove_of(reading, witness, rng) {
            Err(ProveError::OutsideGroup) => Err(self.stranger(&mut file)),
            outcome => outcome,
        }
    }

    /// Which point is outside the subgroup.
    fn stranger(&self, file: &mut Zkey<C, S>) -> ProveError {
        let mut progress = |done, total| (self.progress)(done, total);
        let mut loading = Loading::new(&self.head, file, Check::Full, &mut progress);
        match loading.points() {
            Err(error) => error.into(),
            Ok(_) => ProveError::OutsideGroup,
        }
    }
}

/// A key's file, being read for a proof.
struct Reading<'a, C: Curve, S> {
    key: &'a StreamedKey<C, S>,
    file: &'a mut Zkey<C, S>,
    done: usize,
}

impl<C: Curve, S: Read + Seek> Parts<C> for Reading<'_, C, S> {
    fn head(&self) -> &Head<C> {
        &self.key.head
    }

    fn rows(&mut self, values: &[Scalar<C>], clock: &mut Clock) -> Result<Two<C>, ProveError> {
        let Head { backend, domain, .. } = &self.key.head;
        let zeros = || Zeroizing::new(vec![Scalar::<C>::zero(); domain.size()]);
        let [mut a, mut b] = [zeros(), zeros()];
        let mut products = Zeroizing::new(Vec::new());
        let read = clock.time(Stage::Rows, || {
            self.file.coefficients(&mut |terms: &[Coefficient<Scalar<C>>]| {
                let product = |term: &Coefficient<_>| term.value * values[term.signal as usize];
                terms.par_iter().with_min_len(TERMS).map(product).collect_into_vec(&mut products);
                for (term, product) in terms.iter().zip(&*products) {
                    let rows = match term.matrix {
                        Matrix2::A => &mut a,
                        Matrix2::B => &mut b,
                    };
                    rows[domain.place(term.constraint as usize)] += product;
                }
                Ok(())
            })
        });
        read.map_err(LoadError::from)?;
        clock.time(Stage::Upload, || {
            let first = backend.upload(&a)?;
            drop(a);
            Ok([first, backend.upload(&b)?])
        })
    }

    fn h(&mut self, quotient: AnyBuffer<u64>, clock: &mut Clock) -> Result<G1<C>, ProveError> {
        let Head { backend, domain, .. } = &self.key.head;
        let integers = Zeroizing::new(backend.download(&quotient)?);
        drop(quotient);
        let integer = |i: usize| &integers[domain.odd_place(i) * width::<C>()..];
        self.sum_g1(PointsG1::H, Stage::MsmH, integer, clock)
    }

    fn a(&mut self, words: &[u64], clock: &mut Clock) -> Result<G1<C>, ProveError> {
        self.sum_g1(PointsG1::A, Stage::MsmA, |i| &words[i * width::<C>()..], clock)
    }

    fn b_g1(&mut self, words: &[u64], clock: &mut Clock) -> Result<G1<C>, ProveError> {
        self.sum_g1(PointsG1::B1, Stage::MsmB1, |i| &words[i * width::<C>()..], clock)
    }

    fn b_g2(&mut self, words: &[u64], clock: &mut Clock) -> Result<G2<C>, ProveError> {
        let (key, step) = (self.key, self.key.step);
        let pieces = self.file.pieces_b2(Check::OnCurve, step).map_err(LoadError::from)?;
        let scalar = |i: usize| &words[i * width::<C>()..];
        sum(key, pieces, (Stage::MsmB2, &mut self.done), scalar, clock)
    }

    fn c(&mut self, words: &[u64], clock: &mut Clock) -> Result<G1<C>, ProveError> {
        self.sum_g1(PointsG1::C, Stage::MsmC, |i| &words[i * width::<C>()..], clock)
    }
}

impl<C: Curve, S: Read + Seek> Reading<'_, C, S> {
    fn sum_g1<'w>(
        &mut self,
        section: PointsG1,
        stage: Stage,
        scalar: impl Fn(usize) -> &'w [u64],
        clock: &mut Clock,
    ) -> Result<G1<C>, ProveError> {
        let (key, step) = (self.key, self.key.step);
        let pieces = self.file.pieces_g1(section, Check::OnCurve, step).map_err(LoadError::from)?;
        sum(key, pieces, (stage, &mut self.done), scalar, clock)
    }
}

/// The sum over a section's points, times the first words of what `scalar` gives for each.
fn sum<'w, C: Curve, S, G: Group>(
    key: &StreamedKey<C, S>,
    mut pieces: impl Iterator<Item = Result<Vec<G::Affine>, FormatError>>,
    (stage, done): (Stage, &mut usize),
    scalar: impl Fn(usize) -> &'w [u64],
    clock: &mut Clock,
) -> Result<G, ProveError> {
    let (mut sum, mut first) = (G::zero(), 0);
    while let Some(points) = clock.time(Stage::Read, || pieces.next()) {
        let points = points.map_err(LoadError::from)?;
        let next = first + points.len();
        sum += clock
            .time(stage, || piece::<C, G>(&key.head.backend, points, |i| scalar(first + i)))?;
        *done += next - first;
        (key.progress)(*done, key.head.points());
        first = next;
    }
    if is_in_group(&sum.into_affine()) { Ok(sum) } else { Err(ProveError::OutsideGroup) }
}

/// On the curve, and in the subgroup.
fn is_in_group<P: AffineRepr>(point: &P) -> bool {
    point.check().is_ok()
}

/// The sum over a piece's points.
fn piece<'w, C: Curve, G: Group>(
    backend: &AnyBackend,
    mut points: Vec<G::Affine>,
    scalar: impl Fn(usize) -> &'w [u64],
) -> Result<G, Error> {
    let width = width::<C>();
    let mut scalars = Zeroizing::new(Vec::with_capacity(points.len() * width));
    for (i, point) in points.iter().enumerate() {
        if !point.is_zero() {
            scalars.extend_from_slice(&scalar(i)[..width]);
        }
    }
    points.retain(|point| !point.is_zero());
    let count = points.len();
    let bases = MsmOps::<G>::bases(backend, &points, 1)?;
    drop(points);
    let uploaded = backend.upload(&scalars)?;
    drop(scalars);
    let shape = ScalarShape::unsigned(count, Scalar::<C>::MODULUS_BIT_SIZE);
    Ok(one(MsmOps::<G>::msm_batch(backend, &bases, &uploaded, shape)?))
}
