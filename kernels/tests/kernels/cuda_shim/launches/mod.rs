//! Each kernel as `shaders/README.md` describes it, against arkworks or plain integers.

mod groups;
mod ntt;
mod scan;
mod sort;
mod vector;
mod words;

use std::sync::LazyLock;

use pulseproof_kernels::element::{Element, from_words, to_words};
use pulseproof_kernels::gpu::{Device, Launch, Unit};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::shim::{Memory, ShimDevice};

/// Small workgroups need several groups, and several warps in each, for little work.
pub const WORKGROUP: usize = 64;

pub static DEVICE: LazyLock<ShimDevice> = LazyLock::new(|| ShimDevice::new(64));

pub fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

/// A buffer with these values.
pub fn buffer<T: Element>(values: &[T]) -> Memory {
    let words = to_words(values);
    let memory = DEVICE.allocate(words.len().max(1)).unwrap();
    DEVICE
        .write(&memory, 0, words.len(), &mut |at, part| {
            part.copy_from_slice(&words[at..at + part.len()]);
        })
        .unwrap();
    memory
}

/// The first `len` values of a buffer.
pub fn values<T: Element>(memory: &Memory, len: usize) -> Vec<T> {
    let mut words = vec![0; len * T::WORDS];
    DEVICE
        .read(memory, 0..words.len(), &mut |at, part| {
            words[at..at + part.len()].copy_from_slice(part);
        })
        .unwrap();
    from_words(&words)
}

/// 32-bit words, two in each word of a buffer.
pub fn buffer_u32(words: &[u32]) -> Memory {
    let pairs: Vec<u64> = words
        .chunks(2)
        .map(|pair| u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 32)
        .collect();
    buffer(&pairs)
}

/// The first `len` 32-bit words of a buffer.
pub fn values_u32(memory: &Memory, len: usize) -> Vec<u32> {
    let words: Vec<u64> = values(memory, len.div_ceil(2));
    words.iter().flat_map(|&word| halves(word)).take(len).collect()
}

/// Low and high half.
#[expect(clippy::cast_possible_truncation, reason = "that is what halves are")]
pub fn halves(word: u64) -> [u32; 2] {
    [word as u32, (word >> 32) as u32]
}

/// A value as parameters take it.
pub fn parameters_of<T: Element>(value: T) -> Vec<u32> {
    let mut words: Vec<u32> = to_words(&[value]).into_iter().flat_map(halves).collect();
    words.resize(8, 0);
    words
}

/// As many groups as give every one of `threads` a thread.
pub fn launch(
    unit: Unit,
    entry: &'static str,
    threads: usize,
    buffers: &[&Memory],
    parameters: &[u32],
) {
    let groups = threads.div_ceil(WORKGROUP) as u64;
    DEVICE.launch(&Launch { unit, entry, groups, shared_bytes: 0, buffers, parameters }).unwrap();
}

/// A count as a parameter.
pub fn count(n: usize) -> u32 {
    n.try_into().unwrap()
}
