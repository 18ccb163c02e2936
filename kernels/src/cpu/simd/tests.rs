//! Every operation of every arithmetic against arkworks, lane by lane, on random and edge values and at
//! the ends of the ranges.

use ark_ff::{AdditiveGroup, Field, Fp2, Fp2Config, PrimeField, UniformRand};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Lanes, Line, Vectorised, with_lanes};
use crate::cpu::Instructions;
use crate::cpu::instructions::Level;
use crate::element::Element;
use crate::field::{Goldilocks, Prime50};

/// Each operation as a call of its own: the tests' many expressions would be much code otherwise.
#[derive(Clone, Copy, Debug)]
struct Called<L>(L);

macro_rules! called {
    ($(fn $name:ident($($arg:ident: $kind:ty),*) -> $result:ty;)*) => { $(
        #[inline(never)]
        fn $name(self, $($arg: $kind),*) -> $result {
            self.0.run(#[inline(always)] || self.0.$name($($arg),*))
        }
    )* };
}

impl<F, L: Lanes<F>> Lanes<F> for Called<L> {
    type V = L::V;
    const WIDTH: usize = L::WIDTH;
    const CAPACITY: u64 = L::CAPACITY;
    const LINES: usize = L::LINES;

    fn run<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }

    called! {
        fn splat(value: F) -> L::V;
        fn load(values: &[F]) -> L::V;
        fn store(v: L::V, values: &mut [F]) -> ();
        fn constant(w: F) -> L::V;
        fn constants(w: &[F]) -> L::V;
        fn leave(v: L::V) -> L::V;
        fn add(a: L::V, b: L::V) -> L::V;
        fn sub(a: L::V, b: L::V) -> L::V;
        fn sub_both(a: L::V, b: L::V, c: L::V) -> L::V;
        fn add_lazy(a: L::V, b: L::V) -> L::V;
        fn sub_lazy(a: L::V, b: L::V) -> L::V;
        fn reduce(a: L::V) -> L::V;
        fn neg(a: L::V) -> L::V;
        fn double(a: L::V) -> L::V;
        fn mul(a: L::V, b: L::V) -> L::V;
        fn square(a: L::V) -> L::V;
        fn is_zero(a: L::V) -> u8;
        fn select(mask: u8, a: L::V, b: L::V) -> L::V;
        fn rotate(a: L::V, by: usize) -> L::V;
        fn scatter(pair: [L::V; 2], lines: &mut [Line]) -> ();
        fn zero() -> L::V;
    }

    #[inline(never)]
    fn gather<'a>(self, line: impl Fn(usize, usize) -> &'a Line) -> [L::V; 2] {
        self.0.run(
            #[inline(always)]
            || self.0.gather(line),
        )
    }
}

/// Elements whose words, as they lie in memory, are at the ends of limbs of 51 and 52 bits, or near p and p/2.
fn edges_of_words<F: PrimeField + Element>(rng: &mut StdRng) -> Vec<F> {
    let (modulus, half) = (F::MODULUS, F::MODULUS_MINUS_ONE_DIV_TWO);
    let (modulus, half) = (modulus.as_ref(), half.as_ref());
    let near = |words: &[u64], add: bool| {
        let mut words = words.to_vec();
        words[0] = if add { words[0] + 1 } else { words[0] - 1 };
        F::read(&words)
    };
    let mut values = vec![near(modulus, false), F::read(half), near(half, true)];
    while values.len() < 24 {
        let bits = if values.len() % 2 == 0 { 51 } else { 52 };
        let limbs = [0, 1, (1 << (bits - 1)) - 1, 1 << (bits - 1), (1 << (bits - 1)) + 1];
        let only = Some((1u64 << bits) - 1).filter(|_| rng.gen_bool(0.3));
        let mut words = vec![0; F::WORDS];
        for i in 0..(64 * F::WORDS).div_ceil(bits) {
            let limb: u64 = only.unwrap_or_else(|| limbs[rng.gen_range(0..limbs.len())]);
            let wide = u128::from(limb) << (bits * i % 64);
            for (k, part) in wide.to_le_bytes().as_chunks().0.iter().enumerate() {
                if let Some(word) = words.get_mut(bits * i / 64 + k) {
                    *word |= u64::from_le_bytes(*part);
                }
            }
        }
        // Below p: its highest word is greater.
        let last = F::WORDS - 1;
        words[last] %= modulus[last];
        values.push(F::read(&words));
    }
    values
}

