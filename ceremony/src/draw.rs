//! Numbers and points from a hash, as snarkjs draws them: ChaCha20 under the hash's first 32 bytes. They are public:
//! what is drawn from a beacon, everybody can draw. Touches nothing.

use std::ops::RangeInclusive;

use pulseproof_formats::Beacon;
use pulseproof_kernels::element::Element;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

use crate::hash::{self, is_greater};

/// Bytes of a seed.
const SEED_BYTES: usize = 32;
/// log2 of the fewest and of the most iterations of a beacon: the fewest that snarkjs takes, and what is
/// hashed in some minutes.
pub const ITERATIONS_LOG: RangeInclusive<u8> = 10..=32;

/// A stream of numbers.
#[derive(Debug)]
pub struct Stream(ChaCha20Rng);

impl Stream {
    /// The stream of a beacon, whose iterations are for the caller to look at ([`ITERATIONS_LOG`]).
    pub fn of(beacon: &Beacon) -> Self {
        let mut hash: [u8; SEED_BYTES] = Sha256::digest(&beacon.value).into();
        for _ in 1..1u64 << beacon.iterations_log {
            hash = Sha256::digest(hash).into();
        }
        Self::seeded(hash)
    }

    /// The stream of a hash.
    pub fn new(hash: &[u8; hash::BYTES]) -> Self {
        Self::seeded(std::array::from_fn(|at| hash[at]))
    }

    /// snarkjs takes the words of a seed as big-endian numbers, ChaCha20 as little-endian ones.
    fn seeded(mut seed: [u8; SEED_BYTES]) -> Self {
        seed.as_chunks_mut::<4>().0.iter_mut().for_each(|word| word.reverse());
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// An element of a prime field: bits until they are below the prime, which are its Montgomery form.
    pub fn element<F: PrimeField + Element>(&mut self) -> F {
        let spare = F::MODULUS.as_ref().last().map_or(0, |top| top.leading_zeros());
        loop {
            let mut number = F::BigInt::default();
            for word in number.as_mut() {
                let (high, low) = (u64::from(self.0.next_u32()), u64::from(self.0.next_u32()));
                *word = high << 32 | low;
            }
            if let Some(top) = number.as_mut().last_mut() {
                *top &= u64::MAX >> spare;
            }
            if number < F::MODULUS {
                return F::read(number.as_ref());
            }
        }
    }

    /// A point of the group of prime order.
    pub fn point<G: Group>(&mut self) -> G::Affine {
        loop {
            let x = self.coordinate::<G>();
            let greatest = self.0.next_u32() & 1 == 1;
            let Some(y) = (x.square() * x + G::B).sqrt() else { continue };
            let y = if is_greater::<G>(&y) == greatest { y } else { -y };
            return G::from_coordinates(x, y).mul_by_cofactor();
        }
    }

    fn coordinate<G: Group>(&mut self) -> G::Coordinate {
        let degree = G::Coordinate::extension_degree();
        let parts: Vec<G::Prime> = (0..degree).map(|_| self.element()).collect();
        G::Coordinate::from_base_prime_field_elems(parts).expect("as many as it has")
    }
}
