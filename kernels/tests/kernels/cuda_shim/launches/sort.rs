//! `sort`: digits stand for their scalars, and every one of them gets to its bucket.

use ark_ff::{Field, PrimeField};
use pulseproof_kernels::gpu::Unit;
use pulseproof_kernels::msm::{Plan, ScalarShape};
use rand::Rng;

use super::{WORKGROUP, buffer, buffer_u32, count, launch, rng, values_u32};

const SIGN: u32 = 1 << 31;

/// 381 bits: integers of 257 bits with their sign are told apart modulo this prime.
type Wide = ark_bls12_381::Fq;
const _: () = assert!(Wide::MODULUS_BIT_SIZE > 258);

/// Random integers of this shape after extreme ones, as words.
fn scalars(shape: &ScalarShape, n: usize) -> Vec<u64> {
    let rng = &mut rng();
    let words = shape.words();
    let mut all = Vec::new();
    for i in 0..n {
        let mut integer: Vec<u64> = match i {
            0 => vec![0; words],
            1 => vec![u64::MAX; words],
            2 => (0..words).map(|w| u64::from(w == 0)).collect(),
            // The sign bit alone: the least signed integer.
            3 => (0..words)
                .map(|w| if w + 1 == words { 1 << ((shape.bits - 1) % 64) } else { 0 })
                .collect(),
            _ => (0..words).map(|_| rng.r#gen()).collect(),
        };
        // The bits of the last word beyond the width: zero, or copies of the sign.
        let free = (64 - shape.bits % 64) % 64;
        let last = integer.last_mut().unwrap();
        *last <<= free;
        *last =
            if shape.signed { (last.cast_signed() >> free).cast_unsigned() } else { *last >> free };
        all.extend(integer);
    }
    all
}

/// The integer that words stand for.
fn value(words: &[u64], signed: bool) -> Wide {
    let unsigned = words
        .iter()
        .rev()
        .fold(Wide::from(0u64), |sum, &word| sum * Wide::from(1u128 << 64) + Wide::from(word));
    let negative = signed && words.last().is_some_and(|&word| word >> 63 == 1);
    let wrap = Wide::from(2u64).pow([64 * words.len() as u64]);
    if negative { unsigned - wrap } else { unsigned }
}

fn digits(shape: &ScalarShape, plan: &Plan, scalars: &[u64]) -> Vec<u32> {
    let total = scalars.len() / shape.words();
    let len = total * plan.windows as usize;
    let out = buffer_u32(&vec![0; len]);
    let parameters = [
        count(total),
        count(shape.count),
        count(shape.words()),
        plan.window,
        plan.windows,
        u32::from(shape.signed),
    ];
    launch(Unit::Sort, "sort_digits", total, &[&out, &buffer(scalars)], &parameters);
    values_u32(&out, len)
}

#[test]
fn digits_stand_for_their_scalars() {
    for bits in [1, 2, 7, 31, 32, 33, 63, 64, 65, 127, 255, 256] {
        for signed in [false, true] {
            for window in [2, 3, 8, 13, 16, 20] {
                let shape = ScalarShape { count: 9, bits, signed };
                let plan = Plan::new(&shape, window, None);
                let vectors = 2;
                let scalars = scalars(&shape, vectors * shape.count);
                let digits = digits(&shape, &plan, &scalars);
                let windows = plan.windows as usize;
                for (index, scalar) in scalars.chunks(shape.words()).enumerate() {
                    let (v, i) = (index / shape.count, index % shape.count);
                    let sum = (0..windows).rev().fold(Wide::from(0u64), |sum, w| {
                        let digit = digits[(v * windows + w) * shape.count + i];
                        let magnitude = digit & !SIGN;
                        assert!(magnitude <= 1 << (window - 1));
                        assert!(digit != SIGN, "zero has no sign");
                        let d = Wide::from(magnitude);
                        sum * Wide::from(1u64 << window) + if digit & SIGN == 0 { d } else { -d }
                    });
                    assert_eq!(sum, value(scalar, signed), "{shape:?} {window} {scalar:x?}");
                }
            }
        }
    }
}

/// Bucket and entry of each digit that is not zero, by the formulas of the contract.
fn places(digits: &[u32], count: usize, plan: &Plan, bases: usize) -> Vec<(usize, u32)> {
    let windows = plan.windows as usize;
    let groups = plan.groups() as usize;
    let place = |(index, &digit): (usize, &u32)| {
        let (v, w, i) = (index / count / windows, index / count % windows, index % count);
        let (group, level) = plan.place(super::count(w));
        let bucket = (v * groups + group as usize) * plan.buckets() + (digit & !SIGN) as usize;
        (digit != 0)
            .then(|| (bucket - 1, super::count(level as usize * bases + i) | (digit & SIGN)))
    };
    digits.iter().enumerate().filter_map(place).collect()
}

/// Exclusive running sums with the total at the end, by two levels of kernels as the host's plan does.
fn exclusive_sums(counts: &[u32]) -> Vec<u32> {
    let n = counts.len() + 1;
    let groups = n.div_ceil(WORKGROUP);
    let memory = buffer_u32(&[counts, &[0]].concat());
    let totals = buffer_u32(&vec![0; groups]);
    launch(Unit::Sort, "sort_scan_chunks", n, &[&memory, &totals], &[count(n)]);
    let mut sum = 0;
    let running: Vec<u32> =
        values_u32(&totals, groups).iter().map(|total| (sum, sum += total).0).collect();
    launch(Unit::Sort, "sort_scan_apply", n, &[&memory, &buffer_u32(&running)], &[count(n)]);
    values_u32(&memory, n)
}

#[test]
fn every_digit_gets_to_its_bucket() {
    let shape = ScalarShape { count: 50, bits: 64, signed: false };
    let (vectors, bases) = (2, 70);
    let rng = &mut rng();
    let random = scalars(&shape, vectors * shape.count);
    // Equal scalars fill few buckets, small ones leave most empty.
    let skewed: Vec<u64> =
        (0..random.len()).map(|_| [5, 5, 5, 0, 1 << 40][rng.gen_range(0..5)]).collect();
    for (scalars, window, stride) in
        [(&random, 5, None), (&random, 4, Some(3)), (&skewed, 6, None), (&skewed, 3, Some(1))]
    {
        let plan = Plan::new(&shape, window, stride);
        let digits = digits(&shape, &plan, scalars);
        let n = digits.len();
        let buckets = vectors * plan.groups() as usize * plan.buckets();
        let mut parameters =
            vec![count(n), count(shape.count), plan.windows, plan.window, plan.stride];
        let (counts, given) = (buffer_u32(&vec![0; buckets]), buffer_u32(&digits));
        launch(Unit::Sort, "sort_count", n, &[&counts, &given], &parameters);
        let counts = values_u32(&counts, buckets);
        let places = places(&digits, shape.count, &plan, bases);
        let of_bucket = |b: usize| places.iter().filter(move |(bucket, _)| *bucket == b);
        for (b, &found) in counts.iter().enumerate() {
            assert_eq!(found as usize, of_bucket(b).count());
        }

        let offsets = exclusive_sums(&counts);
        let mut sum = 0;
        for (b, &offset) in offsets.iter().enumerate() {
            assert_eq!(offset, sum);
            sum += counts.get(b).copied().unwrap_or(0);
        }

        let entries = buffer_u32(&vec![u32::MAX; places.len()]);
        let cursors = buffer_u32(&offsets);
        parameters.push(count(bases));
        launch(Unit::Sort, "sort_scatter", n, &[&entries, &cursors, &given], &parameters);
        let entries = values_u32(&entries, places.len());
        for b in 0..buckets {
            let mut found = entries[offsets[b] as usize..offsets[b + 1] as usize].to_vec();
            let mut expected: Vec<u32> = of_bucket(b).map(|(_, entry)| *entry).collect();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "bucket {b}");
        }
    }
}

#[test]
fn tasks_of_buckets() {
    let offsets = [0, 0, 1, 8, 16, 33, 33];
    let n = offsets.len() - 1;
    for (length, expected) in
        [(8, [0, 1, 1, 1, 3, 0, 0]), (1, [0, 1, 7, 8, 17, 0, 0]), (0, [1, 1, 1, 1, 1, 1, 0])]
    {
        let tasks = buffer_u32(&[9; 7]);
        let parameters = [count(n), length];
        launch(Unit::Sort, "sort_tasks", n + 1, &[&tasks, &buffer_u32(&offsets)], &parameters);
        assert_eq!(values_u32(&tasks, n + 1), expected);
    }
}