/// 0, 1, −1, values near p and near powers of two, at the ends of limbs, and random ones.
fn prime_values<F: PrimeField + Element>(rng: &mut StdRng) -> Vec<F> {
    let small = [0u64, 1, 2, 3, 1 << 31, u64::MAX].map(F::from);
    let powers = [51u64, 52, 53, 64, 104, 128, 156, 208, 250].map(|k| F::from(2u64).pow([k]));
    let mut values: Vec<F> = small.into_iter().chain(powers).flat_map(|v| [v, -v]).collect();
    values.extend(edges_of_words::<F>(rng));
    values.extend((0..34).map(|_| F::rand(rng)));
    values
}

fn quadratic_values<P: Fp2Config>(rng: &mut StdRng) -> Vec<Fp2<P>>
where
    P::Fp: PrimeField,
{
    let edges = [P::Fp::ZERO, P::Fp::ONE, -P::Fp::ONE];
    let mut values: Vec<_> =
        edges.into_iter().flat_map(|a| edges.map(|b| Fp2::new(a, b))).collect();
    values.extend((0..23).map(|_| Fp2::rand(rng)));
    values
}

fn stored<F: Element, L: Lanes<F>>(l: L, v: L::V) -> Vec<F> {
    let mut out = vec![F::zero(); L::WIDTH];
    l.store(v, &mut out);
    out
}

/// Checks all operations on every pair of blocks of values.
fn check<F: Field + Element, L: Lanes<F>>(l: L, values: &[F]) {
    let blocks: Vec<&[F]> = values.chunks_exact(L::WIDTH).collect();
    for a in &blocks {
        check_one(l, a);
        for shift in [0, 1] {
            for b in &blocks {
                let mut b = b.to_vec();
                let by = shift % L::WIDTH;
                b.rotate_left(by);
                check_pair(l, a, &b);
            }
        }
    }
}

fn check_one<F: Field + Element, L: Lanes<F>>(l: L, a: &[F]) {
    let v = l.load(a);
    let each = |f: fn(F) -> F| a.iter().map(|&x| f(x)).collect::<Vec<F>>();
    assert_eq!(stored(l, v), a);
    assert_eq!(stored(l, l.neg(v)), each(|x| -x));
    assert_eq!(stored(l, l.neg(l.neg(v))), a);
    assert_eq!(stored(l, l.double(v)), each(|x| x + x));
    assert_eq!(stored(l, l.leave(l.constants(a))), a);
    assert_eq!(stored(l, l.leave(l.square(l.constants(a)))), each(|x| x * x));
    assert_eq!(stored(l, l.leave(l.square(l.neg(l.constants(a))))), each(|x| x * x));
    for v in [v, l.neg(v)] {
        assert_eq!(stored(l, l.square(v)), stored(l, l.mul(v, v)), "as loaded");
    }
    assert_eq!(stored(l, l.splat(a[0])), vec![a[0]; L::WIDTH]);
    assert_eq!(stored(l, l.mul(v, l.constant(a[0]))), {
        let products: Vec<F> = a.iter().map(|&x| x * a[0]).collect();
        products
    });
    assert_eq!(stored(l, l.zero()), vec![F::ZERO; L::WIDTH]);
    for by in 0..L::WIDTH {
        let mut rotated = a.to_vec();
        rotated.rotate_left(by);
        assert_eq!(stored(l, l.rotate(v, by)), rotated);
    }
    let zeros = a.iter().enumerate().map(|(i, x)| u8::from(x.is_zero()) << i).sum::<u8>();
    let two_p = l.neg(l.zero());
    for v in
        [v, l.neg(v), l.sub_lazy(v, two_p), l.sub_lazy(v, l.zero()), l.sub_lazy(l.neg(v), l.zero())]
    {
        assert_eq!(l.is_zero(v), zeros, "{a:?}");
    }
    let four_p = l.add_lazy(two_p, two_p);
    assert_eq!(l.is_zero(four_p), !0 >> (8 - L::WIDTH));
    assert_eq!(stored(l, l.reduce(four_p)), vec![F::ZERO; L::WIDTH]);
}

