//! Multi-scalar multiplication on a device, by buckets.
//!
//! - `bases`: points and their multiples, where kernels read them.
//! - `work`: how large everything is, and how a multiplication is cut until it fits.
//! - `sort`, `accumulate`, `reduce`: plans over the kernels of the same stems.
//! - `points`: how points are written as words.
//!
//! Nothing is read back before the sums of the groups of buckets: how many rounds there are follows
//! from the worst case, all points in one bucket.

mod accumulate;
mod bases;
pub(super) mod points;
mod reduce;
mod sort;
mod work;

pub use bases::Bases;

use std::ops::Range;

use self::bases::Block;
use self::work::{MsmPass, PIECE_MIN, plan};
use super::{Buffer, Gpu};
use crate::backend::MsmOps;
use crate::error::Error;
use crate::group::Group;
use crate::msm::{Plan, ScalarShape};

impl<G: Group> MsmOps<G> for Gpu {
    type Bases = Bases<G>;

    fn bases(&self, points: &[G::Affine], levels: u32) -> Result<Bases<G>, Error> {
        Bases::new(self, points, levels)
    }

    fn bases_len(&self, bases: &Bases<G>) -> usize {
        bases.len()
    }

    fn bases_bytes(&self, bases: &Bases<G>) -> usize {
        bases.blocks().iter().map(|block| block.points.len() * size_of::<u64>()).sum()
    }

    fn msm_batch(
        &self,
        bases: &Bases<G>,
        scalars: &Buffer<u64>,
        shape: ScalarShape,
    ) -> Result<Vec<G>, Error> {
        self.own(scalars)?;
        let vectors = shape.vectors(scalars.len(), bases.len())?;
        let mut sums = vec![G::zero(); vectors];
        let mut from = 0;
        for block in bases.blocks() {
            self.own(&block.points)?;
            let points = 0..block.len.min(shape.count - from);
            let job = Job { bases, block, from, scalars, shape };
            self.msm_block(&job, points, &mut sums)?;
            from += block.len.min(shape.count - from);
        }
        Ok(sums)
    }
}

/// What a multiplication over one block of bases reads. Integer `from` of each vector belongs to the
/// block's first point.
struct Job<'a, G: Group> {
    bases: &'a Bases<G>,
    block: &'a Block,
    from: usize,
    scalars: &'a Buffer<u64>,
    shape: ScalarShape,
}

impl Gpu {
    /// Adds to `sums` what the given points of a block contribute, in pieces that fit.
    fn msm_block<G: Group>(
        &self,
        job: &Job<'_, G>,
        points: Range<usize>,
        sums: &mut [G],
    ) -> Result<(), Error> {
        if sums.is_empty() || points.is_empty() {
            return Ok(());
        }
        let piece = self.admit(job, sums.len(), points.len())?;
        for start in points.clone().step_by(piece.count) {
            let points = start..points.end.min(start + piece.count);
            for (i, sums) in sums.chunks_mut(piece.vectors).enumerate() {
                let work = piece.resized(sums.len(), points.len());
                self.msm_part(job, &work, points.clone(), i * piece.vectors, sums)?;
            }
        }
        Ok(())
    }

    /// Adds to `sums`, those of the vectors from the `first` on, what some points contribute: in one go, or in halves
    /// where there was no room for it all the same, because others take memory meanwhile.
    fn msm_part<G: Group>(
        &self,
        job: &Job<'_, G>,
        work: &MsmPass<G>,
        points: Range<usize>,
        first: usize,
        sums: &mut [G],
    ) -> Result<(), Error> {
        match self.msm_piece(job, work, points.clone(), first) {
            Ok(parts) => sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part),
            Err(Error::OutOfMemory { .. }) if sums.len() > 1 => {
                let half = sums.len() / 2;
                let (low, high) = sums.split_at_mut(half);
                let halves = [low.len(), high.len()].map(|n| work.resized(n, points.len()));
                self.msm_part(job, &halves[0], points.clone(), first, low)?;
                self.msm_part(job, &halves[1], points, first + half, high)?;
            }
            Err(Error::OutOfMemory { .. }) if points.len() > PIECE_MIN => {
                let middle = points.start + points.len() / 2;
                for half in [points.start..middle, middle..points.end] {
                    let work = MsmPass::new(plan(job, half.len()), sums.len(), half.len());
                    self.msm_part(job, &work, half, first, sums)?;
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The sums of some vectors, from the `first` on, over some points of a block, in one go.
    fn msm_piece<G: Group>(
        &self,
        job: &Job<'_, G>,
        work: &MsmPass<G>,
        points: Range<usize>,
        first: usize,
    ) -> Result<Vec<G>, Error> {
        let sliced = self.scalars_of(job, work, points.start, first)?;
        let scalars = sliced.as_ref().unwrap_or(job.scalars);
        let moved = self.points_of(job, work, points)?;
        let (bases, stride) = match &moved {
            Some(moved) => (moved, work.count),
            None => (&job.block.points, job.block.len),
        };
        let sorted = self.sort(work, scalars, &job.shape, stride)?;
        let buckets = self.accumulate(work, bases, sorted)?;
        let groups = self.reduce(work, buckets)?;
        Ok(groups
            .chunks(work.plan.groups() as usize)
            .map(|sums| combine(&work.plan, sums))
            .collect())
    }

    /// The integers of a piece as a buffer of their own, unless the job's begins with them.
    fn scalars_of<G: Group>(
        &self,
        job: &Job<'_, G>,
        work: &MsmPass<G>,
        start: usize,
        first: usize,
    ) -> Result<Option<Buffer<u64>>, Error> {
        let (words, start) = (job.shape.words(), job.from + start);
        let one_after_the_other = work.vectors == 1 || work.count == job.shape.count;
        if first == 0 && start == 0 && one_after_the_other {
            return Ok(None);
        }
        let scalars = self.allocate(work.vectors * work.count * words)?;
        for vector in 0..work.vectors {
            let from = ((first + vector) * job.shape.count + start) * words;
            let range = from..from + work.count * words;
            self.copy_values(job.scalars, range, &scalars, vector * work.count * words)?;
        }
        Ok(Some(scalars))
    }

    /// The points of a piece, with as many levels as it needs, as a buffer of their own, unless the
    /// block begins with them.
    fn points_of<G: Group>(
        &self,
        job: &Job<'_, G>,
        work: &MsmPass<G>,
        range: Range<usize>,
    ) -> Result<Option<Buffer<u64>>, Error> {
        if range.start == 0 {
            return Ok(None);
        }
        let (width, levels) = (points::affine_words::<G>(), work.levels());
        let copy = self.allocate(levels * work.count * width)?;
        for level in 0..levels {
            let at = level * job.block.len;
            let words = (at + range.start) * width..(at + range.end) * width;
            self.copy_values(&job.block.points, words, &copy, level * work.count * width)?;
        }
        Ok(Some(copy))
    }
}

/// Σ_g 2^(c·g)·S_g over the sums of a vector's groups.
fn combine<G: Group>(plan: &Plan, sums: &[G::Affine]) -> G {
    sums.iter().rev().fold(G::zero(), |mut sum, group| {
        for _ in 0..plan.window {
            sum.double_in_place();
        }
        sum + group
    })
}
