//! The groups multi-scalar multiplication runs in.

use std::fmt::Debug;

use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, PrimeField};
use serde::{Deserialize, Serialize};

use crate::backend::{ErasedGroup, ErasedKernels};
use crate::compiled::CompiledGroup;
use crate::domain::Domain;
use crate::element::Element;
use crate::error::Error;
use crate::field::KernelField;
use crate::msm::ScalarShape;
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

    /// b of the curve y² = x³ + b.
    const B: Self::Coordinate;

    /// The coordinates, or `None` for the point at infinity.
    fn coordinates(point: &Self::Affine) -> Option<(Self::Coordinate, Self::Coordinate)>;

    /// The point with these coordinates, which must lie on the curve.
    fn from_coordinates(x: Self::Coordinate, y: Self::Coordinate) -> Self::Affine;

    /// The part of a backend that computes in this group.
    fn group(kernels: &dyn ErasedKernels) -> &dyn ErasedGroup<Self>;

    /// See [`CompiledGroup::prepare`].
    ///
    /// # Errors
    /// See there.
    fn prepare(points: &[Self::Affine]) -> Result<Self::Prepared, Error>;

    /// See [`CompiledGroup::multiply`].
    fn multiply(points: &Self::Prepared, vectors: &[&[u64]], shape: &ScalarShape) -> Vec<Self>;

    /// See [`CompiledGroup::subset_sums`].
    fn subset_sums(points: &Self::Prepared, masks: &[u32], bits: u32) -> Vec<Self>;

    /// See [`CompiledGroup::arkworks_msm`].
    fn arkworks_msm(points: &[Self::Affine], scalars: &[Self::ScalarField]) -> Self;

    /// See [`CompiledGroup::affine`].
    fn affine(points: &[Self]) -> Vec<Self::Affine>;

    /// See [`CompiledGroup::multiples`].
    fn multiples(base: Self, scalars: &[Self::ScalarField]) -> Vec<Self::Affine>;

    /// See [`Domain::interpolate_points`].
    fn interpolate(domain: Domain<Self::ScalarField>, points: Vec<Self>) -> Vec<Self>;
}

impl<P> Group for Projective<P>
where
    P: SWCurveConfig<ScalarField: KernelField, BaseField: Element> + Named,
    <P::BaseField as Field>::BasePrimeField: Element,
{
    const ID: GroupId = P::ID;
    type Prime = <P::BaseField as Field>::BasePrimeField;
    type Coordinate = P::BaseField;
    type Prepared = <P as CompiledGroup>::Prepared;
    const B: P::BaseField = P::COEFF_B;

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

    fn multiply(points: &Self::Prepared, vectors: &[&[u64]], shape: &ScalarShape) -> Vec<Self> {
        P::multiply(points, vectors, shape)
    }

    fn subset_sums(points: &Self::Prepared, masks: &[u32], bits: u32) -> Vec<Self> {
        P::subset_sums(points, masks, bits)
    }

    fn arkworks_msm(points: &[Affine<P>], scalars: &[P::ScalarField]) -> Self {
        P::arkworks_msm(points, scalars)
    }

    fn affine(points: &[Self]) -> Vec<Affine<P>> {
        P::affine(points)
    }

    fn multiples(base: Self, scalars: &[P::ScalarField]) -> Vec<Affine<P>> {
        P::multiples(base, scalars)
    }

    fn interpolate(domain: Domain<P::ScalarField>, points: Vec<Self>) -> Vec<Self> {
        P::interpolate(domain, points)
    }
}

/// Curve parameters with a name, and what the CPU does with their points.
pub trait Named: CompiledGroup
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
