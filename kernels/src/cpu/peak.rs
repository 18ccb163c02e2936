//! How fast this CPU multiplies at best: the limit that measurements are held against.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::Cpu;
use super::instructions::Level;
#[cfg(target_arch = "x86_64")]
use super::simd::Avx512Ifma;
#[cfg(target_arch = "aarch64")]
use super::simd::Twice;
#[cfg(target_arch = "x86_64")]
use super::simd::avx512::Words;
use super::simd::{Doubles, Vectors};

/// Multiplications of words, all threads together, with nothing else to do.
#[derive(Clone, Copy, Debug)]
pub struct Peak {
    /// Products per second. One of 64 × 64 bits gives both halves; one of 52 or 51 bits gives one half,
    /// added to something.
    pub per_second: f64,
    /// Bits of a factor: 64, 52 in AVX-512 IFMA, or 51 in fused multiply-add of doubles.
    pub bits: u32,
}

/// Chains of dependent products that a thread keeps going at once: more than the latency of a multiplier
/// times the number of multipliers.
const CHAINS: usize = 12;
/// Products of each chain between two looks at the clock.
const ROUNDS: u32 = 20_000;

impl Cpu {
    /// Measures for about `time`.
    pub fn multiplication_peak(&self, time: Duration) -> Peak {
        match self.level {
            #[cfg(target_arch = "x86_64")]
            Level::Ifma(avx) => {
                let work = || {
                    avx.run(
                        #[inline(always)]
                        || ifma(avx),
                    );
                };
                Peak { per_second: 8.0 * rate(time, work), bits: 52 }
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(avx) => Peak { per_second: 8.0 * doubles(avx, time), bits: 51 },
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(avx) => Peak { per_second: 4.0 * doubles(avx, time), bits: 51 },
            #[cfg(target_arch = "aarch64")]
            Level::Neon(neon) => Peak { per_second: 4.0 * doubles(Twice(neon), time), bits: 51 },
            #[cfg(target_arch = "aarch64")]
            Level::NeonScalar(_) => Peak { per_second: rate(time, portable), bits: 64 },
            Level::Portable => Peak { per_second: rate(time, portable), bits: 64 },
        }
    }
}

/// `CHAINS · ROUNDS` products per call, over the time of all threads.
fn rate(time: Duration, work: impl Fn() + Sync) -> f64 {
    let start = Instant::now();
    let on_thread = |_| {
        let mut calls = 0u32;
        // At least one, however late a thread begins.
        loop {
            work();
            calls += 1;
            if start.elapsed() >= time {
                return f64::from(calls);
            }
        }
    };
    let threads = rayon::current_num_threads();
    let calls: f64 = (0..threads).into_par_iter().with_max_len(1).map(on_thread).sum();
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let per_call = CHAINS as f64 * f64::from(ROUNDS);
    calls * per_call / start.elapsed().as_secs_f64()
}

fn portable() {
    let factor = black_box(0x9e37_79b9_7f4a_7c15u64);
    let mut chains: [u64; CHAINS] = black_box([3; CHAINS]);
    for _ in 0..ROUNDS {
        for chain in &mut chains {
            let product = u128::from(*chain) * u128::from(factor);
            // Both halves are needed, and the next factor depends on them.
            *chain = low(product) ^ low(product >> 64);
        }
    }
    black_box(chains);
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
fn low(value: u128) -> u64 {
    value as u64
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn ifma(avx: Avx512Ifma) {
    let factor = avx.splat(black_box(0x9_79b9_7f4a_7c15));
    let mut chains: [Words; CHAINS] = [avx.splat(black_box(3)); CHAINS];
    for _ in 0..ROUNDS {
        for chain in &mut chains {
            *chain = avx.mul_lo(*chain, *chain, factor);
        }
    }
    let mut words = [0; 8];
    for chain in chains {
        avx.store(chain, &mut words);
        black_box(words);
    }
}

/// Vectors of `W` doubles multiplied and added per second.
fn doubles<D, const W: usize>(d: D, time: Duration) -> f64
where
    D: Vectors<W> + Doubles<W, Bits = <D as Vectors<W>>::V>,
{
    let work = || {
        d.run(
            #[inline(always)]
            || multiply_add(d),
        );
    };
    rate(time, work)
}

#[inline(always)]
fn multiply_add<D, const W: usize>(d: D)
where
    D: Vectors<W> + Doubles<W, Bits = <D as Vectors<W>>::V>,
{
    let (factor, term) = (d.every(black_box(0.75)), d.every(black_box(1.0)));
    let mut chains = [d.every(black_box(3.0)); CHAINS];
    for _ in 0..ROUNDS {
        for chain in &mut chains {
            *chain = d.multiply_add(*chain, factor, term);
        }
    }
    let mut words = [0; W];
    for chain in chains {
        d.store(d.bits(chain), &mut words);
        black_box(words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_multiplied() {
        for cpu in Cpu::each() {
            let peak = cpu.multiplication_peak(Duration::from_millis(5));
            assert!(peak.per_second > 0.0, "{peak:?}");
            assert!([51, 52, 64].contains(&peak.bits));
        }
    }
}
