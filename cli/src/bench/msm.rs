//! Multi-scalar multiplications, beside arkworks's and those of other libraries.

use pulseproof_kernels::backend::{AnyBackend, Backend, MsmOps};
use pulseproof_kernels::check::progression;
use pulseproof_kernels::element::Element;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::msm::{Costs, Integers, best_window};
use pulseproof_kernels::traits::PrimeField;
use rand::RngCore;
use rand::rngs::OsRng;

use super::limits::{Work, settle};
use super::measure::{BenchError, Subject, time};
use super::peers::{self, Peer};
use super::report::Shape;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// log2 of the number of bases.
    pub log_n: u32,
    /// Vectors of integers.
    pub batch: usize,
    /// Bits of an integer.
    pub bits: u32,
    /// Levels of stored multiples.
    pub levels: u32,
}

/// Bases, integers, and the sums.
pub struct Fixture<G: Group> {
    options: Options,
    bases: Vec<G::Affine>,
    words: Vec<u64>,
    sums: Vec<G>,
}

impl<G: Group> Fixture<G> {
    /// Random integers over points that are cheap to make.
    pub fn new(options: Options) -> Self {
        let count = 1usize << options.log_n;
        let bases = progression::<G>(count, OsRng.next_u64());
        let shape = Integers::unsigned(count, options.bits);
        let mut words: Vec<u64> =
            (0..options.batch * count * shape.words()).map(|_| OsRng.next_u64()).collect();
        let mask = u64::MAX >> ((64 - options.bits % 64) % 64);
        for integer in words.chunks_exact_mut(shape.words()) {
            integer[shape.words() - 1] &= mask;
        }
        let mut fixture = Self { options, bases, words, sums: Vec::new() };
        fixture.sums = fixture.vectors().map(|words| fixture.arkworks_sum(words)).collect();
        fixture
    }

    fn integers(&self) -> Integers {
        Integers::unsigned(self.bases.len(), self.options.bits)
    }

    fn vectors(&self) -> impl Iterator<Item = &[u64]> {
        self.words.chunks_exact(self.bases.len() * self.integers().words())
    }

    /// Size, and the least work that Pippenger's method has with these integers.
    pub fn shape(&self) -> Shape {
        let Options { log_n, batch, bits, levels } = self.options;
        let Least { products, why } = Least::of::<G>(self.bases.len(), bits, levels);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (points, batch_f) = (self.bases.len() as f64, batch as f64);
        Shape {
            log_n,
            batch,
            items: points * batch_f,
            work: Work {
                products: products * batch_f,
                field_bits: G::Prime::MODULUS_BIT_SIZE,
                reduces_by_shifts: false,
                bytes: 0.0,
            },
            why: format!("{why}, times {batch}"),
        }
    }

    /// A backend, with bases prepared and integers already there.
    ///
    /// # Errors
    /// The backend's, or a wrong result.
    pub fn ours<'a>(&'a self, backend: &'a AnyBackend) -> Result<Subject<'a>, BenchError> {
        let shape = self.integers();
        let (cold_ms, first) = time(|| {
            let bases = MsmOps::<G>::bases(backend, &self.bases, self.options.levels)?;
            let scalars = backend.upload(&self.words)?;
            let sums = backend.msm_batch(&bases, &scalars, shape)?;
            Ok::<_, pulseproof_kernels::Error>((bases, scalars, sums))
        });
        let (bases, scalars, sums) = first?;
        if sums != self.sums {
            return Err(BenchError::Wrong { subject: backend.kind().to_string() });
        }
        Ok(Subject {
            name: backend.kind().to_string(),
            is_peer: false,
            cold_ms: Some(cold_ms),
            bandwidth: None,
            run: Box::new(move || {
                backend.msm_batch(&bases, &scalars, shape)?;
                settle(backend)
            }),
        })
    }

    /// A peer, if it has this group.
    ///
    /// # Errors
    /// The peer was left out of this build, or its result is wrong.
    pub fn peer(&self, peer: Peer) -> Result<Option<Subject<'_>>, BenchError> {
        let vectors: Vec<&[u64]> = self.vectors().collect();
        if peer == Peer::Arkworks {
            let run = move || {
                vectors.iter().for_each(|words| {
                    std::hint::black_box(self.arkworks_sum(words));
                });
                Ok(())
            };
            return Ok(Some(Subject::peer("arkworks", run)));
        }
        peers::subject::<G>(peer, &self.bases, &vectors, self.integers(), &self.sums)
    }

    /// arkworks has a way of its own for integers of 64 bits, which is the fair one.
    fn arkworks_sum(&self, words: &[u64]) -> G {
        if self.options.bits == u64::BITS {
            return G::msm_u64(&self.bases, words);
        }
        let per_integer = self.integers().words();
        let scalars: Vec<G::ScalarField> = words.chunks_exact(per_integer).map(scalar).collect();
        G::msm_unchecked(&self.bases, &scalars)
    }
}

/// The least work of a multiplication.
pub struct Least {
    /// Products in the prime field.
    pub products: f64,
    /// How that was found.
    pub why: String,
}

impl Least {
    /// Pippenger's method on the CPU: six products for an addition of affine points that share an
    /// inversion, one addition per base and digit, and twelve products for each addition of a bucket to the
    /// sums.
    pub fn of<G: Group>(points: usize, bits: u32, levels: u32) -> Self {
        let costs = Costs { accumulate: 6.0, reduce: 24.0 };
        let window = best_window(points, bits, levels, costs);
        let digits = (bits + 1).div_ceil(window);
        let groups = f64::from(digits.div_ceil(levels));
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let additions = points as f64 * f64::from(digits);
        let buckets = groups * f64::from(1u32 << (window - 1));
        // A product in the quadratic extension is three in the prime field.
        let degree = G::Coordinate::WORDS / G::Prime::WORDS;
        Self {
            products: (6.0 * additions + 24.0 * buckets) * if degree == 2 { 3.0 } else { 1.0 },
            why: format!(
                "Pippenger with {digits} digits of {window} bits: {additions:.3e} additions at 6 \
                 products, {buckets:.3e} buckets at 24"
            ),
        }
    }
}

fn scalar<F: PrimeField>(words: &[u64]) -> F {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    F::from_le_bytes_mod_order(&bytes)
}
