//! Bootstrapping: plans over the kernels of `bootstrap`.
//!
//! If a workgroup's shared memory holds the accumulator and the polynomials that are transformed, a
//! workgroup rotates a ciphertext by itself, some parts of the key at a time: ciphertexts that meet the
//! same parts at about the same time find them in the cache. Otherwise every step is a launch over the
//! whole batch, and transforms are those of `ntt`.

use ark_ff::Field;

use super::admit::MemoryNeed;
use crate::backend::arguments::{check_bootstrap_key, check_choices, check_ciphertexts};
use crate::backend::{Binary, FieldOps, NttOps};
use crate::bootstrap::BootstrapShape;
use crate::element::Element;
use crate::error::Error;
use crate::field::{KernelField, Prime50};
use crate::gpu::any::Memory;
use crate::gpu::launch::{Parameters, count};
use crate::gpu::{Buffer, Gpu, Unit};
use crate::source::resident_bytes;
use crate::transform::{Order, Transform};

/// Parts of a key that a launch goes through in shared memory. Few, so that all ciphertexts read them
/// from the cache, and that no launch takes long.
const PARTS_AT_ONCE: usize = 64;

/// A bootstrapping key on a device.
pub struct BootstrapKey {
    shape: BootstrapShape,
    /// Values of the key's polynomials.
    values: Buffer<Prime50>,
    /// ψ^0 to ψ^(N−1) in bit-reversed order, for rotations in shared memory.
    roots: Option<Buffer<Prime50>>,
}

/// ψ: a primitive root of unity of order 2N whose square is the ω of transforms.
fn psi(shape: &BootstrapShape) -> Result<Prime50, Error> {
    Transform::forward(shape.log_size + 1).root()
}

impl BootstrapKey {
    pub(super) fn new(gpu: &Gpu, shape: BootstrapShape, residues: &[u64]) -> Result<Self, Error> {
        check_bootstrap_key(&shape, residues)?;
        count(residues.len())?;
        let mut values = gpu.allocate::<Prime50>(residues.len())?;
        gpu.write(&values, 0, 1, residues.len(), &|i, words| words[0] = residues[i])?;
        // The words are no Montgomery form yet: times R, and over N for the inverse transforms.
        let [two, size] = [2, shape.size() as u64].map(Prime50::from);
        let factor = two.pow([u64::from(u64::BITS)]) / size;
        gpu.map_scalar(Binary::Mul, &mut values, factor)?;
        let psi = psi(&shape)?;
        let forward = Transform::forward(shape.log_size).on_coset(psi);
        gpu.ntt(&forward.in_order(Order::BitReversed), &mut values)?;
        let resident = resident_bytes(shape.size(), shape.levels);
        let fits = resident <= gpu.device().limits().shared_bytes as usize;
        let roots = if fits { Some(gpu.reversed_powers(psi, shape.log_size)?) } else { None };
        Ok(Self { shape, values, roots })
    }
}

/// Ciphertexts that are bootstrapped in one go.
#[derive(Clone, Copy, Debug)]
struct Piece {
    shape: BootstrapShape,
    count: usize,
    first: usize,
}

impl Piece {
    /// Exponents of all ciphertexts.
    fn exponents(&self) -> usize {
        self.count * self.shape.row_from()
    }

    /// Coefficients of all accumulators.
    fn coefficients(&self) -> usize {
        2 * self.count * self.shape.size()
    }

    fn digits(&self) -> usize {
        self.coefficients() * self.shape.levels as usize
    }

    fn need(&self, is_resident: bool) -> MemoryNeed {
        let need =
            MemoryNeed::default().and_halves(self.exponents()).and_words(self.coefficients());
        if is_resident {
            return need;
        }
        need.and_words(self.digits()).and_words(self.coefficients())
    }
}

impl Gpu {
    pub(super) fn bootstrap(
        &self,
        key: &BootstrapKey,
        ciphertexts: &Buffer<u64>,
        tables: &Buffer<u64>,
        choices: &[u32],
    ) -> Result<Buffer<u64>, Error> {
        let shape = key.shape;
        self.own(&key.values)?;
        self.own(ciphertexts)?;
        self.own(tables)?;
        let all = check_ciphertexts(ciphertexts.len(), shape.row_from())?;
        check_choices(&shape, all, tables.len(), choices)?;
        count(ciphertexts.len().max(tables.len()))?;
        let out = self.allocate(all * shape.row_to())?;
        count(out.len())?;
        if all == 0 {
            return Ok(out);
        }
        let choices = self.upload_halves(choices)?;
        let resident = key.roots.is_some();
        let need = |count| Piece { shape, count, first: 0 }.need(resident);
        let field = Prime50::ID;
        let all_units = [Unit::Bootstrap, Unit::Ntt(field), Unit::Vector(field)];
        let units = if resident { &all_units[..1] } else { &all_units };
        self.in_pieces(units, all, need, |range| {
            let piece = Piece { shape, count: range.len(), first: range.start };
            self.bootstrap_piece(key, &piece, [ciphertexts, tables, &choices, &out])
        })?;
        Ok(out)
    }

