//! Buffers of the backends that compute on the processor.

use std::ops::Range;

use crate::element::Element;
use crate::error::Error;

/// Values in ordinary memory.
#[derive(Clone, Debug, PartialEq)]
pub struct HostBuffer<T>(pub(crate) Vec<T>);

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
    let room = to.saturating_sub(at);
    if range.len() > room {
        let expected = format!("at most {room}");
        return Err(Error::Length { what: "copy target", got: range.len(), expected });
    }
    Ok(())
}
