//! Many additions of points in affine form with one inversion: Montgomery's trick, in lanes.
//!
//! A sum costs 5 multiplications, a square and its share of the inversion, and is in affine form again.
//! Points are pairs [x, y] of lanes in the form of [`Lanes::constants`], x below 3p/2 and y at most 2p;
//! infinity is [0, 0], which lies on none of the curves.

use std::ops::Range;

use crate::cpu::simd::{Lanes, Vectorised};

/// A point in each lane.
pub(super) type Points<V> = [V; 2];

/// Pairs of points to be added, [`Lanes::WIDTH`] at a time. No pair may need the sum of another.
pub(super) trait Pairs<F, L: Lanes<F>> {
    /// How many blocks of pairs there are.
    fn blocks(&self) -> usize;
    /// The operands of a block.
    fn load(&self, block: usize) -> [Points<L::V>; 2];
    /// Takes the sums of a block. Blocks before and after it may not have been loaded yet, or loaded
    /// already.
    fn store(&mut self, block: usize, sums: Points<L::V>);
}

/// Pairs of blocks that lie in lanes already. A sum takes the place of its first operand, and no block
/// is part of two pairs.
pub(super) struct Resident<'a, V> {
    pub(super) points: &'a mut [Points<V>],
    pub(super) pairs: &'a [[usize; 2]],
}

impl<F, L: Lanes<F>> Pairs<F, L> for Resident<'_, L::V> {
    #[inline(always)]
    fn blocks(&self) -> usize {
        self.pairs.len()
    }

    #[inline(always)]
    fn load(&self, block: usize) -> [Points<L::V>; 2] {
        let [a, b] = self.pairs[block];
        [self.points[a], self.points[b]]
    }

    #[inline(always)]
    fn store(&mut self, block: usize, sums: Points<L::V>) {
        self.points[self.pairs[block][0]] = sums;
    }
}

/// What is kept of a block of pairs between the two passes.
#[derive(Clone, Copy)]
struct Step<V> {
    first: Points<V>,
    x2: V,
    /// The slope is dy/dx.
    dx: V,
    dy: V,
    /// The product of dx over all blocks before.
    before: V,
    /// The lanes whose sum is `first` as it stands.
    settled: u8,
}

/// Adds pairs with the lanes `L`, and keeps the memory for it.
pub(super) struct Adder<F, L: Lanes<F>> {
    lanes: L,
    steps: Vec<Step<L::V>>,
}

impl<F: Vectorised, L: Lanes<F>> Adder<F, L> {
    /// Blocks that share an inversion: enough to make it cheap, few enough to stay in a core's cache.
    const BATCH: usize = {
        let batch = (400 << 10) / size_of::<Step<L::V>>();
        if batch > 1024 { 1024 } else { batch }
    };

    pub(super) fn new(lanes: L) -> Self {
        Self { lanes, steps: Vec::new() }
    }

    /// Makes room for as many blocks as share an inversion.
    fn reserve(&mut self, blocks: usize) {
        let blocks = blocks.min(Self::BATCH);
        if self.steps.len() < blocks {
            let zero = self.lanes.zero();
            let first = [zero; 2];
            let step = Step { first, x2: zero, dx: zero, dy: zero, before: zero, settled: 0 };
            self.steps.resize(blocks, step);
        }
    }

    /// Adds pairs of blocks that lie in lanes.
    #[inline(never)]
    pub(super) fn add_resident(
        &mut self,
        points: &mut [Points<L::V>],
        pairs: &[[usize; 2]],
        infinities: &mut bool,
    ) {
        let lanes = self.lanes;
        lanes.run(
            #[inline(always)]
            || self.add(&mut Resident { points, pairs }, infinities),
        );
    }

    /// Adds all pairs. `infinities` says whether an operand may be infinity, and becomes true if a sum
    /// is.
    #[inline(always)]
    pub(super) fn add(&mut self, pairs: &mut impl Pairs<F, L>, infinities: &mut bool) {
        let blocks = pairs.blocks();
        self.reserve(blocks);
        for start in (0..blocks).step_by(Self::BATCH) {
            let range = start..blocks.min(start + Self::BATCH);
            let common = if *infinities { None } else { self.differences(pairs, range.clone()) };
            let inverse = match common {
                Some(inverse) => inverse,
                None => self.all_cases(pairs, range.clone(), infinities),
            };
            self.sums(pairs, range, inverse);
        }
    }

    /// The first pass, for operands with different x, none of them infinity: the inverse of the product
    /// of all dx, or `None` if that is zero.
    #[inline(always)]
    fn differences(&mut self, pairs: &impl Pairs<F, L>, range: Range<usize>) -> Option<L::V> {
        let l = self.lanes;
        let mut product = l.constant(F::ONE);
        for (step, block) in self.steps.iter_mut().zip(range) {
            let [first, second] = pairs.load(block);
            let dx = l.sub_lazy(second[0], first[0]);
            step.first = first;
            step.x2 = second[0];
            step.dx = dx;
            step.dy = l.sub_lazy(second[1], first[1]);
            step.before = product;
            step.settled = 0;
            product = l.mul(product, dx);
        }
        self.invert(product)
    }

