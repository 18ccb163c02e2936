//! Host reference kernels: every kernel once more, in plain Rust, a file per stem, with the same
//! names, buffers and parameters as `shaders/README.md` has them.
//!
//! Twins stand in for a device in tests of the plans ([`TwinDevice`]), and for single kernels when one
//! looks for the kernel that is wrong ([`Bisect`](super::Bisect)). They are as slow as they are short.

mod accumulate;
mod bootstrap;
mod call;
mod device;
mod keyswitch;
mod ntt;
mod reduce;
mod scan;
mod sort;
mod vector;
mod words;

pub use call::Call;
pub use device::{Fault, TwinDevice, TwinMemory};

use super::Unit;
use crate::{with_field, with_group};

/// A kernel in plain Rust.
///
/// # Panics
/// If a launch breaks the contract: a missing buffer, a tile too large, an index out of bounds.
pub type Twin = fn(&mut Call<'_>);

/// The twin of a kernel, if the unit has one of that name.
pub fn twin(unit: Unit, entry: &str) -> Option<Twin> {
    match unit {
        Unit::Vector(field) => with_field!(field, F => vector::find::<F>(entry)),
        Unit::Scan(field) => with_field!(field, F => scan::find::<F>(entry)),
        Unit::Ntt(field) => with_field!(field, F => ntt::find::<F>(entry)),
        Unit::Words => words::find(entry),
        Unit::Sort => sort::find(entry),
        Unit::Accumulate(group) => with_group!(group, G => accumulate::find::<G>(entry)),
        Unit::Reduce(group) => with_group!(group, G => reduce::find::<G>(entry)),
        Unit::Keyswitch => keyswitch::find(entry),
        Unit::Bootstrap => bootstrap::find(entry),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::source::entries;

    /// The kernels that the contract lists: the first cells of its tables that are code.
    fn listed() -> BTreeSet<&'static str> {
        let contract = include_str!("../../../shaders/README.md");
        let cells = contract.lines().filter_map(|line| line.strip_prefix("| `"));
        cells.map(|cell| cell.split('`').next().unwrap()).collect()
    }

    #[test]
    fn every_kernel_has_a_twin() {
        for unit in Unit::all() {
            for entry in unit.entries() {
                assert!(twin(unit, entry).is_some(), "{entry} of {unit} has no twin");
            }
            assert!(twin(unit, "").is_none());
        }
    }

    #[test]
    fn the_kernels_are_those_of_the_contract() {
        assert_eq!(entries().collect::<BTreeSet<_>>(), listed());
        let of_units = Unit::all().flat_map(|unit| unit.entries().iter().copied());
        assert_eq!(of_units.collect::<BTreeSet<_>>(), listed());
    }
}
