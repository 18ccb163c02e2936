//! A device that is open: pipelines compiled on first use, launches recorded and submitted together.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use wgpu::{
    BindGroupEntry, BufferDescriptor, BufferUsages, CommandEncoder, ComputePipeline, ErrorFilter,
    ShaderModule, SubmissionIndex,
};

use super::memory::WgpuMemory;
use crate::backend::BackendKind;
use crate::error::Error;
use crate::gpu::{Launch, Limits, PARAMETERS_MAX, Unit};
use crate::source;

/// Launches that are submitted together. Enough to hide what a submission costs, few enough that
/// the device begins while the host still prepares.
const BATCH: usize = 32;
/// Workgroups in a row of the grid: every device takes so many.
const ROW_MAX: u32 = 65535;
/// Bytes between the parameters of two launches: the largest alignment a device may ask for.
const SLOT_BYTES: usize = 256;

/// What a source is assembled and a device asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) limits: Limits,
    pub(super) has_u64: bool,
}

pub(super) struct Opened {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) generation: u64,
    fault: Fault,
    target: Target,
    modules: HashMap<Unit, ShaderModule>,
    pipelines: HashMap<(Unit, &'static str), ComputePipeline>,
    /// Launches and copies not yet submitted, with the parameters of each launch in a slot.
    recorded: Option<CommandEncoder>,
    parameters: Vec<u8>,
    slots: wgpu::Buffer,
}

/// What went wrong outside of an error scope: the first of it.
#[derive(Clone, Default)]
struct Fault(Arc<Mutex<Option<String>>>);

impl Fault {
    fn note(&self, reason: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }

    fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The device is lost, for this reason.
pub(super) fn lost(reason: impl Into<String>) -> Error {
    Error::DeviceLost { backend: BackendKind::Wgpu, reason: reason.into() }
}

impl Opened {
    pub(super) fn new(
        adapter: &wgpu::Adapter,
        target: Target,
        generation: u64,
    ) -> Result<Self, Error> {
        let mut required_features = wgpu::Features::empty();
        required_features.set(wgpu::Features::SHADER_INT64, target.has_u64);
        let descriptor = wgpu::DeviceDescriptor {
            required_features,
            required_limits: adapter.limits(),
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|error| unavailable(chain(&error)))?;
        let fault = Fault::default();
        let noted = fault.clone();
        device.on_uncaptured_error(Arc::new(move |error| noted.note(chain(&error))));
        let noted = fault.clone();
        device.set_device_lost_callback(move |reason, message| {
            noted.note(format!("{reason:?}: {message}"));
        });
        let slots = device.create_buffer(&BufferDescriptor {
            label: Some("parameters"),
            size: (BATCH * SLOT_BYTES) as u64,
            usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Ok(Self {
            device,
            queue,
            generation,
            fault,
            target,
            modules: HashMap::new(),
            pipelines: HashMap::new(),
            recorded: None,
            parameters: Vec::new(),
            slots,
        })
    }

    /// Fails if something went wrong since the device was opened.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.fault.get().map_or(Ok(()), |reason| Err(lost(reason)))
    }

    /// Creates a buffer of `bytes` zeroed bytes, or says that there is no room for it.
    pub(super) fn buffer(
        &self,
        bytes: u64,
        usage: BufferUsages,
    ) -> Result<wgpu::Buffer, wgpu::Error> {
        self.scoped(|device| {
            device.create_buffer(&BufferDescriptor {
                label: None,
                size: bytes,
                usage,
                mapped_at_creation: false,
            })
        })
    }

    /// Runs a step and gives the first error it caused.
    fn scoped<T>(&self, step: impl FnOnce(&wgpu::Device) -> T) -> Result<T, wgpu::Error> {
        let filters = [ErrorFilter::Validation, ErrorFilter::OutOfMemory, ErrorFilter::Internal];
        let scopes = filters.map(|filter| self.device.push_error_scope(filter));
        let value = step(&self.device);
        let errors = scopes.into_iter().rev().map(|scope| pollster::block_on(scope.pop()));
        match errors.flatten().reduce(|first, _| first) {
            Some(error) => Err(error),
            None => Ok(value),
        }
    }

    /// Records a launch.
    pub(super) fn launch(&mut self, launch: &Launch<'_, WgpuMemory>) -> Result<(), Error> {
        if launch.parameters.len() > PARAMETERS_MAX {
            let got = launch.parameters.len() as u64;
            return Err(Error::Argument { what: "parameters", got, expected: "at most 32" });
        }
        if launch.groups == 0 {
            return Ok(());
        }
        let grid = Grid::new(launch.groups)?;
        let pipeline = self.pipeline(launch.unit, launch.entry)?;
        let slot = self.parameters.len() as u64;
        self.push_slot(launch.parameters, grid);
        let buffers = bindings(launch.buffers.iter().map(|memory| wgpu::BufferBinding {
            buffer: &memory.buffer,
            offset: 0,
            size: None,
        }));
        let parameters = bindings([wgpu::BufferBinding {
            buffer: &self.slots,
            offset: slot,
            size: wgpu::BufferSize::new(SLOT_BYTES as u64),
        }]);
        let [buffers, parameters] = [(0, buffers), (1, parameters)].map(|(index, entries)| {
            self.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(launch.entry),
                layout: &pipeline.get_bind_group_layout(index),
                entries: &entries,
            })
        });
        let mut pass = self.recorder().begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &buffers, &[]);
        pass.set_bind_group(1, &parameters, &[]);
        pass.dispatch_workgroups(grid.width, grid.height, 1);
        drop(pass);
        if self.parameters.len() == BATCH * SLOT_BYTES {
            self.submit();
        }
        self.check()
    }

    /// What commands are recorded in.
    pub(super) fn recorder(&mut self) -> &mut CommandEncoder {
        let device = &self.device;
        self.recorded.get_or_insert_with(|| device.create_command_encoder(&Default::default()))
    }

    /// Submits what was recorded.
    pub(super) fn submit(&mut self) -> SubmissionIndex {
        if !self.parameters.is_empty() {
            // Takes effect before the launches, and after all that was submitted before.
            self.queue.write_buffer(&self.slots, 0, &self.parameters);
            self.parameters.clear();
        }
        self.queue.submit(self.recorded.take().map(CommandEncoder::finish))
    }

    /// Waits until a submission, and all before it, have ended.
    pub(super) fn wait(&self, submission: SubmissionIndex) -> Result<(), Error> {
        self.poll(wgpu::PollType::Wait { submission_index: Some(submission), timeout: None })
    }

    /// Loses the device as a failure of the driver would.
    pub(super) fn lose(&self) {
        self.device.destroy();
        // The loss is told of once the queue is empty. That it is lost is no news here.
        let _ = self.poll(wgpu::PollType::wait_indefinitely());
    }

    fn poll(&self, poll: wgpu::PollType) -> Result<(), Error> {
        // wgpu 30 panics in here if it notices that the device is lost, after having told our callback.
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| self.device.poll(poll)));
        self.check()?;
        match polled {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(lost(error.to_string())),
            Err(_) => Err(lost("waiting for it failed")),
        }
    }

    /// Writes parameters as `launch.wgsl` reads them.
    fn push_slot(&mut self, parameters: &[u32], grid: Grid) {
        let mut words = [0u32; SLOT_BYTES / 4];
        words[..parameters.len()].copy_from_slice(parameters);
        words[PARAMETERS_MAX..PARAMETERS_MAX + 2].copy_from_slice(&[grid.groups, grid.width]);
        self.parameters.extend_from_slice(bytemuck::cast_slice(&words));
    }

    fn pipeline(&mut self, unit: Unit, entry: &'static str) -> Result<ComputePipeline, Error> {
        if let Some(pipeline) = self.pipelines.get(&(unit, entry)) {
            return Ok(pipeline.clone());
        }
        let failed = |error: wgpu::Error| Error::Compile {
            backend: BackendKind::Wgpu,
            unit: format!("{unit}, {entry}"),
            log: chain(&error),
        };
        let module = match self.modules.get(&unit) {
            Some(module) => module.clone(),
            None => {
                let text = source::wgsl(unit, self.target.limits, self.target.has_u64);
                let module = self.scoped(|device| {
                    device.create_shader_module(wgpu::ShaderModuleDescriptor {
                        label: Some(unit.stem()),
                        source: wgpu::ShaderSource::Wgsl(text.into()),
                    })
                });
                self.modules.entry(unit).or_insert(module.map_err(failed)?).clone()
            }
        };
        let pipeline = self.scoped(|device| {
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(entry),
                layout: None,
                module: &module,
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions {
                    // Kernels write shared memory before they read it.
                    zero_initialize_workgroup_memory: false,
                    ..Default::default()
                },
                cache: None,
            })
        });
        let pipeline = pipeline.map_err(failed)?;
        self.pipelines.insert((unit, entry), pipeline.clone());
        Ok(pipeline)
    }
}

