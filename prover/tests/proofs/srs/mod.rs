//! The structured reference string: making, checking, storing and importing it.

mod develop;
mod file;
#[cfg(feature = "prove")]
mod ptau;
mod store;

use pulseproof_kernels::Curve;
use pulseproof_prover::srs::{Srs, develop::generate};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// The same development SRS every time.
fn seeded<C: Curve>(log_size: u32, seed: u64) -> Srs<C> {
    generate(log_size, &mut StdRng::seed_from_u64(seed)).unwrap()
}

/// A point on the curve but outside the prime-order subgroup, of a curve that has such points.
fn outside_subgroup<P: pulseproof_kernels::traits::AffineRepr>() -> P {
    (0..=u8::MAX)
        .filter_map(|byte| P::from_random_bytes(&[byte; 192]))
        .find(|point| point.check().is_err())
        .expect("one x in two belongs to a point, and few of these are in the subgroup")
}
