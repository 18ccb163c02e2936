//! Which levels of a transform are done in one pass.

use super::residues::Residues;

/// A pass over whole vectors, of a polynomial of so many vectors: its first level, and log2 of the
/// vectors that are in registers at a time. The first pass takes what the others leave.
pub(super) fn pass<A: Residues<W>, const W: usize>(vectors: usize, index: u32) -> (u32, u32) {
    let first = (vectors.ilog2() - 1) % A::LOG_RADIX + 1;
    match index.checked_sub(1) {
        None => (0, first),
        Some(index) => (first + index * A::LOG_RADIX, A::LOG_RADIX),
    }
}

/// How many passes over whole vectors there are.
pub(super) fn passes<A: Residues<W>, const W: usize>(vectors: usize) -> u32 {
    vectors.ilog2().div_ceil(A::LOG_RADIX)
}
