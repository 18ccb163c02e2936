//! An SRS whose τ the tests know, so that every commitment can be checked in the exponent.

pub mod frozen;

use std::any::Any;
#[cfg(feature = "prove")]
use std::sync::Arc;
use std::sync::Mutex;

#[cfg(feature = "prove")]
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Domain, Scalar};
#[cfg(feature = "prove")]
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::{EXTRA_POWERS, Origin, Srs, VerifyingKey};
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

pub fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// Every power by its own scalar multiplication.
pub fn srs_of<C: Curve>(tau: Scalar<C>, log_size: u32) -> Srs<C> {
    let size = 1usize << log_size;
    let (g, h) = (C::G1::generator(), C::G2::generator());
    let powers: Vec<_> = (0..2 * size + EXTRA_POWERS).map(|i| g * tau.pow([i as u64])).collect();
    let domain = Domain::<Scalar<C>>::new(log_size).unwrap();
    let lagrange = domain.lagrange_at(tau).unwrap();
    let lagrange: Vec<_> = lagrange.into_iter().map(|value| g * value).collect();
    Srs {
        powers: C::G1::normalize_batch(&powers),
        lagrange: C::G1::normalize_batch(&lagrange),
        verifying_key: VerifyingKey {
            domain,
            origin: Origin::Development,
            g: g.into_affine(),
            h: h.into_affine(),
            tau_h: (h * tau).into_affine(),
        },
    }
}

/// The τ of [`srs`].
pub fn tau<F: UniformRand>() -> F {
    F::rand(&mut rng(7))
}

/// That of [`tau`], which a test that asks again is given again: a large one takes seconds.
pub fn srs<C: Curve>(log_size: u32) -> Srs<C> {
    static MADE: Mutex<Vec<Box<dyn Any + Send>>> = Mutex::new(Vec::new());
    let mut all = MADE.lock().unwrap();
    let known = all.iter().filter_map(|srs| srs.downcast_ref::<Srs<C>>());
    if let Some(srs) = known.into_iter().find(|srs| srs.verifying_key.log_size() == log_size) {
        return srs.clone();
    }
    let made = srs_of(tau(), log_size);
    all.push(Box::new(made.clone()));
    made
}

/// The proving key on the CPU.
#[cfg(feature = "prove")]
pub fn proving_key<C: Curve>(srs: &Srs<C>) -> ProvingKey<C> {
    ProvingKey::new(Cpu::new(), Arc::new(srs.clone())).unwrap()
}

/// How many random mutations a test tries: few in CI, many on demand.
pub fn mutations() -> usize {
    std::env::var("PULSEPROOF_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
}

/// A changed bit, byte, run of bytes, or length.
pub fn mutate(bytes: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = rng.gen_range(0..bytes.len());
    match rng.gen_range(0..5) {
        0 => bytes[at] ^= 1 << rng.gen_range(0..8),
        1 => bytes[at] = rng.r#gen(),
        2 => {
            let end = (at + rng.gen_range(1..64)).min(bytes.len());
            rng.fill_bytes(&mut bytes[at..end]);
        }
        3 => bytes.truncate(at),
        _ => bytes.push(rng.r#gen()),
    }
    bytes
}
