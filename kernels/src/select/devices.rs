//! The devices of this build, opened and described. A backend that was left out has none.

use super::{ProbedBackend, Software};
use crate::backend::BackendKind;
#[cfg(feature = "cuda")]
use crate::cuda::CudaDevice;
use crate::error::Error;
use crate::gpu::Gpu;
#[cfg(feature = "wgpu")]
use crate::wgpu::{Options, WgpuDevice};

#[cfg(feature = "cuda")]
pub(super) fn open_cuda() -> Result<Gpu, Error> {
    cuda_device().map(Gpu::new)
}

#[cfg(feature = "cuda")]
pub(super) fn cuda_device() -> Result<CudaDevice, Error> {
    CudaDevice::probe()
}

#[cfg(not(feature = "cuda"))]
pub(super) fn open_cuda() -> Result<Gpu, Error> {
    Err(left_out(BackendKind::Cuda))
}

#[cfg(feature = "wgpu")]
pub(super) fn open_wgpu(software: Software) -> Result<Gpu, Error> {
    wgpu_device(software).map(Gpu::new)
}

#[cfg(feature = "wgpu")]
pub(super) fn wgpu_device(software: Software) -> Result<WgpuDevice, Error> {
    let options = match software {
        Software::Refused => Options::default(),
        Software::IfAsked => Options::from_env(),
        Software::Allowed => Options { software: true, ..Options::default() },
    };
    WgpuDevice::new(&options)
}

#[cfg(not(feature = "wgpu"))]
pub(super) fn open_wgpu(_: Software) -> Result<Gpu, Error> {
    Err(left_out(BackendKind::Wgpu))
}

#[cfg(not(all(feature = "cuda", feature = "wgpu")))]
pub(super) fn left_out(backend: BackendKind) -> Error {
    let reason = format!("this program was built without it: build with the feature {backend}");
    super::unavailable(backend, &reason)
}

/// What there is of CUDA.
#[cfg(feature = "cuda")]
pub(super) fn cuda_finding(compile: bool) -> ProbedBackend {
    use crate::source::Unit;
    let device = cuda_device();
    let units: Vec<Unit> = if compile { Unit::all().collect() } else { Vec::new() };
    match device.and_then(|device| device.report(units)) {
        Ok(report) => {
            let (major, minor) = report.compute_capability;
            let (driver, nvrtc) = (report.driver_version, report.nvrtc_version);
            ProbedBackend {
                kind: BackendKind::Cuda,
                name: report.name,
                detail: format!(
                    "compute capability {major}.{minor}, driver {}.{}, NVRTC {}.{}, code for sm_{}",
                    driver.0, driver.1, nvrtc.0, nvrtc.1, report.architecture
                ),
                memory_bytes: Some(report.memory_total_bytes),
                compile_seconds: report.compile_seconds,
                usable: Ok(()),
            }
        }
        Err(error) => ProbedBackend { detail: nvrtc(), ..absent(error) },
    }
}

/// The compiler, whether or not there is a device to compile for.
#[cfg(feature = "cuda")]
fn nvrtc() -> String {
    match crate::cuda::nvrtc::Nvrtc::find() {
        Ok(nvrtc) => format!("NVRTC {}.{}", nvrtc.version().0, nvrtc.version().1),
        Err(_) => "no NVRTC".to_owned(),
    }
}

#[cfg(not(feature = "cuda"))]
pub(super) fn cuda_finding(_: bool) -> ProbedBackend {
    absent(left_out(BackendKind::Cuda))
}

/// Every adapter that wgpu knows.
#[cfg(feature = "wgpu")]
pub(super) fn wgpu_findings() -> Vec<ProbedBackend> {
    let adapters = crate::wgpu::probe(&Options::from_env());
    if adapters.is_empty() {
        let reason = "no Vulkan, Metal or Direct3D 12 device was found: install its driver";
        return vec![absent(super::unavailable(BackendKind::Wgpu, reason))];
    }
    let finding = |adapter: crate::wgpu::AdapterDescription| ProbedBackend {
        kind: BackendKind::Wgpu,
        name: adapter.name,
        detail: format!("{}, {}, {}", adapter.device_type, adapter.interface, adapter.driver),
        memory_bytes: None,
        compile_seconds: Vec::new(),
        usable: adapter.unusable.map_or(Ok(()), Err),
    };
    adapters.into_iter().map(finding).collect()
}

#[cfg(not(feature = "wgpu"))]
pub(super) fn wgpu_findings() -> Vec<ProbedBackend> {
    vec![absent(left_out(BackendKind::Wgpu))]
}

/// The lack of a device.
fn absent(error: Error) -> ProbedBackend {
    let (kind, reason) = match error {
        Error::Unavailable { backend, reason } => (backend, reason),
        other => (BackendKind::Cuda, other.to_string()),
    };
    ProbedBackend {
        kind,
        name: "none".to_owned(),
        detail: String::new(),
        memory_bytes: None,
        compile_seconds: Vec::new(),
        usable: Err(reason),
    }
}
