//! A proving key that is read from a `.zkey` once, and kept with a backend.

use std::io::{Read, Seek};
use std::ops::Deref;

use pulseproof_ceremony::subgroup::holds_all;
use pulseproof_formats::elements::Check;
use pulseproof_formats::zkey::{Coefficient, Matrix2, PointsG1, Zkey};
use pulseproof_kernels::backend::{AnyBackend, AnyBases, AnyBuffer, Backend, MsmOps};
use pulseproof_kernels::group::Group;
use pulseproof_kernels::msm::ScalarShape;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Error, G1, G2, Scalar};
use zeroize::Zeroizing;

use super::{Head, LoadError};
use crate::domain::Domain;
use crate::prove::{Clock, Parts, ProveError, Stage, Two, one, width};
use crate::rows::{Builder, Rows};

/// Rows that are copied to the backend at a time.
const PIECE: usize = 1 << 15;

/// A proving key on a backend.
pub struct ProvingKey<C: Curve> {
    head: Head<C>,
    rows: [Rows<Scalar<C>>; 2],
    points: Points<C>,
}

impl<C: Curve> Deref for ProvingKey<C> {
    type Target = Head<C>;

    fn deref(&self) -> &Head<C> {
        &self.head
    }
}

/// The sections of points, on a backend.
pub(super) struct Points<C: Curve> {
    a: Sparse<G1<C>>,
    b_g1: Sparse<G1<C>>,
    b_g2: Sparse<G2<C>>,
    /// For the signals that are not public.
    c: Sparse<G1<C>>,
    /// In the order of [`Domain::odd_place`].
    h: AnyBases<G1<C>>,
}

/// Points without those at infinity, which signals have that are in no row.
struct Sparse<G: Group> {
    /// Whose point each is: a signal, counted from the section's first.
    signals: Vec<u32>,
    bases: AnyBases<G>,
}

impl<C: Curve> ProvingKey<C> {
    /// Reads a key. `progress` hears of points done, and of points in all.
    ///
    /// # Errors
    /// The file is no key for this curve, a point fails the check, or the backend has no room.
    pub fn load(
        backend: impl Into<AnyBackend>,
        source: impl Read + Seek,
        check: Check,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, LoadError> {
        let mut file = Zkey::<C, _>::open(source)?;
        let head = Head::read(backend, &mut file)?;
        let mut loading = Loading::new(&head, &mut file, check, progress);
        let points = loading.points()?;
        let rows = rows(&mut file, &head.domain)?;
        Ok(Self { head, rows, points })
    }

    /// Bytes that the points and the matrices take where they are kept.
    pub fn bytes(&self) -> usize {
        let Points { a, b_g1, b_g2, c, h } = &self.points;
        let backend = self.backend();
        a.bytes(backend)
            + b_g1.bytes(backend)
            + b_g2.bytes(backend)
            + c.bytes(backend)
            + MsmOps::<G1<C>>::bases_bytes(backend, h)
            + self.rows.iter().map(Rows::bytes).sum::<usize>()
    }
}

impl<C: Curve> Parts<C> for &ProvingKey<C> {
    fn head(&self) -> &Head<C> {
        &self.head
    }

    fn rows(&mut self, values: &[Scalar<C>], clock: &mut Clock) -> Result<Two<C>, ProveError> {
        let [a, b] = &self.rows;
        Ok([self.times(a, values, clock)?, self.times(b, values, clock)?])
    }

    fn h(&mut self, quotient: AnyBuffer<u64>, clock: &mut Clock) -> Result<G1<C>, ProveError> {
        let bits = Scalar::<C>::MODULUS_BIT_SIZE;
        let shape = ScalarShape::unsigned(self.domain.size(), bits);
        let sum = || self.backend().msm_batch(&self.points.h, &quotient, shape);
        Ok(one(clock.time(Stage::MsmH, sum)?))
    }

    fn a(&mut self, words: &[u64], clock: &mut Clock) -> Result<G1<C>, ProveError> {
        Ok(clock.time(Stage::MsmA, || self.sum(&self.points.a, words))?)
    }

    fn b_g1(&mut self, words: &[u64], clock: &mut Clock) -> Result<G1<C>, ProveError> {
        Ok(clock.time(Stage::MsmB1, || self.sum(&self.points.b_g1, words))?)
    }

    fn b_g2(&mut self, words: &[u64], clock: &mut Clock) -> Result<G2<C>, ProveError> {
        Ok(clock.time(Stage::MsmB2, || self.sum(&self.points.b_g2, words))?)
    }

    fn c(&mut self, words: &[u64], clock: &mut Clock) -> Result<G1<C>, ProveError> {
        Ok(clock.time(Stage::MsmC, || self.sum(&self.points.c, words))?)
    }
}

impl<C: Curve> ProvingKey<C> {
    /// A matrix times the witness, on the backend: piece by piece, so that it is not there twice.
    fn times(
        &self,
        matrix: &Rows<Scalar<C>>,
        values: &[Scalar<C>],
        clock: &mut Clock,
    ) -> Result<AnyBuffer<Scalar<C>>, Error> {
        let (backend, n) = (self.backend(), self.domain.size());
        let mut all = backend.zeros(n)?;
        for start in (0..n).step_by(PIECE) {
            let range = start..n.min(start + PIECE);
            let rows = || Zeroizing::new(matrix.times(range.clone(), values));
            let rows = clock.time(Stage::Rows, rows);
            clock.time(Stage::Upload, || {
                let piece = backend.upload(&rows)?;
                backend.copy(&piece, 0..range.len(), &mut all, start)
            })?;
        }
        Ok(all)
    }

