//! Devices, and launches on them.

use std::sync::OnceLock;
use std::time::Instant;

use pulseproof_kernels::element::{Element, from_words, to_words};
use pulseproof_kernels::field::KernelField;
use pulseproof_kernels::gpu::{Device, Launch, Unit};
use pulseproof_kernels::wgpu::{Options, WgpuDevice, WgpuMemory};
use rand::SeedableRng;
use rand::rngs::StdRng;

pub fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

/// The same adapter with 64-bit integers and without. Empty if there is none: tests then loop over
/// nothing, which is said, or forbidden.
pub fn devices() -> &'static [WgpuDevice] {
    static DEVICES: OnceLock<Vec<WgpuDevice>> = OnceLock::new();
    DEVICES.get_or_init(|| {
        let open = |without_u64| {
            WgpuDevice::new(&Options { software: true, without_u64, memory_bytes_max: None })
        };
        match open(false) {
            Ok(device) if device.description().has_u64 => vec![device, open(true).unwrap()],
            Ok(device) => vec![device],
            Err(error) => {
                let required = std::env::var("PULSEPROOF_REQUIRE_BACKEND");
                assert!(required.as_deref() != Ok("wgpu"), "{error}");
                eprintln!("SKIPPED, nothing was tested: {error}");
                Vec::new()
            }
        }
    })
}

pub fn upload<T: Element>(device: &WgpuDevice, values: &[T]) -> WgpuMemory {
    let words = to_words(values);
    let memory = device.allocate(words.len()).unwrap();
    device
        .write(&memory, 0, words.len(), &mut |i, part| {
            part.copy_from_slice(&words[i..i + part.len()]);
        })
        .unwrap();
    memory
}

pub fn download<T: Element>(device: &WgpuDevice, memory: &WgpuMemory, len: usize) -> Vec<T> {
    let mut words = Vec::new();
    device
        .read(memory, 0..len * T::WORDS, &mut |i, part| {
            assert_eq!(i, words.len());
            words.extend_from_slice(part);
        })
        .unwrap();
    from_words(&words)
}

pub fn upload_u32(device: &WgpuDevice, values: &[u32]) -> WgpuMemory {
    let words: Vec<u64> = (values.chunks(2))
        .map(|pair| u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 32)
        .collect();
    upload(device, &words)
}

pub fn download_u32(device: &WgpuDevice, memory: &WgpuMemory, len: usize) -> Vec<u32> {
    let mut halves = halves(&download(device, memory, len.div_ceil(2)));
    halves.truncate(len);
    halves
}

pub fn halves(words: &[u64]) -> Vec<u32> {
    words.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]).collect()
}

/// Starts a kernel with one workgroup per `WORKGROUP` threads.
pub fn run(
    device: &WgpuDevice,
    (unit, entry): (Unit, &'static str),
    threads: usize,
    buffers: &[&WgpuMemory],
    parameters: &[u32],
) {
    let groups = threads.div_ceil(device.limits().workgroup as usize);
    run_groups(device, (unit, entry), groups, buffers, parameters);
}

/// Starts a kernel with so many workgroups. `PULSEPROOF_TEST_TIMES=1` shows how long launches take:
/// those that compile stand out.
pub fn run_groups(
    device: &WgpuDevice,
    (unit, entry): (Unit, &'static str),
    groups: usize,
    buffers: &[&WgpuMemory],
    parameters: &[u32],
) {
    let start = Instant::now();
    device.launch(&Launch { unit, entry, groups: groups as u64, buffers, parameters }).unwrap();
    let launched = start.elapsed();
    if std::env::var_os("PULSEPROOF_TEST_TIMES").is_some() {
        device.synchronize().unwrap();
        let u64s = device.description().has_u64;
        eprintln!("{unit} {entry} u64={u64s}: {launched:?}, ran {:?}", start.elapsed() - launched);
    }
}

/// Parameters: numbers, and from the fourth word on elements of eight words.
pub fn parameters<F: KernelField>(numbers: &[u32], elements: &[F]) -> Vec<u32> {
    let mut parameters = numbers.to_vec();
    for (i, element) in elements.iter().enumerate() {
        parameters.resize(4 + 8 * i, 0);
        parameters.extend(halves(&to_words(&[*element])));
    }
    parameters
}

/// `len` elements: zero, one, −1 and their like first, then random ones.
pub fn elements<F: KernelField>(len: usize, rng: &mut StdRng) -> Vec<F> {
    let two = F::from(2u64);
    let edges = [F::ZERO, F::ONE, -F::ONE, two, -two, two.inverse().unwrap(), F::ZERO];
    let random = std::iter::repeat_with(|| F::rand(rng));
    edges.into_iter().chain(random).take(len).collect()
}

pub fn u(value: usize) -> u32 {
    u32::try_from(value).unwrap()
}

/// Stamps a test for each field.
macro_rules! for_fields {
    ($($test:ident),* $(,)?) => {
        mod bls12_381 { $(#[test] fn $test() { super::$test::<ark_bls12_381::Fr>(); })* }
        mod bn254 { $(#[test] fn $test() { super::$test::<ark_bn254::Fr>(); })* }
        mod goldilocks {
            $(#[test] fn $test() { super::$test::<pulseproof_kernels::field::Goldilocks>(); })*
        }
        mod prime50 {
            $(#[test] fn $test() { super::$test::<pulseproof_kernels::field::Prime50>(); })*
        }
    };
}
pub(crate) use for_fields;
