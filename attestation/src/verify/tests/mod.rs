//! What is accepted, and what is refused because of which check.

mod amd;
mod intel;
mod made_amd;
mod made_intel;
mod none;
mod real;

use super::*;
use crate::policy::{MinimumTcb, Registers, SevSnpPolicy, TdxPolicy};
use crate::{Hex, Processor, TcbStatus};

/// Whom the tests ask, and with what.
fn asked() -> Binding {
    Binding::new([0x0a; 32], [0x0b; 32])
}

/// Evidence for whom the tests ask.
fn evidence(kind: Kind, report: &[u8], certificates: &[u8]) -> Evidence {
    Evidence::new(kind, asked(), report.to_vec(), certificates.to_vec()).unwrap()
}