    /// Σ words\[i\]·points\[i\], of `words` for each of the section's signals.
    fn sum<G: Group>(&self, points: &Sparse<G>, words: &[u64]) -> Result<G, Error> {
        let (backend, width) = (self.backend(), width::<C>());
        let word = |&signal: &u32| &words[signal as usize * width..][..width];
        let picked: Vec<u64> = points.signals.iter().flat_map(word).copied().collect();
        let picked = Zeroizing::new(picked);
        let scalars = backend.upload(&picked)?;
        drop(picked);
        let shape = ScalarShape::unsigned(points.signals.len(), Scalar::<C>::MODULUS_BIT_SIZE);
        Ok(one(backend.msm_batch(&points.bases, &scalars, shape)?))
    }
}

/// A file on its way to a backend.
pub(super) struct Loading<'a, C: Curve, S> {
    head: &'a Head<C>,
    file: &'a mut Zkey<C, S>,
    check: Check,
    progress: &'a mut dyn FnMut(usize, usize),
    done: usize,
}

impl<'a, C: Curve, S: Read + Seek> Loading<'a, C, S> {
    pub fn new(
        head: &'a Head<C>,
        file: &'a mut Zkey<C, S>,
        check: Check,
        progress: &'a mut dyn FnMut(usize, usize),
    ) -> Self {
        Self { head, file, check, progress, done: 0 }
    }

    /// All sections. What takes most memory on its way comes first, while nothing else does.
    pub fn points(&mut self) -> Result<Points<C>, LoadError> {
        let h = self.h()?;
        let b_g2 = self.g2()?;
        let a = self.g1(PointsG1::A)?;
        let b_g1 = self.g1(PointsG1::B1)?;
        let c = self.g1(PointsG1::C)?;
        Ok(Points { a, b_g1, b_g2, c, h })
    }

    fn h(&mut self) -> Result<AnyBases<G1<C>>, LoadError> {
        let points = self.read(PointsG1::H)?;
        let mut placed = vec![C::G1Affine::zero(); points.len()];
        for (i, point) in points.into_iter().enumerate() {
            placed[self.head.domain.odd_place(i)] = point;
        }
        self.check_g1(PointsG1::H, &placed)?;
        Ok(MsmOps::<G1<C>>::bases(self.head.backend(), &placed, 1)?)
    }

    fn g1(&mut self, section: PointsG1) -> Result<Sparse<G1<C>>, LoadError> {
        let points = self.read(section)?;
        self.check_g1(section, &points)?;
        Ok(Sparse::new(self.head.backend(), points)?)
    }

    /// Looks at the subgroup, all at once; at each point only if one is outside, to name it.
    fn check_g1(&mut self, section: PointsG1, points: &[C::G1Affine]) -> Result<(), LoadError> {
        if self.check != Check::Full || holds_all::<G1<C>>(points)? {
            return Ok(());
        }
        self.file.points_g1(section, Check::Full, &mut |_, _| ())?;
        Err(LoadError::Contradiction("points of G1"))
    }

    fn read(&mut self, section: PointsG1) -> Result<Vec<C::G1Affine>, LoadError> {
        let Self { head, file, check, progress, done } = self;
        let check = on_curve(*check);
        let points =
            file.points_g1(section, check, &mut |now, _| progress(*done + now, head.points()))?;
        *done += points.len();
        Ok(points)
    }

    fn g2(&mut self) -> Result<Sparse<G2<C>>, LoadError> {
        let Self { head, file, check, progress, done } = self;
        let check = on_curve(*check);
        let points = file.points_b2(check, &mut |now, _| progress(*done + now, head.points()))?;
        *done += points.len();
        if self.check == Check::Full && !holds_all::<G2<C>>(&points)? {
            self.file.points_b2(Check::Full, &mut |_, _| ())?;
            return Err(LoadError::Contradiction("points of G2"));
        }
        Ok(Sparse::new(self.head.backend(), points)?)
    }
}

impl<G: Group> Sparse<G> {
    fn new(backend: &AnyBackend, mut points: Vec<G::Affine>) -> Result<Self, Error> {
        let finite = |(_, point): &(u32, &G::Affine)| !point.is_zero();
        let mut signals = Vec::with_capacity(points.len());
        signals.extend((0..).zip(&points).filter(finite).map(|(signal, _)| signal));
        points.retain(|point| !point.is_zero());
        Ok(Self { signals, bases: backend.bases(&points, 1)? })
    }

    fn bytes(&self, backend: &AnyBackend) -> usize {
        size_of_val(&*self.signals) + backend.bases_bytes(&self.bases)
    }
}

/// What is checked point by point: a full check looks at the subgroup later, for all points at once.
fn on_curve(check: Check) -> Check {
    match check {
        Check::None => Check::None,
        Check::OnCurve | Check::Full => Check::OnCurve,
    }
}

/// Reads the matrices.
fn rows<C: Curve>(
    file: &mut Zkey<C, impl Read + Seek>,
    domain: &Domain<Scalar<C>>,
) -> Result<[Rows<Scalar<C>>; 2], LoadError> {
    let (mut a, mut b) = (Builder::default(), Builder::default());
    let mut room = true;
    file.coefficients(&mut |chunk: &[Coefficient<Scalar<C>>]| {
        for term in chunk {
            let matrix = match term.matrix {
                Matrix2::A => &mut a,
                Matrix2::B => &mut b,
            };
            #[expect(clippy::cast_possible_truncation, reason = "domains are at most 2^31")]
            let row = domain.place(term.constraint as usize) as u32;
            room &= matrix.push(row, term.signal, term.value);
        }
        Ok(())
    })?;
    if !room {
        return Err(LoadError::TooManyTerms);
    }
    Ok([a.finish(domain.size()), b.finish(domain.size())])
}
