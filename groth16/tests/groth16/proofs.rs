//! A key, a witness for it, and proofs with randomness that is always the same.

use std::io::Cursor;

use pulseproof_formats::elements::Check;
use pulseproof_formats::wtns::Witness;
use pulseproof_formats::zkey;
use pulseproof_groth16::Proof;
use pulseproof_groth16::key::{LoadError, ProvingKey};
use pulseproof_groth16::prove::prove;
use pulseproof_groth16::setup::develop;
use pulseproof_kernels::backend::AnyBackend;
use pulseproof_kernels::{Curve, Scalar};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::circuits::{Shape, sample};

pub const SHAPE: Shape = Shape { constraints: 25, public: 3, idle: 2 };

pub fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// The bytes of a development key, and a witness for it.
pub fn fixture<C: Curve>() -> (Vec<u8>, Witness<Scalar<C>>) {
    let (circuit, witness) = sample(SHAPE, &mut rng(3));
    let mut bytes = Vec::new();
    zkey::write(&mut bytes, &develop::<C>(&circuit, &mut rng(4), &mut |_, _| ()).unwrap()).unwrap();
    (bytes, witness)
}

pub fn load<C: Curve>(
    bytes: &[u8],
    backend: impl Into<AnyBackend>,
) -> Result<ProvingKey<C>, LoadError> {
    ProvingKey::load(backend, Cursor::new(bytes), Check::Full, &mut |_, _| ())
}

pub fn proof<C: Curve>(
    bytes: &[u8],
    witness: &Witness<Scalar<C>>,
    backend: impl Into<AnyBackend>,
) -> Proof<C> {
    prove(&load(bytes, backend).unwrap(), witness, &mut rng(5)).unwrap().proof
}