fn check_pair<F: Field + Element, L: Lanes<F>>(l: L, a: &[F], b: &[F]) {
    let (x, y) = (l.load(a), l.load(b));
    let each = |f: fn(F, F) -> F| a.iter().zip(b).map(|(&x, &y)| f(x, y)).collect::<Vec<F>>();
    // The same values as loaded, and once more as great as they may be.
    for (x, y) in [(x, y), (l.neg(l.neg(x)), y), (x, l.neg(l.neg(y)))] {
        assert_eq!(stored(l, l.add(x, y)), each(|x, y| x + y));
        assert_eq!(stored(l, l.sub(x, y)), each(|x, y| x - y));
        let (s, t) = (l.load(a), l.sub(l.zero(), y));
        assert_eq!(stored(l, l.sub_both(x, s, t)), each(|_, y| y));
        assert_eq!(stored(l, l.sub_both(l.neg(x), s, l.add(y, s))), each(|x, y| -x - x - x - y));
        let (s, t) = (l.load(a), l.load(b));
        assert_eq!(stored(l, l.sub_both(l.neg(x), s, t)), each(|x, y| -x - x - y));
        let product = l.mul(x, l.constants(b));
        assert_eq!(stored(l, l.sub_both(product, s, t)), each(|x, y| x * y - x - y));
        assert_eq!(stored(l, l.reduce(l.add_lazy(x, y))), each(|x, y| x + y));
        assert_eq!(stored(l, l.reduce(l.sub_lazy(x, y))), each(|x, y| x - y));
        assert_eq!(stored(l, l.mul(x, l.constants(b))), each(|x, y| x * y));
        let difference = l.mul(l.sub_lazy(x, y), l.constants(b));
        assert_eq!(stored(l, difference), each(|x, y| (x - y) * y));
        if L::CAPACITY >= 16 {
            let (s, t) = (l.constants(a), l.constants(b));
            let product = l.mul(l.sub_lazy(s, t), l.add_lazy(l.neg(s), l.neg(l.neg(t))));
            assert_eq!(stored(l, l.leave(product)), each(|x, y| (x - y) * (y - x)));
        }
    }
    for mask in [0b0101_0011u8, 0, !0] {
        let chosen: Vec<F> =
            (0..L::WIDTH).map(|i| if mask >> i & 1 == 0 { a[i] } else { b[i] }).collect();
        assert_eq!(stored(l, l.select(mask, x, y)), chosen);
    }
}

/// Lines hold pairs, lane by lane, and zeros as zero words.
fn check_lines<F: Field + Element, L: Lanes<F>>(l: L, values: &[F]) {
    for pair in values.chunks_exact(2 * L::WIDTH) {
        let (a, b) = pair.split_at(L::WIDTH);
        let mut lines = vec![Line([7; 8]); L::WIDTH * L::LINES];
        l.scatter([l.load(a), l.load(b)], &mut lines);
        let back = l.gather(|lane, k| &lines[(L::WIDTH - 1 - lane) * L::LINES + k]);
        let reversed = |x: &[F]| x.iter().rev().copied().collect::<Vec<F>>();
        assert_eq!(stored(l, back[0]), reversed(a));
        assert_eq!(stored(l, back[1]), reversed(b));
        l.scatter([l.zero(); 2], &mut lines);
        assert!(lines.iter().all(|line| *line == Line::default()));
    }
}

fn check_prime<F: PrimeField + Vectorised>(lines: bool) {
    let values = prime_values::<F>(&mut StdRng::seed_from_u64(5));
    for instructions in Instructions::available() {
        let level = Level::of(instructions).unwrap();
        with_lanes!(level, F, lanes => {
            check(Called(lanes), &values);
            if lines {
                check_lines(Called(lanes), &values);
            }
        });
    }
}

fn check_quadratic<P: Fp2Config<Fp: PrimeField + Vectorised>>() {
    let values = quadratic_values::<P>(&mut StdRng::seed_from_u64(6));
    for instructions in Instructions::available() {
        let level = Level::of(instructions).unwrap();
        with_lanes!(level, Fp2<P>, lanes => {
            check(Called(lanes), &values);
            check_lines(Called(lanes), &values);
        });
    }
}

#[test]
fn four_words_agree_with_arkworks() {
    check_prime::<ark_bn254::Fr>(true);
    check_prime::<ark_bn254::Fq>(true);
    check_prime::<ark_bls12_381::Fr>(true);
}

#[test]
fn six_words_agree_with_arkworks() {
    check_prime::<ark_bls12_381::Fq>(true);
}

#[test]
fn one_word_agrees_with_arkworks() {
    check_prime::<Prime50>(false);
    check_prime::<Goldilocks>(false);
}

#[test]
fn extensions_agree_with_arkworks() {
    check_quadratic::<ark_bn254::Fq2Config>();
    check_quadratic::<ark_bls12_381::Fq2Config>();
}
