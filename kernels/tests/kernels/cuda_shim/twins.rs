//! Every launch of every operation on the shim and by the kernel's twin, from the same contents of its
//! buffers.

use std::ops::Range;

use pulseproof_kernels::backend::BackendKind;
use pulseproof_kernels::check::{Case, Input, Kernel, cases, naive, run};
use pulseproof_kernels::element::{Element, from_words};
use pulseproof_kernels::gpu::twin::{Call, twin};
use pulseproof_kernels::gpu::{Device, Gpu, Launch, Limits, Unit};
use pulseproof_kernels::group::Group;
use pulseproof_kernels::{Error, with_group};

use super::launches::halves;
use super::shim::{Memory, ShimDevice};

/// The shim, watched.
struct Watched(ShimDevice);

/// Compares the contents of a buffer after a launch.
fn check(launch: &Launch<'_, Memory>, index: usize, found: &[u64], expected: &[u64]) {
    let Launch { unit, entry, .. } = *launch;
    let same = match (unit, entry, index) {
        // Points have many forms.
        (Unit::Accumulate(id) | Unit::Reduce(id), _, 0) => {
            with_group!(id, G => same_points::<G>(found, expected))
        }
        // The order within a bucket is free; which bucket it is, `launches::sort` checks.
        (Unit::Sort, "sort_scatter", 0) => sorted(found) == sorted(expected),
        (_, "vector_invert", 1) => true, // Scratch.
        _ => found == expected,
    };
    assert!(same, "{unit}: {entry}: buffer {index}: {found:x?}, its twin: {expected:x?}");
}

fn same_points<G: Group>(found: &[u64], expected: &[u64]) -> bool {
    let zero = <G::Coordinate as Element>::zero();
    let (found, expected) = (from_words(found), from_words(expected));
    let points = |coordinates: &[G::Coordinate]| coordinates.len() / 4;
    let mut pairs = found.chunks_exact(4).zip(expected.chunks_exact(4));
    points(&found) == points(&expected)
        && pairs.all(|(a, b)| match (a[2] == zero, b[2] == zero) {
            (false, false) => a[0] * b[2] == b[0] * a[2] && a[1] * b[3] == b[1] * a[3],
            (a, b) => a == b,
        })
}

fn sorted(words: &[u64]) -> Vec<u32> {
    let mut halves: Vec<u32> = words.iter().flat_map(|&word| halves(word)).collect();
    halves.sort_unstable();
    halves
}

impl Device for Watched {
    type Memory = Memory;

    fn kind(&self) -> BackendKind {
        self.0.kind()
    }

    fn limits(&self) -> Limits {
        self.0.limits()
    }

    fn generation(&self) -> u64 {
        self.0.generation()
    }

    fn available_bytes(&self, units: &[Unit]) -> Result<u64, Error> {
        self.0.available_bytes(units)
    }

    fn allocate(&self, words: usize) -> Result<Memory, Error> {
        self.0.allocate(words)
    }

    fn write(
        &self,
        memory: &Memory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error> {
        self.0.write(memory, at, words, fill)
    }

    fn read(
        &self,
        memory: &Memory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        self.0.read(memory, range, drain)
    }

    fn copy(
        &self,
        from: &Memory,
        range: Range<usize>,
        to: &Memory,
        at: usize,
    ) -> Result<(), Error> {
        self.0.copy(from, range, to, at)
    }

    fn launch(&self, launch: &Launch<'_, Memory>) -> Result<(), Error> {
        let mut contents: Vec<Vec<u64>> =
            launch.buffers.iter().map(|memory| memory.contents()).collect();
        let buffers = contents.iter_mut().map(Vec::as_mut_slice).collect();
        let twin = twin(launch.unit, launch.entry).expect("every kernel has a twin");
        twin(&mut Call::new(launch, self.limits(), buffers));
        self.0.launch(launch)?;
        for (index, (memory, expected)) in launch.buffers.iter().zip(&contents).enumerate() {
            check(launch, index, &memory.contents(), expected);
        }
        Ok(())
    }

    fn synchronize(&self) -> Result<(), Error> {
        self.0.synchronize()
    }
}

/// Inputs that reach every branch of a kernel, without the multitude that the laws are checked on.
fn telling(case: &Case) -> bool {
    matches!(case.input, Input::Random | Input::Edges)
}

#[test]
fn every_launch_does_what_its_twin_does() {
    let gpu = Gpu::new(Watched(ShimDevice::new(32))).into();
    for kernel in Kernel::ALL {
        let size = if kernel == Kernel::Msm { 40 } else { 150 };
        for case in cases(kernel, &[size], 5).iter().filter(|case| telling(case)) {
            run(&gpu, naive(), case).unwrap_or_else(|difference| panic!("{difference}"));
        }
    }
    // Rotations that find no room in shared memory.
    let gpu = Gpu::new(Watched(ShimDevice::sharing(32, 1 << 10))).into();
    for case in cases(Kernel::Bootstrap, &[3], 5).iter().filter(|case| telling(case)) {
        run(&gpu, naive(), case).unwrap_or_else(|difference| panic!("{difference}"));
    }
}

#[test]
fn one_wrong_bit_is_told_from_the_twins() {
    let device = ShimDevice::new(32);
    let memory = device.allocate(8).unwrap();
    for unit in [Unit::Words, Unit::Sort] {
        let launch = Launch {
            unit,
            entry: "sort_scatter",
            groups: 1,
            shared_bytes: 0,
            buffers: &[&memory],
            parameters: &[],
        };
        let lie = || check(&launch, 0, &[1, 2, 3 << 32], &[1, 2, 3 << 32 | 1]);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(lie)).is_err());
    }
}
