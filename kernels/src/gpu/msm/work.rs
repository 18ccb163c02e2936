//! How large everything in a multiplication is, and how it is cut until it fits the device.

use std::marker::PhantomData;

use super::Job;
use super::points::{affine_words, sum_words};
use crate::element::Element;
use crate::error::Error;
use crate::gpu::memory::bytes;
use crate::gpu::{Gpu, Unit};
use crate::group::Group;
use crate::msm::{Costs, Plan, ScalarShape, best_window};

/// Products in the coordinates' field: 10 to add an affine point to a sum, two additions of sums at 14
/// for each bucket.
pub(super) const COSTS: Costs = Costs { accumulate: 10.0, reduce: 28.0 };

/// How many sums of buckets are worked on at once, if there are so many points: enough for the
/// threads of the largest devices.
const TASKS: usize = 1 << 17;
/// The fewest points for which a task is begun: below, joining the tasks costs more than they save.
const TASK_MIN: usize = 8;
/// How many sums a task joins when the sums of a bucket's tasks are added. A round costs every bucket
/// something, so few rounds are better, as long as one thread can add that many while others wait.
const JOINED: usize = 256;
/// Rounds of all loops together that a thread may go through: Mesa's software Vulkan ends a shader's loops after as
/// many, silently.
const LOOP_ROUNDS_MAX: usize = 65_535;
/// How many buckets, at the least, and threads, at the most, are taken to sum the buckets of groups.
const SEGMENT_MIN: usize = 8;
const SEGMENTS: usize = 1 << 15;
/// Points below which a multiplication is not cut further for want of memory.
pub(super) const PIECE_MIN: usize = 256;

/// Some vectors over some points in one go.
#[derive(Clone, Copy, Debug)]
pub(super) struct MsmPass<G> {
    pub plan: Plan,
    pub vectors: usize,
    pub count: usize,
    group: PhantomData<G>,
}

/// A round of adding what lies in buckets: how many items a task adds (0: all of its bucket's), and how
/// many tasks there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Round {
    pub length: usize,
    pub tasks: usize,
}

impl<G: Group> MsmPass<G> {
    pub fn new(plan: Plan, vectors: usize, count: usize) -> Self {
        Self { plan, vectors, count, group: PhantomData }
    }

    /// The same plan for other numbers of vectors and points.
    pub fn resized(&self, vectors: usize, count: usize) -> Self {
        Self::new(self.plan, vectors, count)
    }

    /// Scalars.
    pub fn scalars(&self) -> usize {
        self.vectors * self.count
    }

    /// Digits of all scalars: as many entries of buckets there are at most.
    pub fn digits(&self) -> usize {
        self.scalars() * self.plan.windows as usize
    }

    /// Groups of buckets of all vectors.
    pub fn sets(&self) -> usize {
        self.vectors * self.plan.groups() as usize
    }

    /// Buckets of all sets.
    pub fn buckets(&self) -> usize {
        self.sets() * self.plan.buckets()
    }

    /// Levels of stored multiples that are used, the points themselves included.
    pub fn levels(&self) -> usize {
        self.plan.windows.div_ceil(self.plan.stride) as usize
    }

    /// How often the contents of buckets are added until each bucket has one sum, whatever the
    /// scalars are. If points spread evenly a task takes a bucket.
    pub fn rounds(&self) -> Vec<Round> {
        let (digits, buckets) = (self.digits(), self.buckets());
        let even = 2 * digits.div_ceil(buckets);
        let joined = JOINED.min(additions_max::<G>());
        let first = even.min(digits.div_ceil(TASKS)).clamp(TASK_MIN, joined);
        let mut fullest = self.count * self.levels();
        let (mut items, mut length) = (digits, first);
        let mut rounds = Vec::new();
        while fullest > length {
            // ⌈n/length⌉ tasks for n items: one per bucket that has any, and one for each full length.
            items = buckets.min(items) + items / length;
            rounds.push(Round { length, tasks: items });
            fullest = fullest.div_ceil(length);
            length = joined;
        }
        rounds.push(Round { length: 0, tasks: buckets });
        rounds
    }

    /// Buckets that a thread sums.
    pub fn segment(&self) -> usize {
        self.buckets().div_ceil(SEGMENTS).max(SEGMENT_MIN).min(self.segment_max())
    }

