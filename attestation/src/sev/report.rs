//! The bytes of an attestation report. Offsets are those of table 23 in AMD's document 56860.

use crate::bytes::Hex;
use crate::refused::Refused;
use crate::sev::tcb::{Processor, Tcb};

/// A report's length.
const LEN: usize = 1184;
/// What of it is signed.
const SIGNED: usize = 0x2a0;
/// Each half of a signature: 48 bytes, and zeros to 72, the least significant byte first.
const HALF: usize = 72;
/// ECDSA on P-384 with SHA-384.
const ECDSA: u32 = 1;

/// A report of a version, an algorithm and a shape that are known.
pub(super) struct Report<'a>(&'a [u8; LEN]);

/// Which key signs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    /// The chip's (VCEK).
    Chip,
    /// One that was loaded (VLEK).
    Loaded,
}

impl<'a> Report<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refused> {
        let wrong = |why: String| Refused::Report(why);
        let sized = bytes.try_into();
        let report =
            Self(sized.map_err(|_| wrong(format!("it has {} bytes, not {LEN}", bytes.len())))?);
        if !(2..=5).contains(&report.version()) {
            return Err(wrong(format!("version {} is not known", report.version())));
        }
        if report.u32(0x34) != ECDSA {
            return Err(wrong(format!("algorithm {} is not known", report.u32(0x34))));
        }
        report.signer()?;
        // A report is written in one way: what is not signed has no other place to hide in.
        let [r, s] = [SIGNED, SIGNED + HALF].map(|at| &report.0[at + 48..at + HALF]);
        let rest = &report.0[SIGNED + 2 * HALF..];
        if [r, s, rest].into_iter().flatten().any(|byte| *byte != 0) {
            return Err(wrong("there is something behind its signature".to_owned()));
        }
        Ok(report)
    }

    fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut field = [0; N];
        field.copy_from_slice(&self.0[at..at + N]);
        field
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.field(at))
    }

    fn version(&self) -> u32 {
        self.u32(0x00)
    }

    pub(super) fn guest_policy(&self) -> u64 {
        u64::from_le_bytes(self.field(0x08))
    }

    pub(super) fn vmpl(&self) -> u32 {
        self.u32(0x30)
    }

    pub(super) fn current_tcb(&self, processor: Processor) -> Tcb {
        Tcb::read(self.field(0x38), processor)
    }

    pub(super) fn signer(&self) -> Result<Signer, Refused> {
        match (self.u32(0x48) >> 2) & 7 {
            0 => Ok(Signer::Chip),
            1 => Ok(Signer::Loaded),
            other => Err(Refused::Report(format!("it is signed by no key that is known: {other}"))),
        }
    }

    pub(super) fn report_data(&self) -> [u8; 64] {
        self.field(0x50)
    }

    pub(super) fn measurement(&self) -> Hex<48> {
        Hex(self.field(0x90))
    }

    pub(super) fn host_data(&self) -> Hex<32> {
        Hex(self.field(0xc0))
    }

    pub(super) fn reported_tcb(&self, processor: Processor) -> Tcb {
        Tcb::read(self.field(0x180), processor)
    }

    /// Whether it can be a processor's. Version 2 does not say.
    pub(super) fn is_of(&self, processor: Processor) -> bool {
        let [family, model] = self.field(0x188);
        self.version() == 2 || Processor::by_cpuid(family, model) == Some(processor)
    }

    pub(super) fn chip_id(&self) -> Hex<64> {
        Hex(self.field(0x1a0))
    }

    pub(super) fn committed_tcb(&self, processor: Processor) -> Tcb {
        Tcb::read(self.field(0x1e0), processor)
    }

    pub(super) fn launch_tcb(&self, processor: Processor) -> Tcb {
        Tcb::read(self.field(0x1f0), processor)
    }

    pub(super) fn signed(&self) -> &[u8] {
        &self.0[..SIGNED]
    }

    /// As everybody else writes it: r and s, the most significant byte first.
    pub(super) fn signature(&self) -> [u8; 96] {
        let mut signature = self.field::<144>(SIGNED);
        signature.copy_within(HALF..HALF + 48, 48);
        let mut signature: [u8; 96] = std::array::from_fn(|at| signature[at]);
        signature[..48].reverse();
        signature[48..].reverse();
        signature
    }

    /// Where AMD has the certificate of the key that signed; the address's last part depends on the processor.
    pub(super) fn certificate_at(&self) -> String {
        const AT: &str = "https://kdsintf.amd.com";
        let [family, model] = self.field(0x188);
        let known = Processor::by_cpuid(family, model);
        let name = known.map_or("Milan or Genoa".to_owned(), |known| known.to_string());
        if self.signer() == Ok(Signer::Loaded) {
            return format!("{AT}/vlek/v1/{name}, for the cloud that loaded it");
        }
        let Tcb { fmc, bootloader, tee, snp, microcode } =
            self.reported_tcb(known.unwrap_or(Processor::Genoa));
        let parts = format!("blSPL={bootloader}&teeSPL={tee}&snpSPL={snp}&ucodeSPL={microcode}");
        let Hex(id) = self.chip_id();
        match known {
            Some(Processor::Turin) => {
                let id = hex::encode(&id[..8]);
                format!("{AT}/vcek/v1/Turin/{id}?fmcSPL={fmc}&{parts}")
            }
            _ => format!("{AT}/vcek/v1/{name}/{}?{parts}", hex::encode(id)),
        }
    }
}
