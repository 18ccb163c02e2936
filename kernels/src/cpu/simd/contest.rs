//! Doubles or 64-bit integers, where neither is always the better one: by timing both.

use std::hint::black_box;
use std::time::{Duration, Instant};

use ark_bls12_381::Fq;

use super::{Eight, Lanes, Portable, Vectorised};

/// Elements whose products are timed.
const ELEMENTS: usize = 64;
/// How often each is multiplied in one try.
const ROUNDS: usize = 4;
/// Tries, of which the best counts: others may be using the core.
const TRIES: usize = 5;

/// Whether products of 381 bits are faster in these doubles than one at a time in integers.
pub(in crate::cpu) fn doubles_win<D: Eight>(d: D) -> bool {
    best_time::<Fq, _>(Fq::doubles(d)) < best_time::<Fq, _>(Portable)
}

fn best_time<F: Vectorised, L: Lanes<F>>(lanes: L) -> Duration {
    (0..TRIES).map(|_| time(lanes)).min().unwrap_or(Duration::MAX)
}

fn time<F: Vectorised, L: Lanes<F>>(lanes: L) -> Duration {
    lanes.run(
        #[inline(always)]
        || {
            let factor = lanes.constant(F::ONE.double());
            let mut products = vec![lanes.splat(F::ONE); ELEMENTS / L::WIDTH];
            let start = Instant::now();
            for _ in 0..ROUNDS {
                for product in &mut products {
                    *product = lanes.mul(*product, factor);
                }
            }
            let time = start.elapsed();
            black_box(&products);
            time
        },
    )
}
