//! Words that begin where a cache line does, so that vectors do not lie across two.

use crate::cpu::zeroed;
use crate::error::Error;

/// Words of a cache line.
const LINE: usize = 8;

/// Words from `start` on.
pub(super) struct Lines {
    words: Vec<u64>,
    start: usize,
    len: usize,
}

impl Lines {
    /// `len` zeros.
    pub fn zeroed(len: usize) -> Result<Self, Error> {
        let words: Vec<u64> = zeroed(len + LINE - 1)?;
        // It may be unknown where a line begins: then anywhere is right, if slower.
        let start = words.as_ptr().align_offset(LINE * size_of::<u64>()).min(LINE - 1);
        Ok(Self { words, start, len })
    }

    pub fn words(&mut self) -> &mut [u64] {
        &mut self.words[self.start..][..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_words_as_asked_for() {
        for len in [0, 1, 7, 8, 1000] {
            assert_eq!(Lines::zeroed(len).unwrap().words(), vec![0; len]);
        }
    }
}