/// A number of workgroups in a grid that has at least so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Grid {
    groups: u32,
    width: u32,
    height: u32,
}

impl Grid {
    fn new(groups: u64) -> Result<Self, Error> {
        let refused =
            Error::Argument { what: "workgroups", got: groups, expected: "below 65535^2" };
        let groups = u32::try_from(groups).map_err(|_| refused.clone())?;
        let height = groups.div_ceil(ROW_MAX);
        if height > ROW_MAX {
            return Err(refused);
        }
        Ok(Self { groups, width: groups.div_ceil(height), height })
    }
}

fn bindings<'a>(
    buffers: impl IntoIterator<Item = wgpu::BufferBinding<'a>>,
) -> Vec<BindGroupEntry<'a>> {
    (0..)
        .zip(buffers)
        .map(|(binding, buffer)| BindGroupEntry {
            binding,
            resource: wgpu::BindingResource::Buffer(buffer),
        })
        .collect()
}

pub(super) fn unavailable(reason: String) -> Error {
    Error::Unavailable { backend: BackendKind::Wgpu, reason }
}

/// An error and its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_hold_all_groups_and_little_more() {
        let shape = |groups| Grid::new(groups).map(|grid| (grid.width, grid.height));
        assert_eq!(shape(1), Ok((1, 1)));
        assert_eq!(shape(65535), Ok((65535, 1)));
        assert_eq!(shape(65536), Ok((32768, 2)));
        for groups in [65537, 1 << 20, (1 << 24) + 1, 65535 * 65535] {
            let (width, height) = shape(groups).unwrap();
            let got = u64::from(width) * u64::from(height);
            assert!(got >= groups && got < groups + u64::from(height));
        }
        assert!(shape(65535 * 65535 + 1).is_err());
        assert!(shape(1 << 32).is_err());
    }
}
