//! The shim finds what it is there to find.

use pulseproof_kernels::gpu::{Device as _, Launch, Unit};

use super::shim::{Memory, ShimDevice};

const KERNELS: &str = r#"
struct Parameters { unsigned w[32]; };

extern "C" __global__ void divergent(unsigned* a, const Parameters p) {
    if (threadIdx.x < p.w[0]) __syncthreads();
    a[threadIdx.x] = 1;
}

extern "C" __global__ void two_places(unsigned* a, const Parameters p) {
    if (threadIdx.x < p.w[0]) {
        __syncthreads();
    } else {
        __syncthreads();
    }
    a[threadIdx.x] = 1;
}

extern "C" __global__ void half_a_warp(unsigned* a, const Parameters p) {
    if (threadIdx.x < p.w[0]) a[threadIdx.x] = __shfl_sync(0xffffffff, a[threadIdx.x], 0);
}

extern "C" __global__ void writes_at(unsigned* a, const Parameters p) {
    a[(int)p.w[0]] = 1;
}

extern "C" __global__ void next_neighbour(unsigned* a, const Parameters p) {
    __shared__ unsigned shared[64];
    shared[threadIdx.x] = threadIdx.x;
    if (p.w[0]) __syncthreads();
    a[threadIdx.x] = shared[(threadIdx.x + 1) % 64];
}

extern "C" __global__ void shares_at(unsigned* a, const Parameters p) {
    SHARED_BY_LAUNCH(unsigned long long, shared);
    if (threadIdx.x == 0) shared[p.w[0]] = 1;
    __syncthreads();
    a[threadIdx.x] = (unsigned)shared[p.w[0]];
}

extern "C" __global__ void uninitialised(unsigned* a, const Parameters) {
    __shared__ unsigned shared[64];
    a[threadIdx.x] = shared[threadIdx.x];
    shared[threadIdx.x] = 0;
}
"#;

fn run(entry: &'static str, parameter: u32) -> (Result<(), String>, Memory, Vec<u32>) {
    let device = ShimDevice::new(64);
    let memory = device.allocate(32).unwrap();
    let unit = Unit::Words;
    let (buffers, parameters) = ([&memory], [parameter]);
    let launch = Launch {
        unit,
        entry,
        groups: 2,
        shared_bytes: 64,
        buffers: &buffers,
        parameters: &parameters,
    };
    let outcome = device.run_source(KERNELS, &launch);
    let mut words = Vec::new();
    let mut drain = |_: usize, part: &[u64]| words.extend_from_slice(part);
    device.read(&memory, 0..32, &mut drain).unwrap();
    let words = words.iter().flat_map(|&word| super::launches::halves(word)).collect();
    (outcome, memory, words)
}

#[test]
fn barriers_that_some_do_not_reach() {
    for entry in ["divergent", "half_a_warp"] {
        assert!(run(entry, 20).0.unwrap_err().contains("never reach"), "{entry}");
        assert_eq!(run(entry, 64).0, Ok(()), "{entry}");
        assert_eq!(run(entry, 0).0, Ok(()), "{entry}");
    }
    assert!(run("two_places", 20).0.unwrap_err().contains("for each other"));
    assert_eq!(run("two_places", 64).0, Ok(()));
}

#[test]
fn writes_beyond_a_buffer() {
    for (at, inside) in [(0u32, true), (63, true), (64, false), (100, false), (u32::MAX, false)] {
        let (outcome, memory, _) = run("writes_at", at);
        assert_eq!(outcome, Ok(()));
        assert_eq!(memory.guards_are_whole(), inside, "{at}");
    }
}

#[test]
fn writes_beyond_the_shared_memory_that_was_asked_for() {
    for (at, inside) in [(0, true), (7, true), (8, false), (39, false)] {
        let outcome = run("shares_at", at).0;
        assert_eq!(outcome.is_ok(), inside, "{at}: {outcome:?}");
    }
}

#[test]
fn missing_barriers() {
    let right: Vec<u32> = (0..64).map(|i| (i + 1) % 64).collect();
    assert_eq!(run("next_neighbour", 1).2, right);
    assert_ne!(run("next_neighbour", 0).2, right);
}

#[test]
fn shared_memory_that_nobody_wrote() {
    assert!(run("uninitialised", 0).2.iter().all(|&word| word == 0xa5a5_a5a5));
}

#[test]
fn kernels_that_do_not_exist() {
    assert!(run("nothing_of_that_name", 0).0.is_err());
}
