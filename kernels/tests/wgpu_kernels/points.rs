//! `accumulate.wgsl` and `reduce.wgsl`. Sums are compared as points, not as coordinates.

use ark_ec::AffineRepr;
use ark_ff::{Field, UniformRand};
use pulseproof_kernels::element::{Element, to_words};
use pulseproof_kernels::gpu::Unit;
use pulseproof_kernels::group::{Group, GroupId};
use pulseproof_kernels::wgpu::{WgpuDevice, WgpuMemory};
use pulseproof_kernels::with_group;
use rand::rngs::StdRng;

use super::common::{Test, download, rng, run, u, upload, upload_u32};

fn affine_words<G: Group>(points: &[G::Affine]) -> Vec<u64> {
    (points.iter())
        .flat_map(|point| match G::coordinates(point) {
            Some((x, y)) => to_words(&[x, y]),
            None => vec![0; 2 * G::Coordinate::WORDS],
        })
        .collect()
}

/// Each point with another random ZZ.
fn xyzz_words<G: Group>(points: &[G], rng: &mut StdRng) -> Vec<u64> {
    (points.iter())
        .flat_map(|point| {
            let z = G::Coordinate::rand(rng);
            let zero = <G::Coordinate as Element>::zero();
            match G::coordinates(&point.into_affine()) {
                Some((x, y)) => {
                    let (zz, zzz) = (z * z, z * z * z);
                    to_words(&[x * zz, y * zzz, zz, zzz])
                }
                None => to_words(&[z, z, zero, zero]),
            }
        })
        .collect()
}

fn zeros<G: Group>(device: &WgpuDevice, len: usize) -> WgpuMemory {
    upload(device, &vec![u64::MAX; 4 * G::Coordinate::WORDS * len])
}

fn points_of<G: Group>(device: &WgpuDevice, memory: &WgpuMemory, len: usize) -> Vec<G> {
    download::<G::Coordinate>(device, memory, 4 * len)
        .chunks(4)
        .map(|point| {
            if point[2] == <G::Coordinate as Element>::zero() {
                return G::zero();
            }
            let cube: G::Coordinate = point[2] * point[2] * point[2];
            assert_eq!(cube, point[3].square(), "ZZ³ = ZZZ²");
            let (x, y) = (point[0] / point[2], point[1] / point[3]);
            let affine = G::from_coordinates(x, y);
            G::from(affine)
        })
        .collect()
}

/// Random points, and such as make every case of an addition: equal ones, opposites, infinity.
fn points<G: Group>(len: usize, rng: &mut StdRng) -> Vec<G::Affine> {
    let g = G::Affine::generator();
    let edges = [g, g, (-g.into_group()).into_affine(), G::Affine::zero(), g];
    let random = std::iter::repeat_with(|| G::rand(rng).into_affine());
    edges.into_iter().chain(random).take(len).collect()
}

/// Items of buckets: an empty one, one of each edge and their sums, long ones.
const BUCKETS: [&[u32]; 8] = [
    &[],
    &[3],
    &[0, 1],
    &[0, 2, 5],
    &[3, 0, 3, 2, 3],
    &[0, 1, 4, 5, 6, 7, 8, 9],
    &[],
    &[5, 5, 6, 5],
];

/// Offsets of entries and of tasks with at most `length` entries each, and the buckets' tasks.
fn layout(length: u32) -> (Vec<u32>, Vec<u32>, Vec<Vec<u32>>) {
    let (mut offsets, mut tasks, mut parts) = (vec![0], vec![0], Vec::new());
    for bucket in BUCKETS {
        offsets.push(offsets[offsets.len() - 1] + u(bucket.len()));
        if length == 0 {
            parts.push(bucket.to_vec());
        } else {
            parts.extend(bucket.chunks(length as usize).map(<[u32]>::to_vec));
        }
        tasks.push(u(parts.len()));
    }
    (offsets, tasks, parts)
}

