//! Multi-scalar multiplication on the CPU: Pippenger's buckets with signed digits, in which all
//! additions are of affine points, many with one inversion, in lanes.
//!
//! | file | what it does |
//! |---|---|
//! | `bases` | points and their multiples as rows of cache lines |
//! | `digits` | signed digits, and the points of each bucket by counting |
//! | `buckets` | sums of buckets, by pairing neighbours |
//! | `fold` | weighted sums of buckets, by halving |
//! | `add` | the additions of all of these |
//!
//! Running time depends on the scalars and on the points.

mod add;
mod bases;
mod buckets;
mod digits;
mod fold;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Mutex;

use ark_ec::AffineRepr;
use rayon::prelude::*;

pub use bases::Bases;

use self::bases::{Prepared, Rows};
use self::buckets::Workspace;
use self::digits::{Layout, Sorted};
use self::fold::{Fold, Folded, Weighted};
use super::Cpu;
use super::simd::{Lanes, Line};
use crate::backend::MsmOps;
use crate::cpu::CpuGroup;
use crate::element::Element;
use crate::error::Error;
use crate::host::HostBuffer;
use crate::msm::{Costs, ScalarShape, best_window};

/// Measured: folding a bucket takes two additions.
const COSTS: Costs = Costs { accumulate: 1.0, reduce: 2.2 };
/// Narrowest windows worth while: a block of buckets.
const WINDOW_MIN: u32 = 4;
/// Lines of entries that one thread takes at a time: as many as its cache holds.
const SLICE: u32 = 1 << 14;
/// Entries that are not worth waking a second thread for.
const ALONE: usize = 1 << 12;
/// Buckets that one thread folds at a time.
const PART: usize = 1 << 13;

impl<G: CpuGroup> MsmOps<G> for Cpu {
    type Bases = Bases<G>;

    fn bases(&self, points: &[G::Affine], levels: u32) -> Result<Bases<G>, Error> {
        Bases::for_cpu(*self, points, levels)
    }

    fn bases_len(&self, bases: &Bases<G>) -> usize {
        bases.prepared().len()
    }

    fn bases_bytes(&self, bases: &Bases<G>) -> usize {
        bases.prepared().bytes()
    }

    fn msm_batch(
        &self,
        bases: &Bases<G>,
        scalars: &HostBuffer<u64>,
        shape: ScalarShape,
    ) -> Result<Vec<G>, Error> {
        let vectors = shape.vectors(scalars.0.len(), bases.prepared().len())?;
        let size = shape.count * shape.words();
        let vectors: Vec<_> = (0..vectors).map(|v| &scalars.0[v * size..(v + 1) * size]).collect();
        Ok(bases.prepared().multiply(&vectors, &shape))
    }
}

impl<G: CpuGroup, L: Lanes<G::Coordinate>> Prepared<G> for Rows<G, L> {
    fn len(&self) -> usize {
        self.len
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.lines) + size_of_val(&*self.infinite)
    }

    fn multiply(&self, vectors: &[&[u64]], shape: &ScalarShape) -> Vec<G> {
        let job = Job { bases: self, pool: Pool::default() };
        map_all(vectors, |scalars| job.run(scalars, shape))
    }

    fn subset_sums(&self, masks: &[u32], bits: u32) -> Vec<G> {
        Job { bases: self, pool: Pool::default() }.subset_sums(masks, bits)
    }
}

/// Multiplications over the same bases.
struct Job<'a, G: CpuGroup, L: Lanes<G::Coordinate>> {
    bases: &'a Rows<G, L>,
    pool: Pool<G::Coordinate, L>,
}

/// Memory that threads borrow.
type Pool<F, L> = Mutex<Vec<Workspace<F, L>>>;

