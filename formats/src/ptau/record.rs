//! The record of who contributed to a ceremony: whether it is that of the file's own points. Touches its section.
//!
//! An entry is τ in both groups, α and β in G1 and β in G2 as they were after it, the contribution's public key (six
//! points of G1, three of G2), a hash's state, a hash, a kind, and parameters of a stated length. Each τ and each β
//! has to be the one before times the entry's secret, which has to be there; the last ones have to be the file's.
//! What is not examined is that each contributor knew his secret: compare the file's published hash.

use std::io::{Read, Seek};

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, G1Affine, G2, G2Affine};

use super::{FILE, PowersG1, PowersG2, Ptau};
use crate::container::read_u32;
use crate::elements::{Check, PointDecoder, point_bytes};
use crate::error::FormatError;

const SECTION: u32 = 7;
const NAME: &str = "contributions";
/// The state of a hash, and a hash, and the kind.
const HASHES: usize = 216 + 64 + 4;
/// Bytes of a record: tens of thousands of contributions.
const SIZE_MAX: u64 = 1 << 26;

/// The secrets after a contribution.
struct Secrets<C: Curve> {
    tau_g1: G1Affine<C>,
    tau_g2: G2Affine<C>,
    alpha: G1Affine<C>,
    beta_g1: G1Affine<C>,
    beta_g2: G2Affine<C>,
}

/// \[s\] and \[s·x\] for a secret x: the public key of a contribution.
struct Ratio<C: Curve>(G1Affine<C>, G1Affine<C>);

impl<C: Curve, S: Read + Seek> Ptau<C, S> {
    /// Checks the record of contributions, if the file has one with entries in it.
    ///
    /// # Errors
    /// It is malformed, or not of the points that the file has.
    pub fn check_record(&mut self) -> Result<(), FormatError> {
        if !self.file.has(SECTION) {
            return Ok(());
        }
        let section = self.file.section(SECTION, NAME)?;
        if section.size > SIZE_MAX {
            let field = "number of bytes of contributions";
            return Err(FormatError::Limit {
                file: FILE,
                field,
                got: section.size,
                limit: SIZE_MAX,
            });
        }
        let length = usize::try_from(section.size).unwrap_or(usize::MAX);
        let bytes = self.file.read(section, 0, length)?;
        let mut entries = Entries { left: &bytes, index: 0 };
        let count = read_u32(entries.take(4)?);
        let mut secrets = Secrets::<C>::first();
        for _ in 0..count {
            secrets = entries.next(&secrets)?;
        }
        if !entries.left.is_empty() {
            return Err(invalid(format!("bytes after the last of {count}")));
        }
        if count > 0 { self.check_last(&secrets) } else { Ok(()) }
    }

    fn check_last(&mut self, last: &Secrets<C>) -> Result<(), FormatError> {
        let mut g1 = |which, at| {
            self.powers_g1(which, at..at + 1, Check::OnCurve, &mut |_, _| ())
                .map(|points| points[0])
        };
        let tau = g1(PowersG1::Tau, 1)? == last.tau_g1;
        let alpha = g1(PowersG1::AlphaTau, 0)? == last.alpha;
        let beta = g1(PowersG1::BetaTau, 0)? == last.beta_g1;
        let beta_g2 = self.powers_g2(PowersG2::Beta, 0..1, Check::OnCurve, &mut |_, _| ())?[0];
        match tau && alpha && beta && beta_g2 == last.beta_g2 {
            true => Ok(()),
            false => Err(invalid("the last one led to other secrets than the file's".to_owned())),
        }
    }
}

impl<C: Curve> Secrets<C> {
    /// Those that a ceremony begins with: all are 1.
    fn first() -> Self {
        let (g1, g2) = (G1Affine::<C>::generator(), G2Affine::<C>::generator());
        Self { tau_g1: g1, tau_g2: g2, alpha: g1, beta_g1: g1, beta_g2: g2 }
    }

    /// Whether these come of others by a contribution with such a public key.
    fn follow(&self, before: &Self, tau: &Ratio<C>, beta: &Ratio<C>) -> bool {
        let (g1, g2) = (G1Affine::<C>::generator(), G2Affine::<C>::generator());
        let same = |a: G1Affine<C>, b: G2Affine<C>, c: G1Affine<C>, d: G2Affine<C>| {
            C::multi_pairing([a.into_group(), -c.into_group()], [b, d]).is_zero()
        };
        same(tau.1, before.tau_g2, tau.0, self.tau_g2)
            && same(beta.1, before.beta_g2, beta.0, self.beta_g2)
            && same(self.tau_g1, g2, g1, self.tau_g2)
            && same(self.beta_g1, g2, g1, self.beta_g2)
    }
}

/// Entries that are still to be read.
struct Entries<'a> {
    left: &'a [u8],
    index: usize,
}

impl<'a> Entries<'a> {
    fn next<C: Curve>(&mut self, before: &Secrets<C>) -> Result<Secrets<C>, FormatError> {
        let secrets = Secrets {
            tau_g1: self.g1::<C>()?,
            tau_g2: self.g2::<C>()?,
            alpha: self.g1::<C>()?,
            beta_g1: self.g1::<C>()?,
            beta_g2: self.g2::<C>()?,
        };
        let tau = Ratio::<C>(self.g1::<C>()?, self.g1::<C>()?);
        let alpha = Ratio::<C>(self.g1::<C>()?, self.g1::<C>()?);
        let beta = Ratio::<C>(self.g1::<C>()?, self.g1::<C>()?);
        self.take(3 * point_bytes::<G2<C>>() + HASHES)?;
        let parameters = read_u32(self.take(4)?);
        self.take(usize::try_from(parameters).unwrap_or(usize::MAX))?;
        if [&tau, &alpha, &beta].iter().any(|ratio| ratio.0 == ratio.1) {
            return Err(invalid(format!("number {} changes nothing", self.index)));
        }
        if !secrets.follow(before, &tau, &beta) {
            return Err(invalid(format!("number {} does not follow the one before", self.index)));
        }
        self.index += 1;
        Ok(secrets)
    }

    fn g1<C: Curve>(&mut self) -> Result<G1Affine<C>, FormatError> {
        let bytes = self.take(point_bytes::<G1<C>>())?;
        let point = PointDecoder::<G1<C>>::new(Check::Full).finite().point(bytes);
        point.map_err(|problem| self.bad(problem))
    }

    fn g2<C: Curve>(&mut self) -> Result<G2Affine<C>, FormatError> {
        let bytes = self.take(point_bytes::<G2<C>>())?;
        let point = PointDecoder::<G2<C>>::new(Check::Full).finite().point(bytes);
        point.map_err(|problem| self.bad(problem))
    }

    fn bad(&self, problem: crate::error::ElementProblem) -> FormatError {
        invalid(format!("number {}: {problem}", self.index))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], FormatError> {
        let (taken, left) = self.left.split_at_checked(count).ok_or_else(|| {
            let (needed, left) = (count as u64, self.left.len() as u64);
            let part = format!("section {NAME}");
            FormatError::Truncated { file: FILE, part, needed, left }
        })?;
        self.left = left;
        Ok(taken)
    }
}

fn invalid(reason: String) -> FormatError {
    FormatError::Invalid { file: FILE, field: NAME, reason }
}
