//! Parts of a document, each checked as it is read; the places of errors are added on the way out.

use std::fmt;

use pulseproof_kernels::CurveId;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use rayon::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{JsonError, PROTOCOL, Problem, name};
use crate::decimal::{canonical, hexadecimal};
use crate::text::unmarked;

/// Longest text of the parser that goes into an error.
const REASON_CHARS_MAX: usize = 160;

/// A whole document, whose length is checked before anything else.
pub(super) fn document<'a, T: Deserialize<'a>>(
    text: &'a [u8],
    field: &str,
    limit: usize,
) -> Result<T, JsonError> {
    if text.len() > limit {
        return Err(JsonError::from(Problem::TooLong { got: text.len(), limit }).inside(field));
    }
    let text =
        unmarked(text).map_err(|error| JsonError::from(Problem::from(error)).inside(field))?;
    serde_json::from_slice(text).map_err(|error| {
        let reason = error.to_string().chars().take(REASON_CHARS_MAX).collect();
        JsonError::from(Problem::Syntax(reason)).inside(field)
    })
}

/// The value as a type that borrows from it.
fn shaped<'a, T: Deserialize<'a>>(raw: &'a RawValue, expected: &'static str) -> Result<T, Problem> {
    serde_json::from_str(raw.get()).map_err(|_| Problem::Shape(expected))
}

pub(super) fn check_protocol(raw: &RawValue) -> Result<(), JsonError> {
    let text: &str = shaped(raw, "a string")?;
    if text == PROTOCOL { Ok(()) } else { Err(Problem::Protocol.into()) }
}

pub(super) fn check_curve(raw: &RawValue, curve: CurveId) -> Result<(), JsonError> {
    let text: &str = shaped(raw, "a string")?;
    if text == name(curve) { Ok(()) } else { Err(Problem::Curve(curve).into()) }
}

/// A whole number that is no more than a limit.
pub(super) fn natural(raw: &RawValue, limit: usize) -> Result<usize, JsonError> {
    let number: usize = shaped(raw, "a whole number")?;
    if number > limit { Err(Problem::TooMany(limit).into()) } else { Ok(number) }
}

/// A list, whose entries are counted before any of them is looked at.
pub(super) fn many<T: Send>(
    raw: &RawValue,
    limit: usize,
    one: impl Fn(&RawValue) -> Result<T, JsonError> + Sync,
) -> Result<Vec<T>, JsonError> {
    let mut list = serde_json::Deserializer::from_str(raw.get());
    let entries = list
        .deserialize_seq(Entries { limit })
        .map_err(|_| Problem::Shape("a list"))?
        .ok_or(Problem::TooMany(limit))?;
    // Errors are made one after the other, so that the first is the one that is reported.
    let values: Vec<_> = entries.par_iter().map(|raw| one(raw)).collect();
    values.into_iter().enumerate().map(|(i, value)| value.map_err(|e| e.at(i))).collect()
}

/// Collects the entries of a list, or nothing if there are too many.
struct Entries {
    limit: usize,
}

impl<'de> Visitor<'de> for Entries {
    type Value = Option<Vec<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element()? {
            if entries.len() < self.limit {
                entries.push(entry);
            } else {
                while list.next_element::<&RawValue>()?.is_some() {}
                return Ok(None);
            }
        }
        Ok(Some(entries))
    }
}

/// A field element as a decimal string.
pub(super) fn number<F: PrimeField>(raw: &RawValue) -> Result<F, JsonError> {
    let text: &str = shaped(raw, "a decimal number as a string")?;
    canonical(text).map_err(|reason| Problem::Number(reason).into())
}

/// A public signal: decimal, or hexadecimal after `0x`, as snarkjs takes it.
pub(super) fn signal<F: PrimeField>(raw: &RawValue) -> Result<F, JsonError> {
    let text: &str = shaped(raw, "a number as a string")?;
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => hexadecimal(digits),
        None => canonical(text),
    };
    parsed.map_err(|reason| Problem::Number(reason).into())
}

/// An element of a field or of its quadratic extension.
fn element<F: Field>(raw: &RawValue) -> Result<F, JsonError> {
    let parts = if F::extension_degree() == 1 {
        vec![number(raw)?]
    } else {
        let parts: [&RawValue; 2] = shaped(raw, "a list of two decimal numbers as strings")?;
        let parts = parts.into_iter().enumerate();
        parts.map(|(i, raw)| number(raw).map_err(|e| e.at(i))).collect::<Result<_, _>>()?
    };
    Ok(F::from_base_prime_field_elems(parts).expect("as many parts as the extension has"))
}

/// A point of the group.
pub(super) fn point<G: Group>(raw: &RawValue) -> Result<G::Affine, JsonError> {
    let raw: [&RawValue; 3] = shaped(raw, "a list of three coordinates")?;
    let coordinate = |i: usize| element::<G::Coordinate>(raw[i]).map_err(|e| e.at(i));
    let (x, y, z) = (coordinate(0)?, coordinate(1)?, coordinate(2)?);
    let (zero, one) = (G::Coordinate::ZERO, G::Coordinate::ONE);
    if (x, y, z) == (zero, one, zero) {
        return Ok(G::Affine::zero());
    }
    if z != one {
        return Err(JsonError::from(Problem::NotAffine).at(2));
    }
    if y.square() != x.square() * x + G::B {
        return Err(Problem::NotOnCurve.into());
    }
    let point = G::from_coordinates(x, y);
    if crate::proof::in_group(&point) { Ok(point) } else { Err(Problem::WrongSubgroup.into()) }
}
