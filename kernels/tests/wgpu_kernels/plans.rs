//! The plans of all operations: each launch is compared with its twin, and each result with naive.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use ark_ec::PrimeGroup;
use ark_ff::{AdditiveGroup, Field};
use pulseproof_kernels::backend::{AnyBackend, BackendKind};
use pulseproof_kernels::check::{Kernel, cases, naive, run};
use pulseproof_kernels::element::{Element, from_words, to_words};
use pulseproof_kernels::field::FieldId;
use pulseproof_kernels::gpu::twin::{Call, twin};
use pulseproof_kernels::gpu::{Device, Gpu, Launch, Limits, Unit};
use pulseproof_kernels::group::{Group, GroupId};
use pulseproof_kernels::source::entries;
use pulseproof_kernels::wgpu::{WgpuDevice, WgpuMemory};
use pulseproof_kernels::{Bn254, Error, G1, with_group};

use super::common::{halves, plain};

/// A device that lets the twin of each kernel run on the same memory, and compares.
struct Checked {
    device: &'static WgpuDevice,
    /// Bytes that plans think a workgroup shares.
    shared_bytes: u32,
    launched: Arc<Mutex<BTreeSet<&'static str>>>,
}

struct CheckedMemory {
    memory: WgpuMemory,
    words: usize,
}

impl Checked {
    fn contents(&self, buffers: &[&CheckedMemory]) -> Result<Vec<Vec<u64>>, Error> {
        let read = |buffer: &&CheckedMemory| {
            let mut words = Vec::with_capacity(buffer.words);
            let drain = &mut |_: usize, part: &[u64]| words.extend_from_slice(part);
            self.device.read(&buffer.memory, 0..buffer.words, drain)?;
            Ok(words)
        };
        buffers.iter().map(read).collect()
    }
}

impl Device for Checked {
    type Memory = CheckedMemory;

    fn kind(&self) -> BackendKind {
        self.device.kind()
    }

    fn limits(&self) -> Limits {
        Limits { shared_bytes: self.shared_bytes, ..self.device.limits() }
    }

    fn generation(&self) -> u64 {
        self.device.generation()
    }

    fn available_bytes(&self, units: &[Unit]) -> Result<u64, Error> {
        self.device.available_bytes(units)
    }

    fn allocate(&self, words: usize) -> Result<CheckedMemory, Error> {
        Ok(CheckedMemory { memory: self.device.allocate(words)?, words })
    }

