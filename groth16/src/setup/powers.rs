//! The powers of a ceremony that a key comes from, and whether all that is read of the file belongs together.
//!
//! Equations of one family are checked at once, as a random linear combination with coefficients below 2^128: if
//! any of them is wrong, the combination holds with a probability of at most 2^−128. That argument needs points of
//! prime order, so all points are looked at for their subgroup ([`crate::subgroup`]). What is left to believe is
//! that nobody knows τ, α and β, as the record of contributions has it.

use std::io::{Read, Seek};

use pulseproof_formats::FormatError;
use pulseproof_formats::elements::Check;
use pulseproof_formats::ptau::{PowersG1, PowersG2, Ptau};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::msm::{Integers, msm};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{self as kernels, Curve, Error, G1, G1Affine, G2, G2Affine, Scalar};
use rand::RngCore;
use rand::rngs::OsRng;

use super::SetupError;
use crate::domain::Domain;
use crate::subgroup::holds_all;

/// Bits of a random coefficient, and of security against points that do not belong together.
const COEFFICIENT_BITS: u32 = 128;
/// 64-bit words of a random coefficient.
const COEFFICIENT_WORDS: usize = 2;

/// Why points are refused that belong to no other points.
const INCONSISTENT: &str = "a point does not belong to the others of the ceremony";

/// Powers that are those of one secret, and what belongs to them.
pub(super) struct Powers<C: Curve> {
    /// \[τ^i\]₁ for i below 2N, or one fewer if the file has no more.
    pub tau: Vec<G1Affine<C>>,
    /// \[α\]₁.
    pub alpha: G1Affine<C>,
    /// \[β\]₁.
    pub beta: G1Affine<C>,
    /// \[β\]₂.
    pub beta_g2: G2Affine<C>,
}

impl<C: Curve> Powers<C> {
    /// Reads and checks what circuits with a domain of size N depend on: 2N powers of τ in G1, and N of all others.
    ///
    /// # Errors
    /// The file is damaged, its points do not belong together, or a secret is plainly known.
    pub fn read(
        ceremony: &mut Ptau<C, impl Read + Seek>,
        domain: &Domain<Scalar<C>>,
    ) -> Result<Self, SetupError> {
        // Two powers at least, so that there is a τ.
        let size = (domain.size() as u64).max(2);
        let held = (2u64 << ceremony.power()) - 1;
        let mut g1 = |which, section, count| {
            checked::<G1<C>>(section, |check| {
                ceremony.powers_g1(which, 0..count, check, &mut |_, _| ())
            })
        };
        let tau = g1(PowersG1::Tau, "tauG1", held.min(2 * size))?;
        let alpha = g1(PowersG1::AlphaTau, "alphaTauG1", size)?;
        let beta = g1(PowersG1::BetaTau, "betaTauG1", size)?;
        let mut g2 = |which, section, count| {
            checked::<G2<C>>(section, |check| {
                ceremony.powers_g2(which, 0..count, check, &mut |_, _| ())
            })
        };
        let tau_g2 = g2(PowersG2::Tau, "tauG2", size)?;
        let beta_g2 = g2(PowersG2::Beta, "betaG2", 1)?[0];
        check_tau::<C>(&tau, &tau_g2, domain.size())?;
        let same = Multiples::<C>::of(&tau_g2)?;
        same.check("tauG2", &tau[..tau_g2.len()], G1Affine::<C>::generator())?;
        same.check("alphaTauG1", &alpha, alpha[0])?;
        same.check("betaTauG1", &beta, beta[0])?;
        check_known("alphaTauG1", &alpha[0])?;
        check_known("betaTauG1", &beta[0])?;
        check_equal::<C>("betaG2", beta[0].into(), beta_g2)?;
        ceremony.check_record()?;
        Ok(Self { tau, alpha: alpha[0], beta: beta[0], beta_g2 })
    }

    /// Checks Σ ρ_j·\[L_j(τ)\]₁ = Σ c_i·\[τ^i\]₁, where c interpolates ρ: on N points, or on twice as many.
    ///
    /// # Errors
    /// A point is another one.
    pub fn check_basis(
        &self,
        points: &[G1Affine<C>],
        domain: &Domain<Scalar<C>>,
    ) -> Result<(), SetupError> {
        let rho = Coefficients::random(points.len());
        let step = if points.len() == domain.size() { 2 } else { 1 };
        let mut values = vec![Scalar::<C>::ZERO; points.len()];
        for (j, value) in rho.scalars::<Scalar<C>>().enumerate() {
            values[domain.root_power(step * j) / step] = value;
        }
        let standard = kernels::Domain::new(points.len().ilog2()).expect("it has the points' size");
        let mut coefficients = standard.interpolate(values);
        // The largest basis goes without the one power that is in no file: see `Ptau::lagrange_g1`.
        coefficients.truncate(self.tau.len());
        let expected = msm::<C>(&self.tau[..coefficients.len()], &coefficients);
        consistent("lagrange tauG1", rho.combine::<G1<C>>(points)? == expected)
    }
}

