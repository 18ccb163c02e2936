//! The cases that reach every plan of a device: what is planned otherwise for long inputs than for short ones.

use super::{Case, Input, Kernel, cases};

/// log2 of the lengths of transforms with two passes, and with three, over every field.
pub(crate) const TRANSFORMS: [u32; 2] = [13, 19];
/// Points from which on windows of scalars have more than 13 bits.
pub(crate) const POINTS: usize = 1 << 18;
/// Longer than what the threads of a launch do at a time, and no power of two.
const LONG: usize = (1 << 20) + 7;
/// Real keys, in batches that do not fill a workgroup.
const CIPHERTEXTS: usize = 1001;

/// Cases of a kernel that together reach every plan, on random and on extreme inputs. They want a CPU of many cores to
/// judge, and gigabytes.
pub fn every_plan(kernel: Kernel, seed: u64) -> Vec<Case> {
    let sizes: &[usize] = match kernel {
        Kernel::Ntt => &TRANSFORMS.map(|log_size| 1 << log_size),
        Kernel::Msm => &[POINTS],
        Kernel::Keyswitch | Kernel::Bootstrap => &[CIPHERTEXTS],
        _ => &[LONG],
    };
    let all = cases(kernel, sizes, seed).into_iter();
    all.filter(|case| matches!(case.input, Input::Random | Input::Edges)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_has_some() {
        for kernel in Kernel::ALL {
            assert!(!every_plan(kernel, 1).is_empty(), "{kernel}");
        }
    }
}
