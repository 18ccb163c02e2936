//! The table of certificates that a host puts beside a report: entries of an id, an offset and a length, up to one of
//! zeros, and the certificates behind them. What is in it is as good as its signatures.

use crate::refused::Refused;

/// An entry: 16 bytes of an id, 4 of an offset, 4 of a length.
const ENTRY: usize = 24;
/// A table has four or five; more are no table.
const ENTRIES: usize = 16;
/// The ids of what is of use: a chip's key, a loaded key, and the authority of either. The root is built in.
const KNOWN: [[u8; 16]; 3] = [
    0x63da_758d_e664_4564_adc5_f4b9_3be8_accd_u128.to_be_bytes(),
    0xa807_4bc2_a25a_483e_aae6_39c0_45a0_b8a1_u128.to_be_bytes(),
    0x4ab7_b379_bbac_4fe4_a02f_05ae_f327_c782_u128.to_be_bytes(),
];

/// The certificates of a table, in DER. Nothing is an empty one.
pub(super) fn certificates(table: &[u8]) -> Result<Vec<&[u8]>, Refused> {
    let mut found = Vec::new();
    if table.is_empty() {
        return Ok(found);
    }
    for entry in table.chunks_exact(ENTRY).take(ENTRIES) {
        let (id, place) = entry.split_at(16);
        if entry.iter().all(|byte| *byte == 0) {
            return Ok(found);
        }
        let certificate = slice(table, place).ok_or(Refused::Certificates("one is cut off"))?;
        if KNOWN.iter().any(|known| known == id) {
            found.push(certificate);
        }
    }
    Err(Refused::Certificates("their table has no end"))
}

fn slice<'a>(table: &'a [u8], place: &[u8]) -> Option<&'a [u8]> {
    let number = |at: usize| -> Option<usize> {
        let bytes = place.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let (offset, len) = (number(0)?, number(4)?);
    table.get(offset..offset.checked_add(len)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of certificates with ids.
    fn table(entries: &[([u8; 16], &[u8])]) -> Vec<u8> {
        let mut offset = (entries.len() + 1) * ENTRY;
        let (mut head, mut body) = (Vec::new(), Vec::new());
        for (id, certificate) in entries {
            head.extend_from_slice(id);
            head.extend_from_slice(&u32::try_from(offset).unwrap().to_le_bytes());
            head.extend_from_slice(&u32::try_from(certificate.len()).unwrap().to_le_bytes());
            body.extend_from_slice(certificate);
            offset += certificate.len();
        }
        head.extend_from_slice(&[0; ENTRY]);
        [head, body].concat()
    }

    #[test]
    fn certificates_are_found_and_others_left_out() {
        let table = table(&[(KNOWN[0], b"chip"), ([7; 16], b"else"), (KNOWN[2], b"authority")]);
        assert_eq!(certificates(&table), Ok(vec![&b"chip"[..], b"authority"]));
        assert_eq!(certificates(&[]), Ok(Vec::new()));
    }

    /// Each would be read, however many say that they are the same long one.
    #[test]
    fn more_entries_than_a_table_has_are_refused() {
        let entries = |count: usize| table(&vec![(KNOWN[0], &b"chip"[..]); count]);
        assert_eq!(certificates(&entries(ENTRIES - 1)).unwrap().len(), ENTRIES - 1);
        assert_eq!(
            certificates(&entries(ENTRIES)),
            Err(Refused::Certificates("their table has no end"))
        );
    }

    #[test]
    fn no_cut_table_is_read_beyond_its_end() {
        let table = table(&[(KNOWN[0], b"chip"), (KNOWN[2], b"authority")]);
        for len in 1..table.len() {
            assert!(certificates(&table[..len]).is_err(), "{len} bytes");
        }
        let far = [&KNOWN[0][..], &[0xff; 8], &[0; ENTRY]].concat();
        assert_eq!(certificates(&far), Err(Refused::Certificates("one is cut off")));
        let endless = [1; ENTRY * (ENTRIES + 1)];
        assert!(certificates(&endless).is_err());
        assert!(certificates(&[&[9; 16][..], &[0; 8]].concat().repeat(20)).is_err());
    }
}
