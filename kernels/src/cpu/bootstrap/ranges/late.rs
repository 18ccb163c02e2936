//! Products without a carry and butterflies that reduce late, at the ends of the ranges that are said for
//! them: what comes out is right modulo p, and in its own range.

use ark_ff::Field;
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::lane;
use crate::bootstrap::MODULUS as P;
use crate::cpu::bootstrap::late::Late;
use crate::cpu::bootstrap::montgomery::{INVERSE, Montgomery, missing};
use crate::cpu::bootstrap::residues::Residues;
use crate::cpu::bootstrap::tables::Tables;
use crate::cpu::bootstrap::transform::{
    block_vectors, forward_head, forward_tail, forward_within, inverse_head, inverse_tail,
    inverse_within,
};
use crate::cpu::simd::Portable;
use crate::cpu::simd::Vectors;
use crate::field::Prime50;

/// Ends of ranges from 0 to 4p, and of those within. The first four are below p, the first seven below 2p.
const ENDS: [u64; 12] =
    [0, 1, P / 2, P - 1, P, P + 1, 2 * P - 1, 2 * P, 3 * P - 1, 3 * P, 4 * P - 2, 4 * P - 1];
const BELOW_P: usize = 4;
const BELOW_TWO_P: usize = 7;

/// Runs a check with both kinds of vectors.
macro_rules! with_both {
    ($check:ident) => {
        $check(Portable);
        #[cfg(target_arch = "x86_64")]
        if let Some(avx) = crate::cpu::simd::Avx512Ifma::detect() {
            $check(avx);
        }
    };
}

fn lanes<A: Vectors<W>, const W: usize>(a: A, vectors: &[A::V]) -> Vec<u64> {
    let mut words = vec![[0; W]; vectors.len()];
    words.iter_mut().zip(vectors).for_each(|(words, &vector)| a.store(vector, words));
    words.into_flattened()
}

/// 1/R, and what a quick product adds.
fn constants(bits: u32) -> (Prime50, Prime50) {
    let inverse = Prime50::from(2u64).pow([bits.into()]).inverse().unwrap();
    (inverse, inverse - Prime50::from(1u64))
}

fn check_products<A: Montgomery<W>, const W: usize>(a: A) {
    let (inverse, added) = constants(A::BITS);
    assert_eq!(Prime50::from(missing(A::BITS)), -added);
    assert_eq!(INVERSE.wrapping_mul(P), 1);
    // Factors are reduced; p − 1 is the greatest, whichever w it stands for.
    for value in ENDS[..BELOW_P].iter().copied() {
        let w = Prime50::from(value) * inverse;
        let [exact, quick] = [false, true].map(|quick| Late::<A>::factor(w, quick));
        let (exact_w, quick_w) = (Late(a).spread(exact), Late(a).spread(quick));
        assert_eq!(exact.value, value);
        for x in ENDS {
            let product = lane(a, || a.product(a.splat(P), a.splat(x), exact_w));
            assert!(product > 0 && product < 2 * P, "{x}·{value}: {product}");
            assert_eq!(Prime50::from(product), Prime50::from(x) * w);
            for start in [0, P - 1, (2 * P).wrapping_neg()] {
                let product = lane(a, || a.quick_product(a.splat(start), a.splat(x), quick_w));
                let product = product.wrapping_sub(start);
                assert!(product < 2 * P, "{x}·{value}: {product}");
                assert_eq!(Prime50::from(product), Prime50::from(x) * w + added);
            }
        }
    }
}

#[test]
fn products_are_right_at_the_ends_of_their_ranges() {
    with_both!(check_products);
}

/// 49 levels of digits make 98 products; the first two need no carry.
fn check_sums<A: Montgomery<W>, const W: usize>(a: A) {
    let (inverse, added) = constants(A::BITS);
    for (x, y, start) in
        [(4 * P - 1, P - 1, P - 1), (4 * P - 1, P - 1, 0), (0, P - 1, P - 1), (1, 1, 0)]
    {
        for products in (2..=98).step_by(2) {
            let sum = lane(a, || {
                let mut sum = a.sum(a.splat(start));
                for index in 0..products {
                    if index % 2 == 0 && index > 0 {
                        sum = a.carry(sum);
                    }
                    sum = a.add_product(sum, a.splat(x), a.splat(y));
                }
                a.reduce(if products > 2 { a.carry(sum) } else { sum })
            });
            assert!(sum < 4 * P, "{products} of {x}·{y}: {sum}");
            let expected = Prime50::from(x) * Prime50::from(y) * Prime50::from(products) * inverse;
            assert_eq!(Prime50::from(sum), expected + Prime50::from(start) + added);
        }
    }
}

