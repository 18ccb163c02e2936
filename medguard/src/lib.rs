//! MedGuard: encrypted wearables, an edge that proves its sums, a cloud that accepts only proved
//! results, and an authority that decrypts only those (Ben Othman & Mihret, Scientific Reports 16,
//! 5098, 2026).
//!
//! - The parties: [`device`] encrypts, commits, signs, and audits; [`gateway`] only forwards; the
//!   appliance is the crate `pulseproof-server`; [`cloud`] and [`authority`] verify for themselves
//!   what [`trust`] lets them. What the authority must not forget is in its [`vault`].
//! - The questions: [`authority::questions`] (the bits of programs on sums).
//!
//! `docs/medguard.md` says who trusts whom for what.

pub mod authority;
mod bodies;
pub mod cloud;
pub mod combine;
pub mod device;
pub mod gateway;
pub mod trust;
pub mod vault;
