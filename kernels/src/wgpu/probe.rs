//! Adapters: what this machine has, and what kernels can run on.

use std::fmt;

use wgpu::{Adapter, Backends, DeviceType, Features, Instance, InstanceDescriptor, InstanceFlags};

use crate::gpu::Limits;

/// Threads of a workgroup, where the adapter lets so many.
const WORKGROUP: u32 = 256;
/// Fewest threads of a workgroup, and least shared memory, that kernels are written for.
const WORKGROUP_MIN: u32 = 32;
const SHARED_BYTES_MIN: u32 = 16 << 10;
/// Buffers that the kernel with most of them takes.
const BUFFERS_MAX: u32 = 5;

/// How a device is chosen and used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Use an adapter that computes on the CPU, if there is no other. Our own CPU backend
    /// is much faster: this is for tests.
    pub software: bool,
    /// Do without 64-bit integers in shaders, even where there are some. For tests.
    pub without_u64: bool,
    /// How many bytes to allocate at most; wgpu does not tell how many there are. `None` is an estimate
    /// from the kind of the adapter.
    pub memory_bytes_max: Option<u64>,
}

impl Options {
    /// The default; `software` if `PULSEPROOF_WGPU_SOFTWARE` is `1`.
    pub fn from_env() -> Self {
        let software = std::env::var_os("PULSEPROOF_WGPU_SOFTWARE").is_some_and(|v| v == "1");
        Self { software, ..Self::default() }
    }
}

/// What is known of an adapter.
#[derive(Clone, Debug)]
pub struct AdapterDescription {
    /// The device's name.
    pub name: String,
    /// The interface it is reached by.
    pub interface: &'static str,
    /// The driver and its version.
    pub driver: String,
    /// Discrete, integrated, virtual, other, or software.
    pub device_type: &'static str,
    /// The limits kernels are built for.
    pub limits: Limits,
    /// Whether shaders have 64-bit integers.
    pub has_u64: bool,
    /// Why it is not used; `None` if it can be.
    pub unusable: Option<String>,
}

impl fmt::Display for AdapterDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, interface, driver, device_type, .. } = self;
        write!(f, "{name} ({device_type}, {interface}, {driver})")?;
        match &self.unusable {
            Some(reason) => write!(f, ": not used: {reason}"),
            None => Ok(()),
        }
    }
}

/// All adapters, the one that would be used first.
pub fn probe(options: &Options) -> Vec<AdapterDescription> {
    found(options).into_iter().map(|found| found.1).collect()
}

/// All adapters with their descriptions, the one to use first.
pub(super) fn found(options: &Options) -> Vec<(Adapter, AdapterDescription)> {
    let enabled = Instance::enabled_backend_features();
    if enabled.is_empty() {
        return Vec::new();
    }
    let instance = Instance::new(InstanceDescriptor {
        backends: Backends::PRIMARY & enabled,
        flags: InstanceFlags::empty(),
        ..InstanceDescriptor::new_without_display_handle()
    });
    let adapters = pollster::block_on(instance.enumerate_adapters(Backends::PRIMARY));
    let mut found: Vec<_> = (adapters.into_iter())
        .map(|adapter| {
            let description = describe(&adapter, options);
            (adapter, description)
        })
        .collect();
    found.sort_by_key(|(adapter, description)| {
        (description.unusable.is_some(), rank(adapter.get_info().device_type))
    });
    found
}

fn describe(adapter: &Adapter, options: &Options) -> AdapterDescription {
    let info = adapter.get_info();
    let limits = limits(&adapter.limits());
    let unusable = if info.device_type == DeviceType::Cpu && !options.software {
        Some("computes in software; PULSEPROOF_WGPU_SOFTWARE=1 allows it".to_owned())
    } else {
        lacks(limits, &adapter.limits())
    };
    AdapterDescription {
        name: info.name,
        interface: info.backend.to_str(),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        device_type: type_name(info.device_type),
        limits,
        has_u64: adapter.features().contains(Features::SHADER_INT64) && !options.without_u64,
        unusable,
    }
}

fn limits(of: &wgpu::Limits) -> Limits {
    let threads = of.max_compute_invocations_per_workgroup.min(of.max_compute_workgroup_size_x);
    Limits {
        workgroup: 1 << threads.clamp(1, WORKGROUP).ilog2(),
        shared_bytes: of.max_compute_workgroup_storage_size,
        allocation_bytes_max: of.max_storage_buffer_binding_size.min(of.max_buffer_size),
    }
}

fn lacks(limits: Limits, of: &wgpu::Limits) -> Option<String> {
    let least = |what: &str, got: u32, least: u32| {
        (got < least).then(|| format!("{what}: {got}, {least} needed"))
    };
    least("threads of a workgroup", limits.workgroup, WORKGROUP_MIN)
        .or_else(|| least("bytes of shared memory", limits.shared_bytes, SHARED_BYTES_MIN))
        .or_else(|| least("storage buffers", of.max_storage_buffers_per_shader_stage, BUFFERS_MAX))
}

fn rank(device_type: DeviceType) -> u32 {
    match device_type {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

fn type_name(device_type: DeviceType) -> &'static str {
    match device_type {
        DeviceType::DiscreteGpu => "discrete",
        DeviceType::IntegratedGpu => "integrated",
        DeviceType::VirtualGpu => "virtual",
        DeviceType::Other => "other",
        DeviceType::Cpu => "software",
    }
}

/// How many bytes to allocate at most on such an adapter, if nothing is said.
pub(super) fn memory_bytes_max(adapter: &Adapter) -> u64 {
    match adapter.get_info().device_type {
        DeviceType::DiscreteGpu => 4 << 30,
        _ => 2 << 30,
    }
}
