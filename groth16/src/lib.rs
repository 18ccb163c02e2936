//! Groth16 proofs (Groth, EUROCRYPT 2016) of any circom circuit, in snarkjs's formats.
//!
//! - [`proof`], [`verifying_key`]: what a verifier holds; [`json`]: snarkjs's files of them.
//! - [`Weakness`]: what shows that a key is insecure.
//! - [`verify`](mod@verify): checks one proof, or many at once; [`solidity`]: the same check as a contract.
//! - [`setup`]: keys for circuits; [`phase2`]: contributions to them.
//! - [`key`]: a key where proofs are made, kept or read meanwhile. [`prove`](mod@prove): the prover.
//! - [`domain`], [`rows`]: what the prover computes in. [`erased`]: keys with curve and backend forgotten.
//! - [`belongs`]: whether files are of one circuit. `text`: encodings of texts.
//! - `witness`: witnesses of inputs, by the circuit's program in a sandbox.
//!
//! `docs/groth16.md` is the specification. Without the features `prove` and `witness` the crate verifies only.
//!
//! ```
//! use pulseproof_groth16::{PreparedVerifyingKey, Proof, PublicInputs, VerifyingKey, verify};
//! use pulseproof_kernels::Bn254;
//!
//! // snarkjs's files. Reading them checks that every point is in its group.
//! let key = include_bytes!("../tests/fixtures/json/bn128_mul_vk.json");
//! let proof = include_bytes!("../tests/fixtures/json/bn128_mul_proof.json");
//! let public = include_bytes!("../tests/fixtures/json/bn128_mul_public.json");
//! let key = PreparedVerifyingKey::new(VerifyingKey::<Bn254>::from_json(key)?);
//! let (proof, mut public) = (Proof::from_json(proof)?, PublicInputs::from_json(public)?);
//! assert_eq!(verify(&key, &public, &proof), Ok(()));
//!
//! // Of other public signals it proves nothing.
//! public.0.swap(0, 1);
//! assert!(verify(&key, &public, &proof).is_err());
//! # Ok::<(), pulseproof_groth16::JsonError>(())
//! ```

#[cfg(feature = "prove")]
pub mod belongs;
mod decimal;
#[cfg(feature = "prove")]
pub mod domain;
#[cfg(feature = "prove")]
pub mod erased;
pub mod json;
#[cfg(feature = "prove")]
pub mod key;
#[cfg(feature = "prove")]
pub mod phase2;
pub mod proof;
#[cfg(feature = "prove")]
pub mod prove;
#[cfg(feature = "prove")]
pub mod rows;
#[cfg(feature = "prove")]
pub mod setup;
pub mod solidity;
pub mod verify;
pub mod verifying_key;
mod weakness;
#[cfg(feature = "witness")]
pub mod witness;

pub use decimal::NotCanonical;
pub use json::JsonError;
pub use proof::{PUBLIC_INPUTS_MAX, Proof, PublicInputs};
pub use pulseproof_formats::text;
pub use verify::{BatchError, PreparedVerifyingKey, VerifyError, verify, verify_batch};
pub use verifying_key::VerifyingKey;
pub use weakness::Weakness;
