//! A bootstrapping key in the form in which it is multiplied with.

use rayon::prelude::*;

use ark_ff::Field;

use super::residues::Residues;
use super::tables::Tables;
use crate::bootstrap::BootstrapShape;
use crate::cpu::reserve;
use crate::error::Error;
use crate::field::Prime50;

/// The values of the key's polynomials, reduced, each times R/N: R for Montgomery's products, 1/N for the
/// transform back.
///
/// A part is what belongs to a bit. In it come the squares of W vectors one after the other, and for each
/// square the polynomials in the key's order, so that a part is read from its beginning to its end.
pub(super) struct Prepared<A: Residues<W>, const W: usize> {
    pub a: A,
    pub shape: BootstrapShape,
    pub tables: Tables<A, W>,
    values: Vec<A::V>,
}

impl<A: Residues<W>, const W: usize> Prepared<A, W> {
    pub fn new(a: A, shape: BootstrapShape, residues: &[u64]) -> Result<Self, Error> {
        let size = shape.size();
        let tables = Tables::new(a, shape.log_size);
        let scale = Prime50::from(2u64).pow([A::KEY_BITS.into()]) / Prime50::from(size as u64);
        let mut values = reserve(residues.len() / W)?;
        values.resize(residues.len() / W, a.zero());
        let words = residues.len() / shape.dimension;
        let parts = values.par_chunks_exact_mut(words / W).zip(residues.par_chunks_exact(words));
        parts.for_each(|(part, residues)| {
            for (index, residues) in residues.chunks_exact(size).enumerate() {
                let values = tables.values(a, residues, scale);
                let to = part.as_chunks_mut::<W>().0[index..].iter_mut().step_by(words / size);
                for (to, square) in to.zip(values.as_chunks().0) {
                    *to = *square;
                }
            }
        });
        Ok(Self { a, shape, tables, values })
    }

    /// The parts, in order.
    pub fn parts(&self) -> impl Iterator<Item = &[A::V]> {
        self.values.chunks_exact(self.values.len() / self.shape.dimension)
    }
}
