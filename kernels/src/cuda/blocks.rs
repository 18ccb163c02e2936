//! Blocks of memory that were given back and wait for the next of their size.
//!
//! Asking the driver for memory takes long, and giving it back waits for the device. A block can be used
//! again at once, even while a kernel that was started before still works on it: whatever the next owner
//! starts comes after that kernel, in the one stream there is.

use std::collections::HashMap;

use super::driver::Block;

/// Blocks by their sizes.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    free: HashMap<usize, Vec<Block>>,
}

impl Blocks {
    /// A block of at least so many words, with whatever was in it.
    pub fn take(&mut self, words: usize) -> Option<Block> {
        self.free.get_mut(&rounded(words))?.pop()
    }

    /// Takes a block back.
    pub fn put(&mut self, block: Block) {
        self.free.entry(block.words()).or_default().push(block);
    }

    /// Gives everything back to the driver; whether there was anything.
    pub fn clear(&mut self) -> bool {
        std::mem::take(&mut self.free).values().any(|blocks| !blocks.is_empty())
    }

    /// Bytes of all blocks.
    pub fn bytes(&self) -> u64 {
        self.free.iter().map(|(words, blocks)| 8 * (words * blocks.len()) as u64).sum()
    }
}

/// The fewest words of a block: 256 bytes.
const LEAST: usize = 32;
/// Large blocks are multiples of this: 2 MiB, the driver's own granularity.
const PAGE: usize = 1 << 18;

/// The size of the block that so many words are given: an eighth larger at most, so that blocks of
/// similar buffers can be exchanged.
pub(super) fn rounded(words: usize) -> usize {
    let words = words.max(LEAST);
    let step = 1usize << (words.ilog2() - 3);
    words.next_multiple_of(step.min(PAGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_a_little() {
        assert_eq!(rounded(1), LEAST);
        for words in [32, 33, 100, 4097, 1 << 20, (1 << 20) + 1, (1 << 30) + 5] {
            let size = rounded(words);
            assert!(size >= words && size - words <= (words / 8).min(PAGE), "{words}");
            assert_eq!(rounded(size), size, "a block that comes back is found again");
        }
    }
}
