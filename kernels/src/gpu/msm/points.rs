//! How points are written as words: affine ones for kernels, sums in XYZZ form from them.

use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, batch_inversion};

use crate::element::Element;
use crate::group::Group;

/// 64-bit words of an affine point.
pub fn affine_words<G: Group>() -> usize {
    2 * G::Coordinate::WORDS
}

/// 64-bit words of a point in XYZZ form.
pub fn sum_words<G: Group>() -> usize {
    4 * G::Coordinate::WORDS
}

/// Writes x and y, or zeros for the point at infinity: (0, 0) lies on no curve with b ≠ 0.
pub fn write_affine<G: Group>(point: &G::Affine, words: &mut [u64]) {
    let Some((x, y)) = G::coordinates(point) else { return words.fill(0) };
    let (first, second) = words.split_at_mut(G::Coordinate::WORDS);
    x.write(first);
    y.write(second);
}

/// Reads X, Y, ZZ, ZZZ.
pub fn read_sum<G: Group>(words: &[u64]) -> [G::Coordinate; 4] {
    let width = G::Coordinate::WORDS;
    std::array::from_fn(|i| G::Coordinate::read(&words[i * width..][..width]))
}

/// The points that sums in XYZZ form are, with one inversion for all.
pub fn to_affine<G: Group>(sums: &[[G::Coordinate; 4]]) -> Vec<G::Affine> {
    let mut inverses: Vec<G::Coordinate> =
        sums.iter().flat_map(|&[_, _, zz, zzz]| [zz, zzz]).collect();
    batch_inversion(&mut inverses);
    let points = sums.iter().zip(inverses.chunks_exact(2));
    points
        .map(|(&[x, y, zz, _], inverse)| {
            if zz == <G::Coordinate as AdditiveGroup>::ZERO {
                G::Affine::zero()
            } else {
                G::from_coordinates(x * inverse[0], y * inverse[1])
            }
        })
        .collect()
}
