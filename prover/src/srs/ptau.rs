//! Import of a public ceremony's `.ptau` file, as snarkjs writes it, for BN254 and BLS12-381.
//!
//! A file of power p holds \[τ^i\]₁ for i below 2^(p+1) − 1 and \[τ^i\]₂ for i below 2^p, and more that
//! is not needed here. Only what is needed is read, piece by piece, whatever the size of the file.
//! Nothing in it is believed: every point is checked for being on the curve and in the subgroup, all of
//! them against each other by pairings, and the Lagrange points are computed here. The record of
//! contributions has to be of the file's secrets: whether a file is the one a ceremony published is for
//! whoever imports it to establish, by its published hash.

use std::io::{Read, Seek};

use pulseproof_formats::Check;
use pulseproof_formats::ptau::{PowersG1, PowersG2, Ptau};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Domain, G1, G1Affine, Scalar};

use super::consistency::{check_lagrange, check_powers};
use super::{Origin, Srs, SrsError, VerifyingKey, checked_domain, power_count};

/// Imports the SRS for vectors of length 2^`log_size`.
///
/// `progress` hears of points done and points in all: 2N + [`super::EXTRA_POWERS`] powers, then, at
/// the end and after the longest wait, the N Lagrange points.
///
/// # Errors
/// Anything that is not a well-formed file for this curve, a ceremony too small for `log_size` or
/// without any contribution, a bad point, or powers that are not powers of one secret.
pub fn import<C: Curve>(
    source: &mut (impl Read + Seek),
    log_size: u32,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Srs<C>, SrsError> {
    let domain = checked_domain::<C>(log_size)?;
    let mut file = Ptau::<C, _>::open(source)?;
    check_power(file.power(), log_size)?;
    let count = power_count(log_size);
    let total = count + domain.size();
    let verifying_key = read_key(&mut file, log_size)?;
    let progress_of_powers = &mut |done, _| progress(done, total);
    let powers = file.powers_g1(PowersG1::Tau, 0..count as u64, Check::Full, progress_of_powers)?;
    check_powers(&powers, &verifying_key)?;
    file.check_record()?;
    let lagrange = lagrange_points::<C>(domain, &powers);
    let srs = Srs { powers, lagrange, verifying_key };
    check_lagrange(&srs)?;
    progress(total, total);
    Ok(srs)
}

fn check_power(got: u32, log_size: u32) -> Result<(), SrsError> {
    // The smallest p with 2^(p+1) − 1 ≥ the number of powers.
    let needed = power_count(log_size).ilog2();
    if got < needed { Err(SrsError::PowerTooSmall { got, needed, log_size }) } else { Ok(()) }
}

/// Reads \[1\]₂ and \[τ\]₂.
fn read_key<C: Curve>(
    file: &mut Ptau<C, impl Read + Seek>,
    log_size: u32,
) -> Result<VerifyingKey<C>, SrsError> {
    let points = file.powers_g2(PowersG2::Tau, 0..2, Check::Full, &mut |_, _| {})?;
    let g = G1Affine::<C>::generator();
    let origin = Origin::Ceremony;
    let key = VerifyingKey { log_size, origin, g, h: points[0], tau_h: points[1] };
    if key.tau_h == key.h { Err(SrsError::NoContribution) } else { Ok(key) }
}

/// \[L_j(τ)\]₁ for j below N: the inverse transform of the powers.
fn lagrange_points<C: Curve>(
    domain: Domain<Scalar<C>>,
    powers: &[G1Affine<C>],
) -> Vec<G1Affine<C>> {
    let powers: Vec<G1<C>> =
        powers[..domain.size()].iter().map(|power| power.into_group()).collect();
    G1::<C>::normalize_batch(&domain.interpolate_points(powers))
}
