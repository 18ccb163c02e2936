//! One lane: arkworks's arithmetic, on any machine. Values are always below p.

use ark_ff::Field;

use super::{Lanes, Line};
use crate::element::Element;

/// One element at a time, with no instructions that a machine may lack.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

impl<F: Field + Element> Lanes<F> for Portable {
    type V = F;

    const WIDTH: usize = 1;
    const CAPACITY: u64 = u64::MAX;

    #[inline(always)]
    fn run<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }

    #[inline(always)]
    fn splat(self, value: F) -> F {
        value
    }

    #[inline(always)]
    fn load(self, values: &[F]) -> F {
        values[0]
    }

    #[inline(always)]
    fn store(self, v: F, values: &mut [F]) {
        values[0] = v;
    }

    #[inline(always)]
    fn constant(self, w: F) -> F {
        w
    }

    #[inline(always)]
    fn constants(self, w: &[F]) -> F {
        w[0]
    }

    #[inline(always)]
    fn leave(self, v: F) -> F {
        v
    }

    #[inline(always)]
    fn add(self, a: F, b: F) -> F {
        a + b
    }

    #[inline(always)]
    fn sub(self, a: F, b: F) -> F {
        a - b
    }

    #[inline(always)]
    fn add_lazy(self, a: F, b: F) -> F {
        a + b
    }

    #[inline(always)]
    fn sub_lazy(self, a: F, b: F) -> F {
        a - b
    }

    #[inline(always)]
    fn reduce(self, a: F) -> F {
        a
    }

    #[inline(always)]
    fn neg(self, a: F) -> F {
        -a
    }

    #[inline(always)]
    fn double(self, a: F) -> F {
        a.double()
    }

    #[inline(always)]
    fn mul(self, a: F, b: F) -> F {
        a * b
    }

    #[inline(always)]
    fn square(self, a: F) -> F {
        a.square()
    }

    #[inline(always)]
    fn is_zero(self, a: F) -> u8 {
        u8::from(a.is_zero())
    }

    #[inline(always)]
    fn select(self, mask: u8, a: F, b: F) -> F {
        if mask & 1 == 0 { a } else { b }
    }

    #[inline(always)]
    fn rotate(self, a: F, _by: usize) -> F {
        a
    }

    const LINES: usize = (2 * F::WORDS).div_ceil(8);

    #[inline(always)]
    fn gather<'a>(self, line: impl Fn(usize, usize) -> &'a Line) -> [F; 2] {
        // The widest pair: two elements of 2·6 words.
        let mut words = [0; 24];
        for k in 0..<Self as Lanes<F>>::LINES {
            words[8 * k..8 * k + 8].copy_from_slice(&line(0, k).0);
        }
        [F::read(&words[..F::WORDS]), F::read(&words[F::WORDS..2 * F::WORDS])]
    }

    #[inline(always)]
    fn scatter(self, pair: [F; 2], lines: &mut [Line]) {
        let mut words = [0; 24];
        pair[0].write(&mut words[..F::WORDS]);
        pair[1].write(&mut words[F::WORDS..2 * F::WORDS]);
        for (line, words) in lines[..<Self as Lanes<F>>::LINES].iter_mut().zip(words.chunks(8)) {
            line.0.copy_from_slice(words);
        }
    }

    #[inline(always)]
    fn zero(self) -> F {
        F::ZERO
    }
}
