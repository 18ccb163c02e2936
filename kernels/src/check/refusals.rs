//! Laws of errors: every backend refuses the same arguments in the same words, and works on.

use std::fmt::Display;
use std::marker::PhantomData;

use ark_ec::AffineRepr;
use ark_ff::FftField;

use super::Law;
use super::compare::Output;
use super::points::{points, progression};
use crate::backend::{
    AnyBackend, Backend, Binary, BootstrapOps, FieldOps, MsmOps, NttOps, Signedness, WordOps,
};
use crate::bootstrap::{BootstrapShape, KeyswitchShape, MODULUS};
use crate::element::Stored;
use crate::error::Error;
use crate::field::KernelField;
use crate::group::Group;
use crate::msm::{LEVELS_MAX, ScalarShape};
use crate::transform::{Direction, Order, Transform};

/// What was asked and how it was refused.
#[derive(Default)]
struct Record(Vec<String>);

impl Record {
    fn ask<T, E: Display>(&mut self, what: &str, result: Result<T, E>) {
        let said = result.map_or_else(|error| error.to_string(), |_| "not refused".to_owned());
        self.0.push(format!("{what}: {said}"));
    }

    /// Every backend has another idea of how much is too much, but none panics.
    fn ask_for_memory<T>(&mut self, what: &str, result: &Result<T, Error>) {
        let refused = matches!(result, Err(Error::OutOfMemory { .. }));
        self.0.push(format!("{what}: out of memory: {refused}"));
    }

    fn allocations<T: Stored>(&mut self, backend: &AnyBackend) {
        for len in [1 << 58, usize::MAX / 8, usize::MAX] {
            self.ask_for_memory(&format!("zeros {len}"), &backend.zeros::<T>(len));
        }
    }

    fn copies<T: Stored>(&mut self, backend: &AnyBackend) -> Result<(), Error> {
        let from = backend.zeros::<T>(4)?;
        let mut to = backend.zeros::<T>(2)?;
        let backwards = std::ops::Range { start: 3, end: 1 };
        let ends = [(0..1, 2), (0..1, usize::MAX), (0..0, 3)];
        for (range, at) in [(0..5, 0), (0..3, 0), (backwards, 0)].into_iter().chain(ends) {
            let asked = format!("copy {range:?} of 4 to {at} of 2");
            self.ask(&asked, backend.copy(&from, range, &mut to, at));
        }
        Ok(())
    }
}

/// Bad arguments for vectors and transforms.
#[derive(Default)]
pub(super) struct FieldRefusals<F>(PhantomData<F>);

impl<F: KernelField> Law for FieldRefusals<F> {
    fn outputs(&self, backend: &AnyBackend) -> Result<Vec<Output>, Error> {
        let mut record = Record::default();
        let mut a = backend.upload(&[F::from(2u64), F::from(3u64), F::from(5u64)])?;
        for len in [0, 2, 4] {
            let b = backend.zeros::<F>(len)?;
            record.ask(&format!("map 3, {len}"), backend.map(Binary::Mul, &mut a, &b));
        }
        let longer = backend.zeros::<F>(4)?;
        record.ask("add_scaled 3, 4", backend.add_scaled(&mut a, F::ONE, &longer));
        for row in [0, 2, 4, usize::MAX] {
            record.ask(&format!("scan 3, {row}"), backend.scan(Binary::Add, &mut a, row));
        }
        record.ask("scan −", backend.scan(Binary::Sub, &mut a, 3));
        for (log_size, shift) in transforms::<F>() {
            for direction in [Direction::Forward, Direction::Inverse] {
                let transform = Transform { log_size, direction, order: Order::Natural, shift };
                let asked = format!("{direction:?} of 2^{log_size}, shift {shift}");
                record.ask(&asked, backend.ntt(&transform, &mut a));
            }
        }
        record.copies::<F>(backend)?;
        record.allocations::<F>(backend);
        let powers = backend.powers(F::ONE, F::ONE, usize::MAX);
        record.ask_for_memory("powers", &powers);
        // What was refused has changed nothing, and the next operation works.
        backend.map_scalar(Binary::Add, &mut a, F::ONE)?;
        let a = backend.download(&a)?;
        Ok(vec![Output::texts("refusals", record.0), Output::values("a", &a)])
    }
}

/// Sizes that do not fit three elements, or the field; and a coset of nothing.
fn transforms<F: FftField>() -> Vec<(u32, F)> {
    let sizes = [1, F::TWO_ADICITY + 1, 63, 64, u32::MAX];
    sizes.into_iter().map(|size| (size, F::ONE)).chain([(0, F::ZERO)]).collect()
}

/// Bad arguments for words.
pub(super) struct WordRefusals;

impl Law for WordRefusals {
    fn outputs(&self, backend: &AnyBackend) -> Result<Vec<Output>, Error> {
        let mut record = Record::default();
        let vectors = backend.upload(&[1, 2, 3])?;
        for weights in [vec![], vec![1, 2], vec![1; 4]] {
            let asked = format!("weighted_sums 3, {}", weights.len());
            record.ask(&asked, backend.weighted_sums(&vectors, &weights, Signedness::Signed));
        }
        record.copies::<u64>(backend)?;
        record.allocations::<u64>(backend);
        let (low, _) = backend.weighted_sums(&vectors, &[1, 2, 3], Signedness::Unsigned)?;
        let low = backend.download(&low)?;
        Ok(vec![Output::texts("refusals", record.0), Output::values("low", &low)])
    }
}

