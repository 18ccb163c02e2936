//! What a twin is called with: buffers of words, parameters, and how many threads there are.

use ark_ff::{AdditiveGroup, Field};

use crate::element::{Element, from_words, to_words};
use crate::gpu::launch::halves_of;
use crate::gpu::msm::points::{affine_words, read_sum, sum_words, to_affine};
use crate::gpu::{Launch, Limits, PARAMETERS_MAX};
use crate::group::Group;

/// A launch, with the contents of its buffers.
#[derive(Debug)]
pub struct Call<'a> {
    pub(super) limits: Limits,
    pub(super) groups: usize,
    pub(super) parameters: [u32; PARAMETERS_MAX],
    buffers: Vec<&'a mut [u64]>,
}

impl<'a> Call<'a> {
    /// The launch, on these contents of its buffers.
    pub fn new<M>(launch: &Launch<'_, M>, limits: Limits, buffers: Vec<&'a mut [u64]>) -> Self {
        let mut parameters = [0; PARAMETERS_MAX];
        parameters[..launch.parameters.len()].copy_from_slice(launch.parameters);
        let groups =
            usize::try_from(launch.groups).expect("a launch fits the memory of its buffers");
        Self { limits, groups, parameters, buffers }
    }

    /// A number among the parameters.
    pub(super) fn number(&self, at: usize) -> usize {
        self.parameters[at] as usize
    }

    /// A field element among the parameters.
    pub(super) fn scalar<F: Element>(&self, at: usize) -> F {
        let halves = &self.parameters[at..at + 2 * F::WORDS];
        F::read(&halves.chunks_exact(2).map(|pair| word(pair[0], pair[1])).collect::<Vec<_>>())
    }

    /// The threads that have work, of `n` that are needed.
    pub(super) fn threads(&self, n: usize) -> std::ops::Range<usize> {
        0..n.min(self.groups * self.workgroup())
    }

    /// The workgroups that have work, of `n` that are needed.
    pub(super) fn groups(&self, n: usize) -> std::ops::Range<usize> {
        0..n.min(self.groups)
    }

    pub(super) fn workgroup(&self) -> usize {
        self.limits.workgroup as usize
    }

    /// All values of a buffer.
    pub(super) fn get<T: Element>(&self, buffer: usize) -> Vec<T> {
        from_words(self.buffers[buffer])
    }

    /// Some values of a buffer.
    pub(super) fn get_range<T: Element>(
        &self,
        buffer: usize,
        range: std::ops::Range<usize>,
    ) -> Vec<T> {
        from_words(&self.buffers[buffer][range.start * T::WORDS..range.end * T::WORDS])
    }

    /// Writes values to the beginning of a buffer.
    pub(super) fn set<T: Element>(&mut self, buffer: usize, values: &[T]) {
        self.buffers[buffer][..values.len() * T::WORDS].copy_from_slice(&to_words(values));
    }

    /// All 32-bit words of a buffer.
    pub(super) fn get_halves(&self, buffer: usize) -> Vec<u32> {
        self.buffers[buffer].iter().flat_map(|&word| halves_of(word)).collect()
    }

    /// Writes all 32-bit words of a buffer.
    pub(super) fn set_halves(&mut self, buffer: usize, halves: &[u32]) {
        for (word, pair) in self.buffers[buffer].iter_mut().zip(halves.chunks_exact(2)) {
            *word = self::word(pair[0], pair[1]);
        }
    }

    /// All affine points of a buffer.
    pub(super) fn get_points<G: Group>(&self, buffer: usize) -> Vec<G::Affine> {
        let zero = vec![0; affine_words::<G>()];
        let read = |words: &[u64]| {
            let (x, y) = words.split_at(G::Coordinate::WORDS);
            let point = G::from_coordinates(G::Coordinate::read(x), G::Coordinate::read(y));
            if words == zero { G::Affine::default() } else { point }
        };
        self.buffers[buffer].chunks_exact(affine_words::<G>()).map(read).collect()
    }

    /// All sums of a buffer.
    pub(super) fn get_sums<G: Group>(&self, buffer: usize) -> Vec<G> {
        let words = self.buffers[buffer].chunks_exact(sum_words::<G>());
        let sums: Vec<_> = words.map(read_sum::<G>).collect();
        to_affine::<G>(&sums).into_iter().map(Into::into).collect()
    }

    /// Writes sums, the first of them to the first place and so on.
    pub(super) fn set_sums<G: Group>(&mut self, buffer: usize, sums: &[G]) {
        let points = G::affine(sums);
        let places = self.buffers[buffer].chunks_exact_mut(sum_words::<G>());
        for (z, (words, point)) in (2u64..).zip(places.zip(&points)) {
            write_sum::<G>(point, z, words);
        }
    }
}

/// Writes a point in XYZZ form, as one of the many that it has: with Z = z. At infinity the other
/// coordinates may be anything. Who reads must mind all of that.
fn write_sum<G: Group>(point: &G::Affine, z: u64, words: &mut [u64]) {
    let z = G::Coordinate::from(z);
    let (zz, zzz) = (z.square(), z.square() * z);
    let sum = match G::coordinates(point) {
        Some((x, y)) => [x * zz, y * zzz, zz, zzz],
        None => [zz, zzz, <G::Coordinate as AdditiveGroup>::ZERO, zzz],
    };
    words.copy_from_slice(&to_words(&sum));
}

fn word(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}
