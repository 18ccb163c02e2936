//! Points as `.ptau` files hold them: affine x and y, each coordinate the integer x·R mod q in
//! little-endian bytes, R = 2^(8·bytes). Elements of the quadratic extension are c0, then c1.
//!
//! Decoding divides by R in the field, and so depends on no library's internal representation.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, CurveId, G1Affine};

use crate::encoding::DecodeError;
use crate::srs::points::{check_on_curve, check_subgroup};

/// The prime field under a curve.
pub(super) type Base<C> = <<G1Affine<C> as AffineRepr>::BaseField as Field>::BasePrimeField;

/// Bytes of one coordinate: those of the prime, in whole 64-bit words.
pub(super) fn base_bytes<C: Curve>() -> usize {
    Base::<C>::MODULUS.serialized_size(Compress::No)
}

/// The prime q, little-endian.
pub(super) fn prime<C: Curve>() -> Vec<u8> {
    let mut bytes = Vec::new();
    Base::<C>::MODULUS.serialize_uncompressed(&mut bytes).expect("writing to memory cannot fail");
    bytes
}

/// Reads points of one curve.
pub(super) struct PointDecoder<C: Curve> {
    /// 1/R.
    scale: Base<C>,
}

impl<C: Curve> PointDecoder<C> {
    pub(super) fn new() -> Self {
        let two_inverse = Base::<C>::from(2u64).inverse().expect("q is odd");
        Self { scale: two_inverse.pow([8 * base_bytes::<C>() as u64]) }
    }

    /// Reads a point: coordinates below q, finite, on the curve, in the subgroup.
    pub(super) fn point<P: AffineRepr>(
        &self,
        bytes: &[u8],
        field: &'static str,
    ) -> Result<P, DecodeError>
    where
        P::BaseField: Field<BasePrimeField = Base<C>>,
    {
        let (x, y) = bytes.split_at(bytes.len() / 2);
        let x = self.coordinate(x).ok_or(DecodeError::NonCanonical { field })?;
        let y = self.coordinate(y).ok_or(DecodeError::NonCanonical { field })?;
        let point = affine::<C, P>(x, y).ok_or(DecodeError::NotOnCurve { field })?;
        check_on_curve(&point, field)?;
        check_subgroup(&point, field)?;
        Ok(point)
    }

    /// Reads an element of the base field or its extension.
    fn coordinate<F: Field<BasePrimeField = Base<C>>>(&self, bytes: &[u8]) -> Option<F> {
        let parts: Option<Vec<_>> =
            bytes.chunks(base_bytes::<C>()).map(|part| self.prime_element(part)).collect();
        F::from_base_prime_field_elems(parts?)
    }

    fn prime_element(&self, bytes: &[u8]) -> Option<Base<C>> {
        let integer = <Base<C> as PrimeField>::BigInt::deserialize_uncompressed(bytes).ok()?;
        Base::<C>::from_bigint(integer).map(|element| element * self.scale)
    }
}

/// The point (x, y), whether or not it is on the curve; (0, 0) stands for infinity.
///
/// It is written down and read back: all that arkworks offers for points of any curve. Uncompressed
/// coordinates are little-endian for BN254, and big-endian with c1 first for BLS12-381.
fn affine<C: Curve, P: AffineRepr>(x: P::BaseField, y: P::BaseField) -> Option<P> {
    if x.is_zero() && y.is_zero() {
        return Some(P::ZERO);
    }
    let mut bytes = Vec::new();
    for coordinate in [x, y] {
        let start = bytes.len();
        coordinate.serialize_uncompressed(&mut bytes).expect("writing to memory cannot fail");
        match C::ID {
            CurveId::Bls12_381 => bytes[start..].reverse(),
            CurveId::Bn254 => {}
        }
    }
    P::deserialize_uncompressed_unchecked(&bytes[..]).ok()
}
