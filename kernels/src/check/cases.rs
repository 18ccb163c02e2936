//! Which cases a kernel is checked on.

use super::{
    Case, FieldOperation, Input, Kernel, LweOperation, MsmShape, Operation, Over, Points,
    WordOperation,
};
use crate::backend::{Binary, Signedness};
use crate::bootstrap::{BootstrapShape, KeyswitchShape};
use crate::field::FieldId;
use crate::group::GroupId;
use crate::transform::{Direction, Order};

/// The cases of a kernel: over all it computes in, every shape on random input and the first shape
/// on every kind of input, for each size. Sizes need not be powers of two; transforms take the largest
/// that fits.
pub fn cases(kernel: Kernel, sizes: &[usize], seed: u64) -> Vec<Case> {
    let sizes = if kernel == Kernel::Refusals { &[0] } else { sizes };
    let mut cases = Vec::new();
    for &size in sizes {
        for operations in operations(kernel, size) {
            cases.extend(of_operations(&operations, size, seed));
        }
    }
    cases
}

/// The cases of one kernel over one thing.
fn of_operations(operations: &[Operation], size: usize, seed: u64) -> Vec<Case> {
    let case = |work, input| Case { work, size, input, seed };
    let first = operations[0];
    let mut cases: Vec<Case> = operations.iter().map(|&work| case(work, Input::Random)).collect();
    cases.extend(inputs(first.kernel()).iter().map(|&input| case(first, input)));
    if let Operation::Msm(group, shape) = first {
        // Doublings and cancellations in buckets, and few buckets to have them in.
        for points in [Points::Same, Points::Opposites, Points::WithInfinity] {
            let work = Operation::Msm(group, MsmShape { points, ..shape });
            let inputs = [Input::Random, Input::AllEqual, Input::Small, Input::Edges];
            cases.extend(inputs.map(|input| case(work, input)));
        }
    }
    cases
}

/// Kinds of input beside the random ones.
fn inputs(kernel: Kernel) -> &'static [Input] {
    match kernel {
        Kernel::Refusals => &[],
        Kernel::Copy | Kernel::Rotate => &[Input::Ramp],
        Kernel::FirstNonzero => &[Input::Zeros, Input::Ramp, Input::OneNonzero],
        _ => &[
            Input::Zeros,
            Input::Ones,
            Input::MinusOnes,
            Input::Ramp,
            Input::OneNonzero,
            Input::AllEqual,
            Input::Small,
            Input::Edges,
        ],
    }
}

/// The shapes of a kernel over each thing that it computes in: at least one, none twice.
fn operations(kernel: Kernel, size: usize) -> Vec<Vec<Operation>> {
    const OPS: [Binary; 3] = [Binary::Mul, Binary::Add, Binary::Sub];
    let part = part(size);
    match kernel {
        Kernel::Copy => {
            let mut operations = in_fields([FieldOperation::Copy]);
            operations.push(vec![Operation::Words(WordOperation::Copy)]);
            operations
        }
        Kernel::Map => {
            let shape = |period| OPS.map(|op| FieldOperation::Map { op, period });
            in_fields([size.max(1), 1, part].into_iter().flat_map(shape))
        }
        Kernel::MapScalar => in_fields(OPS.map(|op| FieldOperation::MapScalar { op })),
        Kernel::AddScaled => {
            in_fields([size, size / 2, 0].map(|len| FieldOperation::AddScaled { len }))
        }
        Kernel::Rotate => {
            let by = [1, 0, size.saturating_sub(1), size + 3, usize::MAX];
            in_fields(by.map(|by| FieldOperation::Rotate { by }))
        }
        Kernel::Powers => in_fields([FieldOperation::Powers]),
        Kernel::Invert => in_fields([FieldOperation::Invert]),
        Kernel::Scan => {
            let shape = |row| [Binary::Mul, Binary::Add].map(|op| FieldOperation::Scan { op, row });
            in_fields([size.max(1), 1, part].into_iter().flat_map(shape))
        }
        Kernel::Evaluate => in_fields([FieldOperation::Evaluate]),
        Kernel::DivideOut => in_fields([FieldOperation::DivideOut]),
        Kernel::ToIntegers => in_fields([FieldOperation::ToIntegers]),
        Kernel::FromIntegers => in_fields([FieldOperation::FromIntegers]),
        Kernel::FirstNonzero => in_fields([FieldOperation::FirstNonzero]),
        Kernel::Ntt => in_fields(transforms(size)),
        Kernel::WeightedSums => vec![weighted_sums()],
        Kernel::Msm => in_groups(multiplications()),
        Kernel::Keyswitch => vec![keyswitches(size)],
        Kernel::Bootstrap => vec![bootstraps(size)],
        Kernel::Refusals => {
            let fields = FieldId::ALL.map(Over::Field);
            let others = [Over::Words, Over::Lwe];
            let all = fields.into_iter().chain(GroupId::ALL.map(Over::Group)).chain(others);
            all.map(|over| vec![Operation::Refusals(over)]).collect()
        }
    }
}

