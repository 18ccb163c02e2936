//! What editors put in front of a text, and how they encode it. Bytes only.

/// The byte order mark of UTF-8, which says nothing.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A text in UTF-16, which nothing here reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("UTF-16 text: save it as UTF-8")]
pub struct Utf16;

/// A text without its byte order mark.
///
/// # Errors
/// Another encoding: it has the mark of UTF-16, or begins with a character as UTF-16 has it.
pub fn unmarked(text: &[u8]) -> Result<&[u8], Utf16> {
    match text {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=0x7f, ..] | [1..=0x7f, 0, ..] => Err(Utf16),
        _ => Ok(text.strip_prefix(MARK).unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_skipped_and_utf_16_is_named() {
        for text in [&b""[..], b"{", b"[1]", b"\xc3\xa9"] {
            assert_eq!(unmarked(text), Ok(text));
            assert_eq!(unmarked(&[MARK, text].concat()), Ok(text));
        }
        for text in [&b"\xff\xfe{\0"[..], b"\xfe\xff\0{", b"{\0}\0", b"\0{\0}"] {
            assert_eq!(unmarked(text), Err(Utf16));
        }
    }
}
