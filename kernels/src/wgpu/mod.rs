//! wgpu: Vulkan, Metal and Direct3D 12.
