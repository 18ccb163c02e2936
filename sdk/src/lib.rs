//! What a gateway, a cloud or an auditor links.
//!
//! - [`name`], [`roster`], [`signing`]: who may contribute to a region, and their keys.
//! - [`profile`]: what their words mean, and whether they prove it.
//! - [`identity`]: an appliance's signing key.
//! - [`submission`]: a device's encrypted, committed and signed readings of one epoch.
//! - [`result`]: a region's proved sum, and [`result::ProvedResult::verify`].
//! - [`api`], [`problem`]: the appliance's JSON. [`access`]: who asks it, and the token that says so.
//! - [`audit`]: what an appliance did and for whom, and whether that was changed afterwards.
//! - [`groth16`]: circuits, and proofs of them.
//! - `client`: the appliance over HTTP, with the feature `client`, which is on by default.
//! - [`fhe`]: homomorphic programs as jobs. With the feature `fhe` they are typed, and there are `outputs`, their
//!   results, and `merkle`, a tree over what their lookups gave.
//!
//! Small on purpose: no prover, no GPU code, and without `fhe` no encryption library.
//!
//! ```
//! use pulseproof_kernels::Bls12_381;
//! use pulseproof_prover::commitment::CommitmentKey;
//! use pulseproof_prover::srs::develop;
//! use pulseproof_sdk::signing::DeviceKey;
//! use pulseproof_sdk::submission::Label;
//! use pulseproof_sdk::{Digest, Profile, Submission};
//! use rand::rngs::OsRng;
//!
//! // Whoever makes a development SRS can forge proofs under it: devices get a ceremony's.
//! let key = CommitmentKey::<Bls12_381>::new(&develop::generate(2, &mut OsRng)?);
//! let device = DeviceKey::generate(&mut OsRng);
//! let profile = Profile::Unproved { meaning: Digest::of("what words mean", b"plain numbers") };
//! let label = Label {
//!     region: "north".parse()?,
//!     epoch: 7,
//!     device: "meter-17".parse()?,
//!     sequence: 1,
//!     profile: profile.digest(),
//!     srs: Digest(key.srs_id()),
//! };
//!
//! // A device commits to its words, and signs the commitment with all that it is meant for.
//! let submission = Submission::seal(label, vec![1, 2, 3], &key, &device, &mut OsRng);
//! let read = Submission::<Bls12_381>::from_bytes(&submission.to_bytes(), key.size())?;
//! assert!(read.is_signed_by(&device.public()));
//! assert!(!read.is_signed_by(&DeviceKey::generate(&mut OsRng).public()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod access;
pub mod api;
pub mod audit;
#[cfg(feature = "client")]
pub mod client;
mod digest;
pub mod fhe;
pub mod groth16;
pub mod identity;
mod maps;
#[cfg(feature = "fhe")]
pub mod merkle;
pub mod name;
#[cfg(feature = "fhe")]
pub mod outputs;
pub mod problem;
pub mod profile;
pub mod result;
pub mod roster;
#[cfg(feature = "openapi")]
mod schemas;
pub mod signing;
pub mod submission;
mod token;

pub use digest::Digest;
pub use name::Name;
#[cfg(feature = "fhe")]
pub use outputs::Outputs;
pub use problem::Problem;
pub use profile::Profile;
pub use result::ProvedResult;
pub use roster::Roster;
pub use submission::Submission;
pub use token::UploadToken;
