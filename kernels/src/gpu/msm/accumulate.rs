//! The sums of buckets: plans over the kernels of `accumulate`.
//!
//! The items of a bucket are cut into tasks of bounded length, so that a bucket into which everything
//! falls is as much work for one thread as any other. What the tasks of a bucket add up to are its
//! items in the next round; the last round takes a bucket whole.

use super::points::sum_words;
use super::sort::Sorted;
use super::work::{MsmPass, Round};
use crate::error::Error;
use crate::gpu::launch::{Parameters, count};
use crate::gpu::{Buffer, Gpu, Unit};
use crate::group::Group;

impl Gpu {
    /// One sum for each bucket.
    pub(super) fn accumulate<G: Group>(
        &self,
        work: &MsmPass<G>,
        bases: &Buffer<u64>,
        sorted: Sorted,
    ) -> Result<Buffer<u64>, Error> {
        let buckets = work.buckets();
        let Sorted { entries, mut offsets } = sorted;
        let mut items = entries;
        let mut entry = "accumulate_points";
        for Round { length, tasks } in work.rounds() {
            let task_offsets = self.tasks(&offsets, buckets, length)?;
            let sums = self.allocate(tasks * sum_words::<G>())?;
            let parameters = Parameters::new(&[count(buckets)?, count(length)?]);
            let mut buffers = vec![self.own(&sums)?];
            if entry == "accumulate_points" {
                buffers.push(self.own(bases)?);
            }
            buffers.extend([self.own(&items)?, self.own(&offsets)?, self.own(&task_offsets)?]);
            self.start_threads(Unit::Accumulate(G::ID), entry, tasks, &buffers, &parameters)?;
            (items, offsets, entry) = (sums, task_offsets, "accumulate_sums");
        }
        Ok(items)
    }
}
