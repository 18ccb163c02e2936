//! Key switching: plans over the kernels of `keyswitch`.

use super::admit::MemoryNeed;
use crate::backend::Backend;
use crate::backend::arguments::{check_ciphertexts, check_keyswitch_key};
use crate::bootstrap::KeyswitchShape;
use crate::error::Error;
use crate::gpu::any::Memory;
use crate::gpu::launch::{Parameters, count};
use crate::gpu::{Buffer, Gpu, Unit};
use crate::source::KEYSWITCH_ROWS;

/// Threads that keep a large device busy: with fewer, sums are cut.
const THREADS: usize = 1 << 16;
/// The fewest products that a thread adds, so that joining the parts of a sum costs less than they save.
const PRODUCTS_MIN: usize = 64;

/// A key-switching key on a device.
pub struct KeyswitchKey {
    shape: KeyswitchShape,
    words: Buffer<u64>,
}

/// Ciphertexts that are switched in one go.
#[derive(Clone, Copy, Debug)]
struct Piece {
    shape: KeyswitchShape,
    count: usize,
}

impl KeyswitchKey {
    pub(super) fn new(gpu: &Gpu, shape: KeyswitchShape, words: &[u64]) -> Result<Self, Error> {
        check_keyswitch_key(&shape, words.len())?;
        count(words.len())?;
        Ok(Self { shape, words: gpu.upload(words)? })
    }
}

impl Piece {
    /// Digits of a ciphertext.
    fn depth(&self) -> usize {
        self.shape.from * self.shape.levels as usize
    }

    /// Ciphertexts, filled up to whole threads.
    fn stride(&self) -> usize {
        self.count.next_multiple_of(KEYSWITCH_ROWS)
    }

    /// Threads for one part of all sums.
    fn threads(&self) -> usize {
        self.stride() / KEYSWITCH_ROWS * self.shape.row_to()
    }

    /// Into how many parts sums are cut.
    fn parts(&self) -> usize {
        let wanted = THREADS.div_ceil(self.threads());
        wanted.min(self.depth().div_ceil(PRODUCTS_MIN))
    }

    fn digits(&self) -> usize {
        self.stride() * self.depth()
    }

    fn sums(&self) -> usize {
        self.parts() * self.count * self.shape.row_to()
    }

    fn need(&self) -> MemoryNeed {
        MemoryNeed::default().and_halves(self.digits()).and_words(self.sums())
    }
}

impl Gpu {
    pub(super) fn keyswitch(
        &self,
        key: &KeyswitchKey,
        ciphertexts: &Buffer<u64>,
    ) -> Result<Buffer<u64>, Error> {
        let shape = key.shape;
        self.own(&key.words)?;
        self.own(ciphertexts)?;
        let all = check_ciphertexts(ciphertexts.len(), shape.row_from())?;
        count(ciphertexts.len())?;
        let out = self.allocate(all * shape.row_to())?;
        count(out.len())?;
        if all == 0 {
            return Ok(out);
        }
        let need = |count| Piece { shape, count }.need();
        self.in_pieces(&[Unit::Keyswitch], all, need, |range| {
            let piece = Piece { shape, count: range.len() };
            self.keyswitch_piece(key, &piece, ciphertexts, range.start, &out)
        })?;
        Ok(out)
    }

    fn keyswitch_piece(
        &self,
        key: &KeyswitchKey,
        piece: &Piece,
        ciphertexts: &Buffer<u64>,
        first: usize,
        out: &Buffer<u64>,
    ) -> Result<(), Error> {
        let KeyswitchShape { from, base_log, levels, .. } = key.shape;
        let (width, parts) = (key.shape.row_to(), piece.parts());
        let digits = self.allocate_halves(piece.digits())?;
        let sums: Buffer<u64> = self.allocate(piece.sums())?;
        let [digits, sums, key, source, out] = [
            self.own(&digits)?,
            self.own(&sums)?,
            self.own(&key.words)?,
            self.own(ciphertexts)?,
            self.own(out)?,
        ];
        let stride = count(piece.stride())?;
        let start = |entry, threads, buffers: &[&Memory], parameters: &[u32]| {
            let parameters = Parameters::new(parameters);
            self.start_threads(Unit::Keyswitch, entry, threads, buffers, &parameters)
        };
        let (ciphertexts, first) = (count(piece.count)?, count(first)?);
        let parameters = [ciphertexts, count(from)?, first, stride, base_log, levels];
        start("keyswitch_digits", piece.count * from, &[digits, source], &parameters)?;
        let (width, parts) = (count(width)?, count(parts)?);
        let parameters = [ciphertexts, count(piece.depth())?, width, stride, parts];
        let threads = piece.threads() * piece.parts();
        start("keyswitch_sums", threads, &[sums, digits, key], &parameters)?;
        let parameters = [ciphertexts, count(from)?, first, width, parts];
        let threads = piece.count * piece.shape.row_to();
        start("keyswitch_join", threads, &[out, sums, source], &parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_cut_when_there_are_few() {
        let shape = KeyswitchShape { from: 2048, to: 918, base_log: 4, levels: 4 };
        let piece = |count| Piece { shape, count };
        assert_eq!([1, 16, 17, 1024, 4096].map(|n| piece(n).parts()), [72, 72, 36, 2, 1]);
        assert_eq!([1, 16, 17].map(|n| piece(n).stride()), [16, 16, 32]);
        let short = KeyswitchShape { from: 3, levels: 1, ..shape };
        assert_eq!(Piece { shape: short, count: 1 }.parts(), 1);
    }
}