    fn bootstrap_piece(
        &self,
        key: &BootstrapKey,
        piece: &Piece,
        [ciphertexts, tables, choices, out]: [&Buffer<u64>; 4],
    ) -> Result<(), Error> {
        let shape = piece.shape;
        let (log_size, row) = (shape.log_size, count(shape.row_from())?);
        let first = count(piece.first)?;
        let exponents = self.allocate_halves(piece.exponents())?;
        let accumulators = self.allocate(piece.coefficients())?;
        let [tilde, pair] = [self.own(&exponents)?, self.own(&accumulators)?];
        let n = piece.exponents();
        let parameters = [count(n)?, row, log_size, first];
        let buffers = [tilde, self.own(ciphertexts)?];
        self.start_bootstrap("bootstrap_monomials", n, &buffers, &parameters)?;
        let n = piece.coefficients() / 2;
        let parameters = [count(n)?, log_size, row, first];
        let buffers = [pair, tilde, self.own(tables)?, self.own(choices)?];
        self.start_bootstrap("bootstrap_start", n, &buffers, &parameters)?;
        match &key.roots {
            Some(roots) => self.rotate_resident(key, roots, piece, &exponents, &accumulators)?,
            None => self.rotate_staged(key, piece, &exponents, &accumulators)?,
        }
        let n = piece.count * shape.row_to();
        let parameters = [count(n)?, log_size, first];
        self.start_bootstrap("bootstrap_extract", n, &[self.own(out)?, pair], &parameters)
    }

    /// In shared memory, a workgroup for each ciphertext.
    fn rotate_resident(
        &self,
        key: &BootstrapKey,
        roots: &Buffer<Prime50>,
        piece: &Piece,
        exponents: &Buffer<u64>,
        accumulators: &Buffer<Prime50>,
    ) -> Result<(), Error> {
        let BootstrapShape { dimension, log_size, base_log, levels } = piece.shape;
        let (entry, groups) = ("bootstrap_rotate", piece.count);
        let (ciphertexts, row) = (count(groups)?, count(piece.shape.row_from())?);
        let shared = resident_bytes(piece.shape.size(), levels);
        let buffers = [accumulators, &key.values, roots].map(|buffer| self.own(buffer));
        let [pair, values, roots] = buffers;
        let buffers = [pair?, self.own(exponents)?, values?, roots?];
        for part in (0..dimension).step_by(PARTS_AT_ONCE) {
            let parts = count(PARTS_AT_ONCE.min(dimension - part))?;
            let numbers = [ciphertexts, log_size, row, count(part)?, parts, base_log, levels];
            let parameters = Parameters::new(&numbers);
            self.start_shared(Unit::Bootstrap, entry, groups, shared, &buffers, &parameters)?;
        }
        Ok(())
    }

    /// Over the whole batch, step by step.
    fn rotate_staged(
        &self,
        key: &BootstrapKey,
        piece: &Piece,
        exponents: &Buffer<u64>,
        accumulators: &Buffer<Prime50>,
    ) -> Result<(), Error> {
        let BootstrapShape { dimension, log_size, base_log, levels } = piece.shape;
        let row = count(piece.shape.row_from())?;
        let psi = psi(&piece.shape)?;
        let inverse = psi.inverse().expect("a root of unity is not zero");
        let powers = |base, len| self.table(Prime50::ONE, base, len);
        let size = piece.shape.size();
        let (twist, untwist) = (powers(psi, size)?, powers(inverse, size)?);
        let twiddles = powers(psi.square(), size / 2)?;
        let inverse_twiddles = powers(inverse.square(), size / 2)?;
        let digits: Buffer<Prime50> = self.allocate(piece.digits())?;
        let sums: Buffer<Prime50> = self.allocate(piece.coefficients())?;
        let passes = self.passes::<Prime50>(log_size);
        let threads = piece.coefficients();
        let n = count(threads)?;
        for part in 0..dimension {
            let part = count(part)?;
            let parameters = [n, log_size, row, part, base_log, levels];
            let [cut, pair, tilde] =
                [self.own(&digits)?, self.own(accumulators)?, self.own(exponents)?];
            let buffers = [cut, pair, tilde, self.own(&twist)?];
            self.start_bootstrap("bootstrap_digits", threads, &buffers, &parameters)?;
            self.levels("ntt_dif", passes.iter().copied(), &digits, log_size, &twiddles)?;
            let buffers = [self.own(&sums)?, cut, self.own(&key.values)?];
            let parameters = [n, log_size, levels, part];
            self.start_bootstrap("bootstrap_products", threads, &buffers, &parameters)?;
            let backwards = passes.iter().copied().rev();
            self.levels("ntt_dit", backwards, &sums, log_size, &inverse_twiddles)?;
            let buffers = [pair, self.own(&sums)?, self.own(&untwist)?];
            self.start_bootstrap("bootstrap_add", threads, &buffers, &[n, log_size])?;
        }
        Ok(())
    }

    fn start_bootstrap(
        &self,
        entry: &'static str,
        threads: usize,
        buffers: &[&Memory],
        parameters: &[u32],
    ) -> Result<(), Error> {
        let parameters = Parameters::new(parameters);
        self.start_threads(Unit::Bootstrap, entry, threads, buffers, &parameters)
    }

    /// 1, base, …, base^(2^`log_n` − 1), in bit-reversed order.
    fn reversed_powers<F: KernelField + Element>(
        &self,
        base: F,
        log_n: u32,
    ) -> Result<Buffer<F>, Error> {
        let powers = self.allocate(1 << log_n)?;
        self.write_powers(&powers, F::ONE, base, 1 << log_n)?;
        self.reverse(&powers, log_n)?;
        Ok(powers)
    }
}
