//! Doubles: products are exact and as small as said, and transforms of values at the ends of their ranges
//! are right modulo p, and in theirs.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::lane;
use crate::bootstrap::MODULUS;
use crate::cpu::bootstrap::residues::Residues;
use crate::cpu::bootstrap::tables::Tables;
use crate::cpu::bootstrap::transform::{
    block_vectors, forward_head, forward_tail, forward_within, inverse_head, inverse_tail,
    inverse_within,
};
use crate::cpu::simd::fp50::{Fp50, factor};
use crate::cpu::simd::{Doubles, Vectors};

const P: i64 = MODULUS.cast_signed();

/// Vectors of words and doubles.
trait Both<const W: usize>: Vectors<W> + Doubles<W, Bits = <Self as Vectors<W>>::V> {}
impl<A: Vectors<W> + Doubles<W, Bits = <A as Vectors<W>>::V>, const W: usize> Both<W> for A {}

/// Runs a check with each kind of doubles that this machine has.
macro_rules! with_each {
    ($check:ident) => {
        #[cfg(target_arch = "x86_64")]
        match crate::cpu::simd::Avx2::detect() {
            Some(avx) => $check(avx),
            None => println!("SKIPPED: no AVX2 with FMA here"),
        }
        #[cfg(target_arch = "x86_64")]
        match crate::cpu::simd::Avx512::detect() {
            Some(avx) => $check(avx),
            None => println!("SKIPPED: no AVX-512 here"),
        }
        #[cfg(target_arch = "aarch64")]
        match crate::cpu::simd::Neon::detect() {
            Some(neon) => $check(crate::cpu::simd::Twice(neon)),
            None => println!("SKIPPED: no NEON here"),
        }
    };
}

/// Integers up to `most` times p/2, at random or at the ends and in the middle.
fn integer(rng: &mut StdRng, most: i64) -> i64 {
    let halves = rng.gen_range(0..=most);
    let near = (halves * P / 2 + rng.gen_range(-2..=2)).min(most * P / 2);
    let size = if rng.r#gen() { near } else { rng.gen_range(0..=most * P / 2) };
    if rng.r#gen() { size } else { -size }
}

#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
fn double(x: i64) -> f64 {
    x as f64
}

#[expect(clippy::cast_possible_truncation, reason = "an integer")]
fn integer_of(bits: u64) -> i64 {
    let x = f64::from_bits(bits);
    assert!(x.fract() == 0.0 && x.abs() < double(1 << 53), "{x}");
    x as i64
}

fn check_products<D: Both<W>, const W: usize>(d: D) {
    let rng = &mut StdRng::seed_from_u64(1);
    let fp50 = Fp50(d);
    for _ in 0..200_000 {
        let (x, w) = (integer(rng, 8), integer(rng, 1).clamp(-(P / 2), P / 2));
        let product = lane(d, || d.bits(fp50.product(d.every(double(x)), d.every(double(w)))));
        let product = integer_of(product);
        let difference = i128::from(x) * i128::from(w) - i128::from(product);
        assert!(difference % i128::from(P) == 0, "{x}·{w}: {product}");
        assert!(8 * product.abs() <= 4 * P + x.abs() + 8, "{x}·{w}: {product}");
        let [value, ratio] = factor(w.rem_euclid(P).cast_unsigned());
        let factors = [d.every(value), d.every(ratio)];
        let product = integer_of(lane(d, || d.bits(fp50.product_by(d.every(double(x)), factors))));
        let difference = i128::from(x) * i128::from(w) - i128::from(product);
        assert!(difference % i128::from(P) == 0, "{x}·{w}: {product}");
        assert!(16 * product.abs() <= 8 * P + x.abs() + 16, "{x}·{w}: {product}");
        let x = integer(rng, 10);
        let nearest = integer_of(lane(d, || d.bits(fp50.nearest(d.every(double(x))))));
        assert!((x - nearest) % P == 0 && nearest.abs() <= P / 2, "{x}: {nearest}");
    }
}

#[test]
fn products_are_right_and_small() {
    with_each!(check_products);
}

fn check_digits<D: Both<W>, const W: usize>(d: D) {
    let rng = &mut StdRng::seed_from_u64(2);
    for shift in 1..=49 {
        for _ in 0..2_000 {
            // Where rounding changes, and elsewhere.
            let half = (2 * rng.gen_range(0..1 << (49 - shift)) + 1i64) << (shift - 1);
            let near = half + rng.gen_range(-1..=1);
            let size = if rng.r#gen() { near } else { rng.gen_range(0..=P / 2) }.min(P / 2);
            let x = if rng.r#gen() { size } else { -size };
            let digit = lane(d, || d.bits(Fp50(d).only_digit(d.every(double(x)), shift, 0)));
            let expected = ((size >> (shift - 1)) + 1) >> 1;
            assert_eq!(integer_of(digit), x.signum() * expected, "{x} over 2^{shift}");
        }
    }
}

#[test]
fn digits_are_rounded_away_from_zero() {
    with_each!(check_digits);
}

