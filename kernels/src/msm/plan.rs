//! How a multi-scalar multiplication is cut into windows and buckets: the same on every backend.
//!
//! A scalar is written in signed digits, s = Σ_w d_w·2^(c·w) with −2^(c−1) < d_w ≤ 2^(c−1). The points
//! of equal |d_w| meet in a bucket, with their sign; Σ_d d·B_d is the sum of a window. If multiples
//! 2^(c·s·k)·P are stored, window w takes the level k = w / s and joins the buckets of group w mod s:
//! there are then s groups of buckets instead of one for each window.

use crate::error::Error;

/// Most bits a digit may have.
pub const WINDOW_MAX: u32 = 20;
/// Most levels of stored multiples.
pub const LEVELS_MAX: u32 = 32;
/// Most points, multiples counted: an entry of a bucket is an index of 31 bits and a sign.
pub const BASES_MAX: usize = (1 << 31) - 1;
/// Widest scalars.
pub const BITS_MAX: u32 = 256;

/// The shape of a buffer of integers: vectors of `count` integers, each `bits` wide, little-endian in
/// ⌈bits/64⌉ words. Bits of the last word beyond `bits` must be zero, or copies of the sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalarShape {
    /// Integers in a vector.
    pub count: usize,
    /// Width of an integer, 1 to [`BITS_MAX`]; with a sign, the sign bit is counted.
    pub bits: u32,
    /// Whether they are in two's complement.
    pub signed: bool,
}

impl ScalarShape {
    /// Unsigned integers.
    pub fn unsigned(count: usize, bits: u32) -> Self {
        Self { count, bits, signed: false }
    }

    /// Words per integer.
    pub fn words(&self) -> usize {
        self.bits.div_ceil(64) as usize
    }

    /// How many vectors `len` words are.
    ///
    /// # Errors
    /// A width out of range, more integers than bases, a length that is no multiple of a vector's.
    pub fn vectors(&self, len: usize, bases: usize) -> Result<usize, Error> {
        if self.bits == 0 || self.bits > BITS_MAX {
            let got = u64::from(self.bits);
            return Err(Error::Argument { what: "bits", got, expected: "1 to 256" });
        }
        if self.count > bases {
            let expected = format!("at most the {bases} bases");
            return Err(Error::Length { what: "scalars of a vector", got: self.count, expected });
        }
        let vector = self.count * self.words();
        match vector {
            0 if len == 0 => Ok(0),
            _ if vector > 0 && len.is_multiple_of(vector) => Ok(len / vector),
            _ => {
                let expected = format!("a multiple of {vector}");
                Err(Error::Length { what: "scalars", got: len, expected })
            }
        }
    }
}

/// Windows, groups and levels of one multiplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// c: bits of a digit.
    pub window: u32,
    /// How many digits a scalar has.
    pub windows: u32,
    /// s: how many windows lie between two levels; all of them without stored multiples.
    pub stride: u32,
}

impl Plan {
    /// Digits of `window` bits for integers of this shape. Unsigned ones need room for a last carry.
    pub fn new(shape: &ScalarShape, window: u32, stride: Option<u32>) -> Self {
        let bits = shape.bits + u32::from(!shape.signed);
        let windows = bits.div_ceil(window);
        Self { window, windows, stride: stride.unwrap_or(windows) }
    }

    /// Groups of buckets.
    pub fn groups(&self) -> u32 {
        self.windows.min(self.stride)
    }

    /// Buckets of a group: one for each |d| from 1 to 2^(c−1).
    pub fn buckets(&self) -> usize {
        1 << (self.window - 1)
    }

    /// The group that a window belongs to, and the level its points are taken from.
    pub fn place(&self, window: u32) -> (u32, u32) {
        (window % self.stride, window / self.stride)
    }
}

/// How much a step costs, in multiplications of the coordinates' field.
#[derive(Clone, Copy, Debug)]
pub struct Costs {
    /// Adding a point to a bucket.
    pub accumulate: f64,
    /// The two additions per bucket that sum a group.
    pub reduce: f64,
}

/// The window with the least work for `count` scalars of `bits` bits, `levels` levels: points meet
/// buckets `count · windows` times, and each of `windows / levels` groups is summed once.
pub fn best_window(count: usize, bits: u32, levels: u32, costs: Costs) -> u32 {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let work = |window: u32| {
        let windows = (bits + 1).div_ceil(window);
        let groups = windows.div_ceil(levels);
        count as f64 * f64::from(windows) * costs.accumulate
            + f64::from(groups) * (1u64 << (window - 1)) as f64 * costs.reduce
    };
    (2..=WINDOW_MAX).min_by(|&a, &b| work(a).total_cmp(&work(b))).expect("the range is not empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_windows_for_more_points() {
        let costs = Costs { accumulate: 6.0, reduce: 12.0 };
        let windows: Vec<u32> =
            [1, 1 << 8, 1 << 16, 1 << 24].map(|n| best_window(n, 255, 1, costs)).into();
        assert!(windows.is_sorted());
        assert_eq!(windows[0], 2);
        assert!((11..=16).contains(&windows[2]));
    }

    #[test]
    fn every_bit_has_a_window() {
        for bits in 1..=BITS_MAX {
            for window in 2..=WINDOW_MAX {
                for signed in [false, true] {
                    let plan = Plan::new(&ScalarShape { count: 1, bits, signed }, window, None);
                    assert!(plan.windows * window >= bits + u32::from(!signed));
                }
            }
        }
    }

    #[test]
    fn places_of_windows() {
        let shape = ScalarShape::unsigned(1, 255);
        let plan = Plan::new(&shape, 16, Some(4));
        assert_eq!((plan.windows, plan.groups()), (16, 4));
        assert_eq!(plan.place(6), (2, 1));
        let plain = Plan::new(&shape, 16, None);
        assert_eq!((plain.groups(), plain.place(15)), (16, (15, 0)));
    }
}
