//! Numbers in, numbers out: curves, multi-scalar multiplication (MSM) and number-theoretic
//! transforms (NTT).
//!
//! - [`curve`]: the curves Pulseproof knows, and how a run-time name becomes a type.
//! - [`mod@msm`]: Σ sᵢ·Gᵢ in G1.
//! - [`domain`]: multiplicative subgroups, transforms over them, Lagrange evaluation.
//! - [`naive`]: the obvious quadratic twin of each operation, for tests to compare with.
//!
//! Nothing here knows about statements, proofs, files or networks.

pub mod curve;
pub mod domain;
pub mod msm;
pub mod naive;

pub use ark_bls12_381::Bls12_381;
pub use ark_bn254::Bn254;
pub use curve::{Curve, CurveId, G1, G1Affine, G2Affine, Scalar};
pub use domain::Domain;
pub use msm::msm;

/// The arkworks traits that fields, groups and serialization are used through.
pub mod traits {
    pub use ark_ec::pairing::{Pairing, PairingOutput};
    pub use ark_ec::{AffineRepr, CurveGroup, PrimeGroup, ScalarMul};
    pub use ark_ff::{
        AdditiveGroup, BigInteger, FftField, Field, One, PrimeField, UniformRand, Zero,
    };
    pub use ark_serialize::{
        CanonicalDeserialize, CanonicalSerialize, Compress, SerializationError, Validate,
    };
}

/// Montgomery's trick, from arkworks: inverts every non-zero element with one field inversion.
pub use ark_ff::batch_inversion;