    /// The first pass for any operands.
    #[inline(always)]
    fn all_cases(
        &mut self,
        pairs: &impl Pairs<F, L>,
        range: Range<usize>,
        infinities: &mut bool,
    ) -> L::V {
        let blocks = range.len();
        for (step, block) in self.steps.iter_mut().zip(range) {
            let [first, second] = pairs.load(block);
            step.first = first;
            step.x2 = second[0];
            // Its place until there is a slope.
            step.dy = second[1];
        }
        self.slopes(blocks, infinities)
    }

    /// Slopes for the operands of the first steps, and the inverse of the product of all dx.
    #[inline(never)]
    fn slopes(&mut self, blocks: usize, infinities: &mut bool) -> L::V {
        let l = self.lanes;
        let product = l.run(
            #[inline(always)]
            || {
                let one = l.constant(F::ONE);
                let mut product = one;
                for step in &mut self.steps[..blocks] {
                    let operands = [step.first, [step.x2, step.dy]];
                    *step = Self::any_case(l, operands, one, infinities);
                    step.before = product;
                    product = l.mul(product, step.dx);
                }
                product
            },
        );
        self.invert(product).expect("no dx is zero")
    }

    /// Slope of the chord, or of the tangent, or none if an operand or the sum is infinity.
    #[inline(always)]
    fn any_case(
        l: L,
        [mut first, second]: [Points<L::V>; 2],
        one: L::V,
        infinities: &mut bool,
    ) -> Step<L::V> {
        let no_first = l.is_zero(first[0]) & l.is_zero(first[1]);
        let no_second = l.is_zero(second[0]) & l.is_zero(second[1]);
        let mut dx = l.sub_lazy(second[0], first[0]);
        let mut dy = l.sub_lazy(second[1], first[1]);
        let same_x = l.is_zero(dx) & !no_first & !no_second;
        let opposite = same_x & l.is_zero(l.add_lazy(first[1], second[1]));
        let equal = same_x & !opposite;
        let squared = l.square(first[0]);
        dx = l.select(equal, dx, l.double(first[1]));
        dy = l.select(equal, dy, l.add(l.double(squared), squared));
        for (a, b) in first.iter_mut().zip(second) {
            *a = l.select(opposite, l.select(no_first, *a, b), l.zero());
        }
        *infinities |= opposite | (no_first & no_second) != 0;
        let settled = opposite | no_first | no_second;
        dx = l.select(settled, dx, one);
        Step { first, x2: second[0], dx, dy, before: one, settled }
    }

    /// The second pass, backwards.
    #[inline(always)]
    fn sums(&self, pairs: &mut impl Pairs<F, L>, range: Range<usize>, mut inverse: L::V) {
        let l = self.lanes;
        for (step, block) in self.steps[..range.len()].iter().zip(range).rev() {
            let slope = l.mul(step.dy, l.mul(inverse, step.before));
            inverse = l.mul(inverse, step.dx);
            let mut x = l.sub_both(l.square(slope), step.first[0], step.x2);
            let mut y = l.sub(l.mul(slope, l.sub_lazy(step.first[0], x)), step.first[1]);
            if step.settled != 0 {
                x = l.select(step.settled, x, step.first[0]);
                y = l.select(step.settled, y, step.first[1]);
            }
            pairs.store(block, [x, y]);
        }
    }

    /// The inverse in each lane, or `None` if one has none.
    #[inline(never)]
    fn invert(&self, product: L::V) -> Option<L::V> {
        let l = self.lanes;
        let mut values = [F::ZERO; 8];
        l.run(
            #[inline(always)]
            || l.store(l.leave(product), &mut values),
        );
        if !invert_all(&mut values[..L::WIDTH]) {
            return None;
        }
        let inverses = l.run(
            #[inline(always)]
            || l.constants(&values),
        );
        Some(inverses)
    }
}

/// Inverts every element with one inversion; false if there is a zero.
#[inline(never)]
fn invert_all<F: Vectorised>(values: &mut [F]) -> bool {
    let mut before = [F::ONE; 8];
    let mut product = F::ONE;
    for (before, value) in before.iter_mut().zip(values.iter()) {
        *before = product;
        product *= value;
    }
    let Some(mut inverse) = product.fast_inverse() else { return false };
    for (value, before) in values.iter_mut().zip(before).rev() {
        let next = inverse * *value;
        *value = inverse * before;
        inverse = next;
    }
    true
}
