//! Buffers of the backends that compute on the CPU.

use std::ops::Range;

use crate::element::Element;
use crate::error::Error;
use crate::kind::BackendKind;

/// Values in ordinary memory.
#[derive(Clone, Debug, PartialEq)]
pub struct HostBuffer<T>(pub(crate) Vec<T>);

impl<T> HostBuffer<T> {
    /// An empty vector with room for `len` values, or an error where the allocator has none.
    pub(crate) fn reserve(backend: BackendKind, len: usize) -> Result<Vec<T>, Error> {
        let mut values = Vec::new();
        values.try_reserve_exact(len).map_err(|_| {
            let needed = (len as u64).saturating_mul(size_of::<T>() as u64);
            Error::OutOfMemory { backend, needed, available: 0 }
        })?;
        Ok(values)
    }
}

impl<T: Element> HostBuffer<T> {
    pub(crate) fn zeros(len: usize) -> Self {
        Self(vec![T::zero(); len])
    }

    pub(crate) fn copy_to(
        &self,
        range: Range<usize>,
        to: &mut Self,
        at: usize,
    ) -> Result<(), Error> {
        check_copy(self.0.len(), &range, to.0.len(), at)?;
        let end = at + range.len();
        to.0[at..end].copy_from_slice(&self.0[range]);
        Ok(())
    }
}

/// Checks that a copy stays within both buffers.
pub(crate) fn check_copy(
    from: usize,
    range: &Range<usize>,
    to: usize,
    at: usize,
) -> Result<(), Error> {
    if range.start > range.end || range.end > from {
        let expected = format!("a range within {from}");
        return Err(Error::Length { what: "copy source", got: range.end, expected });
    }
    let end = at.saturating_add(range.len());
    if end > to {
        let expected = format!("at most {to}");
        return Err(Error::Length { what: "end of a copy", got: end, expected });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_room_is_an_error() {
        let got = HostBuffer::<u64>::reserve(BackendKind::Cpu, usize::MAX);
        assert!(matches!(got, Err(Error::OutOfMemory { needed: u64::MAX, .. })));
        assert!(HostBuffer::<u64>::reserve(BackendKind::Cpu, 2).unwrap().capacity() >= 2);
    }

    #[test]
    fn copies_stay_within_both_buffers() {
        for (range, to, at) in [(0..4, 4, 0), (1..3, 2, 0), (4..4, 0, 0), (0..1, 4, 3)] {
            assert_eq!(check_copy(4, &range, to, at), Ok(()));
        }
        #[expect(clippy::reversed_empty_ranges, reason = "is refused")]
        let bad =
            [(0..5, 9, 0), (3..2, 9, 0), (0..4, 3, 0), (0..1, 4, 4), (0..1, 4, 9), (0..0, 4, 5)];
        for (range, to, at) in bad {
            assert!(matches!(check_copy(4, &range, to, at), Err(Error::Length { .. })));
        }
    }
}
