//! Vectors of 64-bit words: the plan over the kernel of `words`.

use super::launch::{Parameters, count};
use super::{Buffer, Gpu, Unit};
use crate::backend::arguments::check_weights;
use crate::backend::{Backend, Signedness, WordOps};
use crate::error::Error;

impl WordOps for Gpu {
    fn weighted_sums(
        &self,
        vectors: &Buffer<u64>,
        weights: &[u64],
        signedness: Signedness,
    ) -> Result<(Buffer<u64>, Buffer<u64>), Error> {
        let words = self.own(vectors)?;
        let n = check_weights(vectors.len(), weights.len())?;
        count(vectors.len())?;
        let (low, high) = (self.allocate(n)?, self.allocate(n)?);
        let signed = u32::from(signedness == Signedness::Signed);
        let parameters = Parameters::new(&[count(n)?, count(weights.len())?, signed]);
        let weights = self.upload(weights)?;
        let buffers = [self.own(&low)?, self.own(&high)?, words, self.own(&weights)?];
        self.start_threads(Unit::Words, "words_weighted_sums", n, &buffers, &parameters)?;
        Ok((low, high))
    }
}
