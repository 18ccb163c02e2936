//! The powers of a ceremony, and whether all that is read of the file belongs together: see [`crate::combine`].
//! All points are looked at for their subgroup. Touches the file's sections of points.

use std::io::{Read, Seek};

use pulseproof_formats::FormatError;
use pulseproof_formats::elements::Check;
use pulseproof_formats::ptau::{PowersG1, PowersG2, Ptau, Secrets};
use pulseproof_formats::roots::exponent;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::msm::msm;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Domain, G1, G1Affine, G2, G2Affine, Scalar};

use crate::combine::{Coefficients, same_ratio};
use crate::subgroup::holds_all;
use crate::{CeremonyError, record, refused};

/// Why points are refused that belong to no other points.
const INCONSISTENT: &str = "a point is inconsistent with the others of the ceremony";

/// Powers that are those of one secret, and what belongs to them.
#[derive(Debug)]
pub struct Powers<C: Curve> {
    /// \[τ^i\]₁.
    pub tau: Vec<G1Affine<C>>,
    /// The ceremony's secrets.
    pub secrets: Secrets<C>,
    /// \[τ^N\]₁ and \[τ^(N−1)\]₂, if the file has 2N − 1 powers: what stands for the next one.
    next: Option<(G1Affine<C>, G2Affine<C>)>,
}

