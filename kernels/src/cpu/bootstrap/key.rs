//! A bootstrapping key in the form in which it is multiplied with.

use rayon::prelude::*;

use ark_ff::Field;

use super::roots::{Roots, factor};
use super::transform::{forward, forward_within};
use super::vectors::Vectors;
use crate::bootstrap::{BootstrapShape, MODULUS};
use crate::cpu::reserve;
use crate::error::Error;
use crate::field::Prime50;

/// The values of the key's polynomials, each times R/N and below p: R for Montgomery's products, 1/N for
/// the transform back.
///
/// A part is what belongs to a bit. In it come the squares of W vectors one after the other, and for each
/// square the polynomials in the key's order, so that a part is read from its beginning to its end.
pub(super) struct Prepared<V> {
    pub shape: BootstrapShape,
    pub forward: Roots<V>,
    pub inverse: Roots<V>,
    values: Vec<V>,
}

impl<V: Copy + Send + Sync> Prepared<V> {
    pub fn new<A: Vectors<W, V = V>, const W: usize>(
        a: A,
        shape: BootstrapShape,
        residues: &[u64],
    ) -> Result<Self, Error> {
        let [forward, inverse] = Roots::both_ways(a, shape.log_size);
        let mut values = reserve(residues.len() / W)?;
        values.resize(residues.len() / W, a.splat(0));
        let mut key = Self { shape, forward, inverse, values: Vec::new() };
        let words = 4 * shape.levels as usize * shape.size();
        let parts = values.par_chunks_exact_mut(words / W).zip(residues.par_chunks_exact(words));
        parts.for_each(|(part, residues)| {
            a.run(
                #[inline(always)]
                || key.prepare(a, residues, part),
            );
        });
        key.values = values;
        Ok(key)
    }

    #[inline(always)]
    fn prepare<A: Vectors<W, V = V>, const W: usize>(
        &self,
        a: A,
        residues: &[u64],
        part: &mut [V],
    ) {
        let size = self.shape.size();
        let polynomials = 4 * self.shape.levels as usize;
        let scale = Prime50::from(2u64).pow([A::BITS.into()]) / Prime50::from(size as u64);
        let scale = factor(scale, A::BITS).splat(a);
        for (index, residues) in residues.chunks_exact(size).enumerate() {
            let mut values: Vec<V> = residues.as_chunks().0.iter().map(|x| a.load(x)).collect();
            forward(a, &mut values, &self.forward);
            let (squares, _) = values.as_chunks_mut::<W>();
            for (at, square) in squares.iter_mut().enumerate() {
                forward_within(a, square, self.forward.of_square::<W>(at));
                let to = &mut part[(at * polynomials + index) * W..][..W];
                for (to, &value) in to.iter_mut().zip(&*square) {
                    let product = a.product(a.splat(MODULUS), value, scale);
                    *to = a.min(product, a.sub(product, a.splat(MODULUS)));
                }
            }
        }
    }

    /// The parts, in order.
    pub fn parts(&self) -> impl Iterator<Item = &[V]> {
        self.values.chunks_exact(self.values.len() / self.shape.dimension)
    }
}
