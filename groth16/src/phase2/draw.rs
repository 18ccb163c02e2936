//! Numbers and points from a hash, as snarkjs draws them: ChaCha20 under the hash's first 32 bytes. They are public:
//! what is drawn from a beacon, everybody can draw.

use pulseproof_kernels::element::Element;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Bytes of a seed.
pub(super) const SEED_BYTES: usize = 32;

/// A stream of numbers.
pub(super) struct Stream(ChaCha20Rng);

impl Stream {
    /// The stream of a hash. snarkjs takes its words as big-endian numbers, ChaCha20 as little-endian ones.
    pub fn new(hash: &[u8; SEED_BYTES]) -> Self {
        let mut seed = *hash;
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
        let curve = |x: G::Coordinate| x.square() * x;
        let (x, y) = G::coordinates(&G::Affine::GENERATOR).expect("a generator is finite");
        let constant = y.square() - curve(x);
        loop {
            let x = self.coordinate::<G>();
            let greatest = self.0.next_u32() & 1 == 1;
            let Some(y) = (curve(x) + constant).sqrt() else { continue };
            let y = if is_negative::<G>(&y) == greatest { y } else { -y };
            return G::from_coordinates(x, y).mul_by_cofactor();
        }
    }

    fn coordinate<G: Group>(&mut self) -> G::Coordinate {
        let degree = G::Coordinate::extension_degree();
        let parts: Vec<G::Prime> = (0..degree).map(|_| self.element()).collect();
        G::Coordinate::from_base_prime_field_elems(parts).expect("as many as it has")
    }
}

/// Whether a coordinate is the greater one of y and −y: its last part that is not zero decides.
fn is_negative<G: Group>(y: &G::Coordinate) -> bool {
    let parts: Vec<_> = y.to_base_prime_field_elements().collect();
    let decides = parts.iter().rev().find(|part| !part.is_zero());
    decides.is_some_and(|part| part.into_bigint() > G::Prime::MODULUS_MINUS_ONE_DIV_TWO)
}