impl<G: CpuGroup, L: Lanes<G::Coordinate>> Job<'_, G, L> {
    fn run(&self, scalars: &[u64], shape: &ScalarShape) -> G {
        if shape.count == 0 {
            return G::zero();
        }
        let bits = shape.bits + u32::from(!shape.signed);
        let levels = bits.div_ceil(self.bases.level_bits);
        let window = best_window(shape.count, bits, levels, COSTS).max(WINDOW_MIN);
        let layout = Layout::new(shape, self.bases.level_bits, window);
        let recoded = layout.recode(scalars, shape);
        let parts = (layout.buckets() / PART).max(1);
        let bundles = bundles(layout.windows.len(), shape.count * levels as usize);
        let folded =
            map_all(&bundles, |groups| self.bundle(&layout, groups.clone(), &recoded, parts));
        let mut workspace = self.take();
        let sums =
            Fold::new(self.bases.lanes, &folded.concat(), parts).finish(&mut workspace.adder);
        self.give_back(workspace);
        combine(&layout, sums)
    }

    /// The buckets of one window, whose places are the masks: folding finds the sums on its way.
    fn subset_sums(&self, masks: &[u32], bits: u32) -> Vec<G> {
        let mut sums = vec![G::zero(); bits as usize];
        if masks.is_empty() {
            return sums;
        }
        // Bucket i is that of the digit i + 1.
        let digits: Vec<u64> = masks.iter().map(|&mask| u64::from(mask) + 1).collect();
        let bits = (bits + 1).max(WINDOW_MIN);
        let shape = ScalarShape { count: masks.len(), bits, signed: true };
        let layout = Layout::new(&shape, self.bases.level_bits, bits);
        let parts = (layout.buckets() / PART).max(1);
        let folded = self.bundle(&layout, 0..1, &digits, parts);
        let mut workspace = self.take();
        for Weighted { bit, point, .. } in
            Fold::new(self.bases.lanes, &folded, parts).finish(&mut workspace.adder)
        {
            if let Some(sum) = bit.and_then(|bit| sums.get_mut(bit as usize)) {
                *sum += affine::<G>(point);
            }
        }
        sums
    }

    /// The folded parts of some groups.
    fn bundle(
        &self,
        layout: &Layout,
        groups: Range<usize>,
        recoded: &[u64],
        parts: usize,
    ) -> Vec<Folded<L::V>> {
        let infinite = &self.bases.infinite;
        let skip = |row: usize| !infinite.is_empty() && infinite[row];
        let buckets = layout.buckets().next_multiple_of(L::WIDTH);
        let sorted = layout.sort(groups, buckets, recoded, self.bases.stride, skip);
        let rows = self.buckets(&sorted);
        let part = buckets / parts;
        let tasks: Vec<_> = rows.chunks(part * (PART / part).max(1) * L::LINES).collect();
        let folded = map_all(&tasks, |rows| {
            let mut workspace = self.take();
            let blocks = part / L::WIDTH;
            let folded = fold::fold_parts(self.bases.lanes, &mut workspace.adder, rows, blocks);
            self.give_back(workspace);
            folded
        });
        folded.concat()
    }

    /// The sum of each bucket, as lines.
    fn buckets(&self, sorted: &Sorted) -> Vec<Line> {
        let slices = slices(&sorted.starts, SLICE / u32::try_from(L::LINES).expect("a few"));
        let sums = map_all(&slices, |(range, buckets)| {
            let mut workspace = self.take();
            let starts: Vec<u32> = sorted.starts[buckets.start..=buckets.end]
                .iter()
                .map(|&start| start.clamp(range.start, range.end) - range.start)
                .collect();
            let entries = &sorted.entries[range.start as usize..range.end as usize];
            let sums =
                workspace.sums_of_buckets(self.bases.lanes, &self.bases.lines, entries, &starts);
            self.give_back(workspace);
            sums
        });
        let mut rows = vec![Line::default(); (sorted.starts.len() - 1) * L::LINES];
        for ((_, buckets), mut sums) in slices.into_iter().zip(sums) {
            let first = buckets.start * L::LINES;
            if rows[first..first + L::LINES].iter().any(|line| *line != Line::default()) {
                self.merge(&rows[first..first + L::LINES], &mut sums[..L::LINES]);
            }
            let end = buckets.end * L::LINES;
            rows[first..end].copy_from_slice(&sums[..end - first]);
        }
        rows
    }

    /// Adds the point of a bucket that was cut in two to what comes after the cut.
    fn merge(&self, before: &[Line], after: &mut [Line]) {
        let sum = (self.point(before) + self.point(after)).into_affine();
        bases::write_row::<G, L>(self.bases.lanes, sum, after);
    }

    /// The point of a row.
    fn point(&self, row: &[Line]) -> G::Affine {
        let l = self.bases.lanes;
        let zero = <G::Coordinate as Element>::zero();
        let mut lanes = [[zero; 8]; 2];
        l.run(
            #[inline(always)]
            || {
                let [x, y] = l.gather(
                    #[inline(always)]
                    |_, k| &row[k],
                );
                l.store(l.leave(x), &mut lanes[0]);
                l.store(l.leave(y), &mut lanes[1]);
            },
        );
        affine::<G>([lanes[0][0], lanes[1][0]])
    }

    fn take(&self) -> Workspace<G::Coordinate, L> {
        let free = self.pool.lock().ok().and_then(|mut pool| pool.pop());
        free.unwrap_or_else(|| Workspace::new(self.bases.lanes))
    }

    fn give_back(&self, workspace: Workspace<G::Coordinate, L>) {
        if let Ok(mut pool) = self.pool.lock() {
            pool.push(workspace);
        }
    }
}