/// Bad arguments for multiplications.
#[derive(Default)]
pub(super) struct GroupRefusals<G>(PhantomData<G>);

impl<G: Group> Law for GroupRefusals<G> {
    fn outputs(&self, backend: &AnyBackend) -> Result<Vec<Output>, Error> {
        let mut record = Record::default();
        let generator = G::Affine::generator();
        for levels in [0, LEVELS_MAX + 1, u32::MAX] {
            record.ask(
                &format!("{levels} levels"),
                MsmOps::<G>::bases(backend, &[generator], levels),
            );
        }
        let bases = MsmOps::<G>::bases(backend, &progression::<G>(3, 1), 1)?;
        let scalars = backend.upload(&[1, 2, 3])?;
        let shapes = [(3, 0), (3, 257), (3, u32::MAX), (4, 64), (2, 64), (3, 65), (0, 64)];
        for (count, bits) in shapes {
            let shape = ScalarShape::unsigned(count, bits);
            record.ask(&format!("{shape:?}"), backend.msm_batch(&bases, &scalars, shape));
        }
        let sums = backend.msm_batch(&bases, &scalars, ScalarShape::unsigned(3, 64))?;
        Ok(vec![Output::texts("refusals", record.0), points::<G>("sums", &sums)])
    }
}

/// Bad arguments for key switching and bootstrapping.
pub(super) struct LweRefusals;

impl Law for LweRefusals {
    fn outputs(&self, backend: &AnyBackend) -> Result<Vec<Output>, Error> {
        let mut record = Record::default();
        let switched = keyswitch_refusals(backend, &mut record)?;
        let bootstrapped = bootstrap_refusals(backend, &mut record)?;
        Ok(vec![
            Output::texts("refusals", record.0),
            Output::values("switched", &switched),
            Output::values("bootstrapped", &bootstrapped),
        ])
    }
}

fn keyswitch_refusals(backend: &AnyBackend, record: &mut Record) -> Result<Vec<u64>, Error> {
    let shape = KeyswitchShape { from: 2, to: 1, base_log: 4, levels: 2 };
    let words: Vec<u64> = (1..=8).collect();
    for len in [0, 7] {
        record.ask(&format!("{len} words"), backend.keyswitch_key(shape, &words[..len]));
    }
    for wrong in [
        KeyswitchShape { from: 0, ..shape },
        KeyswitchShape { to: 1 << 15, ..shape },
        KeyswitchShape { base_log: 0, ..shape },
        KeyswitchShape { base_log: 32, levels: 1, ..shape },
        KeyswitchShape { levels: 0, ..shape },
        KeyswitchShape { levels: 16, ..shape },
    ] {
        record.ask(&format!("{wrong:?}"), backend.keyswitch_key(wrong, &words));
    }
    let key = backend.keyswitch_key(shape, &words)?;
    for len in [1, 4] {
        let ragged = backend.zeros(len)?;
        record.ask(&format!("switch {len}"), backend.keyswitch_batch(&key, &ragged));
    }
    let ciphertext = backend.upload(&[1 << 60, 5 << 59, 7])?;
    backend.download(&backend.keyswitch_batch(&key, &ciphertext)?)
}

fn bootstrap_refusals(backend: &AnyBackend, record: &mut Record) -> Result<Vec<u64>, Error> {
    let shape = BootstrapShape { dimension: 1, log_size: 6, base_log: 8, levels: 2 };
    let residues: Vec<u64> = (1..=shape.key_words() as u64).collect();
    for len in [0, shape.key_words() - 1] {
        record.ask(&format!("{len} residues"), backend.bootstrap_key(shape, &residues[..len]));
    }
    for wrong in [
        BootstrapShape { dimension: 0, ..shape },
        BootstrapShape { dimension: (1 << 14) + 1, ..shape },
        BootstrapShape { log_size: 5, ..shape },
        BootstrapShape { log_size: 13, ..shape },
        BootstrapShape { base_log: 32, levels: 1, ..shape },
        BootstrapShape { levels: 0, ..shape },
        BootstrapShape { levels: 7, ..shape },
    ] {
        record.ask(&format!("{wrong:?}"), backend.bootstrap_key(wrong, &residues));
    }
    for residue in [MODULUS, u64::MAX] {
        let mut wrong = residues.clone();
        wrong[100] = residue;
        record.ask(&format!("residue {residue}"), backend.bootstrap_key(shape, &wrong));
    }
    let key = backend.bootstrap_key(shape, &residues)?;
    let ciphertexts = backend.upload(&[1 << 62, 3 << 60, 5 << 61, 7])?;
    let tables = backend.upload(&(0..128).map(|i| i << 57).collect::<Vec<u64>>())?;
    let mut ask = |what: &str, ciphertexts: &_, tables: &_, choices: &[u32]| {
        record.ask(what, backend.pbs_batch(&key, ciphertexts, tables, choices));
    };
    for len in [1, 3] {
        ask(&format!("bootstrap {len}"), &backend.zeros(len)?, &tables, &[0]);
    }
    for len in [0, 1, 63, 65] {
        ask(&format!("{len} words of tables"), &ciphertexts, &backend.zeros(len)?, &[0, 0]);
    }
    for choices in [&[][..], &[0], &[0; 3], &[0, 2], &[u32::MAX, 0]] {
        ask(&format!("choices {choices:?}"), &ciphertexts, &tables, choices);
    }
    backend.download(&backend.pbs_batch(&key, &ciphertexts, &tables, &[1, 0])?)
}