impl<C: Curve> Powers<C> {
    /// Imports what domains of size N = 2^`log_size` depend on: `tau` powers of τ in G1, which are at least N and
    /// two, or fewer if the file has no more, and N of all others. The record of contributions has to hold.
    /// `progress` hears of points done and points in all.
    ///
    /// # Errors
    /// The file is damaged or too small, its points do not belong together, a secret is plainly known, or a
    /// contribution does not hold.
    pub fn read(
        file: &mut Ptau<C, impl Read + Seek>,
        log_size: u32,
        tau: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, CeremonyError> {
        // Two powers at least, so that there is a τ.
        let size = (1u64 << log_size).max(2);
        let high = ((2u64 << file.power()) - 1).min(tau as u64);
        #[expect(clippy::cast_possible_truncation, reason = "points that will be in memory")]
        let mut read = Reader { file, done: 0, total: (high + 3 * size + 1) as usize, progress };
        let tau = read.g1(PowersG1::Tau, "tauG1", high)?;
        let alpha = read.g1(PowersG1::AlphaTau, "alphaTauG1", size)?;
        let beta = read.g1(PowersG1::BetaTau, "betaTauG1", size)?;
        let tau_g2 = read.g2(PowersG2::Tau, "tauG2", size)?;
        let beta_g2 = read.g2(PowersG2::Beta, "betaG2", 1)?[0];
        check_tau::<C>(&tau, &tau_g2, 1 << log_size)?;
        let same = Multiples::<C>::of(&tau_g2)?;
        same.check("tauG2", &tau[..tau_g2.len()], G1Affine::<C>::generator())?;
        same.check("alphaTauG1", &alpha, alpha[0])?;
        same.check("betaTauG1", &beta, beta[0])?;
        check_known("alphaTauG1", &alpha[0])?;
        check_known("betaTauG1", &beta[0])?;
        check_equal::<C>("betaG2", beta[0], beta_g2)?;
        let secrets = Secrets {
            tau_g1: tau[1],
            tau_g2: tau_g2[1],
            alpha_g1: alpha[0],
            beta_g1: beta[0],
            beta_g2,
        };
        record::check(file, &secrets)?;
        let half = tau_g2.len();
        let next = (tau.len() == 2 * half - 1).then(|| (tau[half], tau_g2[half - 1]));
        Ok(Self { tau, secrets, next })
    }

    /// Reads \[L_j(τ)\]₁ of size 2^`log_size`.
    ///
    /// # Errors
    /// The file was not prepared, or a point is another one.
    pub fn basis(
        &self,
        file: &mut Ptau<C, impl Read + Seek>,
        log_size: u32,
    ) -> Result<Vec<G1Affine<C>>, CeremonyError> {
        let basis = read_basis(file, PowersG1::Tau, log_size)?;
        self.check_basis(&basis)?;
        Ok(basis)
    }

    /// Reads \[L_j(τ)\]₂, for the same basis in G1, and what other multiples of the basis are compared with.
    ///
    /// # Errors
    /// The file was not prepared, or a point is another one.
    pub fn basis_g2(
        &self,
        file: &mut Ptau<C, impl Read + Seek>,
        basis: &[G1Affine<C>],
    ) -> Result<(Vec<G2Affine<C>>, Multiples<C>), CeremonyError> {
        let (section, log_size) = ("lagrange tauG2", basis.len().ilog2());
        let points =
            checked::<G2<C>>(section, |check| file.lagrange_g2(log_size, check, &mut |_, _| ()))?;
        let same = Multiples::<C>::of(&points)?;
        same.check(section, basis, G1Affine::<C>::generator())?;
        Ok((points, same))
    }

    /// Reads \[α·L_j(τ)\]₁ of size 2^`log_size`.
    ///
    /// # Errors
    /// The file was not prepared, or a point is another one.
    pub fn basis_alpha(
        &self,
        file: &mut Ptau<C, impl Read + Seek>,
        log_size: u32,
        same: &Multiples<C>,
    ) -> Result<Vec<G1Affine<C>>, CeremonyError> {
        let basis = read_basis(file, PowersG1::AlphaTau, log_size)?;
        same.check("lagrange alphaTauG1", &basis, self.secrets.alpha_g1)?;
        Ok(basis)
    }

    /// Reads \[β·L_j(τ)\]₁ of size 2^`log_size`.
    ///
    /// # Errors
    /// The file was not prepared, or a point is another one.
    pub fn basis_beta(
        &self,
        file: &mut Ptau<C, impl Read + Seek>,
        log_size: u32,
        same: &Multiples<C>,
    ) -> Result<Vec<G1Affine<C>>, CeremonyError> {
        let basis = read_basis(file, PowersG1::BetaTau, log_size)?;
        same.check("lagrange betaTauG1", &basis, self.secrets.beta_g1)?;
        Ok(basis)
    }

    /// Checks all bases of size 2^`log_size`, for whoever needs none of them.
    ///
    /// # Errors
    /// The file was not prepared, or a point is another one.
    pub fn check_bases(
        &self,
        file: &mut Ptau<C, impl Read + Seek>,
        log_size: u32,
    ) -> Result<(), CeremonyError> {
        let basis = self.basis(file, log_size)?;
        let (_, same) = self.basis_g2(file, &basis)?;
        self.basis_alpha(file, log_size, &same)?;
        self.basis_beta(file, log_size, &same)?;
        Ok(())
    }

    /// Checks Σ ρ_j·\[L_j(τ)\]₁ = Σ c_i·\[τ^i\]₁, where c interpolates ρ.
    fn check_basis(&self, points: &[G1Affine<C>]) -> Result<(), CeremonyError> {
        let rho = Coefficients::random(points.len());
        let log_size = points.len().ilog2();
        let exponent = exponent::<Scalar<C>>(log_size).expect("it has the points' size");
        let domain = Domain::new(log_size).expect("it has the points' size");
        let mut values = vec![Scalar::<C>::ZERO; points.len()];
        for (j, value) in rho.scalars::<Scalar<C>>().enumerate() {
            values[exponent.wrapping_mul(j) & (points.len() - 1)] = value;
        }
        let mut coefficients = domain.interpolate(values);
        // One power is in no file. A basis that was made of the file goes without it (see `Ptau::lagrange_g1`); one
        // that was cut out of a larger ceremony's has it.
        let without = coefficients.get(self.tau.len()).copied();
        coefficients.truncate(self.tau.len());
        let missing = rho.combine::<G1<C>>(points)?
            - msm::<C>(&self.tau[..coefficients.len()], &coefficients);
        let holds = missing.is_zero() || without.is_some_and(|last| self.is_next(missing, last));
        consistent("lagrange tauG1", holds)
    }

    /// Whether a point is c·\[τ^(2N−1)\]₁: e(P, \[1\]₂) = e(c·\[τ^N\]₁, \[τ^(N−1)\]₂).
    fn is_next(&self, point: G1<C>, c: Scalar<C>) -> bool {
        self.next.is_some_and(|(high, low)| {
            let pairing =
                C::pairing_product(&[point, -(high * c)], &[G2Affine::<C>::generator(), low]);
            pairing.is_zero()
        })
    }
}

/// Reads sections, and counts points.
struct Reader<'a, C: Curve, S> {
    file: &'a mut Ptau<C, S>,
    done: usize,
    total: usize,
    progress: &'a mut dyn FnMut(usize, usize),
}

impl<C: Curve, S: Read + Seek> Reader<'_, C, S> {
    fn g1(
        &mut self,
        which: PowersG1,
        section: &'static str,
        count: u64,
    ) -> Result<Vec<G1Affine<C>>, CeremonyError> {
        let mut progress = |done, _| (self.progress)(self.done + done, self.total);
        let points = checked::<G1<C>>(section, |check| {
            self.file.powers_g1(which, 0..count, check, &mut progress)
        })?;
        self.done += points.len();
        Ok(points)
    }

    fn g2(
        &mut self,
        which: PowersG2,
        section: &'static str,
        count: u64,
    ) -> Result<Vec<G2Affine<C>>, CeremonyError> {
        let mut progress = |done, _| (self.progress)(self.done + done, self.total);
        let points = checked::<G2<C>>(section, |check| {
            self.file.powers_g2(which, 0..count, check, &mut progress)
        })?;
        self.done += points.len();
        Ok(points)
    }
}

