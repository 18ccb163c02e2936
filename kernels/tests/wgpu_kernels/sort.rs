//! `sort.wgsl`.

use ark_ff::{BigInt, BigInteger};
use pulseproof_kernels::gpu::{Device, Unit};
use pulseproof_kernels::msm::{Plan, ScalarShape};
use pulseproof_kernels::wgpu::WgpuDevice;
use rand::Rng;

use super::common::{download_u32, plain, rng, run, run_groups, u, upload, upload_u32};

const SIGN: u32 = 1 << 31;

/// `len` integers of this width, extreme ones first, each sign-extended to its words.
fn integers(len: usize, shape: &ScalarShape, rng: &mut impl Rng) -> Vec<u64> {
    let (words, bits) = (shape.words(), shape.bits);
    let sign = BigInt::<4>::one() << (bits - 1);
    let mut below = sign;
    below.sub_with_borrow(&BigInt::one());
    let edges = [BigInt::zero(), BigInt::one(), sign, below];
    let random = std::iter::repeat_with(|| BigInt::new(rng.r#gen()));
    (edges.into_iter().chain(random).take(len))
        .flat_map(|integer| {
            let negative = shape.signed && integer.get_bit(bits as usize - 1);
            let bit = |i: usize| if i < bits as usize { integer.get_bit(i) } else { negative };
            let all: Vec<bool> = (0..64 * words).map(bit).collect();
            all.chunks(64)
                .map(|word| word.iter().rev().fold(0, |w, &bit| w << 1 | u64::from(bit)))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// An integer modulo 2^320, sign-extended: enough for sums of digits.
fn extended(words: &[u64], signed: bool) -> BigInt<5> {
    let sign = if signed && words[words.len() - 1] >> 63 == 1 { u64::MAX } else { 0 };
    let mut value = BigInt([sign; 5]);
    value.0[..words.len()].copy_from_slice(words);
    value
}

fn digits_add_up_to_their_scalars(device: &WgpuDevice) {
    let rng = &mut rng();
    for (bits, signed) in [(64, false), (64, true), (255, false), (1, true), (256, true)] {
        for window in [1, 2, 7, 13, 16, 20] {
            if window == 1 && !signed {
                // Digits would be 0 and 1, and carries never end.
                continue;
            }
            let (vectors, count) = (2, 150);
            let shape = ScalarShape { count, bits, signed };
            let plan = Plan::new(&shape, window, None);
            let scalars = integers(vectors * count, &shape, rng);
            let windows = plan.windows as usize;
            let n = vectors * count * windows;
            let (digits, ds) = (upload_u32(device, &vec![7; n]), upload(device, &scalars));
            let words = shape.words();
            let parameters =
                [u(vectors * count), u(count), u(words), window, plan.windows, signed.into()];
            let unit = (Unit::Sort, "sort_digits");
            run(device, unit, vectors * count, &[&digits, &ds], &parameters);
            let digits = download_u32(device, &digits, n);
            for (t, scalar) in scalars.chunks(words).enumerate() {
                let mut sum = BigInt::<5>::zero();
                for w in 0..windows {
                    let digit = digits[((t / count) * windows + w) * count + t % count];
                    assert!(digit & !SIGN <= 1 << (window - 1));
                    assert!(digit != SIGN, "zero has no sign");
                    let term = BigInt::<5>::from(digit & !SIGN) << (window * u(w));
                    if digit & SIGN == 0 {
                        sum.add_with_carry(&term);
                    } else {
                        sum.sub_with_borrow(&term);
                    }
                }
                let want = extended(scalar, signed);
                assert_eq!(sum, want, "{bits} bits, signed {signed}, window {window}");
            }
        }
    }
}

/// A multiplication's digits, where each belongs, by the words of the contract.
struct Case {
    count: usize,
    windows: u32,
    window: u32,
    stride: u32,
    bases: usize,
    digits: Vec<u32>,
}

impl Case {
    fn new(vectors: usize, stride: u32, rng: &mut impl Rng) -> Self {
        let (count, windows, window) = (130, 5, 4);
        let digits = (0..vectors * windows as usize * count)
            .map(|_| match rng.gen_range(0..=8) {
                0 => 0,
                digit => digit | if rng.r#gen() { SIGN } else { 0 },
            })
            .collect();
        Self { count, windows, window, stride, bases: 1000, digits }
    }

    fn groups(&self) -> u32 {
        self.windows.min(self.stride)
    }

    fn buckets(&self, vectors: usize) -> usize {
        (vectors * self.groups() as usize) << (self.window - 1)
    }

    /// Bucket and entry of every digit that is not zero.
    fn entries(&self) -> Vec<(usize, u32)> {
        let mut entries = Vec::new();
        for (t, &digit) in self.digits.iter().enumerate().filter(|(_, digit)| **digit != 0) {
            let (line, i) = (u(t / self.count), t % self.count);
            let (v, w) = (line / self.windows, line % self.windows);
            let group = v * self.groups() + w % self.stride;
            let bucket = (group << (self.window - 1)) + (digit & !SIGN) - 1;
            let entry = (w / self.stride) * u(self.bases) + u(i);
            entries.push((bucket as usize, entry | digit & SIGN));
        }
        entries
    }
}

fn points_meet_their_buckets(device: &WgpuDevice) {
    let rng = &mut rng();
    for (vectors, stride) in [(1, 5), (3, 5), (2, 2), (2, 1), (1, 9)] {
        let case = Case::new(vectors, stride, rng);
        let buckets = case.buckets(vectors);
        let n = case.digits.len();
        let digits = upload_u32(device, &case.digits);
        let shape = [u(n), u(case.count), case.windows, case.window, case.stride];

        let counts = upload_u32(device, &vec![0; buckets + 1]);
        run(device, (Unit::Sort, "sort_count"), n, &[&counts, &digits], &shape);
        let mut want: Vec<Vec<u32>> = vec![Vec::new(); buckets];
        for (bucket, entry) in case.entries() {
            want[bucket].push(entry);
        }
        let sizes: Vec<u32> = want.iter().map(|entries| u(entries.len())).collect();
        assert_eq!(download_u32(device, &counts, buckets), sizes);

        let mut offset = 0;
        let offsets: Vec<u32> = sizes
            .iter()
            .map(|size| {
                offset += size;
                offset - size
            })
            .collect();
        let cursors = upload_u32(device, &offsets);
        let entries = upload_u32(device, &vec![0; offset as usize]);
        let mut parameters = shape.to_vec();
        parameters.push(u(case.bases));
        let unit = (Unit::Sort, "sort_scatter");
        run(device, unit, n, &[&entries, &cursors, &digits], &parameters);
        let got = download_u32(device, &entries, offset as usize);
        for ((want, offset), size) in want.iter_mut().zip(offsets).zip(sizes) {
            let mut got = got[offset as usize..(offset + size) as usize].to_vec();
            got.sort_unstable();
            want.sort_unstable();
            assert_eq!(&got, want);
        }
    }
}

fn exclusive_sums(device: &WgpuDevice) {
    let rng = &mut rng();
    let workgroup = device.limits().workgroup as usize;
    for n in [1, workgroup, 2 * workgroup + 3] {
        let groups = n.div_ceil(workgroup);
        let a: Vec<u32> = (0..n).map(|_| rng.gen_range(0..1000)).collect();
        let (da, totals) = (upload_u32(device, &a), upload_u32(device, &vec![0; groups]));
        let unit = Unit::Sort;
        run_groups(device, (unit, "sort_scan_chunks"), groups, &[&da, &totals], &[u(n)]);
        let (mut want, mut want_totals) = (a, Vec::new());
        for chunk in want.chunks_mut(workgroup) {
            let mut sum = 0;
            for value in chunk {
                sum += std::mem::replace(value, sum);
            }
            want_totals.push(sum);
        }
        assert_eq!(download_u32(device, &da, n), want);
        assert_eq!(download_u32(device, &totals, groups), want_totals);

        let running: Vec<u32> = (0..groups).map(|_| rng.gen_range(0..1000)).collect();
        let totals = upload_u32(device, &running);
        run(device, (unit, "sort_scan_apply"), n, &[&da, &totals], &[u(n)]);
        for (chunk, sum) in want.chunks_mut(workgroup).zip(running) {
            chunk.iter_mut().for_each(|value| *value += sum);
        }
        assert_eq!(download_u32(device, &da, n), want);
    }
}

fn tasks_of_buckets(device: &WgpuDevice) {
    let sizes: Vec<u32> = (0..700).map(|b| [0, 1, 7, 8, 9, 1000][b % 6]).collect();
    let mut offsets = vec![0];
    offsets.extend(sizes.iter().scan(0, |sum, size| {
        *sum += size;
        Some(*sum)
    }));
    for length in [0, 1, 8] {
        let n = sizes.len();
        let (tasks, offsets) = (upload_u32(device, &vec![9; n + 1]), upload_u32(device, &offsets));
        let unit = (Unit::Sort, "sort_tasks");
        run(device, unit, n + 1, &[&tasks, &offsets], &[u(n), length]);
        let mut want: Vec<u32> = (sizes.iter())
            .map(|&size| if length == 0 { 1 } else { size.div_ceil(length) })
            .collect();
        want.push(0);
        assert_eq!(download_u32(device, &tasks, n + 1), want);
    }
}

plain!("sort": digits_add_up_to_their_scalars, points_meet_their_buckets, exclusive_sums, tasks_of_buckets);
