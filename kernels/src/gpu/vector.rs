//! Vectors of field elements: plans over the kernels of `vector`.

use super::launch::{Parameters, count};
use super::{Buffer, Gpu, Unit};
use crate::backend::arguments::{check_period, check_prefix};
use crate::backend::{Backend, Binary, FieldOps};
use crate::element::Element;
use crate::error::Error;
use crate::field::KernelField;
use crate::gpu::any::Memory;

/// How many elements a thread inverts with one inversion: at three products each they cost about as
/// much as the inversion itself.
const INVERTED_AT_ONCE: usize = 64;
/// How many coefficients a thread evaluates.
const EVALUATED_AT_ONCE: usize = 64;

/// The number by which kernels know an operation.
pub(super) fn code(op: Binary) -> u32 {
    match op {
        Binary::Add => 0,
        Binary::Sub => 1,
        Binary::Mul => 2,
    }
}

impl Gpu {
    /// Starts a kernel of `vector` on at least so many threads.
    fn start_vector<F: KernelField>(
        &self,
        entry: &'static str,
        threads: usize,
        buffers: &[&Memory],
        parameters: &Parameters,
    ) -> Result<(), Error> {
        self.start_threads(Unit::Vector(F::ID), entry, threads, buffers, parameters)
    }

    /// Writes first, first·base, …, first·base^(len − 1) to `out`.
    pub(super) fn write_powers<F: KernelField>(
        &self,
        out: &Buffer<impl Element>,
        first: F,
        base: F,
        len: usize,
    ) -> Result<(), Error> {
        let parameters = Parameters::new(&[count(len)?]).element(4, first).element(12, base);
        self.start_vector::<F>("vector_powers", len, &[self.own(out)?], &parameters)
    }

    /// a\[i\] = a\[i\] ∘ b\[i mod m\] for m elements b, kept as elements or as words.
    pub(super) fn map_repeated<F: KernelField>(
        &self,
        op: Binary,
        a: &Buffer<F>,
        b: &Buffer<impl Element>,
        m: usize,
    ) -> Result<(), Error> {
        let n = a.len();
        let parameters = Parameters::new(&[count(n)?, count(m)?, code(op)]);
        self.start_vector::<F>("vector_map", n, &[self.own(a)?, self.own(b)?], &parameters)
    }
}

impl<F: KernelField> FieldOps<F> for Gpu {
    fn map(&self, op: Binary, a: &mut Buffer<F>, b: &Buffer<F>) -> Result<(), Error> {
        check_period(a.len(), b.len())?;
        self.map_repeated(op, a, b, b.len())
    }

    fn map_scalar(&self, op: Binary, a: &mut Buffer<F>, s: F) -> Result<(), Error> {
        let n = a.len();
        let parameters = Parameters::new(&[count(n)?, code(op)]).element(4, s);
        self.start_vector::<F>("vector_map_scalar", n, &[self.own(a)?], &parameters)
    }

    fn add_scaled(&self, a: &mut Buffer<F>, s: F, b: &Buffer<F>) -> Result<(), Error> {
        let n = b.len();
        check_prefix(a.len(), n)?;
        let parameters = Parameters::new(&[count(n)?]).element(4, s);
        let buffers = [self.own(a)?, self.own(b)?];
        self.start_vector::<F>("vector_add_scaled", n, &buffers, &parameters)
    }

    fn rotate(&self, a: &Buffer<F>, by: usize) -> Result<Buffer<F>, Error> {
        let n = a.len();
        let source = self.own(a)?;
        let out = self.allocate(n)?;
        let parameters = Parameters::new(&[count(n)?, count(by % n.max(1))?]);
        self.start_vector::<F>("vector_rotate", n, &[self.own(&out)?, source], &parameters)?;
        Ok(out)
    }

    fn powers(&self, first: F, base: F, len: usize) -> Result<Buffer<F>, Error> {
        let out = self.allocate(len)?;
        self.write_powers(&out, first, base, len)?;
        Ok(out)
    }

    fn invert(&self, a: &mut Buffer<F>) -> Result<(), Error> {
        let n = a.len();
        let threads = n.div_ceil(INVERTED_AT_ONCE);
        let values = self.own(a)?;
        let scratch: Buffer<F> = self.allocate(n)?;
        let parameters = Parameters::new(&[count(n)?, count(threads)?]);
        let buffers = [values, self.own(&scratch)?];
        self.start_vector::<F>("vector_invert", threads, &buffers, &parameters)
    }

