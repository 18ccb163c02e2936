//! Kinds of AMD's processors, and the versions of the parts of their firmware.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of processor with SEV-SNP, by AMD's name. Each has keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Processor {
    /// EPYC 7003.
    Milan,
    /// EPYC 9004, 8004 and 97x4.
    Genoa,
    /// EPYC 9005.
    Turin,
}

/// Versions of what is trusted below a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tcb {
    /// The firmware management controller, which Turin has.
    #[serde(default)]
    pub fmc: u8,
    /// The security processor's boot loader.
    pub bootloader: u8,
    /// Its operating system.
    pub tee: u8,
    /// SEV-SNP's firmware.
    pub snp: u8,
    /// The cores' microcode.
    pub microcode: u8,
}

impl Processor {
    /// By the CPUID of a report, which those of version 3 and later have.
    pub(super) fn by_cpuid(family: u8, model: u8) -> Option<Self> {
        match (family, model) {
            (0x19, 0x00..=0x0f) => Some(Self::Milan),
            (0x19, 0x10..=0x1f | 0xa0..=0xaf) => Some(Self::Genoa),
            (0x1a, 0x00..=0x11) => Some(Self::Turin),
            _ => None,
        }
    }
}

impl Tcb {
    /// As a report has it: eight bytes, whose places depend on the processor.
    pub(super) fn read(bytes: [u8; 8], processor: Processor) -> Self {
        match (processor, bytes) {
            (Processor::Turin, [fmc, bootloader, tee, snp, _, _, _, microcode]) => {
                Self { fmc, bootloader, tee, snp, microcode }
            }
            (_, [bootloader, tee, _, _, _, _, snp, microcode]) => {
                Self { fmc: 0, bootloader, tee, snp, microcode }
            }
        }
    }

    /// Whether no part is older than another's.
    pub(super) fn at_least(&self, minimum: &Self) -> bool {
        self.fmc >= minimum.fmc
            && self.bootloader >= minimum.bootloader
            && self.tee >= minimum.tee
            && self.snp >= minimum.snp
            && self.microcode >= minimum.microcode
    }
}

impl fmt::Display for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Milan => "Milan",
            Self::Genoa => "Genoa",
            Self::Turin => "Turin",
        })
    }
}

impl fmt::Display for Tcb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fmc, bootloader, tee, snp, microcode } = self;
        write!(f, "(fmc {fmc}, bootloader {bootloader}, tee {tee}, ")?;
        write!(f, "snp {snp}, microcode {microcode})")
    }
}
