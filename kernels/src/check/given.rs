//! Operations on values that come from elsewhere, in words: for known answers.

use ark_ec::AffineRepr;
use ark_ff::Zero;

use super::points::affine_words;
use crate::backend::{AnyBackend, Backend, MsmOps, NttOps};
use crate::element::{Element, from_words, to_words};
use crate::error::Error;
use crate::field::{FieldId, KernelField};
use crate::group::{Group, GroupId};
use crate::msm::ScalarShape;
use crate::transform::{Direction, Order, Transform};
use crate::{with_field, with_group};

/// Rows to transform. Words are those of [`Element`].
#[derive(Clone, Copy, Debug)]
pub struct GivenTransform<'a> {
    /// The field.
    pub field: FieldId,
    /// log2 of a row.
    pub log_size: u32,
    /// Which way.
    pub direction: Direction,
    /// Order of the values.
    pub order: Order,
    /// One element.
    pub shift: &'a [u64],
    /// The rows.
    pub data: &'a [u64],
}

/// Points and integers to multiply.
#[derive(Clone, Copy, Debug)]
pub struct GivenMultiplication<'a> {
    /// The group.
    pub group: GroupId,
    /// x and y of each point; all words zero at infinity.
    pub points: &'a [u64],
    /// Levels of stored multiples.
    pub levels: u32,
    /// The integers.
    pub scalars: &'a [u64],
    /// Their shape.
    pub shape: ScalarShape,
}

/// Transforms rows that are given in words, shift and all.
///
/// # Errors
/// The backend's.
pub fn transform(backend: &AnyBackend, given: &GivenTransform<'_>) -> Result<Vec<u64>, Error> {
    with_field!(given.field, F => transform_over::<F>(backend, given))
}

/// Multiplies points and integers that are given in words. Points are x and y, with all words zero at infinity.
///
/// # Errors
/// The backend's.
pub fn multiply(backend: &AnyBackend, given: &GivenMultiplication<'_>) -> Result<Vec<u64>, Error> {
    with_group!(given.group, G => multiply_in::<G>(backend, given))
}

fn transform_over<F: KernelField>(
    backend: &AnyBackend,
    given: &GivenTransform<'_>,
) -> Result<Vec<u64>, Error> {
    let GivenTransform { log_size, direction, order, shift, data, .. } = *given;
    let transform = Transform { log_size, direction, order, shift: F::read(shift) };
    let mut rows = backend.upload(&from_words::<F>(data))?;
    backend.ntt(&transform, &mut rows)?;
    Ok(to_words(&backend.download(&rows)?))
}

fn multiply_in<G: Group>(
    backend: &AnyBackend,
    given: &GivenMultiplication<'_>,
) -> Result<Vec<u64>, Error> {
    let point = |words: &[u64]| {
        if words.iter().all(Zero::is_zero) {
            return G::Affine::zero();
        }
        let (x, y) = words.split_at(G::Coordinate::WORDS);
        G::from_coordinates(G::Coordinate::read(x), G::Coordinate::read(y))
    };
    let points = given.points.chunks_exact(2 * G::Coordinate::WORDS).map(point);
    let bases = backend.bases(&points.collect::<Vec<_>>(), given.levels)?;
    let scalars = backend.upload(given.scalars)?;
    let sums: Vec<G> = backend.msm_batch(&bases, &scalars, given.shape)?;
    Ok(affine_words(&sums))
}
