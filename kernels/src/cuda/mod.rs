//! CUDA: the driver, NVRTC and the cache of compiled kernels.
