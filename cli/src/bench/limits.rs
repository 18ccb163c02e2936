//! What the hardware can do at best, measured, and how far from it a kernel is.

use std::hint::black_box;
use std::time::Duration;

use pulseproof_kernels::Error;
use pulseproof_kernels::backend::{AnyBackend, Backend};
use pulseproof_kernels::cpu::{Cpu, Instructions, Peak};
use rayon::prelude::*;
use serde::Serialize;

use super::measure::{median, time};

/// Words that are copied to measure a bandwidth: more than caches hold.
const COPY_WORDS: usize = 1 << 25;
/// Milliseconds that a device copies before its rate is believed.
const COPIES_MS: f64 = 50.0;
/// How long each kind of multiplier is measured.
const PEAK_TIME: Duration = Duration::from_millis(300);

/// The least work that an operation is, whoever does it.
#[derive(Clone, Copy, Debug)]
pub struct OperationCost {
    /// Multiplications of field elements.
    pub products: f64,
    /// Bits of the field's modulus.
    pub field_bits: u32,
    /// Whether reduction takes no multiplications, as with Goldilocks.
    pub reduces_by_shifts: bool,
    /// Bytes that have to be read or written.
    pub bytes: f64,
}

/// A limit, and the share of it that was reached.
#[derive(Clone, Debug, Serialize)]
pub struct Limit {
    /// No run can be faster than this, by the derivation.
    pub limit_ms: f64,
    /// The limit over the median: 1 would be perfect.
    pub share: f64,
    /// How the limit follows from what was measured.
    pub derivation: String,
}

/// What this CPU can do, measured once per run.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Of each kind of multiplier that there is.
    peaks: Vec<Peak>,
    bytes_per_second: f64,
}

impl Machine {
    /// Measures for about a second.
    pub fn measure() -> Self {
        let mut peaks = vec![Cpu::portable().multiplication_peak(PEAK_TIME)];
        if Cpu::new().instructions() != Instructions::Portable {
            peaks.push(Cpu::new().multiplication_peak(PEAK_TIME));
        }
        Self { peaks, bytes_per_second: host_bandwidth() }
    }

    /// The limit of an operation on this CPU: its multiplications at the peak rate of the best kind
    /// of multiplier, or its bytes at the speed of a copy, whichever takes longer.
    pub fn limit(&self, work: OperationCost, what: &str, median_ms: f64) -> Limit {
        let time = |peak: &Peak| work.products * word_products(work, peak.bits) / peak.per_second;
        let best = self.peaks.iter().min_by(|a, b| time(a).total_cmp(&time(b)));
        let best = best.expect("every CPU multiplies");
        let multiply_ms = time(best) * 1e3;
        let move_ms = work.bytes / self.bytes_per_second * 1e3;
        let mut derivation = format!(
            "{what}: {:.3e} products of field elements at {} word products each, at {:.3e} {}-bit word \
             products per second (measured, all threads), are {multiply_ms:.3} ms",
            work.products,
            word_products(work, best.bits),
            best.per_second,
            best.bits,
        );
        if work.bytes > 0.0 {
            derivation += &format!(
                "; {:.3e} bytes at {:.1} GB/s (measured copy, read and write counted) are {move_ms:.3} \
                 ms; the limit is {}",
                work.bytes,
                self.bytes_per_second / 1e9,
                if multiply_ms > move_ms { "multiplication" } else { "memory" },
            );
        }
        let limit_ms = multiply_ms.max(move_ms);
        Limit { limit_ms, share: limit_ms / median_ms, derivation }
    }
}

/// The limit of an operation on a device whose copies were measured: its bytes alone.
pub fn memory_limit(work: OperationCost, what: &str, bandwidth: f64, median_ms: f64) -> Limit {
    let limit_ms = work.bytes / bandwidth * 1e3;
    let derivation = format!(
        "{what}: {:.3e} bytes at {:.1} GB/s (measured copy on the device, read and write counted); its \
         multipliers were not measured",
        work.bytes,
        bandwidth / 1e9,
    );
    Limit { limit_ms, share: limit_ms / median_ms, derivation }
}

