//! Points and scalars as files hold them. Numbers in, numbers out.
//!
//! A coordinate is x·R mod q in little-endian bytes, R = 2^(8·bytes): words as our own fields keep
//! them, so that reading one is a comparison with q. Elements of the quadratic extension are c0, then
//! c1; a point is x, then y, and zeros are the point at infinity. Scalars are plain integers, or, in
//! keys, in Montgomery form twice over: v·R² mod r.

use std::marker::PhantomData;

use pulseproof_kernels::element::Element;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;

use crate::error::ElementProblem;

/// 64-bit words of the longest coordinate: the quadratic extension under BLS12-381.
const COORDINATE_WORDS_MAX: usize = 12;
/// 64-bit words of the longest scalar.
const SCALAR_WORDS_MAX: usize = 8;

/// How closely points are looked at. Coordinates are always checked for being below the prime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// On the curve, and in the subgroup of prime order: for points from anywhere.
    Full,
    /// On the curve.
    OnCurve,
    /// Neither: for bytes whose hash was checked, of a file that was checked in full before.
    None,
}

/// Bytes of a point.
pub fn point_bytes<G: Group>() -> usize {
    16 * G::Coordinate::WORDS
}

/// Reads points of one group.
#[derive(Clone, Copy, Debug)]
pub struct PointDecoder<G: Group> {
    check: Check,
    finite: bool,
    group: PhantomData<G>,
}

impl<G: Group> PointDecoder<G> {
    /// A decoder that checks so much.
    pub fn new(check: Check) -> Self {
        Self { check, finite: false, group: PhantomData }
    }

    /// The same, and the point at infinity is refused.
    pub fn finite(self) -> Self {
        Self { finite: true, ..self }
    }

    /// Reads a point from its [`point_bytes`].
    ///
    /// # Errors
    /// What [`Check`] says.
    pub fn point(&self, bytes: &[u8]) -> Result<G::Affine, ElementProblem> {
        let (x, y) = bytes.split_at(bytes.len() / 2);
        let x = coordinate::<G>(x).ok_or(ElementProblem::NonCanonical)?;
        let y = coordinate::<G>(y).ok_or(ElementProblem::NonCanonical)?;
        if x.is_zero() && y.is_zero() {
            let infinity = if self.finite { Err(ElementProblem::Infinity) } else { Ok(()) };
            return infinity.map(|()| G::Affine::ZERO);
        }
        let point = G::from_coordinates(x, y);
        let off_curve = || y.square() != x.square() * x + G::B;
        match self.check {
            // The library looks at both; which it was matters only where it fails.
            Check::Full if !is_in_subgroup(&point) => Err(match off_curve() {
                true => ElementProblem::NotOnCurve,
                false => ElementProblem::WrongSubgroup,
            }),
            Check::OnCurve if off_curve() => Err(ElementProblem::NotOnCurve),
            _ => Ok(point),
        }
    }
}

/// Whether a point is on the curve and in the subgroup.
fn is_in_subgroup<P: AffineRepr>(point: &P) -> bool {
    point.check().is_ok()
}

/// Reads a coordinate, if every number in it is below the prime.
fn coordinate<G: Group>(bytes: &[u8]) -> Option<G::Coordinate> {
    let mut words = [0; COORDINATE_WORDS_MAX];
    let words = &mut words[..G::Coordinate::WORDS];
    read_words(bytes, words);
    let mut numbers = words.chunks_exact(G::Prime::WORDS);
    numbers.all(is_below::<G::Prime>).then(|| G::Coordinate::read(words))
}

/// Appends a point.
pub fn encode_point<G: Group>(point: &G::Affine, bytes: &mut Vec<u8>) {
    let zero = G::Coordinate::ZERO;
    let (x, y) = G::coordinates(point).unwrap_or((zero, zero));
    let mut words = [0; COORDINATE_WORDS_MAX];
    let words = &mut words[..G::Coordinate::WORDS];
    for coordinate in [x, y] {
        coordinate.write(words);
        write_words(words, bytes);
    }
}

/// Reads a plain integer, if it is below the prime.
pub fn decode_plain<F: PrimeField>(bytes: &[u8]) -> Option<F> {
    let mut integer = F::BigInt::default();
    read_words(bytes, integer.as_mut());
    F::from_bigint(integer)
}

/// Appends a plain integer.
pub fn encode_plain<F: PrimeField>(value: F, bytes: &mut Vec<u8>) {
    write_words(value.into_bigint().as_ref(), bytes);
}

/// Reads v·R² mod r, if it is below r.
pub fn decode_twice<F: PrimeField + Element>(bytes: &[u8]) -> Option<F> {
    let mut words = [0; SCALAR_WORDS_MAX];
    let words = &mut words[..F::WORDS];
    read_words(bytes, words);
    // Words in Montgomery form stand for v·R; as a plain integer, that is v in Montgomery form.
    is_below::<F>(words).then(|| F::read(F::read(words).into_bigint().as_ref()))
}

/// Appends v·R² mod r.
pub fn encode_twice<F: PrimeField + Element>(value: F, bytes: &mut Vec<u8>) {
    let mut integer = F::BigInt::default();
    value.write(integer.as_mut());
    let scaled = F::from_bigint(integer).unwrap_or(F::ZERO);
    let mut words = [0; SCALAR_WORDS_MAX];
    let words = &mut words[..F::WORDS];
    scaled.write(words);
    write_words(words, bytes);
}

/// Whether little-endian words are a number below the prime.
pub(crate) fn is_below<F: PrimeField>(words: &[u64]) -> bool {
    words.iter().rev().lt(F::MODULUS.as_ref().iter().rev())
}

/// Little-endian bytes to words.
pub(crate) fn read_words(bytes: &[u8], words: &mut [u64]) {
    let (parts, _) = bytes.as_chunks::<8>();
    for (word, part) in words.iter_mut().zip(parts) {
        *word = u64::from_le_bytes(*part);
    }
}

/// Words to little-endian bytes.
pub(crate) fn write_words(words: &[u64], bytes: &mut Vec<u8>) {
    for word in words {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
}
