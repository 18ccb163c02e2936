//! Numbers in, numbers out: curves, multi-scalar multiplication (MSM) and number-theoretic
//! transforms (NTT), on the CPU, on CUDA and on wgpu, with the same bits everywhere.
//!
//! - [`curve`], [`group`], [`field`]: what is computed in, and how run-time names become types.
//! - [`backend`]: the traits of all operations; [`transform`], [`mod@msm`] and [`bootstrap`] say what is
//!   asked of them.
//! - [`naive`]: a naive reference implementation of each operation, for tests to compare with.
//! - [`gpu`]: plans of all operations over a device.
//! - [`apart`]: many things side by side, each of which is parallel in itself.
//! - [`domain`]: multiplicative subgroups, Lagrange evaluation on the host.
//!
//! Nothing here knows about statements, proofs, files or networks.
//!
//! ```
//! use pulseproof_kernels::backend::{Backend, NttOps};
//! use pulseproof_kernels::field::Goldilocks;
//! use pulseproof_kernels::transform::Transform;
//! use pulseproof_kernels::{cpu::Cpu, naive::Naive};
//!
//! // 1 + 2X + 3X² + 4X³ at the four powers of a root of unity; the first is 1.
//! let coefficients = [1u64, 2, 3, 4].map(Goldilocks::from);
//! let (cpu, transform) = (Cpu::new(), Transform::forward(2));
//! let mut data = cpu.upload(&coefficients)?;
//! cpu.ntt(&transform, &mut data)?;
//! let values = cpu.download(&data)?;
//! assert_eq!(values[0], Goldilocks::from(10u64));
//!
//! // The naive algorithm gives the same bits.
//! let mut data = Naive.upload(&coefficients)?;
//! Naive.ntt(&transform, &mut data)?;
//! assert_eq!(values, Naive.download(&data)?);
//! # Ok::<(), pulseproof_kernels::Error>(())
//! ```

pub mod apart;
pub mod backend;
pub mod bootstrap;
#[cfg(any(test, feature = "check"))]
pub mod check;
pub mod compiled;
pub mod cpu;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod curve;
pub mod domain;
pub mod element;
pub mod error;
pub mod field;
pub mod gpu;
pub mod group;
pub mod host;
mod kind;
pub mod msm;
pub mod naive;
mod names;
pub mod select;
pub mod source;
pub mod transform;
#[cfg(feature = "wgpu")]
pub mod wgpu;

pub use ark_bls12_381::Bls12_381;
pub use ark_bn254::Bn254;
pub use curve::{Curve, CurveId, G1, G1Affine, G2, G2Affine, Scalar};
pub use domain::Domain;
pub use error::Error;
pub use msm::msm;

/// The traits, arkworks's and ours, that fields, groups and serialization are used through.
pub mod traits {
    pub use crate::compiled::CompiledPairing;
    pub use crate::group::Group;
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
