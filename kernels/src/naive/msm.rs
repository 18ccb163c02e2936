//! Multi-scalar multiplication: double-and-add for each integer.

use super::Naive;
use crate::backend::MsmOps;
use crate::backend::arguments::check_bases;
use crate::error::Error;
use crate::group::Group;
use crate::host::HostBuffer;
use crate::msm::ScalarShape;

impl<G: Group> MsmOps<G> for Naive {
    type Bases = Vec<G::Affine>;

    fn bases(&self, points: &[G::Affine], levels: u32) -> Result<Self::Bases, Error> {
        check_bases(points.len(), levels)?;
        Ok(points.to_vec())
    }

    fn bases_len(&self, bases: &Self::Bases) -> usize {
        bases.len()
    }

    fn bases_bytes(&self, bases: &Self::Bases) -> usize {
        size_of_val(&**bases)
    }

    fn msm_batch(
        &self,
        bases: &Self::Bases,
        scalars: &HostBuffer<u64>,
        shape: ScalarShape,
    ) -> Result<Vec<G>, Error> {
        let vectors = shape.vectors(scalars.0.len(), bases.len())?;
        let vector = |v: usize| {
            let term = |i: usize| {
                let at = (v * shape.count + i) * shape.words();
                times::<G>(bases[i], &scalars.0[at..at + shape.words()], &shape)
            };
            (0..shape.count).map(term).sum()
        };
        Ok((0..vectors).map(vector).collect())
    }
}

/// s·P, where the top bit of a signed s counts −2^(bits−1).
fn times<G: Group>(point: G::Affine, words: &[u64], shape: &ScalarShape) -> G {
    let mut sum = G::zero();
    for bit in (0..shape.bits).rev() {
        sum.double_in_place();
        if words[bit as usize / 64] >> (bit % 64) & 1 == 0 {
            continue;
        }
        if shape.signed && bit == shape.bits - 1 {
            sum -= point;
        } else {
            sum += point;
        }
    }
    sum
}
