//! Signed digits of scalars, and the points of each bucket.
//!
//! The digits of a scalar s are cut from s + K, where K has the top bit of each window but the last set:
//! a window then holds its digit plus half its range, and no carry runs from digit to digit.

use std::ops::Range;

use rayon::prelude::*;

use crate::cpu::parallel::CHUNK;
use crate::msm::ScalarShape;

/// Where digits lie in a scalar.
///
/// The `bits` of a scalar, room for a sign included, are cut into levels of `level_bits`, and each level
/// into windows as equal as may be. Window j of every level belongs to group j: its digits choose the
/// bucket, and the level chooses the stored multiple.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Bits of a scalar with its sign.
    bits: u32,
    /// Bits between two levels.
    level_bits: u32,
    /// First bit and width of each window of a level.
    pub(super) windows: Vec<(u32, u32)>,
    /// Words of a recoded scalar.
    words: usize,
}

impl Layout {
    /// Windows of at most `window` bits for scalars of this shape.
    pub(super) fn new(shape: &ScalarShape, level_bits: u32, window: u32) -> Self {
        let bits = shape.bits + u32::from(!shape.signed);
        let length = bits.min(level_bits);
        let count = length.div_ceil(window);
        let starts = |j: u32| j * length / count;
        let windows = (0..count).map(|j| (starts(j), starts(j + 1) - starts(j))).collect();
        // The last digit may be as great as its window's half range: one more bit.
        let words = (bits + 1).div_ceil(64) as usize;
        Self { bits, level_bits, windows, words }
    }

    /// Every window from the lowest bit on: first bit and width. The last takes all that is left.
    fn all(&self) -> impl Iterator<Item = (u32, u32)> {
        let levels = self.bits.div_ceil(self.level_bits);
        (0..levels).flat_map(move |level| {
            let base = level * self.level_bits;
            let windows = self.windows.iter().map(move |&(start, width)| (base + start, width));
            windows.take_while(|&(start, _)| start < self.bits)
        })
    }

    /// The windows of a group, by level: first bit, and width or `None` for the last of all.
    fn of_group(&self, group: usize) -> Vec<(u32, Option<u32>)> {
        let last = self.all().last();
        let (start, width) = self.windows[group];
        let starts = (start..self.bits).step_by(self.level_bits as usize);
        starts.map(|at| (at, (last != Some((at, width))).then_some(width))).collect()
    }

    /// Buckets of the group that has the most.
    pub(super) fn buckets(&self) -> usize {
        let widest = self.windows.iter().map(|&(_, width)| width).max();
        1 << (widest.unwrap_or(1) - 1)
    }

    /// s + K in two's complement, for each scalar.
    pub(super) fn recode(&self, scalars: &[u64], shape: &ScalarShape) -> Vec<u64> {
        let mut shift = vec![0u64; self.words];
        let windows: Vec<_> = self.all().collect();
        for (start, width) in &windows[..windows.len() - 1] {
            let bit = start + width - 1;
            shift[bit as usize / 64] |= 1 << (bit % 64);
        }
        let mut out = vec![0; shape.count * self.words];
        let recode = |(out, scalars): (&mut [u64], &[u64])| {
            let scalars = scalars.chunks_exact(shape.words());
            for (out, scalar) in out.chunks_exact_mut(self.words).zip(scalars) {
                recode_one(out, scalar, &shift, shape);
            }
        };
        if shape.count <= CHUNK {
            recode((&mut out, scalars));
        } else {
            let chunks = out.par_chunks_mut(CHUNK * self.words);
            chunks.zip(scalars.par_chunks(CHUNK * shape.words())).for_each(recode);
        }
        out
    }

