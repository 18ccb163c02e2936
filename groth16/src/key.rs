//! A proving key where proofs are computed: read from a `.zkey` once, kept with a backend.

use std::io::{Read, Seek};

use pulseproof_ceremony::subgroup::holds_all;
use pulseproof_formats::FormatError;
use pulseproof_formats::elements::Check;
use pulseproof_formats::zkey::{Coefficient, Header, Matrix2, PointsG1, Zkey};
use pulseproof_kernels::backend::{AnyBackend, AnyBases, MsmOps};
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Error, G1, G2, Scalar};

use crate::domain::Domain;
use crate::rows::{Builder, Rows};
use crate::verify::PreparedVerifyingKey;
use crate::verifying_key::VerifyingKey;
use crate::weakness::{KnownTau, Weakness};

/// Why a key was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is no key, or a damaged one.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The backend has no room for it, or failed.
    #[error(transparent)]
    Kernel(#[from] Error),
    /// There are no transforms of that size.
    #[error("domain size: 2^{got} is over the limit of 2^{limit} for this curve")]
    DomainSize {
        /// log2 of the key's domain.
        got: u32,
        /// log2 of the largest domain.
        limit: u32,
    },
    /// Of all points together it was found that one is outside the subgroup, and looking at each finds none.
    #[error("{0}: the check of all points contradicts that of each: the CPU computed wrongly")]
    Contradiction(&'static str),
    /// More terms than can be counted in 32 bits.
    #[error("coefficients: over the limit of 2^32 terms")]
    TooManyTerms,
}

/// A proving key on a backend.
pub struct ProvingKey<C: Curve> {
    pub(crate) backend: AnyBackend,
    pub(crate) header: Header<C>,
    pub(crate) verifying_key: PreparedVerifyingKey<C>,
    pub(crate) domain: Domain<Scalar<C>>,
    pub(crate) rows: [Rows<Scalar<C>>; 2],
    pub(crate) points: Points<C>,
    contributions: usize,
    weakness: Option<Weakness>,
}

/// The sections of points, on a backend.
pub(crate) struct Points<C: Curve> {
    pub a: Sparse<G1<C>>,
    pub b_g1: Sparse<G1<C>>,
    pub b_g2: Sparse<G2<C>>,
    /// For the signals that are not public.
    pub c: Sparse<G1<C>>,
    /// In the order of [`Domain::odd_place`].
    pub h: AnyBases<G1<C>>,
}

/// Points without those at infinity, which signals have that are in no row.
pub(crate) struct Sparse<G: Group> {
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
        let backend = backend.into();
        let mut file = Zkey::<C, _>::open(source)?;
        let header = file.header().clone();
        let limit = Scalar::<C>::TWO_ADICITY - 1;
        let domain = Domain::new(header.log_size)
            .ok_or(LoadError::DomainSize { got: header.log_size, limit })?;
        let ic = file.points_g1(PointsG1::Ic, check, &mut |_, _| ())?;
        let verifying_key = PreparedVerifyingKey::new(VerifyingKey::of(&header, ic));
        let mut loading = Loading::new(&backend, &mut file, check, progress);
        let points = loading.points(&domain)?;
        let tau_is_known = loading.tau.is_found();
        let rows = rows(&mut file, &domain)?;
        let contributions = file.contributions()?;
        let weakness = match contributions {
            0 => Some(Weakness::NoContribution),
            _ if tau_is_known => Some(Weakness::Tau),
            _ => verifying_key.key().weakness(),
        };
        Ok(Self { backend, header, verifying_key, domain, rows, points, contributions, weakness })
    }

    /// What verifies the key's proofs.
    pub fn verifying_key(&self) -> &PreparedVerifyingKey<C> {
        &self.verifying_key
    }

    /// How many signals a witness has, the constant 1 included.
    pub fn signals(&self) -> usize {
        self.header.variables
    }

    /// How many of them are public, the constant 1 not included.
    pub fn public(&self) -> usize {
        self.header.public
    }

    /// log2 of the domain.
    pub fn log_size(&self) -> u32 {
        self.domain.log_size()
    }

    /// Bytes that the points and the matrices take where they are kept.
    pub fn bytes(&self) -> usize {
        let Points { a, b_g1, b_g2, c, h } = &self.points;
        let backend = &self.backend;
        a.bytes(backend)
            + b_g1.bytes(backend)
            + b_g2.bytes(backend)
            + c.bytes(backend)
            + MsmOps::<G1<C>>::bases_bytes(backend, h)
            + self.rows.iter().map(Rows::bytes).sum::<usize>()
    }

    /// How many contributions of phase 2 the file lists. Whoever made a key without any can forge proofs.
    pub fn contributions(&self) -> usize {
        self.contributions
    }

    /// What shows that the key is insecure, if anything does.
    pub fn weakness(&self) -> Option<Weakness> {
        self.weakness
    }

    /// Who proves.
    pub fn backend(&self) -> &AnyBackend {
        &self.backend
    }
}

