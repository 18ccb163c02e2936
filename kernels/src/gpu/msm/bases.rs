//! Bases on a device: affine points, level after level, in blocks that the device can allocate.

use std::marker::PhantomData;

use ark_ff::PrimeField;
use rayon::prelude::*;

use super::points::{affine_words, write_affine};
use super::work::COSTS;
use crate::backend::arguments::check_bases;
use crate::error::Error;
use crate::gpu::memory::bytes;
use crate::gpu::{Buffer, Gpu};
use crate::group::Group;
use crate::msm::{Plan, ScalarShape, best_window};

/// Points that stay with a device, and multiples of them if asked for.
pub struct Bases<G> {
    blocks: Vec<Block>,
    len: usize,
    multiples: Option<Multiples>,
    group: PhantomData<fn() -> G>,
}

/// Points in one allocation: level k of the i-th at k·len + i.
pub(super) struct Block {
    pub points: Buffer<u64>,
    pub len: usize,
}

/// Which multiples are stored: 2^(window·stride·k) for k below `levels`. They tie later
/// multiplications to the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Multiples {
    pub window: u32,
    pub stride: u32,
    pub levels: u32,
}

impl Multiples {
    /// Levels for scalars as wide as the group's order. Wider integers do without multiples.
    fn new<G: Group>(count: usize, levels: u32) -> Self {
        let bits = G::ScalarField::MODULUS_BIT_SIZE;
        let window = best_window(count, bits, levels, COSTS);
        let windows = Plan::new(&ScalarShape::unsigned(count, bits), window, None).windows;
        Self { window, stride: windows.div_ceil(levels), levels }
    }
}

impl<G: Group> Bases<G> {
    pub(super) fn new(gpu: &Gpu, points: &[G::Affine], levels: u32) -> Result<Self, Error> {
        check_bases(points.len(), levels)?;
        let multiples = (levels > 1).then(|| Multiples::new::<G>(points.len(), levels));
        let point = bytes(affine_words::<G>() * levels as usize);
        let limit = gpu.device().limits().allocation_bytes_max;
        let per_block = usize::try_from(limit / point).unwrap_or(usize::MAX);
        if per_block == 0 {
            return Err(gpu.out_of_memory(point, limit));
        }
        let blocks = points.chunks(per_block).map(|points| block::<G>(gpu, points, multiples));
        let blocks = blocks.collect::<Result<_, _>>()?;
        Ok(Self { blocks, len: points.len(), multiples, group: PhantomData })
    }

    /// How many bases there are, multiples not counted.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    pub(super) fn multiples(&self) -> Option<Multiples> {
        self.multiples
    }
}

/// Uploads points and the multiples of them: the room is there before a multiple is computed.
fn block<G: Group>(
    gpu: &Gpu,
    points: &[G::Affine],
    multiples: Option<Multiples>,
) -> Result<Block, Error> {
    let (len, width) = (points.len(), affine_words::<G>());
    let levels = multiples.map_or(1, |multiples| multiples.levels as usize);
    let buffer = gpu.allocate(levels * len * width)?;
    let write = |level: usize, points: &[G::Affine]| {
        let encode = |i: usize, words: &mut [u64]| write_affine::<G>(&points[i], words);
        gpu.write(&buffer, level * len * width, width, len, &encode)
    };
    write(0, points)?;
    if let Some(Multiples { window, stride, .. }) = multiples {
        let mut multiple: Vec<G> = points.iter().map(|&point| point.into()).collect();
        for level in 1..levels {
            multiple.par_iter_mut().for_each(|point| {
                for _ in 0..window * stride {
                    point.double_in_place();
                }
            });
            write(level, &G::affine(&multiple))?;
        }
    }
    Ok(Block { points: buffer, len })
}
