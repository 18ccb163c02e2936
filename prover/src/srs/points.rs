//! Checks of single points, and of many in parallel.

use pulseproof_kernels::traits::*;
use rayon::prelude::*;

use super::SrsError;
use crate::encoding::DecodeError;

/// Checks that a point is a finite solution of the curve's equation y² = x³ + b.
///
/// Both curves have that form; b is read off the generator.
pub(super) fn check_on_curve<P: AffineRepr>(
    point: &P,
    field: &'static str,
) -> Result<(), DecodeError> {
    let Some(b) = constant_term(point) else {
        return Err(DecodeError::Invalid { field, reason: "the point at infinity".to_owned() });
    };
    if Some(b) == constant_term(&P::GENERATOR) {
        Ok(())
    } else {
        Err(DecodeError::NotOnCurve { field })
    }
}

/// Checks a point on the curve for its order.
pub(super) fn check_subgroup<P: AffineRepr>(
    point: &P,
    field: &'static str,
) -> Result<(), DecodeError> {
    point.check().map_err(|_| DecodeError::WrongSubgroup { field })
}

/// Both checks, for every point.
pub(super) fn check_all<P: AffineRepr>(points: &[P], field: &'static str) -> Result<(), SrsError> {
    points.par_iter().enumerate().try_for_each(|(index, point)| {
        check_on_curve(point, field)
            .and_then(|()| check_subgroup(point, field))
            .map_err(|source| SrsError::Point { index, source })
    })
}

/// y² − x³, or `None` at infinity.
fn constant_term<P: AffineRepr>(point: &P) -> Option<P::BaseField> {
    point.xy().map(|(x, y)| y.square() - x.square() * x)
}
