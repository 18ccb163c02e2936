//! What a program means, on numbers in the clear. No limits, no digits, no noise.

use std::collections::HashMap;

use pulseproof_packing::ListTotal;

use super::data::{InputSource, Op, Program};

/// The outputs, in order, for a program that compiles: `sum` gives the totals of the sums, `word` the
/// words.
///
/// # Panics
/// If the program does not compile.
#[must_use]
pub fn evaluate(
    program: &Program,
    sum: impl Fn(usize, ListTotal) -> i128,
    word: impl Fn(usize) -> i128,
) -> Vec<u128> {
    let mut values: HashMap<&str, i128> = HashMap::new();
    for input in &program.inputs {
        let value = match input.from {
            InputSource::Sum { sum: index, total } => sum(index, total),
            InputSource::Word { word: index, .. } => word(index),
        };
        values.insert(&input.name, value);
    }
    for step in &program.steps {
        let value = result(&step.op, |name| values[name]);
        values.insert(&step.name, value);
    }
    program.outputs.iter().map(|name| values[name.as_str()].unsigned_abs()).collect()
}

fn result(op: &Op, value: impl Fn(&str) -> i128) -> i128 {
    let all = |names: &[String]| names.iter().map(|name| value(name)).collect::<Vec<_>>();
    match op {
        Op::Linear { terms, constant } => {
            let sum: i128 = terms.iter().map(|(name, f)| value(name) * i128::from(*f)).sum();
            sum + i128::from(*constant)
        }
        Op::Negative { of } => (value(of) < 0).into(),
        Op::Integer { of, drop_bits } => value(of) >> drop_bits,
        Op::Absolute { of, drop_bits } => (value(of) >> drop_bits).abs(),
        Op::Bit { of, index } => value(of) >> index & 1,
        Op::Constant { value } => (*value).into(),
        Op::Add { of } | Op::Count { of } => all(of).iter().sum(),
        Op::Multiply { left, right } => value(left) * value(right),
        Op::Square { of } => value(of) * value(of),
        Op::Scale { of, by } => value(of) * i128::from(*by),
        Op::AtLeast { left, right } => (value(left) >= value(right)).into(),
        Op::Select { condition, then, otherwise } => {
            if value(condition) == 1 {
                value(then)
            } else {
                value(otherwise)
            }
        }
        Op::Minimum { of } => all(of).into_iter().min().unwrap_or(0),
        Op::Maximum { of } => all(of).into_iter().max().unwrap_or(0),
        Op::Lookup { of, table } => {
            let entry = usize::try_from(value(of)).ok().and_then(|index| table.get(index));
            i128::from(*entry.expect("a number that compiles is within the table"))
        }
        Op::Not { of } => 1 - value(of),
        Op::All { of } => all(of).iter().all(|&bit| bit == 1).into(),
        Op::Any { of } => all(of).contains(&1).into(),
    }
}
