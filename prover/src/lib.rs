//! Statements and proof systems over the kernels.
//!
//! - [`wsa`]: the weighted-sum argument, modulo 2^64 and over the integers.
//! - [`encryption`]: what devices prove of what they encrypt.
//! - [`engine`]: columns, constraints, lookups, quotient and multi-opening; knows no statement.
//! - [`commitment`]: hiding commitments to vectors of words, and their batched opening check. [`culprits`]: who it was
//!   when a check of many at once fails.
//! - [`srs`]: the structured reference string: development, `.ptau` import, file format.
//! - [`transcript`]: Fiat–Shamir. [`encoding`]: canonical bytes.
//!
//! The feature `prove` (on by default) adds everything that makes proofs; without it this crate
//! commits and verifies. `docs/wsa.md` is the specification.
//!
//! ```
//! # #[cfg(feature = "prove")] {
//! use pulseproof_kernels::Bls12_381;
//! use pulseproof_prover::commitment::{Blinders, CommitmentKey};
//! use pulseproof_prover::srs::develop;
//! use pulseproof_prover::wsa::integer::{Opening, prove, verify};
//! use rand::rngs::OsRng;
//!
//! // Vectors of up to 2^2 words. Whoever makes a development SRS can forge proofs under it.
//! let key = CommitmentKey::<Bls12_381>::new(&develop::generate(2, &mut OsRng)?);
//! let vectors = [[1, -2, 3], [10, 20, -30]];
//! let blinders = [Blinders::random(&mut OsRng), Blinders::random(&mut OsRng)];
//! let openings = [0, 1].map(|i| Opening {
//!     commitment: key.commit_signed(&vectors[i], &blinders[i]),
//!     words: &vectors[i],
//!     blinders: &blinders[i],
//! });
//! let (mut statement, proof) = prove(&key, &openings, &[1, 2], b"context", &mut OsRng)?;
//! assert_eq!(statement.aggregate, [21, 38, -57]);
//! assert_eq!(verify(&key, &statement, &proof), Ok(()));
//!
//! // Of the same commitments no other sum passes.
//! statement.aggregate[0] += 1;
//! assert!(verify(&key, &statement, &proof).is_err());
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod commitment;
pub mod culprits;
pub mod encoding;
pub mod encryption;
pub mod engine;
pub mod srs;
pub mod transcript;
pub mod wsa;