/// Word products in a multiplication: L² for the product and, in Montgomery's way, L² to reduce it and L
/// for the quotient's digits, in L words of 64 bits. Multipliers of 52 bits give the low and the high half
/// apart: twice as many, and the quotient's digits need the low one alone. In doubles, of 51 bits, these
/// digits are had without.
fn word_products(work: OperationCost, word_bits: u32) -> f64 {
    let limbs = f64::from(work.field_bits.div_ceil(word_bits));
    let halves = if word_bits == 64 { 1.0 } else { 2.0 };
    let product = halves * limbs * limbs;
    let digits = if word_bits == 51 { 0.0 } else { limbs };
    if work.reduces_by_shifts { product } else { 2.0 * product + digits }
}

/// Bytes that a copy on all threads reads and writes per second.
fn host_bandwidth() -> f64 {
    let from = vec![1u64; COPY_WORDS];
    let mut to = vec![0u64; COPY_WORDS];
    let part = COPY_WORDS.div_ceil(4 * rayon::current_num_threads());
    let mut copy = || {
        let parts = to.par_chunks_mut(part).zip(from.par_chunks(part));
        parts.for_each(|(to, from)| to.copy_from_slice(from));
        black_box(to.len());
    };
    rate(&mut || {
        copy();
        Ok(())
    })
    .unwrap_or(f64::NAN)
}

/// Bytes that a backend's copy reads and writes per second.
///
/// # Errors
/// The backend's.
pub fn bandwidth(backend: &AnyBackend) -> Result<f64, Error> {
    let from = backend.zeros::<u64>(COPY_WORDS)?;
    let mut to = backend.zeros::<u64>(COPY_WORDS)?;
    let mut copies = |count: u32| {
        for _ in 0..count {
            backend.copy(&from, 0..COPY_WORDS, &mut to, 0)?;
        }
        synchronize(backend)
    };
    // So many that the wait for them does not count: gigabytes, where memory is fast.
    let mut count = 1;
    loop {
        let (elapsed, result) = time(|| copies(count));
        result?;
        if elapsed > COPIES_MS {
            break;
        }
        count *= 2;
    }
    Ok(rate(&mut || copies(count))? * f64::from(count))
}

fn rate(copy: &mut dyn FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    copy()?;
    let mut times = Vec::new();
    for _ in 0..5 {
        let (elapsed, result) = time(&mut *copy);
        result?;
        times.push(elapsed);
    }
    #[expect(clippy::cast_precision_loss, reason = "a power of two")]
    let bytes = (2 * 8 * COPY_WORDS) as f64;
    Ok(bytes / (median(&mut times) / 1e3))
}

/// Waits until a backend has done everything that was begun.
///
/// # Errors
/// The backend's.
pub fn synchronize(backend: &AnyBackend) -> Result<(), Error> {
    backend.download(&backend.zeros::<u64>(1)?).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(products: f64, field_bits: u32, bytes: f64) -> OperationCost {
        OperationCost { products, field_bits, reduces_by_shifts: false, bytes }
    }

    #[test]
    fn word_products_of_the_fields() {
        let near = |work: OperationCost, word_bits, expected: f64| {
            assert!((word_products(work, word_bits) - expected).abs() < 1e-9);
        };
        // 4 words of 64 bits: 16 + 16 + 4. 5 limbs of 52: twice 25 + 25, and 5.
        near(work(1.0, 255, 0.0), 64, 36.0);
        near(work(1.0, 255, 0.0), 52, 105.0);
        near(work(1.0, 50, 0.0), 52, 5.0);
        near(work(1.0, 255, 0.0), 51, 100.0);
        near(work(1.0, 50, 0.0), 51, 4.0);
        near(OperationCost { reduces_by_shifts: true, ..work(1.0, 64, 0.0) }, 64, 1.0);
    }

    #[test]
    fn a_limit_is_the_slower_of_two_with_the_faster_multiplier() {
        let peaks = vec![Peak { per_second: 36e9, bits: 64 }, Peak { per_second: 36e9, bits: 52 }];
        let machine = Machine { peaks, bytes_per_second: 1e9 };
        let limit = machine.limit(work(1e6, 255, 2e6), "test", 4.0);
        assert!((limit.limit_ms - 2.0).abs() < 1e-9 && (limit.share - 0.5).abs() < 1e-9);
        assert!(limit.derivation.ends_with("memory"));
        let limit = machine.limit(work(1e6, 255, 1e3), "test", 4.0);
        assert!((limit.limit_ms - 1.0).abs() < 1e-9);
        assert!(limit.derivation.ends_with("multiplication"));
        assert!(!machine.limit(work(1e6, 255, 0.0), "test", 4.0).derivation.contains("bytes"));
    }
}