fn read_basis<C: Curve>(
    file: &mut Ptau<C, impl Read + Seek>,
    which: PowersG1,
    log_size: u32,
) -> Result<Vec<G1Affine<C>>, CeremonyError> {
    checked::<G1<C>>("lagrange", |check| file.lagrange_g1(which, log_size, check, &mut |_, _| ()))
}

/// Points in G2, combined at random, that points in G1 are to be multiples of, one by one.
#[derive(Debug)]
pub struct Multiples<C: Curve> {
    rho: Coefficients,
    sum: G2<C>,
}

impl<C: Curve> Multiples<C> {
    /// Combines Q_i.
    fn of(points: &[G2Affine<C>]) -> Result<Self, CeremonyError> {
        let rho = Coefficients::random(points.len());
        Ok(Self { sum: rho.combine(points)?, rho })
    }

    /// Checks that P_i is s times what Q_i is of the generator, for \[s\]₁:
    /// e(Σ ρ_i·P_i, \[1\]₂) = e(\[s\]₁, Σ ρ_i·Q_i).
    fn check(
        &self,
        section: &'static str,
        points: &[G1Affine<C>],
        secret: G1Affine<C>,
    ) -> Result<(), CeremonyError> {
        let sum: G1<C> = self.rho.combine(points)?;
        let secret = -secret.into_group();
        let pairing = C::pairing_product(&[sum, secret], &[G2::<C>::generator(), self.sum]);
        consistent(section, pairing.is_zero())
    }
}

/// Checks that powers in G1 are those of the τ in G2, and that τ is not plainly known:
/// e(Σ ρ_i·\[τ^i\]₁, \[τ\]₂) = e(Σ ρ_i·\[τ^(i+1)\]₁, \[1\]₂). With \[τ\] the same in both, the first power can only
/// be the generator.
fn check_tau<C: Curve>(
    tau: &[G1Affine<C>],
    tau_g2: &[G2Affine<C>],
    size: usize,
) -> Result<(), CeremonyError> {
    let (g1, g2) = (G1Affine::<C>::generator(), G2Affine::<C>::generator());
    // Which of the two it is cannot be told from them.
    check_equal::<C>("tauG1 or tauG2", tau[1], tau_g2[1])?;
    check_known("tauG1", &tau[1])?;
    if tau[size] == g1 || tau[size] == -g1 {
        return Err(refused("tauG1", "the secret is a root of unity"));
    }
    let rho = Coefficients::random(tau.len() - 1);
    let low: G1<C> = rho.combine(&tau[..tau.len() - 1])?;
    let high: G1<C> = rho.combine(&tau[1..])?;
    let pairing = C::pairing_product(&[low, -high], &[tau_g2[1], g2]);
    consistent("tauG1", pairing.is_zero())
}

/// Checks that two points are the same multiple of their generators.
fn check_equal<C: Curve>(
    section: &'static str,
    first: G1Affine<C>,
    second: G2Affine<C>,
) -> Result<(), CeremonyError> {
    let (g1, g2) = (G1Affine::<C>::generator(), G2Affine::<C>::generator());
    consistent(section, same_ratio::<C>((g1, first), (g2, second)))
}

/// Refuses a secret that every ceremony begins with, and its negative. That it is not 0 is known: no point is infinity.
fn check_known<P: AffineRepr>(section: &'static str, point: &P) -> Result<(), CeremonyError> {
    if *point == P::generator() {
        Err(refused(section, "no contribution was made: the secret is still 1"))
    } else if -*point == P::generator() {
        Err(refused(section, "the secret is -1"))
    } else {
        Ok(())
    }
}

fn consistent(section: &'static str, holds: bool) -> Result<(), CeremonyError> {
    if holds { Ok(()) } else { Err(refused(section, INCONSISTENT)) }
}

/// Reads points and looks at their subgroup, all at once; at each point only if one is outside, to name it.
///
/// # Errors
/// A point is bad, or reading fails.
pub fn checked<G: Group>(
    section: &'static str,
    mut read: impl FnMut(Check) -> Result<Vec<G::Affine>, FormatError>,
) -> Result<Vec<G::Affine>, CeremonyError> {
    let points = read(Check::OnCurve)?;
    if holds_all::<G>(&points)? {
        return Ok(points);
    }
    read(Check::Full)?;
    Err(refused(section, "the file changed while it was read"))
}
