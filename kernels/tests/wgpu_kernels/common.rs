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

/// A test, with its name.
pub type Test = (String, fn(&'static WgpuDevice));

/// The adapter with 64-bit integers in shaders, or without.
pub struct Variant {
    pub name: &'static str,
    pub device: Result<WgpuDevice, String>,
}

impl Variant {
    fn new(name: &'static str, without_u64: bool) -> Self {
        let options = Options { software: true, without_u64, memory_bytes_max: None };
        let device = match WgpuDevice::new(&options) {
            Ok(device) if device.description().has_u64 == without_u64 => {
                Err(format!("{}: shaders have no 64-bit integers", device.description()))
            }
            Ok(device) => Ok(device),
            Err(error) => Err(error.to_string()),
        };
        let variant = Self { name, device };
        if let (Err(reason), true) = (&variant.device, variant.is_ignored()) {
            eprintln!("IGNORED: all tests on {name}: {reason}");
        }
        variant
    }

    /// Whether it is missing, and nobody insists on it.
    pub fn is_ignored(&self) -> bool {
        let required = std::env::var("PULSEPROOF_REQUIRE_BACKEND").unwrap_or_default();
        self.device.is_err() && !required.split(',').any(|name| name == "wgpu")
    }
}

/// Both variants, opened once: their pipelines serve all tests.
pub fn variants() -> &'static [Variant; 2] {
    static VARIANTS: OnceLock<[Variant; 2]> = OnceLock::new();
    VARIANTS.get_or_init(|| [Variant::new("u64", false), Variant::new("u32", true)])
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

#[expect(clippy::cast_possible_truncation, reason = "that is what halves are")]
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
    let launch =
        Launch { unit, entry, groups: groups as u64, shared_bytes: 0, buffers, parameters };
    device.launch(&launch).unwrap();
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

/// The tests of a stem, each for all fields.
macro_rules! for_fields {
    ($stem:literal: $($test:ident),* $(,)?) => {
        pub fn tests() -> Vec<$crate::common::Test> {
            let mut tests = Vec::new();
            for id in pulseproof_kernels::field::FieldId::ALL {
                pulseproof_kernels::with_field!(id, F => {
                    $(tests.push((
                        format!("{}::{}::{id}", $stem, stringify!($test)),
                        $test::<F> as fn(&'static pulseproof_kernels::wgpu::WgpuDevice),
                    ));)*
                });
            }
            tests
        }
    };
}
pub(crate) use for_fields;

/// The tests of a stem without a field.
macro_rules! plain {
    ($stem:literal: $($test:ident),* $(,)?) => {
        pub fn tests() -> Vec<$crate::common::Test> {
            vec![$((format!("{}::{}", $stem, stringify!($test)), $test)),*]
        }
    };
}
pub(crate) use plain;
