//! Points prepared for multiplication: as lines, with multiples of them.

use std::marker::PhantomData;

use rayon::prelude::*;

use super::add::{Adder, Points};
use crate::cpu::Cpu;
use crate::cpu::CpuGroup;
use crate::cpu::simd::{Lanes, Line, with_lanes};
use crate::element::Element;
use crate::error::Error;
use crate::msm::{BASES_MAX, BITS_MAX, LEVELS_MAX, ScalarShape};

/// Rows that sums of a slice may take, beside the bases, of the numbers that entries can name.
pub(super) const SUMS_MAX: usize = 1 << 20;

/// Points that the CPU has prepared.
#[derive(Debug)]
pub struct Bases<G: CpuGroup>(Box<dyn Prepared<G>>);

/// What can be done with prepared points, whatever the lanes.
pub(super) trait Prepared<G>: std::fmt::Debug + Send + Sync {
    /// How many points there are.
    fn len(&self) -> usize;

    /// Bytes in memory.
    fn bytes(&self) -> usize;

    /// Σ scalars\[i\]·bases\[i\] for each of the vectors of scalars.
    fn multiply(&self, vectors: &[&[u64]], shape: &ScalarShape) -> Vec<G>;

    /// For each k below `bits` the sum of the bases whose mask has bit k.
    fn subset_sums(&self, masks: &[u32], bits: u32) -> Vec<G>;
}

/// Rows in the form of the lanes that will compute with them. Behind the points come two that are
/// different, see [`Workspace`](super::buckets::Workspace).
#[derive(Debug)]
pub(super) struct Rows<G, L> {
    pub lanes: L,
    pub lines: Vec<Line>,
    pub len: usize,
    /// Rows from one level to the next.
    pub stride: usize,
    /// Level k holds 2^(k·level_bits) times the points.
    pub level_bits: u32,
    /// Which rows are infinity; empty if none is.
    pub infinite: Vec<bool>,
    group: PhantomData<G>,
}

impl<G: CpuGroup> Bases<G> {
    /// Prepares points with their multiples, for the arithmetic that `cpu` uses.
    pub(crate) fn for_cpu(cpu: Cpu, points: &[G::Affine], levels: u32) -> Result<Self, Error> {
        if levels == 0 || levels > LEVELS_MAX {
            let got = u64::from(levels);
            return Err(Error::Argument { what: "levels", got, expected: "1 to 32" });
        }
        let limit = (BASES_MAX - SUMS_MAX) / levels as usize - 8;
        if points.len() > limit {
            let expected = format!("at most {limit} with {levels} levels");
            return Err(Error::Length { what: "bases", got: points.len(), expected });
        }
        Ok(Self(with_lanes!(cpu.level, G::Coordinate, lanes => {
            Box::new(prepare::<G, _>(lanes, points, levels))
        })))
    }

    /// The rows.
    pub(super) fn prepared(&self) -> &dyn Prepared<G> {
        &*self.0
    }

    /// Σ scalars\[i\]·bases\[i\] for each of the vectors of scalars.
    pub(in crate::cpu) fn multiply(&self, vectors: &[&[u64]], shape: &ScalarShape) -> Vec<G> {
        self.0.multiply(vectors, shape)
    }

    /// For each k below `bits` the sum of the bases whose mask has bit k.
    pub(in crate::cpu) fn subset_sums(&self, masks: &[u32], bits: u32) -> Vec<G> {
        self.0.subset_sums(masks, bits)
    }
}

/// Blocks that a thread prepares at a time.
const CHUNK: usize = 128;

