//! Queries: parameters, each of which comes once.

use pulseproof_sdk::Problem;

/// Longest query.
const BYTES_MAX: usize = 1024;
/// Most characters of a name that are repeated.
const NAME_CHARS_MAX: usize = 64;

/// Hands each parameter and its value to somebody, who says whether there is such a parameter.
///
/// # Errors
/// The query is too long, a parameter comes twice or is none, or what is said of its value.
pub fn read<'a>(
    text: &'a str,
    mut set: impl FnMut(&'a str, &'a str) -> Result<bool, Problem>,
) -> Result<(), Problem> {
    if text.len() > BYTES_MAX {
        return Err(malformed("query", "it is too long").limit(BYTES_MAX as u64));
    }
    let mut seen = Vec::new();
    for part in text.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if seen.contains(&name) {
            return Err(malformed(name, "it comes twice"));
        }
        seen.push(name);
        if !set(name, value)? {
            let name: String = name.chars().take(NAME_CHARS_MAX).collect();
            return Err(malformed(&name, "there is no such parameter"));
        }
    }
    Ok(())
}

/// A number in digits alone.
pub fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// How many are wanted.
///
/// # Errors
/// None, more than may be, or no number.
pub fn limit(name: &str, value: &str, maximum: usize) -> Result<usize, Problem> {
    let limit = digits(value).and_then(|limit| usize::try_from(limit).ok());
    limit.filter(|limit| (1..=maximum).contains(limit)).ok_or_else(|| {
        let expected = format!("expected a number, 1 to {maximum}");
        malformed(name, &expected).limit(maximum as u64)
    })
}

/// A value that is none.
pub fn malformed(field: &str, reason: &str) -> Problem {
    Problem::new(400, "malformed", format!("{field}: {reason}")).field(field)
}