/// What `work` makes of each item, in order: on this thread if there is only one.
fn map_all<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    match items {
        [] => Vec::new(),
        [item] => vec![work(item)],
        _ => items.par_iter().map(work).collect(),
    }
}

/// Groups that are computed together, because one alone would be too few additions for an inversion.
fn bundles(groups: usize, entries: usize) -> Vec<Range<usize>> {
    let together = if groups * entries <= ALONE {
        groups
    } else {
        (SLICE as usize / entries).clamp(1, groups.div_ceil(rayon::current_num_threads()))
    };
    (0..groups).step_by(together).map(|at| at..groups.min(at + together)).collect()
}

/// Cuts entries into slices of about `length`, between buckets where that can be: the entries and the
/// buckets of each.
fn slices(starts: &[u32], length: u32) -> Vec<(Range<u32>, Range<usize>)> {
    let total = *starts.last().expect("there is an end");
    let bucket_of = |entry: u32| starts.partition_point(|&start| start <= entry) - 1;
    let mut slices = Vec::new();
    let mut at = 0;
    while at < total {
        let mut end = total.min(at + length);
        if end < total {
            let start = starts[bucket_of(end)];
            // A bucket with more than a slice is cut.
            end = if start > at { start } else { end };
        }
        slices.push((at..end, bucket_of(at)..bucket_of(end - 1) + 1));
        at = end;
    }
    slices
}

/// Σ 2^(first bit of the group + bit)·point.
fn combine<G: CpuGroup>(layout: &Layout, sums: Vec<Weighted<G::Coordinate>>) -> G {
    let mut at_bit: Vec<Vec<G::Affine>> = Vec::new();
    for Weighted { group, bit, point } in sums {
        let bit = (layout.windows[group].0 + bit.unwrap_or(0)) as usize;
        if at_bit.len() <= bit {
            at_bit.resize(bit + 1, Vec::new());
        }
        at_bit[bit].push(affine::<G>(point));
    }
    at_bit.into_iter().rev().fold(G::zero(), |mut sum, points| {
        sum.double_in_place();
        points.into_iter().for_each(|point| sum += point);
        sum
    })
}

/// The point with these coordinates; zeros for infinity.
fn affine<G: CpuGroup>([x, y]: [G::Coordinate; 2]) -> G::Affine {
    let zero = <G::Coordinate as Element>::zero();
    if [x, y] == [zero; 2] { G::Affine::zero() } else { G::from_coordinates(x, y) }
}
