//! Transforms, beside arkworks's.

use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use pulseproof_kernels::backend::{AnyBackend, Backend, BackendKind, NttOps};
use pulseproof_kernels::field::{FieldId, KernelField};
use pulseproof_kernels::transform::Transform;
use rand::rngs::OsRng;
use rayon::prelude::*;

use super::limits::{OperationCost, bandwidth, synchronize};
use super::measure::{BenchError, Subject, time};
use super::report::Shape;

/// Rows of coefficients, and their transforms.
pub struct Fixture<F: KernelField> {
    transform: Transform<F>,
    rows: Vec<F>,
    values: Vec<F>,
    domain: Radix2EvaluationDomain<F>,
}

impl<F: KernelField> Fixture<F> {
    /// `batch` random rows of 2^`log_n`.
    ///
    /// # Errors
    /// The field has no roots of unity for this size.
    pub fn new(log_n: u32, batch: usize) -> Result<Self, BenchError> {
        let transform = Transform::forward(log_n);
        transform.root()?;
        let domain = Radix2EvaluationDomain::new(1 << log_n).ok_or(BenchError::Size { log_n })?;
        let rows: Vec<F> = (0..batch << log_n).map(|_| F::rand(&mut OsRng)).collect();
        let mut values = rows.clone();
        values.chunks_exact_mut(1 << log_n).for_each(|row| transform_in_place(&domain, row));
        Ok(Self { transform, rows, values, domain })
    }

    /// Size, and the least work: two passes over memory, as any transform larger than a cache needs, and
    /// (log N)/2 multiplications for each element.
    pub fn shape(&self) -> Shape {
        let log_n = self.transform.log_size;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (elements, bytes) = (self.rows.len() as f64, (self.rows.len() * F::WORDS * 8) as f64);
        Shape {
            log_n,
            batch: self.rows.len() >> log_n,
            items: elements,
            work: OperationCost {
                products: elements * f64::from(log_n) / 2.0,
                field_bits: F::MODULUS_BIT_SIZE,
                reduces_by_shifts: F::ID == FieldId::Goldilocks,
                bytes: 4.0 * bytes,
            },
            why:
                "two passes over memory, each reading and writing; (log2 N)/2 products per element"
                    .to_owned(),
        }
    }

    /// A backend, with the data already there.
    ///
    /// # Errors
    /// The backend's, or a wrong result.
    pub fn ours<'a>(&'a self, backend: &'a AnyBackend) -> Result<Subject<'a>, BenchError> {
        let is_cpu = backend.kind() == BackendKind::Cpu;
        let (cold_ms, first) = time(|| {
            let mut data = backend.upload(&self.rows)?;
            backend.ntt(&self.transform, &mut data)?;
            backend.download(&data)
        });
        if first? != self.values {
            return Err(BenchError::Wrong { subject: backend.kind().to_string() });
        }
        let mut data = backend.upload(&self.rows)?;
        Ok(Subject {
            name: backend.kind().to_string(),
            is_peer: false,
            cold_ms: Some(cold_ms),
            bandwidth: if is_cpu { None } else { Some(bandwidth(backend)?) },
            run: Box::new(move || {
                backend.ntt(&self.transform, &mut data)?;
                synchronize(backend)
            }),
        })
    }

    /// arkworks, with rows in parallel.
    pub fn arkworks(&self) -> Subject<'_> {
        let mut rows = self.rows.clone();
        let size = 1 << self.transform.log_size;
        let run = move || {
            rows.par_chunks_exact_mut(size).for_each(|row| transform_in_place(&self.domain, row));
            Ok(())
        };
        Subject::peer("arkworks", run)
    }
}

fn transform_in_place<F: KernelField>(domain: &Radix2EvaluationDomain<F>, row: &mut [F]) {
    // arkworks takes a vector, which it leaves at the same size; the copy is a small part of its time.
    let mut values = row.to_vec();
    domain.fft_in_place(&mut values);
    row.copy_from_slice(&values);
}