fn integers<D: Both<W>, const W: usize>(d: D, vectors: &[D::D]) -> Vec<i64> {
    let mut words = vec![[0; W]; vectors.len()];
    words.iter_mut().zip(vectors).for_each(|(words, &vector)| d.store(d.bits(vector), words));
    words.into_flattened().into_iter().map(integer_of).collect()
}

/// Vectors of integers up to `most` times p/2, and the same nearest to zero.
fn ends<D: Both<W>, const W: usize>(
    d: D,
    rng: &mut StdRng,
    most: i64,
    vectors: usize,
) -> [Vec<D::D>; 2] {
    let only = Some(if rng.r#gen() { most * P / 2 } else { -most * P / 2 });
    let only = only.filter(|_| rng.r#gen());
    let late: Vec<_> = (0..vectors)
        .map(|_| {
            let bits = std::array::from_fn(|_| {
                double(only.unwrap_or_else(|| integer(rng, most))).to_bits()
            });
            d.doubles(Vectors::load(d, &bits))
        })
        .collect();
    let nearest = late.iter().map(|&vector| Fp50(d).reduced(vector)).collect();
    [late, nearest]
}

/// Checks that both are the same modulo p, up to `most` times p/2.
fn check_same<D: Both<W>, const W: usize>(d: D, [late, nearest]: &[Vec<D::D>; 2], most: i64) {
    for (late, nearest) in integers(d, late).into_iter().zip(integers(d, nearest)) {
        assert!(late.abs().max(nearest.abs()) <= most * P / 2, "{late} {nearest}");
        assert_eq!((late - nearest) % P, 0);
    }
}

fn check_transforms<D: Both<W>, const W: usize>(d: D) {
    let (rng, fp50) = (&mut StdRng::seed_from_u64(3), Fp50(d));
    for (log_size, _) in (6..=12).flat_map(|size| (0..16).map(move |round| (size, round))) {
        let Tables { forward, inverse, before, .. } = Tables::new(fp50, log_size);
        assert!(before.iter().all(|&constant| constant == 0), "exact transforms add nothing");
        let vectors = (1 << log_size) / W;
        let block = block_vectors::<Fp50<D>, W>(vectors);
        let mut both = ends(d, rng, 1, vectors);
        both.iter_mut().for_each(|values| forward_head(fp50, values, &forward));
        // Up to 3.10p.
        check_same(d, &both, 7);
        let mut both = ends(d, rng, 8, vectors);
        for values in &mut both {
            let blocks = values.chunks_exact_mut(block).enumerate();
            blocks.for_each(|(index, block)| forward_tail(fp50, block, index, &forward));
        }
        check_same(d, &both, 8);
        let mut both = ends(d, rng, 8, vectors);
        for values in &mut both {
            for (index, square) in values.as_chunks_mut::<W>().0.iter_mut().enumerate() {
                *square = forward_within(fp50, *square, forward.of_square::<W>(index));
            }
        }
        check_same(d, &both, 8);
        let mut both = ends(d, rng, 2, vectors);
        for values in &mut both {
            for (index, square) in values.as_chunks_mut::<W>().0.iter_mut().enumerate() {
                *square = inverse_within(fp50, *square, inverse.of_square::<W>(index));
            }
        }
        check_same(d, &both, 2);
        let mut both = ends(d, rng, 2, vectors);
        for values in &mut both {
            let blocks = values.chunks_exact_mut(block).enumerate();
            blocks.for_each(|(index, block)| inverse_tail(fp50, block, index, &inverse));
        }
        check_same(d, &both, 2);
        // To what is greatest, results are added.
        let both = ends(d, rng, 2, vectors).map(|mut values| {
            let mut sums = vec![[double(P / 2).to_bits(); W]; vectors];
            inverse_head(fp50, &mut values, &inverse, &mut sums);
            sums.into_flattened().into_iter().map(integer_of).collect::<Vec<_>>()
        });
        assert_eq!(both[0], both[1]);
        assert!(both[0].iter().all(|sum| sum.abs() <= P / 2));
    }
}

#[test]
fn transforms_take_the_ends_of_their_ranges() {
    with_each!(check_transforms);
}

fn check_sums<D: Both<W>, const W: usize>(d: D) {
    let fp50 = Fp50(d);
    for (x, y) in [(4 * P, P / 2), (-4 * P, P / 2), (4 * P, -(P / 2)), (1, 1)] {
        for products in (2..=98).step_by(2) {
            let sum = lane(d, || {
                let mut sum = fp50.sum(d.every(0.0));
                for index in 0..products {
                    if index % 2 == 0 && index > 0 {
                        sum = fp50.carry(sum);
                    }
                    sum = fp50.add_product(sum, d.every(double(x)), d.every(double(y)));
                }
                d.bits(fp50.reduce(if products > 2 { fp50.carry(sum) } else { sum }))
            });
            let expected = i128::from(x) * i128::from(y) * i128::from(products);
            assert_eq!((expected - i128::from(integer_of(sum))) % i128::from(P), 0);
            assert!(integer_of(sum).abs() <= P / 2);
        }
    }
}

#[test]
fn sums_are_right_at_the_ends_of_their_ranges() {
    with_each!(check_sums);
}
