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
    // By turns, since the clock may still be rising.
    let tries = (0..TRIES).map(|_| (time::<Fq, _>(Fq::doubles(d)), time::<Fq, _>(Portable)));
    let (doubles, integers): (Vec<_>, Vec<_>) = tries.unzip();
    doubles.into_iter().min() < integers.into_iter().min()
}

fn time<F: Vectorised, L: Lanes<F>>(lanes: L) -> Duration {
    lanes.run(
        #[inline(always)]
        || {
            let factor = lanes.constant(black_box(F::ONE.double()));
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
