//! Sums of the points of each bucket.
//!
//! Round by round, neighbours within a bucket are added in pairs, so that each round halves a bucket.
//! No sum needs another of its round, whatever the scalars are: one bucket with all the points takes as
//! many additions as many buckets with a few.

use super::add::{Adder, Pairs, Points};
use crate::cpu::simd::{Lanes, Line, Vectorised};

/// Points of the bases and the sums made of them, as lines.
///
/// A reference names a row and has a sign in the lowest bit; sums come behind the bases.
struct Rows<'a> {
    bases: &'a [Line],
    /// Sums of rounds before.
    sums: &'a [Line],
    lines: usize,
}

impl Rows<'_> {
    #[inline(always)]
    fn line(&self, reference: u32, k: usize) -> &Line {
        let at = (reference >> 1) as usize * self.lines + k;
        if at < self.bases.len() { &self.bases[at] } else { &self.sums[at - self.bases.len()] }
    }
}

/// One point for each lane, by reference.
#[inline(always)]
fn gather<F, L: Lanes<F>>(l: L, rows: &Rows<'_>, refs: impl Fn(usize) -> u32) -> Points<L::V> {
    let [x, y] = l.gather(
        #[inline(always)]
        |lane, k| rows.line(refs(lane), k),
    );
    let mut negative = 0;
    for lane in 0..L::WIDTH {
        negative |= u8::from(refs(lane) & 1 != 0) << lane;
    }
    [x, l.select(negative, y, l.neg(y))]
}

/// The pairs of a round.
struct Round<'a, L> {
    lanes: L,
    rows: Rows<'a>,
    pairs: &'a [[u32; 2]],
    out: &'a mut [Line],
}

/// How many blocks ahead lines are asked for.
const AHEAD: usize = 3;

impl<F: Vectorised, L: Lanes<F>> Pairs<F, L> for Round<'_, L> {
    #[inline(always)]
    fn blocks(&self) -> usize {
        self.pairs.len() / L::WIDTH
    }

    #[inline(always)]
    fn load(&self, block: usize) -> [Points<L::V>; 2] {
        if let Some(soon) =
            self.pairs.get((block + AHEAD) * L::WIDTH..(block + AHEAD + 1) * L::WIDTH)
        {
            for reference in soon.iter().flatten() {
                for k in 0..L::LINES {
                    self.rows.line(*reference, k).prefetch();
                }
            }
        }
        let pairs = &self.pairs[block * L::WIDTH..(block + 1) * L::WIDTH];
        [
            gather::<F, L>(
                self.lanes,
                &self.rows,
                #[inline(always)]
                |lane| pairs[lane][0],
            ),
            gather::<F, L>(
                self.lanes,
                &self.rows,
                #[inline(always)]
                |lane| pairs[lane][1],
            ),
        ]
    }

    #[inline(always)]
    fn store(&mut self, block: usize, sums: Points<L::V>) {
        self.lanes.scatter(sums, &mut self.out[block * L::WIDTH * L::LINES..]);
    }
}

/// The memory that sums of buckets need, to be used again and again.
pub(super) struct Workspace<F, L: Lanes<F>> {
    pub(super) adder: Adder<F, L>,
    sums: Vec<Line>,
    references: Vec<u32>,
    counts: Vec<u32>,
    pairs: Vec<[u32; 2]>,
}

impl<F: Vectorised, L: Lanes<F>> Workspace<F, L> {
    pub(super) fn new(lanes: L) -> Self {
        Self {
            adder: Adder::new(lanes),
            sums: Vec::new(),
            references: Vec::new(),
            counts: Vec::new(),
            pairs: Vec::new(),
        }
    }

    /// The sum of each bucket, `L::LINES` lines for each, filled up to whole blocks; zeros for infinity. `bases` ends with two
    /// different points that complete the last block of a round. `starts` says where in `entries` the
    /// buckets begin and the last ends.
    pub(super) fn sums_of_buckets(
        &mut self,
        lanes: L,
        bases: &[Line],
        entries: &[u32],
        starts: &[u32],
    ) -> Vec<Line> {
        self.references.clear();
        self.references.extend_from_slice(entries);
        self.counts.clear();
        self.counts.extend(starts.windows(2).map(|pair| pair[1] - pair[0]));
        let mut sums = std::mem::take(&mut self.sums);
        let (mut made, mut infinities) = (0, false);
        while self.pair_up(bases.len() / L::LINES, made / L::LINES, L::WIDTH) {
            let new = self.pairs.len() * L::LINES;
            if sums.len() < made + new {
                sums.resize(made + new, Line::default());
            }
            let (before, after) = sums.split_at_mut(made);
            let rows = Rows { bases, sums: before, lines: L::LINES };
            let mut round = Round { lanes, rows, pairs: &self.pairs, out: &mut after[..new] };
            lanes.run(
                #[inline(always)]
                || self.adder.add(&mut round, &mut infinities),
            );
            made += new;
        }
        let left = self.left(lanes, &Rows { bases, sums: &sums, lines: L::LINES });
        self.sums = sums;
        left
    }

    /// Pairs the references of each bucket and replaces them by those of the sums; one that is left
    /// stays. The pairs are filled up to a multiple of `width`. False if there are none.
    fn pair_up(&mut self, bases: usize, sums: usize, width: usize) -> bool {
        self.pairs.clear();
        let (mut from, mut to) = (0, 0);
        let mut next = row(bases + sums);
        for count in &mut self.counts {
            let bucket = from..from + *count as usize;
            from = bucket.end;
            for at in bucket.clone().step_by(2) {
                if at + 1 < bucket.end {
                    self.pairs.push([self.references[at], self.references[at + 1]]);
                    self.references[to] = next;
                    next += 2;
                } else {
                    self.references[to] = self.references[at];
                }
                to += 1;
            }
            *count = count.div_ceil(2);
        }
        self.references.truncate(to);
        if self.pairs.is_empty() {
            return false;
        }
        let full = self.pairs.len().next_multiple_of(width);
        self.pairs.resize(full, [row(bases - 2), row(bases - 1)]);
        true
    }

    /// The point that is left of each bucket, filled up with infinity to whole blocks.
    fn left(&self, lanes: L, rows: &Rows<'_>) -> Vec<Line> {
        let width = L::WIDTH;
        let mut out = vec![Line::default(); self.counts.len().next_multiple_of(width) * L::LINES];
        let mut references = self.references.iter();
        lanes.run(
            #[inline(always)]
            || {
                let blocks = out.chunks_exact_mut(width * L::LINES);
                for (counts, out) in self.counts.chunks(width).zip(blocks) {
                    let (mut block, mut empty) = ([0; 8], u8::MAX);
                    for (lane, _) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
                        block[lane] = *references.next().expect("one for each bucket with points");
                        empty &= !(1 << lane);
                    }
                    let [x, y] = gather::<F, L>(
                        lanes,
                        rows,
                        #[inline(always)]
                        |lane| block[lane],
                    );
                    let zero = lanes.zero();
                    lanes
                        .scatter([lanes.select(empty, x, zero), lanes.select(empty, y, zero)], out);
                }
            },
        );
        out
    }
}

/// The reference of a row.
fn row(row: usize) -> u32 {
    u32::try_from(row << 1).expect("bases are limited so that sums have numbers")
}