fn accumulate_points<G: Group>(device: &WgpuDevice) {
    let rng = &mut rng();
    let bases = points::<G>(10, rng);
    let db = upload(device, &affine_words::<G>(&bases));
    for (length, sign) in [(0, 0), (0, 1 << 31), (3, 0)] {
        let (offsets, tasks, parts) = layout(length);
        let entries: Vec<u32> = BUCKETS.concat().iter().map(|entry| entry | sign).collect();
        let sums = zeros::<G>(device, parts.len());
        let [entries, offsets, tasks] =
            [entries, offsets, tasks].map(|words| upload_u32(device, &words));
        let unit = (Unit::Accumulate(G::ID), "accumulate_points");
        let parameters = [u(BUCKETS.len()), length];
        let buffers = [&sums, &db, &entries, &offsets, &tasks];
        run(device, unit, parts.len(), &buffers, &parameters);
        let want: Vec<G> = (parts.iter())
            .map(|part| {
                let sum: G = part.iter().map(|&i| bases[i as usize].into_group()).sum();
                if sign == 0 { sum } else { -sum }
            })
            .collect();
        assert_eq!(points_of::<G>(device, &sums, parts.len()), want);
    }
}

fn accumulate_sums<G: Group>(device: &WgpuDevice) {
    let rng = &mut rng();
    let points: Vec<G> = points::<G>(10, rng).into_iter().map(G::from).collect();
    let items: Vec<G> = BUCKETS.concat().iter().map(|&i| points[i as usize]).collect();
    let di = upload(device, &xyzz_words(&items, rng));
    for length in [0, 2] {
        let (offsets, tasks, parts) = layout(length);
        let sums = zeros::<G>(device, parts.len());
        let [offsets, tasks] = [offsets, tasks].map(|words| upload_u32(device, &words));
        let unit = (Unit::Accumulate(G::ID), "accumulate_sums");
        let parameters = [u(BUCKETS.len()), length];
        run(device, unit, parts.len(), &[&sums, &di, &offsets, &tasks], &parameters);
        let want: Vec<G> =
            parts.iter().map(|part| part.iter().map(|&i| points[i as usize]).sum()).collect();
        assert_eq!(points_of::<G>(device, &sums, parts.len()), want);
    }
}

fn reduce<G: Group>(device: &WgpuDevice) {
    let rng = &mut rng();
    for (sets, per_set, length) in [(2, 13, 4), (3, 5, 5), (1, 4, 1), (1, 6, 100)] {
        let buckets: Vec<G> = points::<G>(sets * per_set, rng).into_iter().map(G::from).collect();
        let parts = per_set.div_ceil(length);
        let db = upload(device, &xyzz_words(&buckets, rng));
        let parameters = [u(sets), u(per_set), u(length)];
        let sum = |weight: fn(usize) -> u64| -> Vec<G> {
            (buckets.chunks(per_set))
                .flat_map(|set| {
                    set.chunks(length).enumerate().map(move |(k, part)| {
                        (part.iter().enumerate())
                            .map(|(j, &bucket)| {
                                bucket * G::ScalarField::from(weight(k * length + j))
                            })
                            .sum()
                    })
                })
                .collect()
        };
        for (entry, want) in
            [("reduce_buckets", sum(|j| j as u64 + 1)), ("reduce_sums", sum(|_| 1))]
        {
            let out = zeros::<G>(device, sets * parts);
            let unit = (Unit::Reduce(G::ID), entry);
            run(device, unit, sets * parts, &[&out, &db], &parameters);
            assert_eq!(points_of::<G>(device, &out, sets * parts), want, "{entry}");
        }
    }
}

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for id in GroupId::ALL {
        with_group!(id, G => {
            let all: [(_, fn(&'static WgpuDevice)); 3] = [
                ("accumulate_points", accumulate_points::<G>),
                ("accumulate_sums", accumulate_sums::<G>),
                ("reduce", reduce::<G>),
            ];
            tests.extend(all.map(|(name, test)| (format!("points::{name}::{id}"), test)));
        });
    }
    tests
}
