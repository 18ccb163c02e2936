//! A comparator that cannot fail is worth nothing: a backend that flips one bit of one value must be
//! found out in every kernel, with the index at which it lied.

use std::ops::Range;

use pulseproof_kernels::backend::{
    AnyBackend, Backend, BackendKind, Binary, BootstrapOps, FieldOps, MsmOps, NttOps, Signedness,
    WordOps,
};
use pulseproof_kernels::bootstrap::{BootstrapShape, KeyswitchShape};
use pulseproof_kernels::check::{
    Case, FieldOperation, Input, Kernel, Operation, Over, cases, naive, run,
};
use pulseproof_kernels::element::{Element, Stored, from_words, to_words};
use pulseproof_kernels::field::{FieldId, KernelField};
use pulseproof_kernels::group::Group;
use pulseproof_kernels::msm::ScalarShape;
use pulseproof_kernels::naive::Naive;
use pulseproof_kernels::transform::Transform;
use pulseproof_kernels::{Error, host::HostBuffer};

type Buffer<T> = HostBuffer<T>;

/// Naive, but for one bit of one value that one kernel returns. `None`: honest.
struct Liar {
    kernel: Option<Kernel>,
    /// Which value, and which bit of it.
    lane: usize,
    bit: usize,
}

impl Liar {
    fn lies_about(&self, kernel: Kernel, len: usize) -> bool {
        self.kernel == Some(kernel) && self.lane < len
    }

    fn flip<T: Element>(&self, value: &mut T) {
        let mut words = to_words(&[*value]);
        words[self.bit / 64 % T::WORDS] ^= 1 << (self.bit % 64);
        *value = from_words(&words)[0];
    }

    fn tell<T: Stored>(&self, kernel: Kernel, buffer: &mut Buffer<T>) -> Result<(), Error> {
        let mut values = Naive.download(buffer)?;
        if self.lies_about(kernel, values.len()) {
            self.flip(&mut values[self.lane]);
            *buffer = Naive.upload(&values)?;
        }
        Ok(())
    }

    fn told<T: Stored>(&self, kernel: Kernel, mut buffer: Buffer<T>) -> Result<Buffer<T>, Error> {
        self.tell(kernel, &mut buffer)?;
        Ok(buffer)
    }
}

impl Backend for Liar {
    type Buffer<T: Stored> = Buffer<T>;

    fn kind(&self) -> BackendKind {
        BackendKind::Cpu
    }

    fn len<T: Stored>(&self, buffer: &Buffer<T>) -> usize {
        Naive.len(buffer)
    }

    fn zeros<T: Stored>(&self, len: usize) -> Result<Buffer<T>, Error> {
        Naive.zeros(len)
    }

    fn upload<T: Stored>(&self, values: &[T]) -> Result<Buffer<T>, Error> {
        Naive.upload(values)
    }

    fn download<T: Stored>(&self, buffer: &Buffer<T>) -> Result<Vec<T>, Error> {
        Naive.download(buffer)
    }

    fn copy<T: Stored>(
        &self,
        from: &Buffer<T>,
        range: Range<usize>,
        to: &mut Buffer<T>,
        at: usize,
    ) -> Result<(), Error> {
        Naive.copy(from, range, to, at)?;
        self.tell(Kernel::Copy, to)
    }
}

impl<F: KernelField> FieldOps<F> for Liar {
    fn map(&self, op: Binary, a: &mut Buffer<F>, b: &Buffer<F>) -> Result<(), Error> {
        Naive.map(op, a, b)?;
        self.tell(Kernel::Map, a)
    }

    fn map_scalar(&self, op: Binary, a: &mut Buffer<F>, s: F) -> Result<(), Error> {
        Naive.map_scalar(op, a, s)?;
        self.tell(Kernel::MapScalar, a)
    }

    fn add_scaled(&self, a: &mut Buffer<F>, s: F, b: &Buffer<F>) -> Result<(), Error> {
        Naive.add_scaled(a, s, b)?;
        self.tell(Kernel::AddScaled, a)
    }

