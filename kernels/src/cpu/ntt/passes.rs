//! How a transform is cut into passes over memory: each does the levels `first` to `first + count − 1`
//! on tiles that stay in a core's cache, in place.
//!
//! Before level `first` a row is 2^first blocks of 2^count rows of `stride` elements. A tile is some
//! columns of a block. On each column its levels are a transform of 2^count points by itself, over
//! the coset σ·⟨ρ⟩ with σ = (g·ω^r)^stride, r the number of the block with its bits reversed, and
//! ρ = ω^(N/2^count).

use rayon::prelude::*;

use super::arithmetic::Arithmetic;
use super::kernel;
use super::twiddles::Twiddles;
use crate::cpu::CpuField;
use crate::transform::Direction;

/// A transform between coefficients and values in bit-reversed order.
pub struct Passes<F> {
    /// log2 N.
    pub(super) log_size: u32,
    /// Which way.
    pub(super) direction: Direction,
    /// ω, or 1/ω on the way back.
    pub(super) root: F,
    /// g, or 1/g on the way back.
    pub(super) shift: F,
}

/// Levels, and how many elements lie between rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pass {
    first: u32,
    count: u32,
    log_stride: u32,
    /// log2 of the columns of a tile.
    log_columns: u32,
}

/// Which levels each pass does: as few passes as there can be, of about equally many levels.
fn plan<F, A: Arithmetic<F>>(log_size: u32) -> Vec<Pass> {
    let strided = A::LOG_TILE - A::LOG_COLUMNS;
    let passes = 1 + log_size.saturating_sub(A::LOG_TILE).div_ceil(strided);
    let mut first = 0;
    let passes = (0..passes).map(|index| {
        let count = (log_size - first).div_ceil(passes - index);
        let log_stride = log_size - first - count;
        let log_columns = log_stride.min(A::LOG_TILE - count);
        let pass = Pass { first, count, log_stride, log_columns };
        first += count;
        pass
    });
    passes.collect()
}

impl<F: CpuField> Passes<F> {
    /// Transforms all rows of `data`. The least size is that of WIDTH vectors.
    pub(super) fn run<A: Arithmetic<F>>(&self, arithmetic: A, data: &mut [F]) {
        let mut passes = plan::<F, A>(self.log_size);
        if self.direction == Direction::Inverse {
            passes.reverse();
        }
        for pass in passes {
            self.pass(arithmetic, pass, data);
        }
    }

    fn pass<A: Arithmetic<F>>(&self, arithmetic: A, pass: Pass, data: &mut [F]) {
        let levels_within = pass.levels_within::<F, A>();
        let root = self.root.pow([1u64 << (self.log_size - pass.count)]);
        let base = Twiddles::cached(arithmetic, self.direction, root, pass.count, levels_within);
        let stride = 1u64 << pass.log_stride;
        let shifted = (!self.shift.is_one()).then(|| {
            arithmetic.run(
                #[inline(always)]
                || base.twisted(arithmetic, self.shift.pow([stride])),
            )
        });
        let first = shifted.as_ref().unwrap_or(&base);
        let scale = match self.direction {
            Direction::Inverse if pass.first == 0 => F::from(1u64 << self.log_size).inverse(),
            _ => None,
        };
        let of_tile = |buffer: &mut Vec<A::Vector>, tile: Tile<'_, F>| {
            buffer.clear();
            buffer.reserve(1 << (pass.count + pass.log_columns));
            arithmetic.run(
                #[inline(always)]
                || {
                    let own;
                    let twiddles = if tile.block == 0 {
                        first
                    } else {
                        let reversed = (tile.block as u64).reverse_bits();
                        let power = self.root.pow([reversed >> (u64::BITS - pass.first)]);
                        own = base.twisted(arithmetic, (self.shift * power).pow([stride]));
                        &own
                    };
                    self.tile(arithmetic, pass, tile, twiddles, scale, buffer);
                },
            );
        };
        tiles(pass, data).into_par_iter().for_each_init(Vec::new, of_tile);
    }

    #[inline(always)]
    fn tile<A: Arithmetic<F>>(
        &self,
        arithmetic: A,
        pass: Pass,
        tile: Tile<'_, F>,
        twiddles: &Twiddles<F, A>,
        scale: Option<F>,
        buffer: &mut Vec<A::Vector>,
    ) {
        let width = 1 << A::LOG_WIDTH;
        for row in &tile.rows {
            for values in row.chunks_exact(width) {
                buffer.push(arithmetic.load(values));
            }
        }
        let levels_within = pass.levels_within::<F, A>();
        let levels = pass.count - levels_within;
        match self.direction {
            Direction::Forward => {
                kernel::across::<F, A, true>(arithmetic, buffer, twiddles, levels);
                if levels_within > 0 {
                    kernel::within::<F, A, true>(arithmetic, buffer, twiddles);
                }
            }
            Direction::Inverse => {
                if levels_within > 0 {
                    kernel::within::<F, A, false>(arithmetic, buffer, twiddles);
                }
                kernel::across::<F, A, false>(arithmetic, buffer, twiddles, levels);
            }
        }
        if let Some(scale) = scale {
            let scale = arithmetic.factors(&[scale; 8]);
            for x in buffer.iter_mut() {
                *x = arithmetic.scale(*x, scale);
            }
        }
        let mut vectors = buffer.as_slice();
        for row in tile.rows {
            let (of_row, rest) = vectors.split_at(row.len() / width);
            for (values, vector) in row.chunks_exact_mut(width).zip(of_row) {
                arithmetic.store(*vector, values);
            }
            vectors = rest;
        }
    }
}

impl Pass {
    /// How many of its levels work within vectors: none where rows are whole vectors apart.
    fn levels_within<F, A: Arithmetic<F>>(&self) -> u32 {
        if self.log_stride == 0 { A::LOG_WIDTH } else { 0 }
    }
}

/// The pieces of a tile's rows, first row first.
struct Tile<'a, F> {
    /// The number of its block.
    block: usize,
    rows: Vec<&'a mut [F]>,
}

/// All tiles of a pass.
fn tiles<F: Send>(pass: Pass, data: &mut [F]) -> Vec<Tile<'_, F>> {
    let block_len = 1usize << (pass.count + pass.log_stride);
    if pass.log_stride == 0 {
        let blocks = data.chunks_exact_mut(block_len).enumerate();
        let tile = |(index, row)| Tile { block: index % (1 << pass.first), rows: vec![row] };
        return blocks.map(tile).collect();
    }
    let columns = 1usize << pass.log_columns;
    let per_block = 1usize << (pass.log_stride - pass.log_columns);
    let blocks = data.par_chunks_exact_mut(block_len).enumerate();
    let tiles = blocks.flat_map_iter(|(index, block)| {
        let empty =
            || Tile { block: index % (1 << pass.first), rows: Vec::with_capacity(1 << pass.count) };
        let mut tiles: Vec<_> = std::iter::repeat_with(empty).take(per_block).collect();
        for row in block.chunks_exact_mut(1 << pass.log_stride) {
            for (tile, piece) in tiles.iter_mut().zip(row.chunks_exact_mut(columns)) {
                tile.rows.push(piece);
            }
        }
        tiles
    });
    tiles.collect()
}
