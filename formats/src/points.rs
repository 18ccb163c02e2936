//! Points of a section, read and checked piece by piece, and written likewise. Touches one section.

use std::io::{self, Read, Seek, Write};
use std::ops::Range;

use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use rayon::prelude::*;

use crate::container::{Container, ContainerWriter, Section};
use crate::elements::{Check, PointDecoder, encode_point, point_bytes};
use crate::error::FormatError;

/// Points read and checked at a time.
const CHUNK: usize = 4096;
/// Points that are worth a thread's while, unless each is checked for its order.
const PIECE: usize = 64;

/// Reads the points of a section with numbers in `range`, which must lie in the section.
///
/// `progress` hears of points done and points in all.
pub(crate) fn read_points<G: Group, S: Read + Seek>(
    file: &mut Container<S>,
    section: Section,
    range: Range<u64>,
    decoder: &PointDecoder<G>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<G::Affine>, FormatError> {
    let size = point_bytes::<G>();
    let total = check_range::<G, S>(file, section, &range)?;
    let mut points = Vec::new();
    let too_large = |_| file.kind().io()(io::ErrorKind::OutOfMemory.into());
    points.try_reserve_exact(total).map_err(too_large)?;
    let mut buffer = vec![0; size * CHUNK.min(total)];
    while points.len() < total {
        let done = points.len();
        let next = CHUNK.min(total - done);
        let bytes = &mut buffer[..next * size];
        let first = range.start + done as u64;
        file.read_into(section, first * size as u64, bytes)?;
        points.resize(done + next, G::Affine::ZERO);
        let decode = |bytes: &[u8]| decoder.point(bytes);
        decode_all(bytes, size, &mut points[done..], decode).map_err(|(index, problem)| {
            let (file, index) = (file.kind(), first + index as u64);
            FormatError::Element { file, section: section.name, index, problem }
        })?;
        progress(points.len(), total);
    }
    Ok(points)
}

/// The first `count` points of a section, `step` at a time.
pub(crate) fn read_pieces<G: Group, S: Read + Seek>(
    file: &mut Container<S>,
    section: Section,
    count: u64,
    check: Check,
    step: usize,
) -> impl Iterator<Item = Result<Vec<G::Affine>, FormatError>> {
    let (decoder, step) = (PointDecoder::<G>::new(check), step as u64);
    (0..count.div_ceil(step)).map(move |i| {
        let range = i * step..((i + 1) * step).min(count);
        read_points(file, section, range, &decoder, &mut |_, _| ())
    })
}

/// How many points a range has, if the section has them.
fn check_range<G: Group, S: Read + Seek>(
    file: &Container<S>,
    section: Section,
    range: &Range<u64>,
) -> Result<usize, FormatError> {
    let limit = section.size / point_bytes::<G>() as u64;
    let count = usize::try_from(range.end.saturating_sub(range.start));
    match count {
        Ok(count) if range.end <= limit => Ok(count),
        _ => {
            let (file, field) = (file.kind(), "number of points");
            Err(FormatError::Limit { file, field, got: range.end, limit })
        }
    }
}

/// Decodes what stands side by side, `size` bytes each; on failure, says which is the first bad one.
pub(crate) fn decode_all<T: Send, E: Send>(
    bytes: &[u8],
    size: usize,
    values: &mut [T],
    decode: impl Fn(&[u8]) -> Result<T, E> + Sync,
) -> Result<(), (usize, E)> {
    let pairs = values.par_iter_mut().zip(bytes.par_chunks_exact(size)).with_min_len(PIECE);
    let failures = pairs.enumerate().filter_map(|(index, (value, bytes))| match decode(bytes) {
        Ok(decoded) => {
            *value = decoded;
            None
        }
        Err(error) => Some((index, error)),
    });
    failures.find_first(|_| true).map_or(Ok(()), Err)
}

/// Writes points into the section that was begun.
pub(crate) fn write_points<G: Group>(
    writer: &mut ContainerWriter<impl Write>,
    points: &[G::Affine],
) -> Result<(), FormatError> {
    let mut bytes = Vec::new();
    for points in points.chunks(CHUNK) {
        bytes.clear();
        points.iter().for_each(|point| encode_point::<G>(point, &mut bytes));
        writer.bytes(&bytes)?;
    }
    Ok(())
}
