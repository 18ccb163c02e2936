//! Transforms: plans over the kernels of `ntt`.
//!
//! A forward transform scales coefficients by powers of the shift and goes through the levels by
//! decimation in frequency, which leaves values in bit-reversed order. An inverse one goes back by
//! decimation in time with inverse roots, and the factors g^(−i)/N are taken together at its end.

use std::sync::Arc;

use super::launch::{Parameters, count};
use super::{Buffer, Gpu, Unit};
use crate::backend::arguments::check_transform;
use crate::backend::{Binary, FieldOps, NttOps};
use crate::element::Element;
use crate::error::Error;
use crate::field::KernelField;
use crate::source::tile_log;
use crate::transform::{Direction, Order, Transform};

/// The least number of bytes a pass reads and writes in one piece: what a memory access transfers.
const CONTIGUOUS_BYTES: usize = 32;

/// Levels that are done in one go, on tiles of 2^(count + lanes) elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    first: u32,
    count: u32,
    lanes: u32,
}

/// As few passes as possible over rows of 2^`log_n`, tiles of at most 2^`tile_log` and, but for the last
/// pass, which has its elements side by side, at least 2^`lanes_min` elements in one piece. The last
/// pass takes as many levels as it can, the others share what is left and fill their tiles with lanes.
fn passes(log_n: u32, tile_log: u32, lanes_min: u32) -> Vec<Pass> {
    let last = log_n.min(tile_log);
    let spread = log_n - last;
    let others = spread.div_ceil(tile_log.saturating_sub(lanes_min).max(1));
    let mut passes = Vec::new();
    let mut first = 0;
    for left in (1..=others).rev() {
        let count = (spread - first).div_ceil(left);
        passes.push(Pass { first, count, lanes: (tile_log - count).min(log_n - first - count) });
        first += count;
    }
    passes.push(Pass { first, count: last, lanes: 0 });
    passes
}

impl Gpu {
    pub(super) fn passes<F: KernelField>(&self, log_n: u32) -> Vec<Pass> {
        let in_a_piece = CONTIGUOUS_BYTES.div_ceil(8 * <F as Element>::WORDS);
        let lanes_min = in_a_piece.next_power_of_two().trailing_zeros();
        passes(log_n, tile_log(F::ID, self.device().limits()), lanes_min)
    }

    /// Runs passes over all rows.
    pub(super) fn levels<F: KernelField>(
        &self,
        entry: &'static str,
        passes: impl Iterator<Item = Pass>,
        data: &Buffer<F>,
        log_n: u32,
        twiddles: &Buffer<u64>,
    ) -> Result<(), Error> {
        let buffers = [self.own(data)?, self.own(twiddles)?];
        for Pass { first, count, lanes } in passes {
            let parameters = Parameters::new(&[log_n, first, count, lanes]);
            let groups = data.len() >> (count + lanes);
            self.start(Unit::Ntt(F::ID), entry, groups, &buffers, &parameters)?;
        }
        Ok(())
    }

    /// Swaps every element with the one at the reversed position in its row.
    pub(super) fn reverse<F: KernelField>(
        &self,
        data: &Buffer<F>,
        log_n: u32,
    ) -> Result<(), Error> {
        let n = data.len();
        let parameters = Parameters::new(&[count(n)?, log_n]);
        let buffers = [self.own(data)?];
        self.start_threads(Unit::Ntt(F::ID), "ntt_reverse", n, &buffers, &parameters)
    }

    /// The factors first·base^i of the elements of a row.
    fn factors<F: KernelField>(&self, first: F, base: F, log_n: u32) -> Result<Factors<F>, Error> {
        Ok(match (first.is_one(), base.is_one()) {
            (true, true) => Factors::One,
            (false, true) => Factors::Same(first),
            _ => Factors::Each(self.table(first, base, 1 << log_n)?),
        })
    }

    fn scale<F: KernelField>(
        &self,
        data: &mut Buffer<F>,
        factors: &Factors<F>,
        log_n: u32,
    ) -> Result<(), Error> {
        match factors {
            Factors::One => Ok(()),
            Factors::Same(factor) => self.map_scalar(Binary::Mul, data, *factor),
            Factors::Each(table) => self.map_repeated(Binary::Mul, data, table, 1 << log_n),
        }
    }
}

/// What the elements of every row are multiplied by.
enum Factors<F> {
    One,
    Same(F),
    Each(Arc<Buffer<u64>>),
}

impl<F: KernelField> NttOps<F> for Gpu {
    fn ntt(&self, transform: &Transform<F>, data: &mut Buffer<F>) -> Result<(), Error> {
        let (root, rows) = check_transform(transform, data.len())?;
        let log_n = transform.log_size;
        self.own(data)?;
        count(data.len())?;
        if rows == 0 || log_n == 0 {
            return Ok(());
        }
        let natural = transform.order == Order::Natural;
        let passes = self.passes::<F>(log_n).into_iter();
        let inverse = |x: F| x.inverse().expect("neither roots, shifts nor sizes are zero");
        let (root, first, base) = match transform.direction {
            Direction::Forward => (root, F::ONE, transform.shift),
            Direction::Inverse => {
                let size = F::from(2u64).pow([u64::from(log_n)]);
                (inverse(root), inverse(size), inverse(transform.shift))
            }
        };
        // All memory before the first kernel: without it `data` stays as it is.
        let twiddles = self.table(F::ONE, root, 1 << (log_n - 1))?;
        let factors = self.factors(first, base, log_n)?;
        match transform.direction {
            Direction::Forward => {
                self.scale(data, &factors, log_n)?;
                self.levels("ntt_dif", passes, data, log_n, &twiddles)?;
                if natural { self.reverse(data, log_n) } else { Ok(()) }
            }
            Direction::Inverse => {
                if natural {
                    self.reverse(data, log_n)?;
                }
                self.levels("ntt_dit", passes.rev(), data, log_n, &twiddles)?;
                self.scale(data, &factors, log_n)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::plans;

    #[test]
    fn every_level_once_within_the_tile() {
        for log_n in 1..=32 {
            for tile_log in 1..=12 {
                for lanes_min in 0..=2 {
                    let passes = passes(log_n, tile_log, lanes_min);
                    let mut next = 0;
                    for pass in &passes {
                        assert_eq!(pass.first, next);
                        assert!(pass.count > 0 && pass.count + pass.lanes <= tile_log);
                        assert!(pass.first + pass.count + pass.lanes <= log_n);
                        next += pass.count;
                    }
                    assert_eq!(next, log_n);
                    if tile_log > lanes_min {
                        let (last, others) = passes.split_last().unwrap();
                        assert!(others.iter().all(|pass| pass.lanes >= lanes_min));
                        assert_eq!(last.lanes, 0);
                    }
                }
            }
        }
    }

    /// With workgroups as CUDA has them.
    #[test]
    fn the_cases_for_every_plan_have_two_passes_and_three() {
        for lanes_min in 0..=2 {
            let counts = plans::TRANSFORMS.map(|log_n| passes(log_n, 9, lanes_min).len());
            assert_eq!(counts, [2, 3]);
        }
    }

    #[test]
    fn two_passes_for_a_million() {
        let pass = |first, count, lanes| Pass { first, count, lanes };
        assert_eq!(passes(20, 10, 0), [pass(0, 10, 0), pass(10, 10, 0)]);
        assert_eq!(passes(20, 9, 0), [pass(0, 6, 3), pass(6, 5, 4), pass(11, 9, 0)]);
        assert_eq!(passes(3, 9, 0), [pass(0, 3, 0)]);
    }
}
