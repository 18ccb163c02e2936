//! How much memory keys and proofs take on the CPU, beside the sizes of their files.

#![cfg(feature = "prove")]
#![allow(clippy::unwrap_used, reason = "a failed test")]

#[path = "groth16/circuits.rs"]
mod circuits;

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use peak_alloc::PeakAlloc;
use pulseproof_formats::elements::Check;
use pulseproof_formats::wtns::Witness;
use pulseproof_formats::zkey;
use pulseproof_groth16::key::{ProvingKey, StreamedKey};
use pulseproof_groth16::prove::prove;
use pulseproof_groth16::setup::develop;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::{Curve, Scalar, for_each_curve};
use rand::SeedableRng;
use rand::rngs::{OsRng, StdRng};
use rayon::ThreadPoolBuilder;

use crate::circuits::{Shape, sample};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Each thread has memory to work in, which smaller keys would be small beside.
const LOG_SIZE: u32 = 15;
const THREADS: usize = 2;

/// Writes a key and a witness; the bytes of both.
fn write<C: Curve>(folder: &Path) -> (usize, usize) {
    let rng = &mut StdRng::seed_from_u64(1);
    let shape = Shape { constraints: (1 << LOG_SIZE) - 5, public: 4, idle: 0 };
    let (circuit, witness) = sample(shape, rng);
    let key = develop::<C>(&circuit, rng, &mut |_, _| ()).unwrap();
    let file = |name| BufWriter::new(File::create(folder.join(name)).unwrap());
    let mut sink = file("key");
    zkey::write(&mut sink, &key).unwrap();
    sink.flush().unwrap();
    let mut sink = file("witness");
    witness.write(&mut sink).unwrap();
    sink.flush().unwrap();
    let bytes = |name| usize::try_from(folder.join(name).metadata().unwrap().len()).unwrap();
    (bytes("key"), bytes("witness"))
}

fn peak_is_bounded<C: Curve>() {
    let folder = tempfile::tempdir().unwrap();
    let (key_bytes, witness_bytes) = write::<C>(folder.path());
    let open = |name| BufReader::new(File::open(folder.path().join(name)).unwrap());
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let key = ProvingKey::<C>::load(Cpu::new(), open("key"), Check::Full, &mut |_, _| ()).unwrap();
    let loading = HEAP.peak_usage() - before;
    let (resident, said) = (HEAP.current_usage() - before, key.bytes());
    HEAP.reset_peak_usage();
    let witness = Witness::<Scalar<C>>::read(&mut open("witness"), key.signals()).unwrap();
    prove(&key, &witness, &mut OsRng).unwrap();
    let proving = HEAP.peak_usage() - before;

    let goal = key_bytes + key_bytes / 2 + witness_bytes;
    let curve = C::ID;
    assert!(loading <= goal, "{curve}: loading takes {loading}, the goal is {goal}");
    assert!(proving <= goal, "{curve}: key and proof take {proving}, the goal is {goal}");
    // Whoever reads the key meanwhile needs less than its file.
    drop(key);
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let key = StreamedKey::<C, _>::open(Cpu::new(), open("key"), Box::new(|_, _| ())).unwrap();
    key.prove(&witness, &mut OsRng).unwrap();
    let reading = HEAP.peak_usage() - before;
    assert!(reading <= key_bytes, "{curve}: reading takes {reading}, the key's file {key_bytes}");
    // What is said to be taken is, but for the key's header and the verifying key.
    assert!((said..said + said / 50).contains(&resident), "{said} of {resident}");
}

#[test]
fn a_key_and_a_proof_take_no_more_than_half_the_key_again_and_the_witness() {
    let pool = ThreadPoolBuilder::new().num_threads(THREADS).build().unwrap();
    pool.install(|| {
        for_each_curve!(peak_is_bounded);
    });
}
