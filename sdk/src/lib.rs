//! What a gateway, a cloud or an auditor links.
//!
//! - [`name`], [`roster`], [`signing`]: who may contribute to a region, and their keys.
//! - [`profile`]: what their words mean, and whether they prove it.
//! - [`identity`]: an appliance's signing key.
//! - [`submission`]: a device's encrypted, committed and signed readings of one epoch.
//! - [`result`]: a region's proved sum, and [`result::ProvedResult::verify`].
//! - [`api`], [`problem`]: the appliance's JSON.
//! - [`groth16`]: circuits, and proofs of them.
//! - [`client`]: the appliance over HTTP.
//! - [`fhe`]: homomorphic programs as jobs. With the feature `fhe` they are typed, and there are `outputs`, their
//!   results, and `merkle`, a tree over what their lookups gave.
//!
//! Small on purpose: no prover, no GPU code, and without `fhe` no encryption library.

pub mod api;
pub mod client;
mod digest;
pub mod fhe;
pub mod groth16;
pub mod identity;
#[cfg(feature = "fhe")]
pub mod merkle;
pub mod name;
#[cfg(feature = "fhe")]
pub mod outputs;
pub mod problem;
pub mod profile;
pub mod result;
pub mod roster;
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
