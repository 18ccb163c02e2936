//! What a program means, on numbers in the clear. No limits, no digits, no noise.

use std::collections::HashMap;

use pulseproof_packing::ListTotal;

use super::data::{InputSource, Op, Program};

/// The outputs, in order: `sum` gives the totals of the sums, `word` the words. Of a program that does not
/// compile there may be none: a name may be nobody's, and a number beyond a table.
#[must_use]
pub fn evaluate(
    program: &Program,
    sum: impl Fn(usize, ListTotal) -> i128,
    word: impl Fn(usize) -> i128,
) -> Option<Vec<u128>> {
    let mut values: HashMap<&str, i128> = HashMap::new();
    for input in &program.inputs {
        let value = match input.from {
            InputSource::Sum { sum: index, total } => sum(index, total),
            InputSource::Word { word: index, .. } => word(index),
        };
        values.insert(&input.name, value);
    }
    for step in &program.steps {
        let value = result(&step.op, |name| values.get(name).copied())?;
        values.insert(&step.name, value);
    }
    let output = |name: &String| Some(values.get(name.as_str())?.unsigned_abs());
    program.outputs.iter().map(output).collect()
}

fn result(op: &Op, value: impl Fn(&str) -> Option<i128>) -> Option<i128> {
    let all = |names: &[String]| names.iter().map(|name| value(name)).collect::<Option<Vec<_>>>();
    Some(match op {
        Op::Linear { terms, constant } => {
            let term = |(name, f): &(String, i64)| Some(value(name)? * i128::from(*f));
            terms.iter().map(term).sum::<Option<i128>>()? + i128::from(*constant)
        }
        Op::Negative { of } => (value(of)? < 0).into(),
        Op::Integer { of, drop_bits } => value(of)? >> drop_bits,
        Op::Absolute { of, drop_bits } => (value(of)? >> drop_bits).abs(),
        Op::Bit { of, index } => value(of)? >> index & 1,
        Op::Constant { value } => (*value).into(),
        Op::Add { of } | Op::Count { of } => all(of)?.iter().sum(),
        Op::Multiply { left, right } => value(left)? * value(right)?,
        Op::Square { of } => value(of)? * value(of)?,
        Op::Scale { of, by } => value(of)? * i128::from(*by),
        Op::AtLeast { left, right } => (value(left)? >= value(right)?).into(),
        Op::Select { condition, then, otherwise } => {
            if value(condition)? == 1 {
                value(then)?
            } else {
                value(otherwise)?
            }
        }
        Op::Minimum { of } => all(of)?.into_iter().min().unwrap_or(0),
        Op::Maximum { of } => all(of)?.into_iter().max().unwrap_or(0),
        Op::Lookup { of, table } => (*table.get(usize::try_from(value(of)?).ok()?)?).into(),
        Op::Not { of } => 1 - value(of)?,
        Op::All { of } => all(of)?.iter().all(|&bit| bit == 1).into(),
        Op::Any { of } => all(of)?.contains(&1).into(),
    })
}
