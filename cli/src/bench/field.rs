//! Multiplications of field elements in long vectors, beside arkworks's.

use pulseproof_kernels::backend::{AnyBackend, Backend, BackendKind, Binary, FieldOps};
use pulseproof_kernels::field::{FieldId, KernelField};
use rand::rngs::OsRng;
use rayon::prelude::*;

use super::limits::{OperationCost, bandwidth, synchronize};
use super::measure::{BenchError, Subject, time};
use super::report::Shape;

/// Two vectors and their product.
pub struct Fixture<F> {
    log_n: u32,
    a: Vec<F>,
    b: Vec<F>,
    product: Vec<F>,
}

impl<F: KernelField> Fixture<F> {
    /// Random vectors of 2^`log_n`.
    pub fn new(log_n: u32) -> Self {
        let vector = || -> Vec<F> { (0..1usize << log_n).map(|_| F::rand(&mut OsRng)).collect() };
        let (a, b) = (vector(), vector());
        let product = a.iter().zip(&b).map(|(&a, &b)| a * b).collect();
        Self { log_n, a, b, product }
    }

    /// Size, and the least work: one product per element; two vectors are read and one is written.
    pub fn shape(&self) -> Shape {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (products, bytes) = (self.a.len() as f64, (self.a.len() * F::WORDS * 8) as f64);
        Shape {
            log_n: self.log_n,
            batch: 1,
            items: products,
            work: OperationCost {
                products,
                field_bits: F::MODULUS_BIT_SIZE,
                reduces_by_shifts: F::ID == FieldId::Goldilocks,
                bytes: 3.0 * bytes,
            },
            why: "a[i] = a[i]·b[i]: one product, two elements read and one written".to_owned(),
        }
    }

    /// A backend, with the vectors already there.
    ///
    /// # Errors
    /// The backend's, or a wrong result.
    pub fn ours<'a>(&'a self, backend: &'a AnyBackend) -> Result<Subject<'a>, BenchError> {
        let (cold_ms, first) = time(|| {
            let mut a = backend.upload(&self.a)?;
            backend.map(Binary::Mul, &mut a, &backend.upload(&self.b)?)?;
            backend.download(&a)
        });
        if first? != self.product {
            return Err(BenchError::Wrong { subject: backend.kind().to_string() });
        }
        let is_cpu = backend.kind() == BackendKind::Cpu;
        let (mut a, b) = (backend.upload(&self.a)?, backend.upload(&self.b)?);
        Ok(Subject {
            name: backend.kind().to_string(),
            is_peer: false,
            cold_ms: Some(cold_ms),
            bandwidth: if is_cpu { None } else { Some(bandwidth(backend)?) },
            run: Box::new(move || {
                backend.map(Binary::Mul, &mut a, &b)?;
                synchronize(backend)
            }),
        })
    }

    /// arkworks, on all threads.
    pub fn arkworks(&self) -> Subject<'_> {
        let mut a = self.a.clone();
        let part = a.len().div_ceil(4 * rayon::current_num_threads()).max(1);
        let run = move || {
            let parts = a.par_chunks_mut(part).zip(self.b.par_chunks(part));
            parts.for_each(|(a, b)| a.iter_mut().zip(b).for_each(|(a, b)| *a *= b));
            Ok(())
        };
        Subject::peer("arkworks", run)
    }
}
