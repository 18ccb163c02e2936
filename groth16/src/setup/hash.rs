//! How snarkjs hashes points: BLAKE2b of their coordinates, uncompressed and big-endian. It identifies a key's
//! circuit by the hash of every point before the first contribution, each section after its length.

use blake2::{Blake2b512, Digest};
use pulseproof_kernels::element::Element;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;

/// Bytes of a circuit's hash.
pub const BYTES: usize = 64;
/// The hash of a key that was not made of a ceremony: snarkjs will not take it for one that was.
pub const NONE: [u8; BYTES] = [0; BYTES];

/// Hashes points in snarkjs's order.
#[derive(Clone, Default)]
pub struct PointHash(Blake2b512);

impl PointHash {
    /// A point: x, then y, the highest coefficient first; infinity is zeros.
    pub fn point<G: Group>(&mut self, point: &G::Affine) {
        let Some((x, y)) = G::coordinates(point) else {
            return self.0.update(vec![0; 2 * coordinate_bytes::<G>()]);
        };
        for coordinate in [x, y] {
            let parts: Vec<_> = coordinate.to_base_prime_field_elements().collect();
            for part in parts.iter().rev() {
                self.0.update(part.into_bigint().to_bytes_be());
            }
        }
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

/// Bytes of a coordinate.
fn coordinate_bytes<G: Group>() -> usize {
    size_of::<u64>() * <G::Coordinate as Element>::WORDS
}
