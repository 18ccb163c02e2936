//! The record of contributions to a ceremony, as snarkjs keeps it: whether it holds. Touches the file's record and,
//! where the file has all points of its ceremony, all of them.
//!
//! A contribution multiplies τ, α and β by a secret x each. For each it names a point s of G1 and x·s, and hashes
//! them after the challenge, which is the hash of everything before; the hash gives a point p of G2 that nobody
//! could know earlier, and x·p shows that whoever contributed knows x.
//!
//! Challenges between contributions cannot be computed again, as the points of that time are gone; the first and,
//! in a file that was not cut, the last one can.

use std::io::{Read, Seek};
use std::ops::Range;

use pulseproof_formats::elements::Check;
use pulseproof_formats::ptau::{Contribution, PowersG1, PowersG2, Ptau, PublicKey, Secrets};
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, G1Affine, G2, G2Affine, Scalar};

use crate::combine::same_ratio;
use crate::draw::{ITERATIONS_LOG, Stream};
use crate::hash::{self, PointHash};
use crate::{CeremonyError, first};

type Challenge = [u8; hash::BYTES];

/// Points hashed at a time.
const CHUNK: u64 = 1 << 14;

/// Checks the record, if the file has one with entries in it: that each follows from the one before, and that the
/// last one is of the file's points.
pub(crate) fn check<C: Curve>(
    file: &mut Ptau<C, impl Read + Seek>,
    secrets: &Secrets<C>,
) -> Result<(), CeremonyError> {
    let record = file.contributions()?;
    let Some(last) = record.last() else { return Ok(()) };
    let first = first::challenge::<C>(file.ceremony_power());
    let mut before = (initial::<C>(), first);
    let mut last_challenge = first;
    for (index, entry) in record.iter().enumerate() {
        last_challenge = before.1;
        let checked = check_entry(&before.0, &before.1, entry);
        checked.map_err(|reason| CeremonyError::Contribution { number: index + 1, reason })?;
        before = (entry.secrets.clone(), entry.next_challenge);
    }
    let failed = |reason| CeremonyError::Contribution { number: record.len(), reason };
    if last.secrets != *secrets {
        return Err(failed("it led to other secrets than the file's"));
    }
    let is_whole = file.power() == file.ceremony_power();
    if is_whole && next_challenge(file, &last_challenge, &last.keys)? != last.next_challenge {
        return Err(failed("its hash is not that of the file's points"));
    }
    Ok(())
}

/// What a ceremony begins with: every secret is 1.
fn initial<C: Curve>() -> Secrets<C> {
    let (g1, g2) = (G1Affine::<C>::generator(), G2Affine::<C>::generator());
    Secrets { tau_g1: g1, tau_g2: g2, alpha_g1: g1, beta_g1: g1, beta_g2: g2 }
}

fn check_entry<C: Curve>(
    before: &Secrets<C>,
    challenge: &Challenge,
    entry: &Contribution<C>,
) -> Result<(), &'static str> {
    let [tau, alpha, beta] = &entry.keys;
    if entry.keys.iter().any(|key| key.s == key.sx) {
        return Err("it changes nothing: a secret of it is 1");
    }
    let mut points = [G2Affine::<C>::generator(); 3];
    for (index, (point, key)) in (0..).zip(points.iter_mut().zip(&entry.keys)) {
        *point = drawn_point(index, challenge, key);
        if !same_ratio::<C>((key.s, key.sx), (*point, key.spx)) {
            return Err("it does not prove that its secrets are known");
        }
    }
    let [of_tau, of_alpha, of_beta] = points;
    let after = &entry.secrets;
    let follows = same_ratio::<C>((before.tau_g1, after.tau_g1), (of_tau, tau.spx))
        && same_ratio::<C>((tau.s, tau.sx), (before.tau_g2, after.tau_g2))
        && same_ratio::<C>((before.alpha_g1, after.alpha_g1), (of_alpha, alpha.spx))
        && same_ratio::<C>((before.beta_g1, after.beta_g1), (of_beta, beta.spx))
        && same_ratio::<C>((beta.s, beta.sx), (before.beta_g2, after.beta_g2));
    if !follows {
        return Err("it does not follow the one before");
    }
    let Some(beacon) = &entry.beacon else { return Ok(()) };
    if !ITERATIONS_LOG.contains(&beacon.iterations_log) {
        return Err("its beacon is to be hashed less than 2^10 times or more than 2^32 times");
    }
    let mut stream = Stream::of(beacon);
    let secrets: [Scalar<C>; 3] = std::array::from_fn(|_| stream.element());
    for ((secret, point), key) in secrets.iter().zip(points).zip(&entry.keys) {
        let s = stream.point::<G1<C>>();
        let (sx, spx) = ((s * secret).into_affine(), (point * secret).into_affine());
        if (s, sx, spx) != (key.s, key.sx, key.spx) {
            return Err("it does not come from its beacon");
        }
    }
    Ok(())
}

