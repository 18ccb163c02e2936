//! What a machine without a driver or without NVRTC is told. With a device at hand the laws of
//! `tests/backends/laws.rs` run on it.

use pulseproof_kernels::Error;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_kernels::cuda::CudaDevice;
use pulseproof_kernels::gpu::Device as _;

#[test]
fn a_probe_opens_a_device_or_says_what_is_missing() {
    match CudaDevice::probe() {
        Ok(device) => {
            assert_eq!(device.kind(), BackendKind::Cuda);
            assert!(device.available_bytes(&[]).unwrap() > 0);
        }
        Err(Error::Unavailable { backend: BackendKind::Cuda, reason }) => {
            println!("no CUDA here: {reason}");
            assert!(reason.contains("driver") || reason.contains("NVRTC"), "{reason}");
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_device_that_there_is_not_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let error = CudaDevice::open(usize::MAX, folder.path().into()).unwrap_err();
    assert!(matches!(error, Error::Unavailable { backend: BackendKind::Cuda, .. }), "{error}");
}