    /// Two additions for each bucket, and two for each bit of the first one's number.
    fn segment_max(&self) -> usize {
        let bits = self.plan.buckets().ilog2() as usize + 1;
        (additions_max::<G>().saturating_sub(2 * bits) / 2).max(1)
    }

    /// Bytes of the allocations that live at the same time, and of the largest one. `copies` are
    /// words of copied scalars and points.
    fn bytes(&self, copies: [usize; 2]) -> (u64, u64) {
        let entries = bytes(self.digits().div_ceil(2));
        let counts = bytes((self.buckets() + 1).div_ceil(2));
        let sums = |round: &Round| bytes(round.tasks * sum_words::<G>());
        let rounds: Vec<u64> = self.rounds().iter().map(sums).collect();
        let largest = rounds.iter().copied().max().unwrap_or(0);
        let two = rounds.windows(2).map(|pair| pair[0] + pair[1]).max().unwrap_or(largest);
        // Counts, positions, totals, tasks, and the segments' sums, which are never more than buckets.
        let sorting = 2 * entries + 4 * counts;
        let summing = entries + 4 * counts + two;
        let copies = copies.map(bytes);
        let single =
            [entries, counts, largest, copies[0], copies[1]].into_iter().max().unwrap_or(0);
        (sorting.max(summing) + copies[0] + copies[1], single)
    }
}

/// How many points a thread may add.
fn additions_max<G: Group>() -> usize {
    LOOP_ROUNDS_MAX / rounds_of_an_addition::<G>()
}

/// Rounds of the loops of `add_points` (`shaders/wgsl/ec/xyzz.wgsl`) at the most, where threads of a group go through
/// loops together, and the check that ends a loop is a round. A first half of 6 products of coordinates and 2 sums is
/// followed by one of 13 steps or, for a doubling, 16: as if all were products, since one thread's may be. A product in
/// the quadratic extension is eight operations, three of them products of the prime field, which have a round for each
/// 32-bit word.
fn rounds_of_an_addition<G: Group>() -> usize {
    let degree = G::Coordinate::WORDS / <G::Prime as Element>::WORDS;
    let words = 2 * <G::Prime as Element>::WORDS;
    let (operations, products) = if degree == 1 { (1, 1) } else { (8, 3) };
    let product = operations + 1 + products * (words + 1);
    let (steps, halves) = (8 + 1 + 16 + 1, 2 + 1);
    // Points are copied before and after, and coordinates compared with zero.
    let copies = 3 * (4 * degree + 1) + 4 * (degree + 1);
    steps + halves + 22 * product + 2 * (degree + 1) + copies
}

/// The cheaper of two ways: with the multiples that are stored, or, with few or narrow scalars, without.
pub(super) fn plan<G: Group>(job: &Job<'_, G>, count: usize) -> Plan {
    let shape = ScalarShape { count, ..job.shape };
    let plain = Plan::new(&shape, best_window(count, shape.bits, 1, COSTS), None);
    let stored = job.bases.multiples().and_then(|stored| {
        let plan = Plan::new(&shape, stored.window, Some(stored.stride));
        (plan.windows <= stored.stride * stored.levels).then_some(plan)
    });
    stored.filter(|stored| cost(stored, count) <= cost(&plain, count)).unwrap_or(plain)
}

/// The measure that [`best_window`] takes the least of, for a plan.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn cost(plan: &Plan, count: usize) -> f64 {
    count as f64 * f64::from(plan.windows) * COSTS.accumulate
        + f64::from(plan.groups()) * plan.buckets() as f64 * COSTS.reduce
}

