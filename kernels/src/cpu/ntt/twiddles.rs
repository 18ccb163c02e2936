//! The factors of a transform of 2^count points over a coset σ·⟨ρ⟩.
//!
//! Level j of the transform splits each of 2^j blocks of h = 2^(count−1−j) pairs. A block stands for the
//! polynomial modulo X^(2h) − c², where c = (σ·ρ^r)^h and r is the number of the block with its j bits
//! reversed; u + c·v and u − c·v are the polynomial modulo X^h − c and X^h + c. So each block has a
//! single factor, c; for the way back it is 1/c, which is the same with 1/σ and 1/ρ.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::arithmetic::Arithmetic;
use crate::cpu::CpuField;
use crate::transform::Direction;

/// The most lanes a vector has.
const WIDTH_MAX: usize = 8;

/// The factors of all levels.
pub(super) struct Twiddles<F, A: Arithmetic<F>> {
    /// Those of levels that work on whole vectors, where all lanes want the same. Level j, block b has
    /// the number i = 2^j + b: lane i mod WIDTH of vector i / WIDTH.
    heap: Vec<A::Factors>,
    /// Those of the last log2 WIDTH levels, which work within vectors, once lanes and vectors are
    /// exchanged: lane i belongs to the i-th of WIDTH vectors. For each WIDTH vectors of data, a vector
    /// for each block of each level: 1, 2, …, WIDTH/2 of them.
    within: Vec<A::Factors>,
    count: u32,
    levels_within: u32,
}

impl<F: CpuField, A: Arithmetic<F>> Twiddles<F, A> {
    const WIDTH: usize = {
        assert!(A::LOG_WIDTH == 0 || A::LOG_WIDTH == 3);
        1 << A::LOG_WIDTH
    };

    /// For σ = 1 and ρ = `root`, of order 2^count. `levels_within` is 0 or log2 WIDTH.
    fn new(arithmetic: A, root: F, count: u32, levels_within: u32) -> Self {
        // c is ρ^(r·2^(count−1−j)), and that is the power of ρ to b reversed in count − 1 bits,
        // whatever j is.
        let half = 1usize << count >> 1;
        let mut powers = Vec::with_capacity(half.max(1));
        powers.extend(std::iter::successors(Some(F::ONE), |&x| Some(x * root)).take(half.max(1)));
        let unused = usize::BITS + 1 - count.max(1);
        let power = |b: usize| powers[b.reverse_bits().checked_shr(unused).unwrap_or(0)];
        let pack = |of: &dyn Fn(usize) -> F| {
            let mut values = [F::ONE; WIDTH_MAX];
            (0..Self::WIDTH).for_each(|lane| values[lane] = of(lane));
            arithmetic.run(
                #[inline(always)]
                || arithmetic.factors(&values[..Self::WIDTH]),
            )
        };
        let whole = 1usize << (count - levels_within);
        let entry =
            |i: usize| if i == 0 || i >= whole { F::ONE } else { power(i - (1 << i.ilog2())) };
        let heap =
            (0..whole.div_ceil(Self::WIDTH)).map(|k| pack(&|lane| entry(k * Self::WIDTH + lane)));
        let heap = heap.collect();
        let mut within = Vec::new();
        for group in 0..if levels_within == 0 { 0 } else { whole >> levels_within } {
            for level in 0..levels_within {
                let block = |lane: usize, k: usize| (group * Self::WIDTH + lane) << level | k;
                within.extend((0..1 << level).map(|k| pack(&|lane| power(block(lane, k)))));
            }
        }
        Self { heap, within, count, levels_within }
    }

    /// [`Self::new`], or what it made before. A field, an arithmetic and a direction have a single ρ of
    /// each order, and 2^count elements fit a tile: the tables that are kept take a few megabytes.
    pub(super) fn cached(
        arithmetic: A,
        direction: Direction,
        root: F,
        count: u32,
        levels_within: u32,
    ) -> Arc<Self> {
        type Key = (TypeId, Direction, u32, u32);
        type Tables = HashMap<Key, Arc<dyn Any + Send + Sync>>;
        static TABLES: LazyLock<Mutex<Tables>> = LazyLock::new(Mutex::default);
        let key = (TypeId::of::<Self>(), direction, count, levels_within);
        let tables = || TABLES.lock().unwrap_or_else(PoisonError::into_inner);
        let found = tables().get(&key).cloned();
        found.and_then(|table| table.downcast().ok()).unwrap_or_else(|| {
            let table = Arc::new(Self::new(arithmetic, root, count, levels_within));
            tables().insert(key, table.clone());
            table
        })
    }

    /// The same factors for another σ: those of level j times σ^(2^(count−1−j)).
    #[inline(always)]
    pub(super) fn twisted(&self, arithmetic: A, shift: F) -> Self {
        let mut by = [F::ONE; usize::BITS as usize];
        let mut square = shift;
        for level in (0..self.count as usize).rev() {
            by[level] = square;
            square.square_in_place();
        }
        let spread = |level: u32| arithmetic.factors(&[by[level as usize]; WIDTH_MAX]);
        // The first vector holds several levels.
        let mut first = [F::ONE; WIDTH_MAX];
        for (lane, first) in first.iter_mut().enumerate().skip(1) {
            *first = by[lane.ilog2() as usize];
        }
        let mut heap = Vec::with_capacity(self.heap.len());
        heap.push(arithmetic.combine(self.heap[0], arithmetic.factors(&first)));
        for level in A::LOG_WIDTH..self.count - self.levels_within {
            let factor = spread(level);
            let vectors = 1usize << level >> A::LOG_WIDTH;
            for &factors in &self.heap[vectors..2 * vectors] {
                heap.push(arithmetic.combine(factors, factor));
            }
        }
        let mut within = Vec::with_capacity(self.within.len());
        if self.levels_within == 3 {
            let count = self.count;
            let factors = [spread(count - 3), spread(count - 2), spread(count - 1)];
            let (groups, _) = self.within.as_chunks::<7>();
            for group in groups {
                for (k, &of_block) in group.iter().enumerate() {
                    within.push(arithmetic.combine(of_block, factors[(k + 1).ilog2() as usize]));
                }
            }
        }
        Self { heap, within, count: self.count, levels_within: self.levels_within }
    }

    /// The factor of a block, in every lane.
    #[inline(always)]
    pub(super) fn of_block(&self, arithmetic: A, level: u32, block: usize) -> A::Factors {
        let i = (1 << level) + block;
        arithmetic.spread(&self.heap[i >> A::LOG_WIDTH], i & (Self::WIDTH - 1))
    }

    /// The factors of the last levels for each eight vectors of data.
    #[inline(always)]
    pub(super) fn within(&self) -> &[[A::Factors; 7]] {
        self.within.as_chunks().0
    }
}
