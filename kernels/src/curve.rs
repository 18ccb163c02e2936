//! The pairing-friendly curves Pulseproof knows.

use ark_ec::CurveGroup;
use ark_ec::pairing::Pairing;
use ark_serialize::{CanonicalSerialize, Compress};

use crate::compiled::CompiledPairing;
use crate::field::KernelField;
use crate::group::Group;
use crate::names::names;

/// A curve with a name. Everything above the kernels is generic over this trait.
pub trait Curve:
    CompiledPairing
    + Pairing<
        ScalarField: KernelField,
        G1: Group + CurveGroup<Affine = Self::G1Affine>,
        G2: Group + CurveGroup<Affine = Self::G2Affine>,
    >
{
    /// The curve's identity in formats and transcripts.
    const ID: CurveId;

    /// Length in bytes of a compressed G1 point.
    fn g1_bytes() -> usize {
        use ark_ec::AffineRepr;
        Self::G1Affine::generator().serialized_size(Compress::Yes)
    }

    /// Length in bytes of a scalar.
    fn scalar_bytes() -> usize {
        use ark_ff::AdditiveGroup;
        Self::ScalarField::ZERO.serialized_size(Compress::Yes)
    }
}

/// The scalar field of a curve: what polynomials and witnesses are made of.
pub type Scalar<C> = <C as Pairing>::ScalarField;
/// G1 in projective form.
pub type G1<C> = <C as Pairing>::G1;
/// G1 in affine form.
pub type G1Affine<C> = <C as Pairing>::G1Affine;
/// G2 in projective form.
pub type G2<C> = <C as Pairing>::G2;
/// G2 in affine form.
pub type G2Affine<C> = <C as Pairing>::G2Affine;

impl Curve for ark_bls12_381::Bls12_381 {
    const ID: CurveId = CurveId::Bls12_381;
}

impl Curve for ark_bn254::Bn254 {
    const ID: CurveId = CurveId::Bn254;
}

/// A curve chosen at run time. The discriminants are the bytes used in formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CurveId {
    /// BLS12-381: the default, 128-bit security.
    Bls12_381 = 1,
    /// BN254 (alt_bn128): Ethereum's and circom's curve, about 100-bit security.
    Bn254 = 2,
}

impl CurveId {
    /// The byte that stands for the curve in binary formats.
    pub fn byte(self) -> u8 {
        self as u8
    }

    /// The curve a format byte stands for.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.byte() == byte)
    }
}

// The default comes first.
names!(CurveId, UnknownCurve, "curve": Bls12_381 = "bls12-381", Bn254 = "bn254");

/// Runs a block with the type alias `$C` bound to the curve that a [`CurveId`] names: the one place
/// where a run-time curve becomes a type.
#[macro_export]
macro_rules! with_curve {
    ($id:expr, $C:ident => $body:expr) => {
        match $id {
            $crate::CurveId::Bls12_381 => {
                type $C = $crate::Bls12_381;
                $body
            }
            $crate::CurveId::Bn254 => {
                type $C = $crate::Bn254;
                $body
            }
        }
    };
}

/// Runs a generic function without arguments for every curve.
#[macro_export]
macro_rules! for_each_curve {
    ($test:ident) => {
        for id in $crate::CurveId::ALL {
            $crate::with_curve!(id, C => $test::<C>());
        }
    };
}

/// Runs a block with the type alias `$F` bound to the field that a [`FieldId`](crate::field::FieldId) names.
#[macro_export]
macro_rules! with_field {
    ($id:expr, $F:ident => $body:expr) => {
        match $id {
            $crate::field::FieldId::Bls12_381 => {
                type $F = $crate::Scalar<$crate::Bls12_381>;
                $body
            }
            $crate::field::FieldId::Bn254 => {
                type $F = $crate::Scalar<$crate::Bn254>;
                $body
            }
            $crate::field::FieldId::Goldilocks => {
                type $F = $crate::field::Goldilocks;
                $body
            }
            $crate::field::FieldId::Prime50 => {
                type $F = $crate::field::Prime50;
                $body
            }
        }
    };
}

/// Runs a block with the type alias `$G` bound to the group that a [`GroupId`](crate::group::GroupId) names.
#[macro_export]
macro_rules! with_group {
    ($id:expr, $G:ident => $body:expr) => {
        match $id {
            $crate::group::GroupId::Bls12_381G1 => {
                type $G = $crate::G1<$crate::Bls12_381>;
                $body
            }
            $crate::group::GroupId::Bls12_381G2 => {
                type $G = $crate::G2<$crate::Bls12_381>;
                $body
            }
            $crate::group::GroupId::Bn254G1 => {
                type $G = $crate::G1<$crate::Bn254>;
                $body
            }
            $crate::group::GroupId::Bn254G2 => {
                type $G = $crate::G2<$crate::Bn254>;
                $body
            }
        }
    };
}
