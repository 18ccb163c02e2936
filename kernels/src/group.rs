//! The groups multi-scalar multiplication runs in.

use std::fmt::Debug;

use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, PrimeField};

use crate::backend::{ErasedGroup, ErasedKernels};
use crate::element::Element;
use crate::error::Error;
use crate::field::KernelField;
use crate::msm::{Integers, Multiply};
use crate::names::names;

/// G1 or G2 of a curve: y² = x³ + b over a field that kernels compute in.
pub trait Group: CurveGroup<ScalarField: KernelField> {
    /// The group's identity.
    const ID: GroupId;
    /// The prime field under the coordinates.
    type Prime: PrimeField + Element;
    /// The field of the coordinates: the prime field itself, or its quadratic extension by i with
    /// i² = −1.
    type Coordinate: Field<BasePrimeField = Self::Prime> + Element;
    /// Points that the CPU has prepared.
    type Prepared: Debug + Send + Sync;

    /// The coordinates, or `None` for the point at infinity.
    fn coordinates(point: &Self::Affine) -> Option<(Self::Coordinate, Self::Coordinate)>;

    /// The point with these coordinates, which must lie on the curve.
    fn from_coordinates(x: Self::Coordinate, y: Self::Coordinate) -> Self::Affine;

    /// The part of a backend that computes in this group.
    fn group(kernels: &dyn ErasedKernels) -> &dyn ErasedGroup<Self>;

    /// See [`Multiply::prepare`].
    ///
    /// # Errors
    /// See there.
    fn prepare(points: &[Self::Affine]) -> Result<Self::Prepared, Error>;

    /// See [`Multiply::multiply`].
    fn multiply(points: &Self::Prepared, vectors: &[&[u64]], shape: &Integers) -> Vec<Self>;

    /// See [`Multiply::subset_sums`].
    fn subset_sums(points: &Self::Prepared, masks: &[u32], bits: u32) -> Vec<Self>;
}

impl<P> Group for Projective<P>
where
    P: SWCurveConfig<ScalarField: KernelField, BaseField: Element> + Named,
    <P::BaseField as Field>::BasePrimeField: Element,
{
    const ID: GroupId = P::ID;
    type Prime = <P::BaseField as Field>::BasePrimeField;
    type Coordinate = P::BaseField;
    type Prepared = <P as Multiply>::Prepared;

    fn coordinates(point: &Affine<P>) -> Option<(P::BaseField, P::BaseField)> {
        point.xy()
    }

    fn from_coordinates(x: P::BaseField, y: P::BaseField) -> Affine<P> {
        Affine::new_unchecked(x, y)
    }

    fn group(kernels: &dyn ErasedKernels) -> &dyn ErasedGroup<Self> {
        P::group(kernels)
    }

    fn prepare(points: &[Affine<P>]) -> Result<Self::Prepared, Error> {
        P::prepare(points)
    }

    fn multiply(points: &Self::Prepared, vectors: &[&[u64]], shape: &Integers) -> Vec<Self> {
        P::multiply(points, vectors, shape)
    }

    fn subset_sums(points: &Self::Prepared, masks: &[u32], bits: u32) -> Vec<Self> {
        P::subset_sums(points, masks, bits)
    }
}

/// Curve parameters with a name, and what the CPU does with their points.
pub trait Named: Multiply
where
    Projective<Self>: Group<Affine = Affine<Self>>,
{
    /// The group these parameters define.
    const ID: GroupId;

    /// See [`Group::group`].
    fn group(kernels: &dyn ErasedKernels) -> &dyn ErasedGroup<Projective<Self>>;
}

macro_rules! named {
    ($($parameters:ty: $id:ident),*) => { $(
        impl Named for $parameters {
            const ID: GroupId = GroupId::$id;

            fn group(kernels: &dyn ErasedKernels) -> &dyn ErasedGroup<Projective<Self>> {
                kernels
            }
        }
    )* };
}

named!(
    ark_bls12_381::g1::Config: Bls12_381G1,
    ark_bls12_381::g2::Config: Bls12_381G2,
    ark_bn254::g1::Config: Bn254G1,
    ark_bn254::g2::Config: Bn254G2
);

/// A group chosen at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupId {
    /// G1 of BLS12-381.
    Bls12_381G1,
    /// G2 of BLS12-381.
    Bls12_381G2,
    /// G1 of BN254.
    Bn254G1,
    /// G2 of BN254.
    Bn254G2,
}

names!(
    GroupId, UnknownGroup, "group":
    Bls12_381G1 = "bls12-381-g1",
    Bls12_381G2 = "bls12-381-g2",
    Bn254G1 = "bn254-g1",
    Bn254G2 = "bn254-g2",
);
