//! Do the parts of an SRS belong together?
//!
//! Every family of equations is checked at once, as one random linear combination with 128-bit
//! coefficients: if any single equation is wrong, the combination holds with probability at most
//! 2^-128. That argument needs points of prime order, so points must be known to lie in the subgroup
//! ([`super::points`] checks that).

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1Affine, G2Affine, Scalar, msm};
use rand::RngCore;
use rand::rngs::OsRng;

use super::{Srs, SrsError, VerifyingKey, checked_domain, power_count};

/// Checks the powers against the verifying key, and the Lagrange points against the powers.
pub(super) fn check<C: Curve>(srs: &Srs<C>) -> Result<(), SrsError> {
    check_powers(&srs.powers, &srs.verifying_key)?;
    check_lagrange(srs)
}

/// Checks that a key uses the standard generators and a secret that is not plainly degenerate.
pub(super) fn check_key<C: Curve>(key: &VerifyingKey<C>) -> Result<(), SrsError> {
    if key.g != G1Affine::<C>::generator() || key.h != G2Affine::<C>::generator() {
        return Err(SrsError::Inconsistent("g and h are not the curve's standard generators"));
    }
    if key.tau_h.is_zero() {
        return Err(SrsError::Degenerate("τ is 0"));
    }
    if key.tau_h == key.h {
        return Err(SrsError::Degenerate("τ is 1"));
    }
    Ok(())
}

/// Checks powers\[0\] = g, and that each power is τ times the one before:
/// e(Σ ρ_i·\[τ^i\]₁, \[τ\]₂) = e(Σ ρ_i·\[τ^(i+1)\]₁, \[1\]₂).
pub(super) fn check_powers<C: Curve>(
    powers: &[G1Affine<C>],
    key: &VerifyingKey<C>,
) -> Result<(), SrsError> {
    let size = checked_domain::<C>(key.log_size())?.size();
    check_key(key)?;
    if powers.len() != power_count(key.log_size()) || powers[0] != key.g {
        return Err(SrsError::Inconsistent("the powers of τ do not start at g or miss some"));
    }
    if powers[size] == key.g {
        return Err(SrsError::Degenerate("τ lies in the domain"));
    }
    let last = powers.len() - 1;
    let rho = random_coefficients::<C>(last);
    let low = msm::<C>(&powers[..last], &rho);
    let high = msm::<C>(&powers[1..], &rho);
    if !C::pairing_product(&[low, -high], &[key.tau_h, key.h]).is_zero() {
        return Err(SrsError::Inconsistent("the powers are not those of the key's τ"));
    }
    Ok(())
}

/// Checks Σ ρ_j·\[L_j(τ)\]₁ = Σ c_i·\[τ^i\]₁, where c interpolates ρ.
pub(super) fn check_lagrange<C: Curve>(srs: &Srs<C>) -> Result<(), SrsError> {
    let domain = srs.verifying_key.domain;
    let size = domain.size();
    if srs.lagrange.len() != size || srs.powers.len() < size {
        return Err(SrsError::Inconsistent("the number of Lagrange points is not N"));
    }
    let rho = random_coefficients::<C>(size);
    let from_values = msm::<C>(&srs.lagrange, &rho);
    let from_coefficients = msm::<C>(&srs.powers[..size], &domain.interpolate(rho));
    if from_values != from_coefficients {
        return Err(SrsError::Inconsistent("the Lagrange points are inconsistent with the powers"));
    }
    Ok(())
}

/// `count` integers below 2^128 that nobody could know when the SRS was made.
fn random_coefficients<C: Curve>(count: usize) -> Vec<Scalar<C>> {
    let mut bytes = vec![0; count * 16];
    OsRng.fill_bytes(&mut bytes);
    let (words, _) = bytes.as_chunks::<16>();
    words.iter().map(|word| Scalar::<C>::from(u128::from_le_bytes(*word))).collect()
}
