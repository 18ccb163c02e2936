//! Starting kernels: how many workgroups, and how parameters are packed.

use super::any::Memory;
use super::{Gpu, Launch, PARAMETERS_MAX, Unit};
use crate::element::Element;
use crate::error::Error;

/// The parameters of a kernel.
pub(super) struct Parameters {
    words: [u32; PARAMETERS_MAX],
    len: usize,
}

impl Parameters {
    /// Numbers, from the first place on.
    pub fn new(numbers: &[u32]) -> Self {
        let mut words = [0; PARAMETERS_MAX];
        words[..numbers.len()].copy_from_slice(numbers);
        Self { words, len: numbers.len() }
    }

    /// A field element in the eight places from `at` on.
    pub fn element<F: Element>(mut self, at: usize, value: F) -> Self {
        let mut element = vec![0; F::WORDS];
        value.write(&mut element);
        for (halves, word) in self.words[at..at + 8].chunks_exact_mut(2).zip(element) {
            halves.copy_from_slice(&halves_of(word));
        }
        self.len = self.len.max(at + 8);
        self
    }
}

/// The 32-bit halves of a word, the low one first.
#[expect(clippy::cast_possible_truncation, reason = "that is what halves are")]
pub(super) fn halves_of(word: u64) -> [u32; 2] {
    [word as u32, (word >> 32) as u32]
}

/// A count, as kernels take it.
///
/// # Errors
/// It is not below 2^31.
pub(super) fn count(n: usize) -> Result<u32, Error> {
    u32::try_from(n).ok().filter(|&n| n >> 31 == 0).ok_or_else(|| {
        let expected = "below 2^31".to_owned();
        Error::Length { what: "a count on a device", got: n, expected }
    })
}

impl Gpu {
    /// Threads of a workgroup.
    pub(super) fn workgroup(&self) -> usize {
        self.device().limits().workgroup as usize
    }

    /// Starts a kernel on so many workgroups; with none there is nothing to do.
    pub(super) fn start(
        &self,
        unit: Unit,
        entry: &'static str,
        groups: usize,
        buffers: &[&Memory],
        parameters: &Parameters,
    ) -> Result<(), Error> {
        self.start_shared(unit, entry, groups, 0, buffers, parameters)
    }

    /// Starts a kernel on so many workgroups that share so many bytes beside what the source declares.
    pub(super) fn start_shared(
        &self,
        unit: Unit,
        entry: &'static str,
        groups: usize,
        shared_bytes: usize,
        buffers: &[&Memory],
        parameters: &Parameters,
    ) -> Result<(), Error> {
        if groups == 0 {
            return Ok(());
        }
        let groups = groups as u64;
        let shared_bytes = count(shared_bytes)?;
        let parameters = &parameters.words[..parameters.len];
        let launch = Launch { unit, entry, groups, shared_bytes, buffers, parameters };
        self.call(|device| device.launch(&launch))
    }

    /// Starts a kernel on at least so many threads.
    pub(super) fn start_threads(
        &self,
        unit: Unit,
        entry: &'static str,
        threads: usize,
        buffers: &[&Memory],
        parameters: &Parameters,
    ) -> Result<(), Error> {
        self.start(unit, entry, threads.div_ceil(self.workgroup()), buffers, parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Goldilocks;

    #[test]
    fn counts_have_31_bits() {
        assert_eq!(count((1 << 31) - 1), Ok(u32::MAX >> 1));
        for n in [1 << 31, 1 << 32, usize::MAX] {
            assert!(matches!(count(n), Err(Error::Length { got, .. }) if got == n));
        }
    }

    #[test]
    fn elements_take_eight_places() {
        let parameters = Parameters::new(&[7])
            .element(4, Goldilocks::new_unchecked(ark_ff::BigInt([5 << 32 | 3])));
        assert_eq!(parameters.words[..parameters.len], [7, 0, 0, 0, 3, 5, 0, 0, 0, 0, 0, 0]);
    }
}
