//! `accumulate` and `reduce`: sums of points, with equal, opposite and missing ones among them.

use ark_ff::{Field, UniformRand};
use pulseproof_kernels::element::Element;
use pulseproof_kernels::gpu::Unit;
use pulseproof_kernels::group::{Group, GroupId};
use pulseproof_kernels::with_group;
use rand::Rng;
use rand::rngs::StdRng;

use super::{buffer, buffer_u32, count, launch, rng, values};
use crate::cuda_shim::shim::Memory;

/// Affine points as kernels read them.
fn affine_buffer<G: Group>(points: &[G]) -> Memory {
    let zero = <G::Coordinate as Element>::zero();
    let coordinates: Vec<G::Coordinate> = points
        .iter()
        .map(|point| G::coordinates(&point.into_affine()).unwrap_or((zero, zero)))
        .flat_map(|(x, y)| [x, y])
        .collect();
    buffer(&coordinates)
}

/// XYZZ points with random denominators.
fn xyzz_buffer<G: Group>(points: &[G], rng: &mut StdRng) -> Memory {
    let zero = <G::Coordinate as Element>::zero();
    let coordinates: Vec<G::Coordinate> = points
        .iter()
        .flat_map(|point| {
            let z = G::Coordinate::rand(rng);
            let (zz, zzz) = (z.square(), z.square() * z);
            match G::coordinates(&point.into_affine()) {
                Some((x, y)) => [x * zz, y * zzz, zz, zzz],
                // Infinity is told by ZZ alone.
                None => [z, z, zero, zero],
            }
        })
        .collect();
    buffer(&coordinates)
}

/// The points of an XYZZ buffer.
fn points_of<G: Group>(memory: &Memory, len: usize) -> Vec<G> {
    let coordinates: Vec<G::Coordinate> = values(memory, 4 * len);
    let point = |c: &[G::Coordinate]| {
        if c[2] == <G::Coordinate as Element>::zero() {
            return G::zero();
        }
        assert_eq!(c[2].square() * c[2], c[3].square(), "ZZ³ = ZZZ²");
        let (zz, zzz) = (c[2].inverse().unwrap(), c[3].inverse().unwrap());
        G::from_coordinates(c[0] * zz, c[1] * zzz).into()
    };
    coordinates.chunks(4).map(point).collect()
}

/// Random points with repeated, opposite and infinite ones: neighbours are often equal or opposite.
fn samples<G: Group>(n: usize, rng: &mut StdRng) -> Vec<G> {
    let mut points: Vec<G> = Vec::new();
    for _ in 0..n {
        let last = points.last().copied().unwrap_or_else(G::zero);
        points.push(match rng.gen_range(0..8) {
            0 => G::zero(),
            1 => last,
            2 => -last,
            3 => last.double(),
            _ => G::rand(rng),
        });
    }
    points
}

/// Buckets with 0, 1, 2, …, and many items, in tasks of `length`: offsets and task offsets.
fn tasks(sizes: &[u32], length: u32) -> (Vec<u32>, Vec<u32>) {
    let running = |counts: &mut dyn Iterator<Item = u32>| {
        let mut offsets = vec![0];
        for count in counts {
            offsets.push(offsets.last().unwrap() + count);
        }
        offsets
    };
    let tasks = |&size: &u32| if length == 0 { 1 } else { size.div_ceil(length) };
    (running(&mut sizes.iter().copied()), running(&mut sizes.iter().map(tasks)))
}

/// The range of items of every task, in order.
fn items_of_tasks(sizes: &[u32], length: u32) -> Vec<std::ops::Range<usize>> {
    let mut ranges = Vec::new();
    let mut first = 0;
    for &size in sizes {
        let size = size as usize;
        let step = if length == 0 { size.max(1) } else { length as usize };
        if size == 0 && length == 0 {
            ranges.push(first..first);
        }
        ranges.extend((0..size).step_by(step).map(|k| first + k..first + (k + step).min(size)));
        first += size;
    }
    ranges
}

const SIZES: &[u32] = &[0, 1, 2, 0, 0, 17, 3, 30, 0, 1, 12, 0];

