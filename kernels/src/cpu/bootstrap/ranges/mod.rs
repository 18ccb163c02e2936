//! Arithmetic at the ends of the ranges that are said for it.

mod fp50;
mod late;

use crate::cpu::simd::Vectors;

/// The lanes of what is computed, which are all equal.
fn lane<A: Vectors<W>, const W: usize>(a: A, work: impl FnOnce() -> A::V) -> u64 {
    let mut lanes = [0; W];
    a.run(
        #[inline(always)]
        || a.store(work(), &mut lanes),
    );
    assert!(lanes.iter().all(|&lane| lane == lanes[0]));
    lanes[0]
}
