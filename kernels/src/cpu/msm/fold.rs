//! Σ (i + 1)·B_i over buckets B_i, by halving.
//!
//! Adding the upper half of the buckets to the lower one leaves the same problem half as great; the sum
//! O_k of the upper half, times 2^k, is what the top bit k of i contributes. After all halvings one point
//! is left, T = Σ B_i, and the sum sought is T + Σ_k 2^k·O_k. The O_k are summed by halving as well, at
//! the same time, so that all additions of a step are independent: two for each bucket in the end.

use super::add::{Adder, Points};
use crate::cpu::simd::{Lanes, Line, Vectorised};

/// Points of which the sum is sought, or buckets that are still to be weighted.
#[derive(Clone, Copy, Debug)]
struct Array {
    /// Its first block.
    at: usize,
    /// Its group.
    group: usize,
    /// For buckets, the weight of the lowest bit of a block's position.
    buckets: Option<u32>,
    /// Of a sum: its weight.
    bit: Option<u32>,
}

/// Arrays of points, all of them with the same number of blocks.
pub(super) struct Fold<F, L: Lanes<F>> {
    lanes: L,
    points: Vec<Points<L::V>>,
    arrays: Vec<Array>,
    blocks: usize,
}

/// A sum, with the group it belongs to: of the buckets whose places have a bit, which weighs 2^bit, or of all,
/// which weighs 1.
pub(super) struct Weighted<F> {
    pub(super) group: usize,
    pub(super) bit: Option<u32>,
    /// Coordinates; zeros for infinity.
    pub(super) point: [F; 2],
}

/// A part of the buckets of a group, folded: a block with the sum of all, and one for each bit of a
/// block's position.
pub(super) type Folded<V> = Vec<Points<V>>;

/// Folds parts of `blocks` blocks each, whose buckets lie one after the other in `rows`.
pub(super) fn fold_parts<F: Vectorised, L: Lanes<F>>(
    lanes: L,
    adder: &mut Adder<F, L>,
    rows: &[Line],
    blocks: usize,
) -> Vec<Folded<L::V>> {
    let infinite = |row: &[Line]| row.iter().all(|line| *line == Line::default());
    let mut infinities = rows.chunks_exact(L::LINES).any(infinite);
    let rows = rows.chunks_exact(L::LINES * L::WIDTH);
    let mut points = Vec::with_capacity(rows.len());
    lanes.run(
        #[inline(always)]
        || {
            for rows in rows {
                points.push(lanes.gather(
                    #[inline(always)]
                    |lane, k| &rows[lane * L::LINES + k],
                ));
            }
        },
    );
    let part = |at| Array { at, group: 0, buckets: Some(0), bit: None };
    let arrays = (0..points.len()).step_by(blocks).map(part).collect();
    let mut fold = Fold { lanes, points, arrays, blocks };
    while fold.blocks > 1 {
        fold.halve(adder, &mut infinities);
    }
    // The sum of the upper halves of 2^k blocks each lies at 2^k.
    let folded = |part: &[Points<L::V>]| {
        std::iter::once(part[0]).chain((0..blocks.ilog2()).map(|k| part[1 << k])).collect()
    };
    fold.points.chunks_exact(blocks).map(folded).collect()
}

impl<F: Vectorised, L: Lanes<F>> Fold<F, L> {
    /// All groups, each of `parts` parts that [`fold_parts`] made.
    pub(super) fn new(lanes: L, folded: &[Folded<L::V>], parts: usize) -> Self {
        let mut fold = Self { lanes, points: Vec::new(), arrays: Vec::new(), blocks: parts };
        let low = L::WIDTH.ilog2();
        for (group, folded) in folded.chunks_exact(parts).enumerate() {
            let bits = u32::try_from(folded[0].len() - 1).expect("at most 20 bits");
            for k in 0..=bits {
                let (buckets, bit) =
                    if k == 0 { (Some(low + bits), None) } else { (None, Some(low + k - 1)) };
                fold.arrays.push(Array { at: fold.points.len(), group, buckets, bit });
                fold.points.extend(folded.iter().map(|part| part[k as usize]));
            }
        }
        fold
    }

    /// Halves every array.
    fn halve(&mut self, adder: &mut Adder<F, L>, infinities: &mut bool) {
        let half = self.blocks / 2;
        let pair = |array: &Array| {
            let at = array.at;
            (at..at + half).map(move |lower| [lower, lower + half])
        };
        let pairs: Vec<_> = self.arrays.iter().flat_map(pair).collect();
        adder.add_resident(&mut self.points, &pairs, infinities);
        let upper = |array: &Array| {
            let bit = array.buckets? + half.ilog2();
            Some(Array { at: array.at + half, buckets: None, bit: Some(bit), ..*array })
        };
        let new: Vec<Array> = self.arrays.iter().filter_map(upper).collect();
        self.arrays.extend(new);
        self.blocks = half;
    }

    /// Adds to the lower lanes of every block those `by` above, when each array has only one block.
    fn halve_blocks(&mut self, adder: &mut Adder<F, L>, by: usize) {
        let lanes = self.lanes;
        let first = self.points.len();
        lanes.run(
            #[inline(always)]
            || {
                for array in &self.arrays {
                    let [x, y] = self.points[array.at];
                    self.points.push([lanes.rotate(x, by), lanes.rotate(y, by)]);
                }
            },
        );
        let pairs: Vec<_> =
            self.arrays.iter().enumerate().map(|(i, array)| [array.at, first + i]).collect();
        adder.add_resident(&mut self.points, &pairs, &mut true);
        for i in 0..pairs.len() {
            let array = self.arrays[i];
            if array.buckets.is_some() {
                let bit = Some(by.ilog2());
                self.arrays.push(Array { at: first + i, buckets: None, bit, ..array });
            }
        }
    }

    /// All sums, with their weights.
    pub(super) fn finish(mut self, adder: &mut Adder<F, L>) -> Vec<Weighted<F>> {
        while self.blocks > 1 {
            self.halve(adder, &mut true);
        }
        let mut by = L::WIDTH / 2;
        while by > 0 {
            self.halve_blocks(adder, by);
            by /= 2;
        }
        let l = self.lanes;
        let mut sums = Vec::with_capacity(self.arrays.len());
        l.run(
            #[inline(always)]
            || {
                for array in &self.arrays {
                    let mut lanes = [[F::ZERO; 8]; 2];
                    let [x, y] = self.points[array.at];
                    l.store(l.leave(x), &mut lanes[0]);
                    l.store(l.leave(y), &mut lanes[1]);
                    let point = [lanes[0][0], lanes[1][0]];
                    sums.push(Weighted { group: array.group, bit: array.bit, point });
                }
            },
        );
        sums
    }
}
