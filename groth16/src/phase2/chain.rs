//! The chain of contributions: what each one hashes, proves and changes.
//!
//! A contribution multiplies δ by a secret x. It names a point s of G1 and x·s, and hashes them after everything
//! that came before; the hash gives a point p of G2 that nobody could know earlier, and x·p shows that whoever
//! contributed knows x. \[δ\]₁ afterwards has to be x times \[δ\]₁ before.

use pulseproof_ceremony::combine::same_ratio;
use pulseproof_ceremony::draw::{ITERATIONS_LOG, Stream};
use pulseproof_ceremony::hash::{self, PointHash};
use pulseproof_formats::Beacon;
use pulseproof_formats::zkey::Contribution;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, G1Affine, G2, G2Affine, Scalar};
use zeroize::Zeroizing;

use super::{Contributed, Phase2Error};

/// Everything up to some contribution.
pub(super) struct Chain<C: Curve> {
    transcript: PointHash,
    /// \[δ\]₁ so far.
    pub delta: G1Affine<C>,
    /// The contributions, in order.
    pub contributed: Vec<Contributed>,
}

impl<C: Curve> Chain<C> {
    /// Follows all contributions to a circuit's key.
    ///
    /// # Errors
    /// One of them does not belong here, or does not prove that whoever made it knows what was contributed.
    pub fn follow(
        circuit: &[u8; hash::BYTES],
        contributions: &[Contribution<C>],
    ) -> Result<Self, Phase2Error> {
        let mut transcript = PointHash::default();
        transcript.bytes(circuit);
        let delta = G1Affine::<C>::generator();
        let mut chain = Self { transcript, delta, contributed: Vec::new() };
        for contribution in contributions {
            chain.check(contribution).map_err(|reason| Phase2Error::Contribution {
                number: chain.contributed.len() + 1,
                reason,
            })?;
            chain.push(contribution);
        }
        Ok(chain)
    }

    /// The hash of everything before, and of the points that a contribution names.
    pub fn transcript(&self, s: &G1Affine<C>, sx: &G1Affine<C>) -> [u8; hash::BYTES] {
        let mut transcript = self.transcript.clone();
        transcript.point::<G1<C>>(s);
        transcript.point::<G1<C>>(sx);
        transcript.finish()
    }

    fn check(&self, found: &Contribution<C>) -> Result<(), &'static str> {
        if self.transcript(&found.s, &found.sx) != found.transcript {
            return Err("its hash is not that of what came before");
        }
        let challenge = challenge::<C>(&found.transcript);
        if !same_ratio::<C>((found.s, found.sx), (challenge, found.spx)) {
            return Err("it does not prove that its secret is known");
        }
        if !same_ratio::<C>((self.delta, found.delta), (challenge, found.spx)) {
            return Err("δ was not multiplied by its secret");
        }
        let Some(beacon) = &found.beacon else { return Ok(()) };
        if !ITERATIONS_LOG.contains(&beacon.iterations_log) {
            return Err("its beacon is to be hashed less than 2^10 times or more than 2^32 times");
        }
        let drawn = Drawn::<C>::of(beacon);
        if (drawn.s, drawn.sx()) != (found.s, found.sx) {
            return Err("it does not come from its beacon");
        }
        Ok(())
    }

    /// Goes on behind a contribution that was checked.
    fn push(&mut self, contribution: &Contribution<C>) {
        hash_contribution(&mut self.transcript, contribution);
        self.delta = contribution.delta;
        self.contributed.push(Contributed::of(contribution));
    }
}

impl Contributed {
    /// A contribution that was checked, or made here.
    pub(super) fn of<C: Curve>(contribution: &Contribution<C>) -> Self {
        let mut own = PointHash::default();
        hash_contribution(&mut own, contribution);
        Self {
            hash: own.finish(),
            name: contribution.name.clone(),
            beacon: contribution.beacon.clone(),
        }
    }
}

/// A secret, and a point to prove with that it is known.
pub(super) struct Drawn<C: Curve> {
    pub secret: Zeroizing<Scalar<C>>,
    pub s: G1Affine<C>,
}

impl<C: Curve> Drawn<C> {
    /// What everybody draws from a beacon.
    pub fn of(beacon: &Beacon) -> Self {
        let mut stream = Stream::of(beacon);
        let secret = Zeroizing::new(stream.element());
        Self { secret, s: stream.point::<G1<C>>() }
    }

    pub fn sx(&self) -> G1Affine<C> {
        (self.s * *self.secret).into_affine()
    }
}

/// The point of G2 that a contribution multiplies by its secret.
pub(super) fn challenge<C: Curve>(transcript: &[u8; hash::BYTES]) -> G2Affine<C> {
    Stream::new(transcript).point::<G2<C>>()
}

fn hash_contribution<C: Curve>(hash: &mut PointHash, contribution: &Contribution<C>) {
    for point in [&contribution.delta, &contribution.s, &contribution.sx] {
        hash.point::<G1<C>>(point);
    }
    hash.point::<G2<C>>(&contribution.spx);
    hash.bytes(&contribution.transcript);
}