impl Gpu {
    /// How many vectors and points can be multiplied in one go: all of them, or else fewer vectors,
    /// or one vector and fewer points.
    pub(super) fn admit<G: Group>(
        &self,
        job: &Job<'_, G>,
        vectors: usize,
        count: usize,
    ) -> Result<MsmPass<G>, Error> {
        let limit = self.device().limits().allocation_bytes_max;
        let units = [Unit::Sort, Unit::Accumulate(G::ID), Unit::Reduce(G::ID)];
        let mut available = self.call(|device| device.available_bytes(&units))?;
        let (mut vectors_now, mut count_now) = (vectors, count);
        loop {
            let work = MsmPass::new(plan(job, count_now), vectors_now, count_now);
            let whole = vectors_now == vectors && count_now == job.shape.count;
            let scalars = if whole { 0 } else { work.scalars() * job.shape.words() };
            let points = if count_now == count { 0 } else { count_now * work.levels() };
            let (needed, single) = work.bytes([scalars, points * affine_words::<G>()]);
            let counted = work.digits().max(work.buckets() + 1) < 1 << 31;
            if needed > available && self.forget_tables() {
                available = self.call(|device| device.available_bytes(&units))?;
            }
            if needed <= available && single <= limit && counted {
                return Ok(work);
            }
            if vectors_now > 1 {
                vectors_now = vectors_now.div_ceil(2);
            } else if count_now > PIECE_MIN {
                count_now = count_now.div_ceil(2);
            } else if single > limit {
                return Err(self.out_of_memory(single, limit));
            } else {
                return Err(self.out_of_memory(needed, available));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::plans;
    use crate::{Bls12_381, Bn254, G1, G2};

    /// Goes through the rounds with these numbers of points in buckets.
    fn add_up(work: &MsmPass<G1<Bn254>>, mut items: Vec<usize>) {
        assert!(items.iter().sum::<usize>() <= work.digits());
        for Round { length, tasks } in work.rounds() {
            for items in &mut items {
                *items = if length == 0 { 1 } else { items.div_ceil(length) };
            }
            assert!(items.iter().sum::<usize>() <= tasks);
        }
        assert!(items.iter().all(|&items| items == 1));
    }

    #[test]
    fn rounds_end_with_one_sum_per_bucket_however_points_fall() {
        for (count, bits, window, stride) in
            [(1, 64, 2, None), (100, 1, 2, None), (5000, 59, 5, Some(4)), (1 << 20, 255, 16, None)]
        {
            let plan = Plan::new(&ScalarShape::unsigned(count, bits), window, stride);
            let work = MsmPass::<G1<Bn254>>::new(plan, 2, count);
            let (most, per_set) = (count * work.levels(), plan.buckets());
            let fill = |each: &dyn Fn(usize) -> usize| {
                add_up(&work, (0..work.buckets()).map(|b| each(b % per_set)).collect());
            };
            fill(&|_| 0);
            fill(&|b| if b == 0 { most } else { 0 });
            fill(&|b| if b < 2 { most / 2 } else { 0 });
            fill(&|_| most / per_set);
        }
    }

    /// Whatever the group, the number of points and the window.
    fn no_thread_adds_more_than_it_may<G: Group>() {
        let rounds = rounds_of_an_addition::<G>();
        for log in 0..=26 {
            for window in [2, 7, 13, 16, 22] {
                let plan = Plan::new(&ScalarShape::unsigned(1 << log, 255), window, None);
                let work = MsmPass::<G>::new(plan, 1, 1 << log);
                let mut fullest = work.count * work.levels();
                for round in work.rounds() {
                    let added = if round.length == 0 { fullest } else { round.length };
                    assert!(added * rounds <= LOOP_ROUNDS_MAX, "{} {log} {window}", G::ID);
                    fullest = fullest.div_ceil(added.max(1));
                }
                let bits = plan.buckets().ilog2() as usize + 1;
                let added = 2 * work.segment() + 2 * bits;
                assert!(added * rounds <= LOOP_ROUNDS_MAX, "{} {log} {window}", G::ID);
            }
        }
    }

    #[test]
    fn threads_end_before_their_drivers_end_them() {
        no_thread_adds_more_than_it_may::<G1<Bn254>>();
        no_thread_adds_more_than_it_may::<G2<Bn254>>();
        no_thread_adds_more_than_it_may::<G1<Bls12_381>>();
        no_thread_adds_more_than_it_may::<G2<Bls12_381>>();
    }

    #[test]
    fn the_cases_for_every_plan_have_wide_windows() {
        assert!(best_window(plans::POINTS, 255, 1, COSTS) > 13);
    }

    #[test]
    fn rounds_of_a_million_points() {
        let plan = Plan::new(&ScalarShape::unsigned(1 << 20, 255), 16, None);
        let lengths: Vec<usize> = MsmPass::<G1<Bn254>>::new(plan, 1, 1 << 20)
            .rounds()
            .iter()
            .map(|round| round.length)
            .collect();
        assert_eq!(lengths, [64, 219, 0]);
    }
}
