//! Words between the host and the device, through two pinned buffers by turns: while one is copied the
//! other is filled or emptied.

use std::ops::Range;
use std::sync::Arc;

use cudarc::driver::result::DriverError;

use super::driver::{Block, Context, Pinned};

/// Words of a buffer: 4 MiB, long enough for the bus and short enough to begin early.
const PART_WORDS: usize = 1 << 19;

/// Two pinned buffers.
#[derive(Debug)]
pub(super) struct Staging {
    buffers: [Pinned; 2],
}

impl Staging {
    pub fn new(context: &Arc<Context>) -> Result<Self, DriverError> {
        let pinned = || Pinned::new(context, PART_WORDS);
        Ok(Self { buffers: [pinned()?, pinned()?] })
    }

    /// Fills parts and starts their copies to the block. The last ones may be under way on return;
    /// what is started later comes after them.
    pub fn write(
        &mut self,
        block: &Block,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), DriverError> {
        for (turn, part) in parts(words).enumerate() {
            let buffer = &mut self.buffers[turn % 2];
            fill(part.start, &mut buffer.words()?[..part.len()]);
            buffer.copy_to(block, at + part.start, part.len())?;
        }
        Ok(())
    }

    /// Copies parts of the block and drains each while the next is copied.
    pub fn read(
        &mut self,
        block: &Block,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), DriverError> {
        let mut before: Option<(usize, Range<usize>)> = None;
        for (turn, part) in parts(range.len()).enumerate() {
            self.buffers[turn % 2].copy_from(block, range.start + part.start, part.len())?;
            if let Some((turn, part)) = before.replace((turn, part)) {
                drain(part.start, &self.buffers[turn % 2].words()?[..part.len()]);
            }
        }
        if let Some((turn, part)) = before {
            drain(part.start, &self.buffers[turn % 2].words()?[..part.len()]);
        }
        Ok(())
    }
}

/// Cuts `words` words into parts that a buffer holds.
fn parts(words: usize) -> impl Iterator<Item = Range<usize>> {
    (0..words).step_by(PART_WORDS).map(move |begin| begin..words.min(begin + PART_WORDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other() {
        for words in [0, 1, PART_WORDS - 1, PART_WORDS, PART_WORDS + 1, 5 * PART_WORDS + 7] {
            let mut next = 0;
            for part in parts(words) {
                assert_eq!(part.start, next);
                assert!(!part.is_empty() && part.len() <= PART_WORDS);
                next = part.end;
            }
            assert_eq!(next, words);
        }
    }
}
