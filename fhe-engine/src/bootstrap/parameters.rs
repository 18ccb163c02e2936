//! The parameter set, and what kernels are told of it.
//!
//! Dimensions, noise and digits are those of tfhe-rs's
//! `V1_8_PARAM_MESSAGE_2_CARRY_2_KS_PBS_TUNIFORM_2M128`; the bootstrapping key is modulo the 50-bit prime,
//! with the noise that has the same standard deviation relative to the modulus. `docs/bootstrapping.md`
//! has the security and the failure probability.

use pulseproof_kernels::bootstrap::{BootstrapShape, KeyswitchShape};
use pulseproof_packing::DIMENSION;

/// LWE dimension of what is bootstrapped.
pub const SMALL_DIMENSION: usize = 918;
/// Noise of key-switching keys: TUniform(45), modulo 2^64.
pub const SMALL_NOISE_BOUND_LOG2: u32 = 45;
/// Noise of bootstrapping keys: TUniform(3), modulo the 50-bit prime.
pub const RING_NOISE_BOUND_LOG2: u32 = 3;
/// Values that a digit may have.
pub const DIGIT_VALUES: usize = 16;
/// A digit of value v is encrypted as v·2^59: one bit of padding above four.
pub const DIGIT_SHIFT: u32 = 59;

/// From the dimension of encrypted words to that of what is bootstrapped.
pub const KEYSWITCH: KeyswitchShape =
    KeyswitchShape { from: DIMENSION, to: SMALL_DIMENSION, base_log: 4, levels: 4 };

/// And back, through the ring of degree 2048.
pub const BOOTSTRAP: BootstrapShape = BootstrapShape {
    dimension: SMALL_DIMENSION,
    log_size: DIMENSION.trailing_zeros(),
    base_log: 23,
    levels: 1,
};
