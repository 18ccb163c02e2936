//! The inputs' JSON: an object of signals, lists nested as the circuit's arrays are.
//!
//! The fields of a bus are signals of their own: `{"p": {"x": 1}}` is the signal `p.x`, and of an array of
//! buses `p[0].x`.

use serde_json::{Map, Value};

use super::error::shortened;
use super::{Limits, WitnessError};
use crate::text::unmarked;

/// How deep lists and objects may be nested.
const DEPTH_MAX: usize = 64;

/// A signal and its values, in the order of the circuit's arrays.
pub(super) struct Signal<'a> {
    pub(super) name: String,
    pub(super) values: Vec<&'a Value>,
}

/// Reads inputs, whose length is checked first.
///
/// # Errors
/// Too long, or no JSON.
pub fn parse_inputs(text: &[u8], limits: &Limits) -> Result<Value, WitnessError> {
    let (got, limit) = (text.len(), limits.input_bytes);
    if got > limit {
        return Err(WitnessError::TooLong { what: "inputs", got, limit });
    }
    let text = unmarked(text).map_err(|error| WitnessError::Inputs(error.to_string()))?;
    // The parser's own words could quote a value.
    serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        WitnessError::Inputs(format!("no JSON at line {line}, column {column}"))
    })
}

/// The signals of an object.
pub(super) fn signals(inputs: &Value) -> Result<Vec<Signal<'_>>, WitnessError> {
    let Value::Object(fields) = inputs else {
        return Err(WitnessError::Inputs("expected an object of signals".to_owned()));
    };
    let mut signals = Vec::new();
    collect_fields("", fields, 0, &mut signals)?;
    Ok(signals)
}

fn collect_fields<'a>(
    prefix: &str,
    fields: &'a Map<String, Value>,
    depth: usize,
    signals: &mut Vec<Signal<'a>>,
) -> Result<(), WitnessError> {
    for (field, value) in fields {
        let name = if prefix.is_empty() { field.clone() } else { format!("{prefix}.{field}") };
        collect(name, value, depth + 1, signals)?;
    }
    Ok(())
}

fn collect<'a>(
    name: String,
    value: &'a Value,
    depth: usize,
    signals: &mut Vec<Signal<'a>>,
) -> Result<(), WitnessError> {
    check_depth(&name, depth)?;
    match value {
        Value::Object(fields) => collect_fields(&name, fields, depth, signals),
        Value::Array(items) if has_objects(items, depth) => {
            for (index, item) in items.iter().enumerate() {
                collect(format!("{name}[{index}]"), item, depth + 1, signals)?;
            }
            Ok(())
        }
        _ => {
            let mut values = Vec::new();
            flatten(&name, value, depth, &mut values)?;
            signals.push(Signal { name, values });
            Ok(())
        }
    }
}

/// Whether the first thing that is no list is an object; where they are mixed, what is no number is refused
/// later.
fn has_objects(items: &[Value], depth: usize) -> bool {
    match items.first() {
        Some(Value::Object(_)) => true,
        Some(Value::Array(items)) if depth < DEPTH_MAX => has_objects(items, depth + 1),
        _ => false,
    }
}

fn flatten<'a>(
    name: &str,
    value: &'a Value,
    depth: usize,
    values: &mut Vec<&'a Value>,
) -> Result<(), WitnessError> {
    check_depth(name, depth)?;
    match value {
        Value::Array(items) => {
            items.iter().try_for_each(|item| flatten(name, item, depth + 1, values))
        }
        other => {
            values.push(other);
            Ok(())
        }
    }
}

fn check_depth(name: &str, depth: usize) -> Result<(), WitnessError> {
    if depth <= DEPTH_MAX {
        return Ok(());
    }
    let name = shortened(name);
    Err(WitnessError::Inputs(format!("signal {name:?}: nested more than {DEPTH_MAX} deep")))
}
