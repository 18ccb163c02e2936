//! Words on a device. tfhe-rs takes ciphertexts and keys there by functions that are safe, but not the
//! numbers of ciphertexts and tables.
#![expect(unsafe_code, reason = "tfhe-rs has no safe function that copies words to a device")]

use tfhe::core_crypto::gpu::CudaStreams;
use tfhe::core_crypto::gpu::vec::CudaVec;

/// The words, on the device of the first stream.
pub fn upload(words: &[u64], streams: &CudaStreams) -> CudaVec<u64> {
    // SAFETY: the words are borrowed until the streams have done what was asked of them.
    let uploaded = unsafe { CudaVec::from_cpu_async(words, streams, 0) };
    streams.synchronize();
    uploaded
}
