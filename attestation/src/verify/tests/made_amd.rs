//! Reports that a key made for tests signs, under certificates like AMD's (`tests/vectors/made`). They verify under no
//! built-in root.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};

use super::*;

/// 1 January 2027.
pub(super) const NOW: u64 = 1_798_761_600;

macro_rules! made {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/vectors/made/", $name))
    };
}

pub(super) const CHIP: &[u8] = made!("vcek.der");
pub(super) const CHIP_WRAPPED: &[u8] = made!("vcek-wrapped.der");
pub(super) const CHIP_TURIN: &[u8] = made!("vcek-turin.der");
pub(super) const CHIP_P256: &[u8] = made!("vcek-p256.der");
pub(super) const CHIP_OTHER: &[u8] = made!("vcek-other.der");
pub(super) const LOADED: &[u8] = made!("vlek.der");
pub(super) const LOADED_AUTHORITY: &[u8] = made!("asvk.der");
pub(super) const OTHER_AUTHORITY: &[u8] = made!("other-ask.der");

/// As if these were AMD's keys of a kind of processor.
pub(super) const fn roots(lines: &'static [Line]) -> Roots {
    Roots { amd: lines, intel: tdx::ROOT }
}

const fn line(processor: Processor) -> Line {
    Line { processor, root: made!("ark.der"), authority: made!("ask.der") }
}

pub(super) static MILAN: [Line; 1] = [line(Processor::Milan)];
pub(super) static TURIN: [Line; 1] = [line(Processor::Turin)];
/// Behind another one, whose keys vouch for nothing here.
pub(super) static SECOND: [Line; 2] = [
    Line {
        processor: Processor::Genoa,
        root: include_bytes!("../../sev/roots/genoa-ark.der"),
        authority: include_bytes!("../../sev/roots/genoa-ask.der"),
    },
    line(Processor::Milan),
];

/// A report for whom the tests ask, by a guest that the tests accept; changed before it is signed.
pub(super) fn report(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut report = vec![0; 1184];
    let mut put = |at: usize, bytes: &[u8]| report[at..at + bytes.len()].copy_from_slice(bytes);
    put(0x00, &[3]);
    put(0x08, &0x3_0000_u64.to_le_bytes());
    put(0x34, &[1]);
    put(0x50, &asked().report_data());
    put(0x90, &[7; 48]);
    for at in [0x38, 0x180, 0x1e0, 0x1f0] {
        put(at, &[3, 1, 0, 0, 0, 0, 8, 115]);
    }
    put(0x188, &[0x19, 0x01, 0x01]);
    put(0x1a0, &[0x11; 64]);
    change(&mut report);
    sign(&mut report);
    report
}

fn sign(report: &mut [u8]) {
    let (algorithm, random) = (&ECDSA_P384_SHA384_FIXED_SIGNING, SystemRandom::new());
    let key = EcdsaKeyPair::from_pkcs8(algorithm, made!("key-INSECURE.der"), &random).unwrap();
    let signature = key.sign(&random, &report[..0x2a0]).unwrap();
    for (at, half) in [0x2a0, 0x2a0 + 72].into_iter().zip(signature.as_ref().chunks(48)) {
        report[at..at + 48].copy_from_slice(half);
        report[at..at + 48].reverse();
    }
}

/// A certificate that says the same in another encoding: that its last extension is not critical, which DER leaves out.
pub(super) fn not_der(certificate: &[u8]) -> Vec<u8> {
    const FALSE: [u8; 3] = [1, 1, 0];
    let oid = [6, 9, 0x2b, 6, 1, 4, 1, 0x9c, 0x78, 1, 4];
    let found = certificate.windows(oid.len()).position(|window| window == oid).unwrap();
    let mut longer = certificate.to_vec();
    lengthen(&mut longer, found, 0, certificate.len());
    let at = found + oid.len();
    longer.splice(at..at, FALSE);
    longer
}

/// Adds 3 to the lengths of all that a place is in, from one place to another.
fn lengthen(der: &mut [u8], place: usize, mut from: usize, to: usize) {
    while from < to {
        let (head, len) = match der[from + 1] {
            0x82 => (4, usize::from(der[from + 2]) << 8 | usize::from(der[from + 3])),
            0x81 => (3, usize::from(der[from + 2])),
            len => (2, usize::from(len)),
        };
        let end = from + head + len;
        if (from + head..end).contains(&place) {
            der[from + head - 1] += 3;
            return lengthen(der, place, from + head, end);
        }
        from = end;
    }
}
