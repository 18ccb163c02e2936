//! A bootstrapping key in the form in which it is multiplied with.

use rayon::prelude::*;

use ark_ff::Field;

use super::constants::Constants;
use super::roots::{Roots, factor};
use super::transform::{block_vectors, forward_head, forward_tail, forward_within};
use super::vectors::{Factor, Vectors};
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
    pub constants: Constants,
    values: Vec<V>,
}

impl<V: Copy + Send + Sync> Prepared<V> {
    pub fn new<A: Vectors<W, V = V>, const W: usize>(
        a: A,
        shape: BootstrapShape,
        residues: &[u64],
    ) -> Result<Self, Error> {
        let [forward, inverse] = Roots::both_ways(a, shape.log_size);
        let constants = Constants::new(a, shape.size() / W, &forward, &inverse);
        let mut values = reserve(residues.len() / W)?;
        values.resize(residues.len() / W, a.splat(0));
        let mut key = Self { shape, forward, inverse, constants, values: Vec::new() };
        let words = residues.len() / shape.dimension;
        let parts = values.par_chunks_exact_mut(words / W).zip(residues.par_chunks_exact(words));
        parts.for_each(|(part, residues)| key.prepare(a, residues, part));
        key.values = values;
        Ok(key)
    }

    fn prepare<A: Vectors<W, V = V>, const W: usize>(
        &self,
        a: A,
        residues: &[u64],
        part: &mut [V],
    ) {
        let size = self.shape.size();
        let polynomials = residues.len() / size;
        let scale = Prime50::from(2u64).pow([A::BITS.into()]) / Prime50::from(size as u64);
        let scale = factor(scale, A::BITS).splat(a);
        for (index, residues) in residues.chunks_exact(size).enumerate() {
            let with_constant = |(words, &constant)| a.add(a.load(words), a.splat(constant));
            let words = residues.as_chunks().0.iter().zip(&self.constants.before);
            let mut values: Vec<V> = words.map(with_constant).collect();
            forward_head(a, &mut values, &self.forward);
            a.run(
                #[inline(always)]
                || {
                    self.finish(a, &mut values, scale);
                },
            );
            let (squares, _) = values.as_chunks::<W>();
            for (to, square) in
                part.as_chunks_mut().0[index..].iter_mut().step_by(polynomials).zip(squares)
            {
                *to = *square;
            }
        }
    }

    /// The levels after the first ones, and the factor that values are kept with.
    #[inline(always)]
    fn finish<A: Vectors<W, V = V>, const W: usize>(
        &self,
        a: A,
        values: &mut [V],
        scale: Factor<V>,
    ) {
        let block = block_vectors::<A, W>(values.len());
        for (index, block) in values.chunks_exact_mut(block).enumerate() {
            forward_tail(a, block, index, &self.forward);
        }
        for (index, square) in values.as_chunks_mut::<W>().0.iter_mut().enumerate() {
            *square = forward_within(a, *square, self.forward.of_square::<W>(index));
            for value in square {
                let product = a.product(a.splat(MODULUS), *value, scale);
                *value = a.min(product, a.sub(product, a.splat(MODULUS)));
            }
        }
    }

    /// The parts, in order.
    pub fn parts(&self) -> impl Iterator<Item = &[V]> {
        self.values.chunks_exact(self.values.len() / self.shape.dimension)
    }
}
