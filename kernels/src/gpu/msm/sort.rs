//! Points sorted by bucket: plans over the kernels of `sort`.

use super::work::MsmPass;
use crate::error::Error;
use crate::gpu::any::Memory;
use crate::gpu::launch::{Parameters, count};
use crate::gpu::{Buffer, Gpu, Unit};
use crate::group::Group;
use crate::msm::ScalarShape;

/// Items in the order of their buckets.
pub(super) struct Sorted {
    /// Indices of points, with signs.
    pub entries: Buffer<u64>,
    /// Where the items of each bucket begin, and after the last bucket where they end.
    pub offsets: Buffer<u64>,
}

impl Gpu {
    fn start_sort(
        &self,
        entry: &'static str,
        threads: usize,
        buffers: &[&Memory],
        parameters: &[u32],
    ) -> Result<(), Error> {
        self.start_threads(Unit::Sort, entry, threads, buffers, &Parameters::new(parameters))
    }

    /// Cuts scalars into digits, counts how many points each bucket gets, and sorts the points.
    /// `bases` is the distance between two levels.
    pub(super) fn sort<G: Group>(
        &self,
        work: &MsmPass<G>,
        scalars: &Buffer<u64>,
        shape: &ScalarShape,
        bases: usize,
    ) -> Result<Sorted, Error> {
        let plan = &work.plan;
        let (digits, buckets, per_vector) = (work.digits(), work.buckets(), count(work.count)?);
        let (n, bases) = (count(digits)?, count(bases)?);
        let signed = u32::from(shape.signed);
        let words = count(shape.words())?;
        let all = self.allocate_halves(digits)?;
        let cut = [count(work.scalars())?, per_vector, words, plan.window, plan.windows, signed];
        let buffers = [self.own(&all)?, self.own(scalars)?];
        self.start_sort("sort_digits", work.scalars(), &buffers, &cut)?;

        let offsets = self.allocate_halves(buckets + 1)?;
        let place = [n, per_vector, plan.windows, plan.window, plan.stride, bases];
        let buffers = [self.own(&offsets)?, self.own(&all)?];
        self.start_sort("sort_count", digits, &buffers, &place[..5])?;
        self.exclusive_sums(&offsets, buckets + 1)?;

        let cursors = self.allocate_halves(buckets + 1)?;
        self.copy_values(&offsets, 0..offsets.len(), &cursors, 0)?;
        let entries = self.allocate_halves(digits)?;
        let buffers = [self.own(&entries)?, self.own(&cursors)?, self.own(&all)?];
        self.start_sort("sort_scatter", digits, &buffers, &place)?;
        Ok(Sorted { entries, offsets })
    }

    /// Where the tasks of each bucket begin, and after the last bucket how many there are.
    pub(super) fn tasks(
        &self,
        offsets: &Buffer<u64>,
        buckets: usize,
        length: usize,
    ) -> Result<Buffer<u64>, Error> {
        let tasks = self.allocate_halves(buckets + 1)?;
        let buffers = [self.own(&tasks)?, self.own(offsets)?];
        let parameters = [count(buckets)?, count(length)?];
        self.start_sort("sort_tasks", buckets + 1, &buffers, &parameters)?;
        self.exclusive_sums(&tasks, buckets + 1)?;
        Ok(tasks)
    }

    /// Replaces the first `n` 32-bit words by the sums of those before them.
    fn exclusive_sums(&self, values: &Buffer<u64>, n: usize) -> Result<(), Error> {
        let chunks = n.div_ceil(self.workgroup());
        let totals = self.allocate_halves(chunks)?;
        let buffers = [self.own(values)?, self.own(&totals)?];
        self.start_sort("sort_scan_chunks", n, &buffers, &[count(n)?])?;
        if chunks > 1 {
            self.exclusive_sums(&totals, chunks)?;
            self.start_sort("sort_scan_apply", n, &buffers, &[count(n)?])?;
        }
        Ok(())
    }
}
