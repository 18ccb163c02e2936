//! Import of a public ceremony's `.ptau` file, as snarkjs writes it, for BN254 and BLS12-381.
//!
//! A file of power p holds \[τ^i\]₁ for i below 2^(p+1) − 1 and \[τ^i\]₂ for i below 2^p, and more. Only what
//! is needed is read, piece by piece, whatever the size of the file, and what shows that the file holds:
//! `pulseproof-ceremony` checks points, Lagrange bases and contributions as it does for Groth16's keys. The Lagrange
//! points are computed here. Whether a file is the one a ceremony published is for whoever imports it to establish,
//! by its published hash.

use std::io::{Read, Seek};

use pulseproof_ceremony::{CeremonyError, Powers};
use pulseproof_formats::ptau::Ptau;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Domain, G1, G1Affine, G2Affine, Scalar};

use super::consistency::{check_lagrange, check_powers};
use super::{Origin, Srs, SrsError, VerifyingKey, checked_domain, power_count};

/// Imports the SRS for vectors of length 2^`log_size`.
///
/// `progress` hears of points done and points in all: powers, then, at the end and after the longest wait, the N
/// Lagrange points.
///
/// # Errors
/// Anything that is not a well-formed file for this curve, a ceremony too small for `log_size` or without any
/// contribution, one whose contributions do not hold, a bad point, or powers that are not powers of one secret.
pub fn import<C: Curve>(
    source: &mut (impl Read + Seek),
    log_size: u32,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Srs<C>, SrsError> {
    let domain = checked_domain::<C>(log_size)?;
    let mut file = Ptau::<C, _>::open(source).map_err(CeremonyError::from)?;
    check_power(file.power(), log_size)?;
    let mut total = 0;
    let progress_of_powers = &mut |done, powers| {
        total = powers + domain.size();
        progress(done, total);
    };
    let powers = Powers::read(&mut file, log_size, power_count(log_size), progress_of_powers)?;
    if file.is_prepared() {
        powers.check_bases(&mut file, log_size)?;
    }
    let verifying_key = VerifyingKey {
        domain,
        origin: Origin::Ceremony,
        g: G1Affine::<C>::generator(),
        h: G2Affine::<C>::generator(),
        tau_h: powers.secrets.tau_g2,
    };
    check_powers(&powers.tau, &verifying_key)?;
    let lagrange = lagrange_points::<C>(domain, &powers.tau);
    let srs = Srs { powers: powers.tau, lagrange, verifying_key };
    check_lagrange(&srs)?;
    progress(total, total);
    Ok(srs)
}

fn check_power(got: u32, log_size: u32) -> Result<(), SrsError> {
    // The smallest p with 2^(p+1) − 1 ≥ the number of powers.
    let needed = power_count(log_size).ilog2();
    if got < needed { Err(SrsError::PowerTooSmall { got, needed, log_size }) } else { Ok(()) }
}

/// \[L_j(τ)\]₁ for j below N: the inverse transform of the powers.
fn lagrange_points<C: Curve>(
    domain: Domain<Scalar<C>>,
    powers: &[G1Affine<C>],
) -> Vec<G1Affine<C>> {
    let powers: Vec<G1<C>> =
        powers[..domain.size()].iter().map(|power| power.into_group()).collect();
    G1::<C>::affine(&domain.interpolate_points(powers))
}