#[test]
fn sums_are_right_at_the_ends_of_their_ranges() {
    with_both!(check_sums);
}

/// Vectors of ends, at random or all the same, and the same vectors reduced.
fn ends<A: Montgomery<W>, const W: usize>(
    a: A,
    rng: &mut StdRng,
    ends: &[u64],
    vectors: usize,
) -> [Vec<A::V>; 2] {
    let only = Some(ends[rng.gen_range(0..ends.len())]).filter(|_| rng.r#gen());
    let mut word = || only.unwrap_or(ends[rng.gen_range(0..ends.len())]);
    let words: Vec<[u64; W]> = (0..vectors).map(|_| std::array::from_fn(|_| word())).collect();
    let late: Vec<_> = words.iter().map(|words| a.load(words)).collect();
    let reduced = late.iter().map(|&vector| Late(a).reduced(vector)).collect();
    [late, reduced]
}

/// Checks that both are the same modulo p, from 0 to `limit`.
fn check_same<A: Vectors<W>, const W: usize>(a: A, [late, reduced]: &[Vec<A::V>; 2], limit: u64) {
    for (late, reduced) in lanes(a, late).into_iter().zip(lanes(a, reduced)) {
        assert!(late < limit && reduced < limit, "{late} {reduced}");
        assert_eq!(Prime50::from(late), Prime50::from(reduced));
    }
}

fn check_forward<A: Montgomery<W>, const W: usize>(a: A) {
    let late = Late(a);
    let rng = &mut StdRng::seed_from_u64(1);
    for (log_size, _) in (6..=12).flat_map(|size| (0..16).map(move |round| (size, round))) {
        let roots = Tables::new(late, log_size).forward;
        let vectors = (1 << log_size) / W;
        let mut both = ends(a, rng, &ENDS[..BELOW_TWO_P], vectors);
        both.iter_mut().for_each(|values| forward_head(late, values, &roots));
        check_same(a, &both, 4 * P);
        let mut both = ends(a, rng, &ENDS, vectors);
        let block = block_vectors::<Late<A>, W>(vectors);
        for values in &mut both {
            let blocks = values.chunks_exact_mut(block).enumerate();
            blocks.for_each(|(index, block)| forward_tail(late, block, index, &roots));
        }
        check_same(a, &both, 4 * P);
        let mut both = ends(a, rng, &ENDS, vectors);
        for values in &mut both {
            for (index, square) in values.as_chunks_mut::<W>().0.iter_mut().enumerate() {
                *square = forward_within(late, *square, roots.of_square::<W>(index));
            }
        }
        check_same(a, &both, 4 * P);
    }
}

#[test]
fn forward_transforms_take_the_ends_of_their_ranges() {
    with_both!(check_forward);
}

fn check_back<A: Montgomery<W>, const W: usize>(a: A) {
    let late = Late(a);
    let rng = &mut StdRng::seed_from_u64(2);
    for (log_size, _) in (6..=12).flat_map(|size| (0..16).map(move |round| (size, round))) {
        let roots = Tables::new(late, log_size).inverse;
        let vectors = (1 << log_size) / W;
        let mut both = ends(a, rng, &ENDS[..BELOW_TWO_P], vectors);
        for values in &mut both {
            for (index, square) in values.as_chunks_mut::<W>().0.iter_mut().enumerate() {
                *square = inverse_within(late, *square, roots.of_square::<W>(index));
            }
        }
        check_same(a, &both, 2 * P);
        let mut both = ends(a, rng, &ENDS[..BELOW_TWO_P], vectors);
        let block = block_vectors::<Late<A>, W>(vectors);
        for values in &mut both {
            let blocks = values.chunks_exact_mut(block).enumerate();
            blocks.for_each(|(index, block)| inverse_tail(late, block, index, &roots));
        }
        check_same(a, &both, 2 * P);
        // To what is greatest, results are added.
        let both = ends(a, rng, &ENDS[..BELOW_TWO_P], vectors).map(|mut values| {
            let mut sums = vec![[P - 1; W]; vectors];
            inverse_head(late, &mut values, &roots, &mut sums);
            sums
        });
        assert_eq!(both[0], both[1]);
        assert!(both[0].as_flattened().iter().all(|&sum| sum < P));
    }
}

#[test]
fn transforms_back_take_the_ends_of_their_ranges() {
    with_both!(check_back);
}