/// Every shape once, in each of the fields.
fn in_fields(shapes: impl IntoIterator<Item = FieldOperation>) -> Vec<Vec<Operation>> {
    let mut distinct = Vec::new();
    for shape in shapes {
        if !distinct.contains(&shape) {
            distinct.push(shape);
        }
    }
    let in_field = |id| distinct.iter().map(|&shape| Operation::Field(id, shape)).collect();
    FieldId::ALL.map(in_field).into()
}

fn in_groups<const N: usize>(shapes: [MsmShape; N]) -> Vec<Vec<Operation>> {
    GroupId::ALL.map(|id| shapes.map(|shape| Operation::Msm(id, shape)).into()).into()
}

/// A divisor of the size: a quarter, a third or a half of it, or all.
fn part(size: usize) -> usize {
    let divisor = [4, 3, 2].into_iter().find(|&n| size >= n && size.is_multiple_of(n)).unwrap_or(1);
    (size / divisor).max(1)
}

/// One row, forward and back, in both orders, on the subgroup and on a coset; and shorter rows.
fn transforms(size: usize) -> Vec<FieldOperation> {
    let log_size = size.checked_ilog2().unwrap_or(0);
    let mut shapes = Vec::new();
    for log_size in [log_size, log_size.saturating_sub(2)] {
        for direction in [Direction::Forward, Direction::Inverse] {
            for order in [Order::Natural, Order::BitReversed] {
                for coset in [false, true] {
                    shapes.push(FieldOperation::Ntt { log_size, direction, order, coset });
                }
            }
        }
    }
    shapes
}

/// Few vectors, one, many; both signs.
fn weighted_sums() -> Vec<Operation> {
    let shape =
        |weights, signedness| Operation::Words(WordOperation::WeightedSums { weights, signedness });
    [Signedness::Unsigned, Signedness::Signed]
        .into_iter()
        .flat_map(|signedness| [3, 1, 10].map(|weights| shape(weights, signedness)))
        .collect()
}

/// Widths, signs, levels, batches.
fn multiplications() -> [MsmShape; 11] {
    let shape = |(bits, signed, levels, vectors, spare)| {
        let points = Points::Distinct;
        MsmShape { bits, signed, levels, vectors, spare, points }
    };
    let shapes = [
        (255, false, 1, 1, 0),
        (256, false, 1, 1, 0),
        (64, false, 1, 2, 1),
        (64, true, 1, 3, 0),
        (1, false, 1, 1, 0),
        (1, true, 1, 1, 0),
        (17, false, 2, 1, 3),
        (65, true, 3, 1, 0),
        (128, false, 4, 2, 0),
        (255, true, 7, 1, 0),
        (256, true, 32, 1, 0),
    ];
    shapes.map(shape)
}

/// Sizes from which on shapes are those of real keys, too: none that naive is asked for.
const LARGE: usize = 1000;

/// Digits from the fewest bits to the most, dimensions up and down.
fn keyswitches(size: usize) -> Vec<Operation> {
    let shape = |(from, to, base_log, levels)| {
        let shape = KeyswitchShape { from, to, base_log, levels };
        Operation::Lwe(LweOperation::Keyswitch { shape })
    };
    let small = [(40, 20, 4, 4), (1, 1, 1, 1), (70, 33, 21, 3), (3, 100, 31, 2), (33, 5, 2, 31)];
    let large = (2048, 918, 4, 4);
    small.into_iter().chain((size >= LARGE).then_some(large)).map(shape).collect()
}

/// Rings of even and odd log2, one level and several, digits from the fewest bits to the most.
fn bootstraps(size: usize) -> Vec<Operation> {
    let shape = |(dimension, log_size, base_log, levels, tables)| {
        let shape = BootstrapShape { dimension, log_size, base_log, levels };
        Operation::Lwe(LweOperation::Bootstrap { shape, tables })
    };
    let small =
        [(4, 6, 23, 1, 3), (3, 7, 15, 2, 1), (1, 8, 9, 3, 2), (2, 6, 31, 1, 1), (1, 6, 1, 49, 1)];
    let large = [(918, 11, 23, 1, 4), (600, 10, 15, 2, 1)];
    let large = large.into_iter().filter(|_| size >= LARGE);
    small.into_iter().chain(large).map(shape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_has_cases_of_its_own() {
        for kernel in Kernel::ALL {
            for size in [0, 1, 2, 3, 100, 1 << 12] {
                let cases = cases(kernel, &[size], 7);
                assert!(!cases.is_empty());
                assert!(cases.iter().all(|case| case.work.kernel() == kernel));
                for (i, case) in cases.iter().enumerate() {
                    assert!(!cases[..i].contains(case), "{case} stands twice");
                }
            }
        }
    }

    #[test]
    fn parts_divide() {
        for size in 1..200 {
            assert!(size % part(size) == 0);
        }
        assert_eq!([0, 1, 5, 6, 9, 100].map(part), [1, 1, 5, 2, 3, 25]);
    }
}