#[test]
fn points_are_accumulated_with_their_signs() {
    for id in GroupId::ALL {
        with_group!(id, G => {
            let rng = &mut rng();
            let bases = samples::<G>(20, rng);
            let n = SIZES.iter().sum::<u32>();
            let entries: Vec<u32> = (0..n)
                .map(|i| (i % 7 + rng.gen_range(0..3)) | u32::from(rng.gen_bool(0.4)) << 31)
                .collect();
            let point = |&entry: &u32| {
                let base = bases[(entry & !(1 << 31)) as usize];
                if entry >> 31 == 1 { -base } else { base }
            };
            for length in [0, 1, 4, 100] {
                let (offsets, task_offsets) = tasks(SIZES, length);
                let ranges = items_of_tasks(SIZES, length);
                let threads = ranges.len() + 3;
                let sums = buffer(&vec![<<G as Group>::Coordinate as Element>::zero(); 4 * threads]);
                let buffers = [
                    &sums,
                    &affine_buffer(&bases),
                    &buffer_u32(&entries),
                    &buffer_u32(&offsets),
                    &buffer_u32(&task_offsets),
                ];
                let parameters = [count(SIZES.len()), length];
                launch(Unit::Accumulate(id), "accumulate_points", threads, &buffers, &parameters);
                let expected: Vec<G> =
                    ranges.into_iter().map(|range| entries[range].iter().map(point).sum()).collect();
                assert_eq!(points_of::<G>(&sums, expected.len()), expected, "{id}: {length}");
            }
        });
    }
}

#[test]
fn sums_are_accumulated() {
    for id in GroupId::ALL {
        with_group!(id, G => {
            let rng = &mut rng();
            let items = samples::<G>(SIZES.iter().sum::<u32>() as usize, rng);
            for length in [0, 5] {
                let (offsets, task_offsets) = tasks(SIZES, length);
                let ranges = items_of_tasks(SIZES, length);
                let threads = ranges.len();
                let sums = buffer(&vec![<<G as Group>::Coordinate as Element>::zero(); 4 * threads]);
                let buffers = [
                    &sums,
                    &xyzz_buffer(&items, rng),
                    &buffer_u32(&offsets),
                    &buffer_u32(&task_offsets),
                ];
                let parameters = [count(SIZES.len()), length];
                launch(Unit::Accumulate(id), "accumulate_sums", threads, &buffers, &parameters);
                let expected: Vec<G> =
                    ranges.into_iter().map(|range| items[range].iter().sum()).collect();
                assert_eq!(points_of::<G>(&sums, threads), expected, "{id}: {length}");
            }
        });
    }
}

#[test]
fn buckets_are_reduced_by_segments() {
    for id in GroupId::ALL {
        with_group!(id, G => {
            let rng = &mut rng();
            for (sets, per_set, segment) in [(1, 1, 1), (2, 13, 5), (3, 8, 8), (1, 9, 1)] {
                let buckets = samples::<G>(sets * per_set, rng);
                let threads = sets * per_set.div_ceil(segment);
                let out = buffer(&vec![<<G as Group>::Coordinate as Element>::zero(); 4 * threads]);
                let buffers = [&out, &xyzz_buffer(&buckets, rng)];
                let parameters = [count(sets), count(per_set), count(segment)];
                launch(Unit::Reduce(id), "reduce_buckets", threads, &buffers, &parameters);
                let weighted = |set: &[G]| -> Vec<G> {
                    (1u64..).zip(set).map(|(j, &bucket)| bucket * <G as ark_ec::PrimeGroup>::ScalarField::from(j)).collect()
                };
                let expected: Vec<G> = buckets
                    .chunks(per_set)
                    .flat_map(|set| weighted(set).chunks(segment).map(|s| s.iter().sum()).collect::<Vec<G>>())
                    .collect();
                assert_eq!(points_of::<G>(&out, threads), expected, "{id}");
            }
        });
    }
}

#[test]
fn sums_are_reduced() {
    for id in GroupId::ALL {
        with_group!(id, G => {
            let rng = &mut rng();
            for (sets, per_set, length) in [(1, 1, 1), (2, 13, 5), (3, 8, 8), (1, 9, 1)] {
                let given = samples::<G>(sets * per_set, rng);
                let threads = sets * per_set.div_ceil(length);
                let out = buffer(&vec![<<G as Group>::Coordinate as Element>::zero(); 4 * threads]);
                let buffers = [&out, &xyzz_buffer(&given, rng)];
                let parameters = [count(sets), count(per_set), count(length)];
                launch(Unit::Reduce(id), "reduce_sums", threads, &buffers, &parameters);
                let expected: Vec<G> = given
                    .chunks(per_set)
                    .flat_map(|set| set.chunks(length).map(|s| s.iter().sum()).collect::<Vec<G>>())
                    .collect();
                assert_eq!(points_of::<G>(&out, threads), expected, "{id}");
            }
        });
    }
}
