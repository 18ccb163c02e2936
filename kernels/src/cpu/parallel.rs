//! Work on slices in chunks: on this thread where there is one chunk, on all threads where there are
//! more.

use rayon::prelude::*;

/// Elements per chunk: some tens of microseconds of work, so that scheduling is lost in it, and few
/// enough to stay in a core's cache.
pub(super) const CHUNK: usize = 1 << 12;

/// Runs `work` on each chunk of `values`, with the position of its first element.
pub(super) fn for_each_chunk<T: Send>(values: &mut [T], work: impl Fn(usize, &mut [T]) + Sync) {
    if values.len() <= CHUNK {
        work(0, values);
    } else {
        let chunks = values.par_chunks_mut(CHUNK).enumerate();
        chunks.for_each(|(index, chunk)| work(index * CHUNK, chunk));
    }
}

/// What `work` makes of each chunk of `values`, in order.
pub(super) fn map_chunks<T: Sync, U: Send>(
    values: &[T],
    work: impl Fn(&[T]) -> U + Send + Sync,
) -> Vec<U> {
    if values.len() <= CHUNK {
        vec![work(values)]
    } else {
        values.par_chunks(CHUNK).map(work).collect()
    }
}
