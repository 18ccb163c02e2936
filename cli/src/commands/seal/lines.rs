//! Readings as JSON, a line at a time.

use std::collections::BTreeMap;

use pulseproof_fhe::Scale;
use pulseproof_sdk::Name;
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::files::{BYTE_ORDER_MARK, Input};

/// Most bytes that are read.
const BYTES_MAX: u64 = 256 << 20;

/// A device's raw readings, in their order.
pub type Readings = Zeroizing<Vec<i64>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    device: Name,
    /// As they are written, so that a decimal is what it says.
    #[serde(borrow)]
    readings: Vec<Option<&'a RawValue>>,
}

/// All readings, by device.
///
/// # Errors
/// They cannot be read; or which line is wrong, and how.
pub fn read(input: &Input, scale: Scale) -> Result<BTreeMap<Name, Readings>, String> {
    let bytes = input.read(BYTES_MAX)?;
    parse(&bytes, scale).map_err(|error| input.named(error))
}

fn parse(bytes: &[u8], scale: Scale) -> Result<BTreeMap<Name, Readings>, String> {
    let mut all: BTreeMap<Name, Readings> = BTreeMap::new();
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let in_line = |error: String| format!("line {}: {error}", index + 1);
        let Line { device, readings } = serde_json::from_slice(line).map_err(|error| {
            in_line(format!("{error}; expected {{\"device\": NAME, \"readings\": [NUMBER, ...]}}"))
        })?;
        let list = all.entry(device).or_default();
        for (index, reading) in readings.into_iter().enumerate() {
            let Some(reading) = reading else { continue };
            let raw = raw(reading.get(), scale);
            list.push(raw.ok_or_else(|| in_line(expected(index, scale)))?);
        }
    }
    Ok(all)
}

fn raw(text: &str, scale: Scale) -> Option<i64> {
    scale.raw(text).filter(|raw| (scale.minimum..=scale.maximum).contains(raw))
}

/// What a reading should be; what it is nobody repeats.
fn expected(index: usize, scale: Scale) -> String {
    let Scale { decimals, minimum, maximum } = scale;
    let (minimum, maximum) = (scale.text(minimum), scale.text(maximum));
    format!(
        "reading {}: expected a number, {minimum} to {maximum}, with at most {decimals} decimals",
        index + 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale { decimals: 1, minimum: 20, maximum: 333 };

    #[test]
    fn lines_of_a_device_are_one_list() {
        let text = b"{\"device\":\"b\",\"readings\":[5,5.60,null,33.3]}\n\n  \
                     {\"readings\":[],\"device\":\"a\"}\r\n{\"device\":\"b\",\"readings\":[2.0]}";
        let all = parse(text, SCALE).unwrap();
        let lists: Vec<_> = all.iter().map(|(name, list)| (name.as_str(), list.to_vec())).collect();
        assert_eq!(lists, [("a", vec![]), ("b", vec![50, 56, 333, 20])]);
    }

    #[test]
    fn what_is_no_reading_is_named_by_its_place_and_not_repeated() {
        let expected = "line 2: reading 2: expected a number, 2.0 to 33.3, with at most 1 decimals";
        for reading in ["5.61", "1.9", "33.4", "1e1", "\"5\"", "[5]", "9223372036854775808"] {
            let text = format!(
                "{{\"device\":\"b\",\"readings\":[5]}}\n{{\"device\":\"b\",\"readings\":[5,{reading}]}}"
            );
            assert_eq!(parse(text.as_bytes(), SCALE).unwrap_err(), expected, "{reading}");
        }
        for line in [
            "5",
            "{}",
            r#"{"device":"a b","readings":[]}"#,
            r#"{"device":"a","readings":[],"more":1}"#,
            "\u{feff}\u{feff}{}",
        ] {
            let error = parse(line.as_bytes(), SCALE).unwrap_err();
            assert!(
                error.starts_with("line 1: ") && error.contains("expected {\"device\""),
                "{error}"
            );
        }
    }
}