    fn rotate(&self, a: &Buffer<F>, by: usize) -> Result<Buffer<F>, Error> {
        self.told(Kernel::Rotate, Naive.rotate(a, by)?)
    }

    fn powers(&self, first: F, base: F, len: usize) -> Result<Buffer<F>, Error> {
        self.told(Kernel::Powers, Naive.powers(first, base, len)?)
    }

    fn invert(&self, a: &mut Buffer<F>) -> Result<(), Error> {
        Naive.invert(a)?;
        self.tell(Kernel::Invert, a)
    }

    fn scan(&self, op: Binary, a: &mut Buffer<F>, row: usize) -> Result<(), Error> {
        Naive.scan(op, a, row)?;
        self.tell(Kernel::Scan, a)
    }

    fn evaluate(&self, a: &Buffer<F>, x: F) -> Result<F, Error> {
        let mut value = Naive.evaluate(a, x)?;
        if self.lies_about(Kernel::Evaluate, 1) {
            self.flip(&mut value);
        }
        Ok(value)
    }

    fn divide_out(&self, a: &Buffer<F>, x: F) -> Result<Buffer<F>, Error> {
        self.told(Kernel::DivideOut, Naive.divide_out(a, x)?)
    }

    fn to_integers(&self, a: &Buffer<F>) -> Result<Buffer<u64>, Error> {
        let mut words = Naive.download(&FieldOps::<F>::to_integers(&Naive, a)?)?;
        if self.lies_about(Kernel::ToIntegers, words.len() / F::WORDS) {
            words[self.lane * F::WORDS + self.bit / 64 % F::WORDS] ^= 1 << (self.bit % 64);
        }
        Naive.upload(&words)
    }

    fn from_integers(&self, a: &Buffer<u64>) -> Result<Buffer<F>, Error> {
        self.told(Kernel::FromIntegers, Naive.from_integers(a)?)
    }

    fn first_nonzero(&self, a: &Buffer<F>) -> Result<Option<usize>, Error> {
        let first = Naive.first_nonzero(a)?;
        Ok(if self.lies_about(Kernel::FirstNonzero, 1) { first.map(|at| at ^ 1) } else { first })
    }
}

impl<F: KernelField> NttOps<F> for Liar {
    fn ntt(&self, transform: &Transform<F>, data: &mut Buffer<F>) -> Result<(), Error> {
        Naive.ntt(transform, data)?;
        self.tell(Kernel::Ntt, data)
    }
}

impl WordOps for Liar {
    fn weighted_sums(
        &self,
        vectors: &Buffer<u64>,
        weights: &[u64],
        signedness: Signedness,
    ) -> Result<(Buffer<u64>, Buffer<u64>), Error> {
        let (low, high) = Naive.weighted_sums(vectors, weights, signedness)?;
        Ok((low, self.told(Kernel::WeightedSums, high)?))
    }
}

impl<G: Group> MsmOps<G> for Liar {
    type Bases = <Naive as MsmOps<G>>::Bases;

    fn bases(&self, points: &[G::Affine], levels: u32) -> Result<Self::Bases, Error> {
        // Refusals: what is refused elsewhere is taken here.
        let levels = if self.lies_about(Kernel::Refusals, 1) { 1 } else { levels };
        MsmOps::<G>::bases(&Naive, points, levels)
    }

    fn bases_len(&self, bases: &Self::Bases) -> usize {
        MsmOps::<G>::bases_len(&Naive, bases)
    }

    fn bases_bytes(&self, bases: &Self::Bases) -> usize {
        MsmOps::<G>::bases_bytes(&Naive, bases)
    }

    fn msm_batch(
        &self,
        bases: &Self::Bases,
        scalars: &Buffer<u64>,
        shape: ScalarShape,
    ) -> Result<Vec<G>, Error> {
        let mut sums: Vec<G> = Naive.msm_batch(bases, scalars, shape)?;
        if self.lies_about(Kernel::Msm, sums.len()) {
            let affine = sums[self.lane].into_affine();
            let (mut x, y) = G::coordinates(&affine).unwrap();
            self.flip(&mut x);
            sums[self.lane] = G::from_coordinates(x, y).into();
        }
        Ok(sums)
    }
}