    fn write(
        &self,
        memory: &CheckedMemory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error> {
        self.device.write(&memory.memory, at, words, fill)
    }

    fn read(
        &self,
        memory: &CheckedMemory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        self.device.read(&memory.memory, range, drain)
    }

    fn copy(
        &self,
        from: &CheckedMemory,
        range: Range<usize>,
        to: &CheckedMemory,
        at: usize,
    ) -> Result<(), Error> {
        self.device.copy(&from.memory, range, &to.memory, at)
    }

    fn launch(&self, launch: &Launch<'_, CheckedMemory>) -> Result<(), Error> {
        let before = self.contents(launch.buffers)?;
        let Launch { unit, entry, groups, shared_bytes, parameters, .. } = *launch;
        let buffers: Vec<_> = launch.buffers.iter().map(|buffer| &buffer.memory).collect();
        let buffers = buffers.as_slice();
        self.device.launch(&Launch { unit, entry, groups, shared_bytes, buffers, parameters })?;
        let got = self.contents(launch.buffers)?;
        let mut want = before.clone();
        let buffers = want.iter_mut().map(Vec::as_mut_slice).collect();
        twin(unit, entry).unwrap()(&mut Call::new(launch, self.limits(), buffers));
        compare(unit, entry, &before, got, want);
        self.launched.lock().unwrap().insert(entry);
        Ok(())
    }

    fn synchronize(&self) -> Result<(), Error> {
        self.device.synchronize()
    }
}

/// Bit for bit, but for what the contract leaves open: scratch memory, the order within a bucket, and
/// which of a point's coordinates stand for it.
fn compare(
    unit: Unit,
    entry: &str,
    before: &[Vec<u64>],
    mut got: Vec<Vec<u64>>,
    mut want: Vec<Vec<u64>>,
) {
    match unit {
        Unit::Accumulate(id) | Unit::Reduce(id) => with_group!(id, G => {
            assert_eq!(points::<G>(&got[0]), points::<G>(&want[0]), "{entry}, {unit}");
            got.remove(0);
            want.remove(0);
        }),
        _ if entry == "sort_scatter" => {
            let ranges = || halves(&before[1]).into_iter().zip(halves(&want[1]));
            let buckets = |entries: &[u64]| -> Vec<Vec<u32>> {
                let entries = halves(entries);
                let bucket = |(start, end): (u32, u32)| {
                    let mut bucket = entries[start as usize..end as usize].to_vec();
                    bucket.sort_unstable();
                    bucket
                };
                ranges().map(bucket).collect()
            };
            assert_eq!(buckets(&got[0]), buckets(&want[0]), "{entry}");
            got.remove(0);
            want.remove(0);
        }
        _ if entry == "vector_invert" => {
            got.truncate(1);
            want.truncate(1);
        }
        _ => {}
    }
    assert!(got == want, "{entry}, {unit}: differs from its twin");
}

/// The points that XYZZ coordinates stand for. Memory that no kernel wrote is zero: infinity.
fn points<G: Group>(words: &[u64]) -> Vec<G> {
    let whole = words.chunks_exact(4 * G::Coordinate::WORDS);
    whole
        .map(|words| {
            let [x, y, zz, zzz] = from_words::<G::Coordinate>(words)[..] else { unreachable!() };
            if zz == G::Coordinate::ZERO {
                return G::zero();
            }
            G::from(G::from_coordinates(x / zz, y / zzz))
        })
        .collect()
}

fn every_launch_does_as_its_twin(device: &'static WgpuDevice) {
    let launched = Arc::default();
    let of_device = device.limits().shared_bytes;
    let checked = |shared_bytes| {
        let launched = Arc::clone(&launched);
        AnyBackend::from(Gpu::new(Checked { device, shared_bytes, launched }))
    };
    let gpu = checked(of_device);
    let workgroup = device.limits().workgroup as usize;
    for kernel in Kernel::ALL {
        let sizes = match kernel {
            Kernel::Msm => vec![3, 40],
            // More levels than a pass has.
            Kernel::Ntt => vec![1, 8, 4 * workgroup],
            _ => vec![1, 3, workgroup + 1],
        };
        for case in cases(kernel, &sizes, 1) {
            if let Err(difference) = run(&gpu, naive(), &case) {
                panic!("{difference}");
            }
        }
    }
    // Rotations that find no room in shared memory.
    let gpu = checked(1 << 10);
    for case in cases(Kernel::Bootstrap, &[3], 1) {
        if let Err(difference) = run(&gpu, naive(), &case) {
            panic!("{difference}");
        }
    }
    let launched = launched.lock().unwrap();
    assert_eq!(*launched, entries().collect(), "a kernel was not tried");
}

/// Every rule of the comparison sees one wrong bit.
fn a_wrong_bit_is_seen(_: &'static WgpuDevice) {
    let differs = |unit, entry, before: &[Vec<u64>], flipped: usize| {
        let mut wrong = before.to_vec();
        wrong[0][flipped] ^= 1;
        let (before, right) = (before.to_vec(), before.to_vec());
        std::panic::catch_unwind(|| compare(unit, entry, &before, wrong, right)).is_err()
    };
    let g1 = G1::<Bn254>::generator();
    let (x, y) = <G1<Bn254> as Group>::coordinates(&g1.into()).unwrap();
    let one = <G1<Bn254> as Group>::Prime::ONE;
    let sum = vec![to_words(&[x, y, one, one])];
    assert!(differs(Unit::Reduce(GroupId::Bn254G1), "reduce_sums", &sum, 0));
    let vector = [vec![1, 2], vec![3, 4]];
    assert!(differs(Unit::Vector(FieldId::Goldilocks), "vector_invert", &vector, 1));
    assert!(differs(Unit::Words, "words_weighted_sums", &vector, 1));
    // Two entries of one bucket; its cursor goes from 0 to 2.
    let (unit, entry) = (Unit::Sort, "sort_scatter");
    let cursors = |end: u64| [vec![5 << 32 | 7], vec![end]];
    let result = |entries: u64| vec![vec![entries], vec![2]];
    compare(unit, entry, &cursors(0), result(7 << 32 | 5), result(5 << 32 | 7));
    let wrong = || compare(unit, entry, &cursors(0), result(7 << 32 | 4), result(5 << 32 | 7));
    assert!(std::panic::catch_unwind(wrong).is_err());
}

plain!("plans": every_launch_does_as_its_twin, a_wrong_bit_is_seen);
