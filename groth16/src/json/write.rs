//! Values in the form snarkjs gives them.

use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

/// JSON with one blank of indentation per level and no line feed at the end.
pub(super) fn pretty(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(b" ");
    let mut serializer = Serializer::with_formatter(&mut bytes, formatter);
    value.serialize(&mut serializer).expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// A decimal string, or a list of two for an element of a quadratic extension.
pub(super) fn element<F: Field>(element: &F) -> Value {
    let mut parts: Vec<Value> = element
        .to_base_prime_field_elements()
        .map(|part| Value::String(part.into_bigint().to_string()))
        .collect();
    if parts.len() == 1 { parts.remove(0) } else { Value::Array(parts) }
}

/// Three coordinates: the third is 1, or 0 at infinity.
pub(super) fn point<G: Group>(point: &G::Affine) -> Value {
    let (zero, one) = (G::Coordinate::ZERO, G::Coordinate::ONE);
    let coordinates = match G::coordinates(point) {
        Some((x, y)) => [x, y, one],
        None => [zero, one, zero],
    };
    coordinates.iter().map(element).collect()
}

/// A value of the pairing: two by three by two decimal strings.
pub(super) fn target<F: Field>(value: &F) -> Value {
    let parts: Vec<_> = value.to_base_prime_field_elements().map(|part| element(&part)).collect();
    let halves = parts.chunks(6).map(|half| half.chunks(2).map(Value::from).collect());
    Value::Array(halves.collect())
}
