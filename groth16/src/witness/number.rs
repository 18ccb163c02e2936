//! Values of signals: JSON numbers, and strings in decimal or hexadecimal, reduced modulo the prime.

use pulseproof_kernels::traits::PrimeField;
use serde_json::{Number, Value};
use zeroize::Zeroizing;

/// Longest text of a number.
const CHARS_MAX: usize = 1024;

/// 32-bit words of a value, the least significant first: how modules take and give them.
pub(super) const HALVES: usize = 8;

/// The words of the field element that a value stands for.
pub(super) fn words<F: PrimeField>(
    value: &Value,
) -> Result<Zeroizing<[u32; HALVES]>, &'static str> {
    let element: Zeroizing<F> = Zeroizing::new(match value {
        Value::Number(number) => of_number(number)?,
        Value::String(text) => of_text(text)?,
        Value::Bool(_) => return Err("true or false, expected a number"),
        Value::Null => return Err("null, expected a number"),
        Value::Array(_) | Value::Object(_) => return Err("a list or an object, expected a number"),
    });
    let integer = Zeroizing::new(element.into_bigint());
    let mut words = Zeroizing::new([0; HALVES]);
    for (pair, word) in words.chunks_exact_mut(2).zip(integer.as_ref()) {
        #[expect(clippy::cast_possible_truncation, reason = "the low half; the high one follows")]
        {
            pair[0] = *word as u32;
            pair[1] = (*word >> 32) as u32;
        }
    }
    Ok(words)
}

fn of_number<F: PrimeField>(number: &Number) -> Result<F, &'static str> {
    if let Some(natural) = number.as_u64() {
        return Ok(F::from(natural));
    }
    let integer = number.as_i64();
    integer.map(F::from).ok_or("a fraction, or over 64 bits: write large numbers as strings")
}

fn of_text<F: PrimeField>(text: &str) -> Result<F, &'static str> {
    if text.len() > CHARS_MAX {
        return Err("a number of more than 1024 characters");
    }
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(magnitude) => (true, magnitude),
        None => (false, text),
    };
    let (radix, digits) = match magnitude.strip_prefix("0x") {
        Some(digits) => (16, digits),
        None => (10, magnitude),
    };
    if digits.is_empty() {
        return Err("a string without digits");
    }
    let mut value = F::ZERO;
    for digit in digits.chars() {
        let digit = digit.to_digit(radix).ok_or("neither a decimal nor a 0x number")?;
        value = value * F::from(radix) + F::from(digit);
    }
    Ok(if negative { -value } else { value })
}
