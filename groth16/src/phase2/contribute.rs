//! A contribution: δ times a secret, and everything that was divided by δ divided by the secret.

use pulseproof_ceremony::draw::ITERATIONS_LOG;
use pulseproof_formats::Beacon;
use pulseproof_formats::zkey::{Contents, Contribution};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1Affine, Scalar};
use rand::{CryptoRng, RngCore};
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::chain::{Chain, Drawn, challenge};
use super::{Contributed, Phase2Error};
use crate::setup::NO_CIRCUIT_HASH;

/// Points multiplied at a time, between two calls of `progress`.
const CHUNK: usize = 1 << 12;

/// Longest value of a beacon, in bytes.
const BEACON_BYTES_MAX: usize = 255;

/// Contributes a secret that is forgotten at once. `progress` hears of points done, and of points in all.
///
/// # Errors
/// The key is not from a ceremony, its contributions do not hold, or the name is longer than 255 bytes.
pub fn contribute<C: Curve>(
    key: &mut Contents<C>,
    name: Option<String>,
    rng: &mut (impl RngCore + CryptoRng),
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Contributed, Phase2Error> {
    let secret = Zeroizing::new(nonzero(rng));
    let s = (G1Affine::<C>::generator() * nonzero::<Scalar<C>>(rng)).into_affine();
    apply(key, &Drawn { secret, s }, (name, None), progress)
}

/// Contributes a public value that nobody could choose: the last contribution, after which nobody's choice is
/// the last one.
///
/// # Errors
/// As [`contribute`], or the beacon is empty or too long, or is to be hashed too often or too seldom.
pub fn beacon<C: Curve>(
    key: &mut Contents<C>,
    name: Option<String>,
    beacon: Beacon,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Contributed, Phase2Error> {
    if !(1..=BEACON_BYTES_MAX).contains(&beacon.value.len()) {
        return Err(Phase2Error::Beacon("its value has to have 1 to 255 bytes"));
    }
    if !ITERATIONS_LOG.contains(&beacon.iterations_log) {
        return Err(Phase2Error::Beacon("log2 of its iterations has to be between 10 and 32"));
    }
    apply(key, &Drawn::of(&beacon), (name, Some(beacon)), progress)
}

fn apply<C: Curve>(
    key: &mut Contents<C>,
    drawn: &Drawn<C>,
    (name, beacon): (Option<String>, Option<Beacon>),
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Contributed, Phase2Error> {
    if key.circuit_hash == NO_CIRCUIT_HASH {
        return Err(Phase2Error::NoCeremony);
    }
    let known = Contribution::read_all(&key.contributions)?;
    let chain = Chain::<C>::follow(&key.circuit_hash, &known)?;
    if chain.delta != key.header.delta_g1 {
        return Err(Phase2Error::Differs("[δ]₁"));
    }
    let (s, sx) = (drawn.s, drawn.sx());
    let transcript = chain.transcript(&s, &sx);
    let times = |point: G1Affine<C>| (point * *drawn.secret).into_affine();
    let spx = (challenge::<C>(&transcript) * *drawn.secret).into_affine();
    let delta = times(key.header.delta_g1);
    let contribution = Contribution::<C> { delta, s, sx, spx, transcript, name, beacon };
    let record = contribution.encode()?;
    key.header.delta_g1 = delta;
    key.header.delta_g2 = (key.header.delta_g2 * *drawn.secret).into_affine();
    let inverse = Zeroizing::new(drawn.secret.inverse().ok_or(Phase2Error::Beacon("it gives 0"))?);
    let total = key.c.len() + key.h.len();
    let mut done = 0;
    for points in key.c.chunks_mut(CHUNK).chain(key.h.chunks_mut(CHUNK)) {
        scale::<C>(points, &inverse);
        done += points.len();
        progress(done, total);
    }
    key.contributions.extend(record);
    Ok(Contributed::of(&contribution))
}

fn scale<C: Curve>(points: &mut [G1Affine<C>], factor: &Scalar<C>) {
    let scaled: Vec<_> = points.par_iter().map(|point| *point * factor).collect();
    points.copy_from_slice(&C::G1::affine(&scaled));
}

fn nonzero<F: PrimeField>(rng: &mut (impl RngCore + CryptoRng)) -> F {
    loop {
        let value = F::rand(rng);
        if !value.is_zero() {
            return value;
        }
    }
}
