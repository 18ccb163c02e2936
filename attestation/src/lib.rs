//! Evidence that an appliance runs in a trusted execution environment (TEE), and its verification.
//!
//! - [`Binding`]: an appliance's key and a nonce, which a report is made for.
//! - [`Evidence`]: what an appliance answers: a report of AMD SEV-SNP or Intel TDX, or that there is none.
//! - [`Collateral`]: what vendors publish about their chips. [`Policy`]: what a verifier accepts.
//! - [`verify()`]: all checks, offline, at a given time; [`Verified`] says what they showed, [`Refused`] what failed.
//!
//! Touches no network, and of the file system the kernel's folder for reports alone. `docs/attestation.md` says what
//! holds, and what does not.

mod binding;
mod bytes;
mod collateral;
mod collect;
mod evidence;
mod object;
mod policy;
mod refused;
mod sev;
mod tdx;
mod verify;

pub use binding::Binding;
pub use bytes::Hex;
pub use collateral::{BadCollateral, Collateral};
pub use collect::{CollectError, REPORTS};
pub use evidence::{BadEvidence, Evidence, Kind};
pub use policy::{MinimumTcb, Policy, Registers, SevSnpPolicy, TdxPolicy};
pub use refused::Refused;
pub use sev::{Endorsement, Processor, SevSnp, Tcb};
pub use tdx::{TcbStatus, Tdx};
pub use verify::{Tee, Verified, verify};

/// The longest report that is read.
pub const REPORT_LIMIT: usize = 16 << 10;
/// The most that is read of certificates and other collateral.
pub const COLLATERAL_LIMIT: usize = 256 << 10;