    fn scan(&self, op: Binary, a: &mut Buffer<F>, row: usize) -> Result<(), Error> {
        self.scan_rows(op, a, row)
    }

    /// The values of chunks are the coefficients of a polynomial in x^`EVALUATED_AT_ONCE`: round
    /// after round, until one is left.
    fn evaluate(&self, a: &Buffer<F>, x: F) -> Result<F, Error> {
        let (mut left, mut x) = (self.evaluate_chunks(a, x)?, x);
        while left.len() > 1 {
            x = x.pow([EVALUATED_AT_ONCE as u64]);
            left = self.evaluate_chunks(&left, x)?;
        }
        Ok(self.download(&left)?.first().copied().unwrap_or(F::ZERO))
    }

    /// The quotient's coefficients are Σ_{j > i} a_j·x^(j−i−1) = (P_i − P_(n−1))·(−x^(−1))·x^(−i) with the
    /// running sums P_i = Σ_{j ≤ i} a_j·x^j.
    fn divide_out(&self, a: &Buffer<F>, x: F) -> Result<Buffer<F>, Error> {
        let n = a.len();
        self.own(a)?;
        let mut quotient = self.allocate(n.saturating_sub(1))?;
        if n < 2 {
            return Ok(quotient);
        }
        let Some(inverse) = x.inverse() else {
            self.copy_values(a, 1..n, &quotient, 0)?;
            return Ok(quotient);
        };
        let mut sums = self.powers(F::ONE, x, n)?;
        self.map(Binary::Mul, &mut sums, a)?;
        self.scan(Binary::Add, &mut sums, n)?;
        let all = self.allocate(1)?;
        self.copy_values(&sums, n - 1..n, &all, 0)?;
        self.copy_values(&sums, 0..n - 1, &quotient, 0)?;
        self.map(Binary::Sub, &mut quotient, &all)?;
        drop(sums);
        let powers = self.powers(-inverse, inverse, n - 1)?;
        self.map(Binary::Mul, &mut quotient, &powers)?;
        Ok(quotient)
    }

    fn to_integers(&self, a: &Buffer<F>) -> Result<Buffer<u64>, Error> {
        let n = a.len();
        let source = self.own(a)?;
        let out = self.allocate(n * <F as Element>::WORDS)?;
        let parameters = Parameters::new(&[count(n)?]);
        self.start_vector::<F>("vector_to_integers", n, &[self.own(&out)?, source], &parameters)?;
        Ok(out)
    }

    fn from_integers(&self, a: &Buffer<u64>) -> Result<Buffer<F>, Error> {
        let n = a.len();
        let source = self.own(a)?;
        let out = self.allocate(n)?;
        let parameters = Parameters::new(&[count(n)?]);
        self.start_vector::<F>("vector_from_integers", n, &[self.own(&out)?, source], &parameters)?;
        Ok(out)
    }

    fn first_nonzero(&self, a: &Buffer<F>) -> Result<Option<usize>, Error> {
        const NONE: u64 = u32::MAX as u64;
        let n = a.len();
        let values = self.own(a)?;
        let first = self.upload(&[NONE])?;
        let parameters = Parameters::new(&[count(n)?]);
        let buffers = [self.own(&first)?, values];
        self.start_vector::<F>("vector_first_nonzero", n, &buffers, &parameters)?;
        let first = self.download(&first)?[0] & NONE;
        Ok((first != NONE).then(|| usize::try_from(first).expect("a position fits")))
    }
}

impl Gpu {
    /// The values at x of chunks of the polynomial.
    fn evaluate_chunks<F: KernelField>(&self, a: &Buffer<F>, x: F) -> Result<Buffer<F>, Error> {
        let n = a.len();
        let source = self.own(a)?;
        let chunks = n.div_ceil(EVALUATED_AT_ONCE);
        let out = self.allocate(chunks)?;
        let parameters = Parameters::new(&[count(n)?, count(EVALUATED_AT_ONCE)?]).element(4, x);
        let buffers = [self.own(&out)?, source];
        self.start_vector::<F>("vector_evaluate", chunks, &buffers, &parameters)?;
        Ok(out)
    }
}