/// Writes the rows of all levels, and of two more points.
fn prepare<G: CpuGroup, L: Lanes<G::Coordinate>>(
    lanes: L,
    points: &[G::Affine],
    levels: u32,
) -> Rows<G, L> {
    // Room for the widest integers and the carry of unsigned ones.
    let level_bits = (BITS_MAX + 1).div_ceil(levels);
    let stride = points.len().next_multiple_of(L::WIDTH);
    let mut lines = vec![Line::default(); (stride * levels as usize + 2) * L::LINES];
    let (rows, last) = lines.split_at_mut(stride * levels as usize * L::LINES);
    let generator = G::generator();
    let two = [generator.into_affine(), generator.double().into_affine()];
    for (point, row) in two.into_iter().zip(last.chunks_exact_mut(L::LINES)) {
        write_row::<G, L>(lanes, point, row);
    }
    let chunks = points.par_chunks(CHUNK * L::WIDTH);
    let mut parts: Vec<Vec<&mut [Line]>> = chunks.clone().map(|_| Vec::new()).collect();
    for level in rows.chunks_exact_mut((stride * L::LINES).max(1)) {
        let level = level.chunks_mut(CHUNK * L::WIDTH * L::LINES);
        parts.iter_mut().zip(level).for_each(|(parts, part)| parts.push(part));
    }
    chunks
        .zip(parts)
        .for_each(|(points, levels)| prepare_chunk::<G, L>(lanes, points, levels, level_bits));
    let is_infinite = |row: &[Line]| row.iter().all(|line| *line == Line::default());
    let mut infinite: Vec<bool> = rows.chunks_exact(L::LINES).map(is_infinite).collect();
    let of_points = |(i, &infinite): (usize, &bool)| infinite && i % stride < points.len();
    if !infinite.iter().enumerate().any(of_points) {
        infinite = Vec::new();
    }
    let len = points.len();
    Rows { lanes, lines, len, stride, level_bits, infinite, group: PhantomData }
}

/// Writes some points into the rows of every level.
fn prepare_chunk<G: CpuGroup, L: Lanes<G::Coordinate>>(
    lanes: L,
    points: &[G::Affine],
    levels: Vec<&mut [Line]>,
    level_bits: u32,
) {
    let mut blocks = Vec::with_capacity(CHUNK);
    lanes.run(
        #[inline(always)]
        || {
            for block in points.chunks(L::WIDTH) {
                blocks.push(enter::<G, L>(lanes, block));
            }
        },
    );
    let mut adder = Adder::<G::Coordinate, L>::new(lanes);
    let twice: Vec<_> = (0..blocks.len()).map(|block| [block; 2]).collect();
    for (level, rows) in levels.into_iter().enumerate() {
        if level > 0 {
            for _ in 0..level_bits {
                adder.add_resident(&mut blocks, &twice, &mut true);
            }
        }
        lanes.run(
            #[inline(always)]
            || {
                for (block, rows) in blocks.iter().zip(rows.chunks_exact_mut(L::WIDTH * L::LINES)) {
                    lanes.scatter(*block, rows);
                }
            },
        );
    }
}

/// The row of a point.
pub(super) fn write_row<G: CpuGroup, L: Lanes<G::Coordinate>>(
    lanes: L,
    point: G::Affine,
    row: &mut [Line],
) {
    let mut block = vec![Line::default(); L::WIDTH * L::LINES];
    lanes.run(
        #[inline(always)]
        || lanes.scatter(enter::<G, L>(lanes, &[point]), &mut block),
    );
    row.copy_from_slice(&block[..L::LINES]);
}

/// A block of points in lanes, filled up with infinity.
#[inline(always)]
fn enter<G: CpuGroup, L: Lanes<G::Coordinate>>(lanes: L, points: &[G::Affine]) -> Points<L::V> {
    let zero = <G::Coordinate as Element>::zero();
    let mut coordinates = [[zero; 8]; 2];
    for (i, point) in points.iter().enumerate() {
        let (x, y) = G::coordinates(point).unwrap_or((zero, zero));
        coordinates[0][i] = x;
        coordinates[1][i] = y;
    }
    [lanes.constants(&coordinates[0]), lanes.constants(&coordinates[1])]
}