/// A file on its way to a backend.
struct Loading<'a, C: Curve, S> {
    backend: &'a AnyBackend,
    file: &'a mut Zkey<C, S>,
    check: Check,
    progress: &'a mut dyn FnMut(usize, usize),
    done: usize,
    total: usize,
    tau: KnownTau,
}

impl<'a, C: Curve, S: Read + Seek> Loading<'a, C, S> {
    fn new(
        backend: &'a AnyBackend,
        file: &'a mut Zkey<C, S>,
        check: Check,
        progress: &'a mut dyn FnMut(usize, usize),
    ) -> Self {
        let header = file.header();
        let total = 4 * header.variables - header.public - 1 + (1 << header.log_size);
        Self { backend, file, check, progress, done: 0, total, tau: KnownTau::default() }
    }

    /// All sections. What takes most memory on its way comes first, while nothing else does.
    fn points(&mut self, domain: &Domain<Scalar<C>>) -> Result<Points<C>, LoadError> {
        let h = self.h(domain)?;
        let b_g2 = self.g2()?;
        let a = self.g1(PointsG1::A)?;
        let b_g1 = self.g1(PointsG1::B1)?;
        let c = self.g1(PointsG1::C)?;
        Ok(Points { a, b_g1, b_g2, c, h })
    }

    fn h(&mut self, domain: &Domain<Scalar<C>>) -> Result<AnyBases<G1<C>>, LoadError> {
        let points = self.read(PointsG1::H)?;
        self.tau.see(&points);
        let mut placed = vec![C::G1Affine::zero(); points.len()];
        for (i, point) in points.into_iter().enumerate() {
            placed[domain.odd_place(i)] = point;
        }
        self.check_g1(PointsG1::H, &placed)?;
        Ok(MsmOps::<G1<C>>::bases(self.backend, &placed, 1)?)
    }

    fn g1(&mut self, section: PointsG1) -> Result<Sparse<G1<C>>, LoadError> {
        let points = self.read(section)?;
        self.check_g1(section, &points)?;
        Ok(Sparse::new(self.backend, points)?)
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
        let Self { file, check, progress, done, total, .. } = self;
        let check = on_curve(*check);
        let points = file.points_g1(section, check, &mut |now, _| progress(*done + now, *total))?;
        *done += points.len();
        Ok(points)
    }

    fn g2(&mut self) -> Result<Sparse<G2<C>>, LoadError> {
        let Self { file, check, progress, done, total, .. } = self;
        let check = on_curve(*check);
        let points = file.points_b2(check, &mut |now, _| progress(*done + now, *total))?;
        *done += points.len();
        if self.check == Check::Full && !holds_all::<G2<C>>(&points)? {
            self.file.points_b2(Check::Full, &mut |_, _| ())?;
            return Err(LoadError::Contradiction("points of G2"));
        }
        Ok(Sparse::new(self.backend, points)?)
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

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.signals.len()
    }

    fn bytes(&self, backend: &AnyBackend) -> usize {
        size_of_val(&*self.signals) + backend.bases_bytes(&self.bases)
    }

    /// The points.
    pub fn bases(&self) -> &AnyBases<G> {
        &self.bases
    }

    /// Of `words`, `width` for each of the section's signals, those that have a point.
    pub fn pick(&self, words: &[u64], width: usize) -> Vec<u64> {
        let word = |&signal: &u32| &words[signal as usize * width..][..width];
        self.signals.iter().flat_map(word).copied().collect()
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
