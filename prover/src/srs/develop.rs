//! A development SRS: made in a moment on this machine, **insecure** by its nature.
//!
//! Whoever ran this code could have kept τ, and with it can forge proofs. Every output made with such
//! an SRS must say so ([`Origin::is_insecure`]).

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Domain, G1, G2Affine};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use super::{Origin, Srs, SrsError, VerifyingKey, checked_domain, power_count};

/// Makes a development SRS for vectors of length 2^`log_size`.
///
/// our copies of τ and its powers are wiped before this returns.
///
/// # Errors
/// `log_size` is zero, over [`super::LOG_SIZE_MAX`], or over what the curve's field has a domain for.
pub fn generate<C: Curve>(
    log_size: u32,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Srs<C>, SrsError> {
    let domain = checked_domain::<C>(log_size)?;
    let (tau, lagrange) = draw(domain, rng);
    let powers = powers_of(*tau, power_count(log_size));
    let g = G1::<C>::generator();
    let h = G2Affine::<C>::generator();
    Ok(Srs {
        powers: G1::<C>::multiples(g, &powers),
        lagrange: G1::<C>::multiples(g, &lagrange),
        verifying_key: VerifyingKey {
            domain,
            origin: Origin::Development,
            g: g.into_affine(),
            h,
            tau_h: (h * *tau).into_affine(),
        },
    })
}

/// A secret that wipes itself.
type Secret<T> = Zeroizing<T>;

/// τ outside the domain and not zero, with L_j(τ) for every j.
fn draw<F: PrimeField>(
    domain: Domain<F>,
    rng: &mut (impl RngCore + CryptoRng),
) -> (Secret<F>, Secret<Vec<F>>) {
    loop {
        let tau = Zeroizing::new(F::rand(rng));
        match domain.lagrange_at(*tau) {
            Some(lagrange) if !tau.is_zero() => return (tau, Zeroizing::new(lagrange)),
            _ => {}
        }
    }
}

/// 1, τ, τ², … (`count` of them).
fn powers_of<F: PrimeField>(tau: F, count: usize) -> Secret<Vec<F>> {
    let mut powers = Zeroizing::new(Vec::with_capacity(count));
    powers.extend(std::iter::successors(Some(F::ONE), |power| Some(*power * tau)).take(count));
    powers
}