/// Points in G2, combined at random, that points in G1 are to be multiples of, one by one.
pub(super) struct Multiples<C: Curve> {
    rho: Coefficients,
    sum: G2<C>,
}

impl<C: Curve> Multiples<C> {
    /// Combines Q_i.
    ///
    /// # Errors
    /// There is no memory.
    pub fn of(points: &[G2Affine<C>]) -> Result<Self, SetupError> {
        let rho = Coefficients::random(points.len());
        Ok(Self { sum: rho.combine(points)?, rho })
    }

    /// Checks that P_i is s times what Q_i is of the generator, for \[s\]₁:
    /// e(Σ ρ_i·P_i, \[1\]₂) = e(\[s\]₁, Σ ρ_i·Q_i).
    ///
    /// # Errors
    /// It is not for some i, which is said to be the section's fault.
    pub fn check(
        &self,
        section: &'static str,
        points: &[G1Affine<C>],
        secret: G1Affine<C>,
    ) -> Result<(), SetupError> {
        let sum: G1<C> = self.rho.combine(points)?;
        let secret = -secret.into_group();
        let pairing = C::multi_pairing([sum, secret], [G2::<C>::generator(), self.sum]);
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
) -> Result<(), SetupError> {
    let (g1, g2) = (G1Affine::<C>::generator(), G2Affine::<C>::generator());
    // Which of the two it is cannot be told from them.
    check_equal::<C>("tauG1 or tauG2", tau[1].into(), tau_g2[1])?;
    check_known("tauG1", &tau[1])?;
    if tau[size] == g1 || tau[size] == -g1 {
        return Err(refused("tauG1", "the secret is a root of unity"));
    }
    let rho = Coefficients::random(tau.len() - 1);
    let low: G1<C> = rho.combine(&tau[..tau.len() - 1])?;
    let high: G1<C> = rho.combine(&tau[1..])?;
    let pairing = C::multi_pairing([low, -high], [tau_g2[1], g2]);
    consistent("tauG1", pairing.is_zero())
}

/// Checks that two points are the same multiple of their generators.
fn check_equal<C: Curve>(
    section: &'static str,
    first: G1<C>,
    second: G2Affine<C>,
) -> Result<(), SetupError> {
    let generator = -G1::<C>::generator();
    let pairing = C::multi_pairing([first, generator], [G2Affine::<C>::generator(), second]);
    consistent(section, pairing.is_zero())
}

/// Refuses a secret that every ceremony begins with. That it is not 0 is known: no point is infinity.
fn check_known<P: AffineRepr>(section: &'static str, point: &P) -> Result<(), SetupError> {
    if *point == P::generator() {
        return Err(refused(section, "no contribution was made: the secret is still 1"));
    }
    Ok(())
}

fn consistent(section: &'static str, holds: bool) -> Result<(), SetupError> {
    if holds { Ok(()) } else { Err(refused(section, INCONSISTENT)) }
}

fn refused(section: &'static str, reason: &'static str) -> SetupError {
    SetupError::Ceremony { section, reason }
}

/// Reads points and looks at their subgroup, all at once; at each point only if one is outside, to name it.
pub(crate) fn checked<G: Group>(
    section: &'static str,
    mut read: impl FnMut(Check) -> Result<Vec<G::Affine>, FormatError>,
) -> Result<Vec<G::Affine>, SetupError> {
    let points = read(Check::OnCurve)?;
    if holds_all::<G>(&points)? {
        return Ok(points);
    }
    read(Check::Full)?;
    Err(refused(section, "the file changed while it was read"))
}

/// Random integers below 2^128, that nobody could know when the file was made.
pub(crate) struct Coefficients(Vec<u64>);

impl Coefficients {
    pub(crate) fn random(count: usize) -> Self {
        let mut bytes = vec![0; count * COEFFICIENT_WORDS * 8];
        OsRng.fill_bytes(&mut bytes);
        let (words, _) = bytes.as_chunks::<8>();
        Self(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
    }

    /// Σ ρ_i·P_i.
    pub(crate) fn combine<G: Group>(&self, points: &[G::Affine]) -> Result<G, Error> {
        let shape = Integers::unsigned(points.len(), COEFFICIENT_BITS);
        let bases = G::prepare(Cpu::new(), points, 1)?;
        Ok(G::multiply(&bases, &[&self.0], &shape).into_iter().sum())
    }

    fn scalars<F: PrimeField>(&self) -> impl Iterator<Item = F> {
        let (pairs, _) = self.0.as_chunks::<COEFFICIENT_WORDS>();
        pairs.iter().map(|[low, high]| F::from(u128::from(*low) | u128::from(*high) << 64))
    }
}