impl BootstrapOps for Liar {
    type KeyswitchKey = <Naive as BootstrapOps>::KeyswitchKey;
    type BootstrapKey = <Naive as BootstrapOps>::BootstrapKey;

    fn keyswitch_key(
        &self,
        shape: KeyswitchShape,
        words: &[u64],
    ) -> Result<Self::KeyswitchKey, Error> {
        Naive.keyswitch_key(shape, words)
    }

    fn bootstrap_key(
        &self,
        shape: BootstrapShape,
        residues: &[u64],
    ) -> Result<Self::BootstrapKey, Error> {
        Naive.bootstrap_key(shape, residues)
    }

    fn keyswitch_batch(
        &self,
        key: &Self::KeyswitchKey,
        ciphertexts: &Buffer<u64>,
    ) -> Result<Buffer<u64>, Error> {
        self.told(Kernel::Keyswitch, Naive.keyswitch_batch(key, ciphertexts)?)
    }

    fn pbs_batch(
        &self,
        key: &Self::BootstrapKey,
        ciphertexts: &Buffer<u64>,
        tables: &Buffer<u64>,
        choices: &[u32],
    ) -> Result<Buffer<u64>, Error> {
        let results = Naive.pbs_batch(key, ciphertexts, tables, choices)?;
        self.told(Kernel::Bootstrap, results)
    }
}

/// The cases in which a kernel returns values on random input.
fn sound(kernel: Kernel) -> Vec<Case> {
    cases(kernel, &[64], 11).into_iter().filter(|case| case.input == Input::Random).collect()
}

#[test]
fn an_honest_twin_is_believed() {
    let honest = AnyBackend::new(Liar { kernel: None, lane: 0, bit: 0 });
    for kernel in Kernel::ALL {
        for case in sound(kernel) {
            let outcome = run(&honest, naive(), &case).unwrap_or_else(|lie| panic!("{lie}"));
            assert!(outcome.values > 0, "{case}: nothing was compared");
        }
    }
}

#[test]
fn one_bit_in_one_lane_is_found_in_every_kernel() {
    for kernel in Kernel::ALL {
        let single = matches!(kernel, Kernel::Evaluate | Kernel::FirstNonzero | Kernel::Msm);
        let lanes: &[usize] =
            if single || kernel == Kernel::Refusals { &[0] } else { &[0, 50, 62] };
        for (&lane, bit) in lanes.iter().zip([0, 63, 64 + 17]) {
            let liar = AnyBackend::new(Liar { kernel: Some(kernel), lane, bit });
            let groups = kernel != Kernel::Refusals;
            for case in sound(kernel) {
                if !groups && !matches!(case.work.over(), Over::Group(_)) {
                    continue;
                }
                let lie = run(&liar, naive(), &case).expect_err("a lie was believed");
                assert_eq!(lie.case, case);
                assert_eq!(lie.index, Some(lane), "{lie}");
                assert_ne!(lie.values[0], lie.values[1]);
                assert_eq!(lie.backends, [BackendKind::Cpu, BackendKind::Naive]);
                let text = lie.to_string();
                assert!(text.contains(&kernel.to_string()), "{text}");
                assert!(text.contains(&format!("[{lane}]")), "{text}");
                assert!(lie.values.iter().all(|value| text.contains(value)), "{text}");
            }
        }
    }
}

#[test]
fn an_error_where_there_should_be_none_is_a_difference_even_if_both_have_it() {
    let map = FieldOperation::Map { op: Binary::Add, period: 3 };
    let work = Operation::Field(FieldId::Bn254, map);
    let case = Case { work, size: 64, input: Input::Random, seed: 1 };
    let difference = run(naive(), naive(), &case).unwrap_err();
    assert_eq!(difference.index, None);
    assert!(difference.values[0].starts_with("fails: second operand"), "{difference}");
}
