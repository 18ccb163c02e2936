//! The weighted sums of the buckets of each group: plans over the kernels of `reduce`.

use super::points::{read_sum, sum_words, to_affine};
use super::work::MsmPass;
use crate::error::Error;
use crate::gpu::launch::{Parameters, count};
use crate::gpu::{Buffer, Gpu, Unit};
use crate::group::Group;

/// How many sums a thread adds when the segments of a group are joined.
const JOINED: usize = 16;

impl Gpu {
    /// Σ_j (j + 1)·B_j over the buckets of each set. The first thing that waits for the device.
    pub(super) fn reduce<G: Group>(
        &self,
        work: &MsmPass<G>,
        buckets: Buffer<u64>,
    ) -> Result<Vec<G::Affine>, Error> {
        let (mut sums, mut per_set) = (buckets, work.plan.buckets());
        let (mut entry, mut length) = ("reduce_buckets", work.segment());
        loop {
            (sums, per_set) = self.reduce_round::<G>(entry, &sums, work.sets(), per_set, length)?;
            if per_set == 1 {
                let sums = self.read(&sums, sum_words::<G>(), work.sets(), read_sum::<G>)?;
                return Ok(to_affine::<G>(&sums));
            }
            (entry, length) = ("reduce_sums", JOINED);
        }
    }

    fn reduce_round<G: Group>(
        &self,
        entry: &'static str,
        sums: &Buffer<u64>,
        sets: usize,
        per_set: usize,
        length: usize,
    ) -> Result<(Buffer<u64>, usize), Error> {
        let left = per_set.div_ceil(length);
        let out = self.allocate(sets * left * sum_words::<G>())?;
        let parameters = Parameters::new(&[count(sets)?, count(per_set)?, count(length)?]);
        let buffers = [self.own(&out)?, self.own(sums)?];
        self.start_threads(Unit::Reduce(G::ID), entry, sets * left, &buffers, &parameters)?;
        Ok((out, left))
    }
}
