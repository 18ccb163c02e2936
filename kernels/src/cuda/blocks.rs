//! Blocks of memory that were given back and wait for the next of their size.
//!
//! Asking the driver for memory takes long, and giving it back waits for the device. A block can be used
//! again at once, even while a kernel that was started before still works on it: whatever the next owner
//! starts comes after that kernel, in the one stream there is.

use std::collections::VecDeque;

/// Blocks `B` of so many words each, the one that waits longest first, and no more bytes than may be kept.
#[derive(Debug)]
pub(super) struct Blocks<B> {
    waiting: VecDeque<(usize, B)>,
    bytes: u64,
    bytes_max: u64,
}

impl<B> Blocks<B> {
    /// None yet, and never more than so many bytes: other programs want memory, too.
    pub fn new(bytes_max: u64) -> Self {
        Self { waiting: VecDeque::new(), bytes: 0, bytes_max }
    }

    /// A block for so many words, with whatever was in it.
    pub fn take(&mut self, words: usize) -> Option<B> {
        let size = rounded(words);
        let at = self.waiting.iter().rposition(|(words, _)| *words == size)?;
        let (_, block) = self.waiting.remove(at)?;
        self.bytes -= 8 * size as u64;
        Some(block)
    }

    /// Takes a block back. Those that it leaves no room for are the caller's to drop, without a lock: that waits.
    pub fn put(&mut self, words: usize, block: B) -> Vec<B> {
        if 8 * words as u64 > self.bytes_max {
            return vec![block];
        }
        self.waiting.push_back((words, block));
        self.bytes += 8 * words as u64;
        let mut surplus = Vec::new();
        while self.bytes > self.bytes_max {
            let Some((words, block)) = self.waiting.pop_front() else { break };
            self.bytes -= 8 * words as u64;
            surplus.push(block);
        }
        surplus
    }

    /// All of them.
    pub fn take_all(&mut self) -> Vec<B> {
        self.bytes = 0;
        self.waiting.drain(..).map(|(_, block)| block).collect()
    }

    /// Bytes of all blocks.
    pub fn bytes(&self) -> u64 {
        self.bytes
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

    #[test]
    fn the_block_that_came_back_last_is_taken_first_and_only_for_its_size() {
        let mut blocks = Blocks::new(1 << 20);
        for (words, name) in [(32, "a"), (64, "b"), (32, "c")] {
            assert!(blocks.put(words, name).is_empty());
        }
        assert_eq!(blocks.bytes(), 8 * 128);
        assert_eq!(
            [20, 32, 32, 128].map(|words| blocks.take(words)),
            [Some("c"), Some("a"), None, None]
        );
        assert_eq!(blocks.bytes(), 8 * 64);
        assert_eq!(blocks.take_all(), ["b"]);
        assert_eq!(blocks.bytes(), 0);
    }

    #[test]
    fn no_more_is_kept_than_may_be() {
        let mut blocks = Blocks::new(8 * 100);
        assert!(blocks.put(64, "a").is_empty());
        assert!(blocks.put(32, "b").is_empty());
        assert_eq!(blocks.put(32, "c"), ["a"]);
        assert_eq!(blocks.bytes(), 8 * 64);
        assert_eq!(blocks.put(128, "too large"), ["too large"]);
        assert_eq!(blocks.bytes(), 8 * 64);
    }
}