/// The point of G2 that a contribution multiplies by its secret number `index`.
fn drawn_point<C: Curve>(index: u8, challenge: &Challenge, key: &PublicKey<C>) -> G2Affine<C> {
    let mut hash = PointHash::default();
    hash.bytes(&[index]);
    hash.bytes(challenge);
    hash.point::<G1<C>>(&key.s);
    hash.point::<G1<C>>(&key.sx);
    Stream::new(&hash.finish()).point::<G2<C>>()
}

/// The hash of the last response, which is its challenge, all points compressed and its keys, and of all points.
fn next_challenge<C: Curve>(
    file: &mut Ptau<C, impl Read + Seek>,
    challenge: &Challenge,
    keys: &[PublicKey<C>; 3],
) -> Result<Challenge, CeremonyError> {
    let mut response = PointHash::default();
    response.bytes(challenge);
    hash_points(file, &mut response, Form::Compressed)?;
    keys.iter().for_each(|key| [key.s, key.sx].iter().for_each(|p| response.point::<G1<C>>(p)));
    keys.iter().for_each(|key| response.point::<G2<C>>(&key.spx));
    let mut next = PointHash::default();
    next.bytes(&response.finish());
    hash_points(file, &mut next, Form::Whole)?;
    Ok(next.finish())
}

/// How points are hashed.
#[derive(Clone, Copy)]
enum Form {
    Compressed,
    Whole,
}

/// Hashes all powers. That they are what they should be is not asked here: what is used was looked at.
fn hash_points<C: Curve>(
    file: &mut Ptau<C, impl Read + Seek>,
    hash: &mut PointHash,
    form: Form,
) -> Result<(), CeremonyError> {
    let (size, quiet) = (1 << file.power(), &mut |_, _| ());
    hash_g1(file, hash, form, PowersG1::Tau, 2 * size - 1)?;
    for range in chunks(size) {
        let points = file.powers_g2(PowersG2::Tau, range, Check::None, quiet)?;
        points.iter().for_each(|point| form.hash::<G2<C>>(hash, point));
    }
    hash_g1(file, hash, form, PowersG1::AlphaTau, size)?;
    hash_g1(file, hash, form, PowersG1::BetaTau, size)?;
    let beta = file.powers_g2(PowersG2::Beta, 0..1, Check::None, quiet)?;
    beta.iter().for_each(|point| form.hash::<G2<C>>(hash, point));
    Ok(())
}

fn hash_g1<C: Curve>(
    file: &mut Ptau<C, impl Read + Seek>,
    hash: &mut PointHash,
    form: Form,
    which: PowersG1,
    count: u64,
) -> Result<(), CeremonyError> {
    for range in chunks(count) {
        let points = file.powers_g1(which, range, Check::None, &mut |_, _| ())?;
        points.iter().for_each(|point| form.hash::<G1<C>>(hash, point));
    }
    Ok(())
}

impl Form {
    fn hash<G: Group>(self, hash: &mut PointHash, point: &G::Affine) {
        match self {
            Self::Compressed => hash.compressed::<G>(point),
            Self::Whole => hash.point::<G>(point),
        }
    }
}

fn chunks(count: u64) -> impl Iterator<Item = Range<u64>> {
    (0..count.div_ceil(CHUNK)).map(move |i| i * CHUNK..((i + 1) * CHUNK).min(count))
}
