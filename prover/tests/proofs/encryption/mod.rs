//! Proofs of well-formed encryption.

#[cfg(feature = "prove")]
mod agreement;
#[cfg(feature = "prove")]
mod complete;
mod equations;
#[cfg(feature = "prove")]
mod limbs;
#[cfg(feature = "prove")]
mod lists;
#[cfg(feature = "prove")]
mod mutations;
mod oracle;
#[cfg(feature = "prove")]
mod proved;
#[cfg(feature = "prove")]
mod simulated;
mod vectors;
