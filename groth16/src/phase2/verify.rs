//! Whether a key is that of a circuit and a ceremony, with nothing but its contributions done to it.

use std::io::{Read, Seek};

use pulseproof_ceremony::CeremonyError;
use pulseproof_ceremony::combine::{Coefficients, same_ratio};
use pulseproof_ceremony::powers::checked;
use pulseproof_formats::elements::Check;
use pulseproof_formats::ptau::Ptau;
use pulseproof_formats::r1cs::R1cs;
use pulseproof_formats::zkey::{Contents, Contribution, Header, PointsG1, Zkey};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, G1Affine, G2Affine, Scalar};

use super::chain::Chain;
use super::{Contributed, Phase2Error};
use crate::setup::from_ceremony;

/// Checks a key against its circuit and a ceremony, and says who contributed. The key is made again from the
/// two: parts that no contribution changes are compared, those that were divided by δ by a random combination.
/// `progress` hears of sections done, and of sections in all.
///
/// # Errors
/// The files do not belong together, or a contribution does not hold.
pub fn verify<C: Curve>(
    key: &mut Zkey<C, impl Read + Seek>,
    circuit: &R1cs<Scalar<C>>,
    ceremony: &mut Ptau<C, impl Read + Seek>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Contributed>, Phase2Error> {
    let contributions = Contribution::read_all(&key.contribution_bytes()?)?;
    let chain = Chain::<C>::follow(&key.circuit_hash()?, &contributions)?;
    let initial = from_ceremony(circuit, ceremony, progress)?;
    check_header(key, &initial, &chain.delta)?;
    check_unchanged(key, &initial)?;
    let delta = key.header().delta_g2;
    for (name, which, before) in [("C", PointsG1::C, &initial.c), ("H", PointsG1::H, &initial.h)] {
        let points = checked::<G1<C>>(name, |check| key.points_g1(which, check, &mut |_, _| ()));
        // The key is at fault, and not the ceremony.
        let points = points.map_err(|error| match error {
            CeremonyError::Format(error) => Phase2Error::Format(error),
            CeremonyError::Kernel(error) => Phase2Error::Kernel(error),
            _ => Phase2Error::Differs(name),
        })?;
        check_divided::<C>(name, before, &points, delta)?;
    }
    Ok(chain.contributed)
}

fn check_header<C: Curve>(
    key: &mut Zkey<C, impl Read + Seek>,
    initial: &Contents<C>,
    delta: &G1Affine<C>,
) -> Result<(), Phase2Error> {
    let circuit_hash = key.circuit_hash()?;
    let (found, expected) = (key.header(), &initial.header);
    let sizes = |header: &Header<C>| (header.variables, header.public, header.log_size);
    let generators = (G1Affine::<C>::generator(), G2Affine::<C>::generator());
    for (name, holds) in [
        ("numbers of signals", sizes(found) == sizes(expected)),
        ("[α]₁", found.alpha_g1 == expected.alpha_g1),
        ("[β]₁", found.beta_g1 == expected.beta_g1),
        ("[β]₂", found.beta_g2 == expected.beta_g2),
        ("[γ]₂", found.gamma_g2 == expected.gamma_g2),
        ("[δ]₁", found.delta_g1 == *delta),
        ("[δ]₂", same_ratio::<C>((generators.0, *delta), (generators.1, found.delta_g2))),
        ("circuit's hash", circuit_hash == initial.circuit_hash),
    ] {
        equal(name, holds)?;
    }
    Ok(())
}

/// The points are those of the other key, which were looked at: that they are equal is enough.
fn check_unchanged<C: Curve>(
    key: &mut Zkey<C, impl Read + Seek>,
    initial: &Contents<C>,
) -> Result<(), Phase2Error> {
    let quiet = &mut |_, _| ();
    for (name, which, expected) in [
        ("IC", PointsG1::Ic, &initial.ic),
        ("A", PointsG1::A, &initial.a),
        ("B1", PointsG1::B1, &initial.b1),
    ] {
        equal(name, key.points_g1(which, Check::None, quiet)? == *expected)?;
    }
    equal("B2", key.points_b2(Check::None, quiet)? == initial.b2)?;
    let mut left = initial.coefficients.as_slice();
    let mut same = true;
    key.coefficients(&mut |some| {
        let Some((expected, rest)) = left.split_at_checked(some.len()) else {
            same = false;
            return Ok(());
        };
        same &= some == expected;
        left = rest;
        Ok(())
    })?;
    equal("coefficients", same && left.is_empty())
}

/// Checks that δ times each point is what it was before: e(Σ ρ_i·P_i, \[δ\]₂) = e(Σ ρ_i·Q_i, \[1\]₂). A point that
/// is another one passes with a probability of at most 2^−128.
fn check_divided<C: Curve>(
    name: &'static str,
    before: &[G1Affine<C>],
    points: &[G1Affine<C>],
    delta: G2Affine<C>,
) -> Result<(), Phase2Error> {
    let rho = Coefficients::random(before.len());
    let (found, expected): (G1<C>, G1<C>) = (rho.combine(points)?, rho.combine(before)?);
    let pairing = C::pairing_product(&[found, -expected], &[delta, G2Affine::<C>::generator()]);
    equal(name, pairing.is_zero())
}

fn equal(name: &'static str, holds: bool) -> Result<(), Phase2Error> {
    if holds { Ok(()) } else { Err(Phase2Error::Differs(name)) }
}
