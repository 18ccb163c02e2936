//! Laws of multi-scalar multiplication.

use ark_ec::AffineRepr;
use rayon::prelude::*;

use super::compare::Output;
use super::input::Stream;
use super::{Case, Law, MsmShape, Points};
use crate::backend::{AnyBackend, Backend, MsmOps};
use crate::element::Element;
use crate::error::Error;
use crate::group::Group;
use crate::msm::ScalarShape;

/// A case over a group, with its inputs.
pub(super) struct MsmLaw<G: Group> {
    bases: Vec<G::Affine>,
    levels: u32,
    scalars: Vec<u64>,
    shape: ScalarShape,
}

impl<G: Group> MsmLaw<G> {
    pub(super) fn new(case: &Case, work: MsmShape) -> Self {
        let MsmShape { bits, signed, levels, vectors, spare, points } = work;
        let scalars = case.size * vectors;
        let scalars = Stream::new(case.seed, 0).integers(case.input, scalars, bits, signed);
        let bases = bases::<G>(points, case.size + spare, case.seed);
        Self { bases, levels, scalars, shape: ScalarShape { count: case.size, bits, signed } }
    }
}

impl<G: Group> Law for MsmLaw<G> {
    fn outputs(&self, backend: &AnyBackend) -> Result<Vec<Output>, Error> {
        let bases = backend.bases(&self.bases, self.levels)?;
        let scalars = backend.upload(&self.scalars)?;
        let sums = backend.msm_batch(&bases, &scalars, self.shape)?;
        Ok(vec![
            Output::values("number of bases", &[backend.bases_len(&bases) as u64]),
            points::<G>("sums", &sums),
        ])
    }
}

/// Points in affine form.
pub(super) fn points<G: Group>(name: &'static str, points: &[G]) -> Output {
    Output::words(name, affine_words(points), 2 * G::Coordinate::WORDS)
}

/// x, y; all words zero for infinity, which is on none of the curves.
pub(super) fn affine_words<G: Group>(points: &[G]) -> Vec<u64> {
    let width = 2 * G::Coordinate::WORDS;
    let mut words = vec![0; points.len() * width];
    for (point, words) in points.iter().zip(words.chunks_exact_mut(width)) {
        if let Some((x, y)) = G::coordinates(&point.into_affine()) {
            let (of_x, of_y) = words.split_at_mut(width / 2);
            x.write(of_x);
            y.write(of_y);
        }
    }
    words
}

fn bases<G: Group>(points: Points, len: usize, seed: u64) -> Vec<G::Affine> {
    match points {
        Points::Distinct => progression::<G>(len, seed),
        Points::Same => vec![progression::<G>(1, seed)[0]; len],
        Points::Opposites => {
            let mut points = progression::<G>(len, seed);
            for pair in points.chunks_exact_mut(2) {
                pair[1] = (-pair[0].into_group()).into_affine();
            }
            points
        }
        Points::WithInfinity => {
            let mut points = progression::<G>(len, seed);
            points.iter_mut().step_by(3).for_each(|point| *point = G::Affine::zero());
            points
        }
    }
}

/// Points of the group that nobody knows a relation between but whoever knows the seed: P, P + D,
/// P + 2D, …, at the price of one addition each. For tests and measurements alone.
pub fn progression<G: Group>(len: usize, seed: u64) -> Vec<G::Affine> {
    const PART: usize = 1 << 12;
    let stream = &mut Stream::new(seed, 5);
    let mut point = || G::generator() * stream.element::<G::ScalarField>();
    let (start, step) = (point(), point());
    let affine_step = step.into_affine();
    let parts = (0..len.div_ceil(PART)).into_par_iter().map(|part| {
        let first = part * PART;
        let mut next = start + step * G::ScalarField::from(first as u64);
        let mut points = vec![G::ZERO; PART.min(len - first)];
        for point in &mut points {
            *point = next;
            next += affine_step;
        }
        G::affine(&points)
    });
    parts.flatten_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::CurveGroup;

    use crate::{Bls12_381, G1};

    #[test]
    fn a_progression_goes_on_across_parts() {
        let points = progression::<G1<Bls12_381>>(9000, 1);
        let step = points[1] - points[0];
        for i in [1, 4095, 4096, 8191, 8998] {
            assert_eq!(points[i + 1], (points[i] + step).into_affine(), "{i}");
        }
        assert!(points.iter().all(|point| !point.is_zero()));
    }
}
