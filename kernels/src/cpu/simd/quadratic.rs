//! The quadratic extension by i with i² = −1, over any lanes of the prime field.

use ark_ff::{Fp2, Fp2Config};

use super::{Lanes, Line};

/// Arithmetic on elements c_0 + c_1·i with the arithmetic `T` of the prime field, which must have room
/// for products of values up to 8p: `CAPACITY` at least 64.
#[derive(Clone, Copy, Debug)]
pub struct Quadratic<T>(pub(crate) T);

impl<T, P> Lanes<Fp2<P>> for Quadratic<T>
where
    P: Fp2Config,
    T: Lanes<P::Fp>,
{
    type V = [T::V; 2];

    const WIDTH: usize = T::WIDTH;
    /// Products of sums of two coefficients must have room.
    const CAPACITY: u64 = {
        assert!(T::CAPACITY >= 64, "no room for the sums of coefficients");
        T::CAPACITY / 4
    };

    #[inline(always)]
    fn run<R>(self, f: impl FnOnce() -> R) -> R {
        self.0.run(f)
    }

    #[inline(always)]
    fn splat(self, value: Fp2<P>) -> Self::V {
        [self.0.splat(value.c0), self.0.splat(value.c1)]
    }

    #[inline(always)]
    fn load(self, values: &[Fp2<P>]) -> Self::V {
        let [c0, c1] = coefficients(&values[..T::WIDTH]);
        [self.0.load(&c0), self.0.load(&c1)]
    }

    #[inline(always)]
    fn store(self, v: Self::V, values: &mut [Fp2<P>]) {
        let [mut c0, mut c1] = coefficients(&values[..T::WIDTH]);
        self.0.store(v[0], &mut c0);
        self.0.store(v[1], &mut c1);
        for (value, (c0, c1)) in values[..T::WIDTH].iter_mut().zip(c0.into_iter().zip(c1)) {
            *value = Fp2::new(c0, c1);
        }
    }

    #[inline(always)]
    fn constant(self, w: Fp2<P>) -> Self::V {
        [self.0.constant(w.c0), self.0.constant(w.c1)]
    }

    #[inline(always)]
    fn constants(self, w: &[Fp2<P>]) -> Self::V {
        let [c0, c1] = coefficients(&w[..T::WIDTH]);
        [self.0.constants(&c0), self.0.constants(&c1)]
    }

    #[inline(always)]
    fn leave(self, v: Self::V) -> Self::V {
        [self.0.leave(v[0]), self.0.leave(v[1])]
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        [self.0.add(a[0], b[0]), self.0.add(a[1], b[1])]
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        [self.0.sub(a[0], b[0]), self.0.sub(a[1], b[1])]
    }

    #[inline(always)]
    fn sub_both(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        [self.0.sub_both(a[0], b[0], c[0]), self.0.sub_both(a[1], b[1], c[1])]
    }

    #[inline(always)]
    fn add_lazy(self, a: Self::V, b: Self::V) -> Self::V {
        [self.0.add_lazy(a[0], b[0]), self.0.add_lazy(a[1], b[1])]
    }

    #[inline(always)]
    fn sub_lazy(self, a: Self::V, b: Self::V) -> Self::V {
        [self.0.sub_lazy(a[0], b[0]), self.0.sub_lazy(a[1], b[1])]
    }

    #[inline(always)]
    fn reduce(self, a: Self::V) -> Self::V {
        [self.0.reduce(a[0]), self.0.reduce(a[1])]
    }

    #[inline(always)]
    fn neg(self, a: Self::V) -> Self::V {
        [self.0.neg(a[0]), self.0.neg(a[1])]
    }

    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        product(self.0, &a, &b)
    }

    fn square(self, a: Self::V) -> Self::V {
        square(self.0, &a)
    }

    #[inline(always)]
    fn is_zero(self, a: Self::V) -> u8 {
        self.0.is_zero(a[0]) & self.0.is_zero(a[1])
    }

    #[inline(always)]
    fn select(self, mask: u8, a: Self::V, b: Self::V) -> Self::V {
        [self.0.select(mask, a[0], b[0]), self.0.select(mask, a[1], b[1])]
    }

    #[inline(always)]
    fn rotate(self, a: Self::V, by: usize) -> Self::V {
        [self.0.rotate(a[0], by), self.0.rotate(a[1], by)]
    }

    const LINES: usize = 2 * T::LINES;

    #[inline(always)]
    fn gather<'a>(self, line: impl Fn(usize, usize) -> &'a Line) -> [Self::V; 2] {
        [
            self.0.gather(
                #[inline(always)]
                |lane, k| line(lane, k),
            ),
            self.0.gather(
                #[inline(always)]
                |lane, k| line(lane, T::LINES + k),
            ),
        ]
    }

    #[inline(always)]
    fn scatter(self, pair: [Self::V; 2], lines: &mut [Line]) {
        let mut half = [Line::default(); 16];
        let half = &mut half[..T::WIDTH * T::LINES];
        for (e, element) in pair.into_iter().enumerate() {
            self.0.scatter(element, half);
            for (lane, from) in half.chunks_exact(T::LINES).enumerate() {
                let at = (2 * lane + e) * T::LINES;
                lines[at..at + T::LINES].copy_from_slice(from);
            }
        }
    }

    #[inline(always)]
    fn zero(self) -> Self::V {
        [self.0.zero(); 2]
    }
}

/// Karatsuba's: (a_0 + a_1)(b_0 + b_1) − a_0·b_0 − a_1·b_1 is the coefficient of i. Three products are
/// enough work for a call, and much code to repeat.
#[inline(never)]
fn product<F, T: Lanes<F>>(lanes: T, a: &[T::V; 2], b: &[T::V; 2]) -> [T::V; 2] {
    lanes.run(
        #[inline(always)]
        || {
            let low = lanes.mul(a[0], b[0]);
            let high = lanes.mul(a[1], b[1]);
            let cross = lanes.mul(lanes.add_lazy(a[0], a[1]), lanes.add_lazy(b[0], b[1]));
            [lanes.sub(low, high), lanes.sub_both(cross, low, high)]
        },
    )
}

/// (a_0 + a_1)(a_0 − a_1) + 2·a_0·a_1·i.
#[inline(never)]
fn square<F, T: Lanes<F>>(lanes: T, a: &[T::V; 2]) -> [T::V; 2] {
    lanes.run(
        #[inline(always)]
        || {
            let real = lanes.mul(lanes.add_lazy(a[0], a[1]), lanes.sub(a[0], a[1]));
            let imaginary = lanes.mul(lanes.add_lazy(a[0], a[0]), a[1]);
            [real, imaginary]
        },
    )
}

/// The coefficients of up to eight elements.
#[inline(always)]
fn coefficients<P: Fp2Config>(values: &[Fp2<P>]) -> [[P::Fp; 8]; 2] {
    let mut c = [[P::Fp::default(); 8]; 2];
    for (i, value) in values.iter().enumerate() {
        c[0][i] = value.c0;
        c[1][i] = value.c1;
    }
    c
}