    /// The points of each bucket of some groups, of which each takes `buckets` buckets. `skip` says which
    /// rows hold no point; row i + k·`rows` holds the multiple of level k of point i.
    pub(super) fn sort(
        &self,
        groups: Range<usize>,
        buckets: usize,
        recoded: &[u64],
        rows: usize,
        skip: impl Fn(usize) -> bool,
    ) -> Sorted {
        let count = recoded.len() / self.words;
        let mut starts = vec![0u32; groups.len() * buckets + 1];
        let (mut keys, mut first_rows) = (Vec::new(), Vec::new());
        for (at, group) in groups.enumerate() {
            for (level, (start, width)) in self.of_group(group).into_iter().enumerate() {
                let cut = Cut::new(start, width);
                let first = u32::try_from(at * buckets).expect("a few groups, or few buckets");
                keys.extend(recoded.chunks_exact(self.words).enumerate().map(|(i, scalar)| {
                    let digit = cut.digit(scalar);
                    if digit < 2 || skip(level * rows + i) {
                        return NONE;
                    }
                    // Bucket i is that of |d| = i + 1.
                    let key = digit + 2 * first - 2;
                    starts[key as usize >> 1] += 1;
                    key
                }));
                first_rows.push(u32::try_from(level * rows).expect("at most BASES_MAX rows"));
            }
        }
        // Counts become the places behind each bucket's last point; filling moves them to its first.
        let mut place = 0;
        for start in &mut starts {
            place += *start;
            *start = place;
        }
        let mut entries = vec![0u32; place as usize];
        for (keys, first) in keys.chunks_exact(count).zip(first_rows) {
            for (row, &key) in (first..).zip(keys) {
                if key != NONE {
                    let place = &mut starts[key as usize >> 1];
                    *place -= 1;
                    entries[*place as usize] = row << 1 | (key & 1);
                }
            }
        }
        Sorted { entries, starts }
    }
}

/// The key of a digit that is zero, or of a point that is infinity.
const NONE: u32 = u32::MAX;

/// Entries by bucket: a row and, in the lowest bit, a sign.
pub(super) struct Sorted {
    pub(super) entries: Vec<u32>,
    /// Where each bucket begins, and where the last ends.
    pub(super) starts: Vec<u32>,
}

fn recode_one(out: &mut [u64], scalar: &[u64], shift: &[u64], shape: &ScalarShape) {
    let used = shape.bits % 64;
    let mut extension = 0;
    out[..scalar.len()].copy_from_slice(scalar);
    let top = &mut out[scalar.len() - 1];
    if used != 0 {
        *top <<= 64 - used;
        *top = if shape.signed {
            (top.cast_signed() >> (64 - used)).cast_unsigned()
        } else {
            *top >> (64 - used)
        };
    }
    if shape.signed && top.cast_signed() < 0 {
        extension = u64::MAX;
    }
    out[scalar.len()..].fill(extension);
    let mut carry = false;
    for (out, &shift) in out.iter_mut().zip(shift) {
        let (sum, over) = out.overflowing_add(shift);
        let (sum, over_again) = sum.overflowing_add(u64::from(carry));
        (*out, carry) = (sum, over || over_again);
    }
}

/// How to cut a window's digit.
struct Cut {
    word: usize,
    shift: u32,
    /// Bits of the window; those of a whole number for the last.
    width: u32,
    /// What the window holds for the digit zero.
    half: i64,
}

impl Cut {
    fn new(start: u32, width: Option<u32>) -> Self {
        let half = width.map_or(0, |width| 1 << (width - 1));
        Self { word: start as usize / 64, shift: start % 64, width: width.unwrap_or(32), half }
    }

    /// |d| times two, and one if d is negative.
    #[inline(always)]
    fn digit(&self, scalar: &[u64]) -> u32 {
        let low = scalar[self.word] >> self.shift;
        let last = scalar.len() - 1;
        // Above the highest word are copies of its sign.
        let next = if self.word < last {
            scalar[self.word + 1]
        } else {
            (scalar[last].cast_signed() >> 63).cast_unsigned()
        };
        let bits = low | next << 1 << (63 - self.shift);
        let unused = 64 - self.width;
        let digit = if self.half == 0 {
            (bits << unused).cast_signed() >> unused
        } else {
            (bits << unused >> unused).cast_signed() - self.half
        };
        let magnitude = u32::try_from(digit.unsigned_abs()).expect("a digit of at most 20 bits");
        magnitude << 1 | u32::from(digit < 0)
    }
}
