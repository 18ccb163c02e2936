//! MedGuard: encrypted wearables, an edge that proves its sums, a cloud that accepts only proved
//! results, and an authority that decrypts only those (Ben Othman & Mihret, Scientific Reports 16,
//! 5098, 2026).
//!
//! - The data: [`dataset`] (readings from CSV), [`cohort`] (devices, regions, epochs),
//!   [`statistics`] (the figures people read).
//! - The parties: [`device`] encrypts, commits, signs, and audits; [`gateway`] only forwards; the
//!   appliance is the crate `pulseproof-server`; [`cloud`] and [`authority`] verify for themselves
//!   what [`trust`] lets them. What the authority must not forget is in its [`vault`].
//! - The questions: [`alerts`] (programs on sums), [`authority::questions`] (their bits).
//!
//! `docs/medguard.md` says who trusts whom for what.

pub mod alerts;
pub mod authority;
mod bodies;
pub mod cloud;
pub mod cohort;
pub mod combine;
pub mod dataset;
pub mod device;
pub mod gateway;
pub mod statistics;
pub mod trust;
pub mod vault;
