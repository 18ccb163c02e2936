//! How snarkjs hashes points: BLAKE2b of their coordinates, big-endian, uncompressed or x alone. Touches nothing.
//!
//! It identifies a key's circuit by the hash of every point before the first contribution, each section after its
//! length.

use blake2::{Blake2b512, Digest};
use pulseproof_kernels::element::Element;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;

/// Bytes of a hash.
pub const BYTES: usize = 64;
/// What is set in the first byte of a compressed point whose y is the greater one of y and −y. x leaves room.
const GREATER: u8 = 0x80;
/// What the first byte of infinity is, compressed.
const INFINITY: u8 = 0x40;

/// Hashes points in snarkjs's order.
#[derive(Clone, Debug, Default)]
pub struct PointHash(Blake2b512);

impl PointHash {
    /// A point, uncompressed.
    pub fn point<G: Group>(&mut self, point: &G::Affine) {
        self.0.update(uncompressed::<G>(point));
    }

    /// A point: x, and which of the two it is.
    pub fn compressed<G: Group>(&mut self, point: &G::Affine) {
        let Some((x, y)) = G::coordinates(point) else {
            let mut bytes = vec![0; coordinate_bytes::<G>()];
            bytes[0] = INFINITY;
            return self.0.update(bytes);
        };
        let mut bytes = big_endian::<G>(&x);
        if is_greater::<G>(&y) {
            bytes[0] |= GREATER;
        }
        self.0.update(bytes);
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// A section that says it has `len` points.
    pub fn section<G: Group>(&mut self, len: usize, points: &[G::Affine]) {
        #[expect(clippy::cast_possible_truncation, reason = "files count points in 32 bits")]
        self.0.update((len as u32).to_be_bytes());
        for point in points {
            self.point::<G>(point);
        }
    }

    /// The hash.
    pub fn finish(self) -> [u8; BYTES] {
        self.0.finalize().into()
    }
}

/// x, then y, the highest coefficient first; infinity is zeros.
pub(crate) fn uncompressed<G: Group>(point: &G::Affine) -> Vec<u8> {
    match G::coordinates(point) {
        Some((x, y)) => [big_endian::<G>(&x), big_endian::<G>(&y)].concat(),
        None => vec![0; 2 * coordinate_bytes::<G>()],
    }
}

/// Bytes of a coordinate.
fn coordinate_bytes<G: Group>() -> usize {
    size_of::<u64>() * <G::Coordinate as Element>::WORDS
}

fn big_endian<G: Group>(coordinate: &G::Coordinate) -> Vec<u8> {
    let parts: Vec<_> = coordinate.to_base_prime_field_elements().collect();
    parts.iter().rev().flat_map(|part| part.into_bigint().to_bytes_be()).collect()
}

/// Whether a coordinate is the greater one of y and −y: its last part that is not zero decides.
pub(crate) fn is_greater<G: Group>(y: &G::Coordinate) -> bool {
    let parts: Vec<_> = y.to_base_prime_field_elements().collect();
    let decides = parts.iter().rev().find(|part| !part.is_zero());
    decides.is_some_and(|part| part.into_bigint() > G::Prime::MODULUS_MINUS_ONE_DIV_TWO)
}
