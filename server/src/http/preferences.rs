//! What a request says of how it wants to be answered: `Prefer: wait` (RFC 7240) and `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header-07).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use pulseproof_sdk::Problem;

/// What is said of a preference that was followed.
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest that an answer is held back.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Most characters of a key.
const KEY_CHARS_MAX: usize = 255;

/// How long an answer may be held back until a job has ended. What is not understood is no preference.
pub fn wait(headers: &HeaderMap) -> Option<Duration> {
    let all = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let mut preferences = all.flat_map(|value| value.split([',', ';'])).map(str::trim);
    let seconds = preferences.find_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"'))
    })?;
    let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = is_number.then(|| seconds.parse().unwrap_or(u64::MAX))?;
    Some(Duration::from_secs(seconds).min(WAIT_MAX))
}

/// The key under which the same is asked once: a string in quotes, or the same without them.
///
/// # Errors
/// It is empty, too long, has other characters than those of ASCII that are seen, or there are two.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut all = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = all.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| all.next().is_none());
    let key = text.map(|text| match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').unwrap_or_default(),
        None => text,
    });
    let is_key = |key: &&str| {
        let seen = |byte: u8| (0x21..=0x7e).contains(&byte) && !b"\"\\".contains(&byte);
        (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(seen)
    };
    match key.filter(is_key) {
        Some(key) => Ok(Some(key.to_owned())),
        None => {
            let detail =
                "expected one key of 1 to 255 characters of ASCII that can be seen, in quotes";
            let problem = Problem::new(400, "malformed", detail).field("idempotency-key");
            Err(problem.limit(KEY_CHARS_MAX as u64))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let value = |value: &&str| HeaderValue::from_bytes(value.as_bytes()).unwrap();
        values.iter().map(|text| (name.clone(), value(text))).collect()
    }

    #[test]
    fn a_wait_is_as_long_as_is_wanted_and_no_longer_than_it_may_be() {
        let wait = |values: &[&str]| wait(&headers(&PREFER, values)).map(|wait| wait.as_secs());
        assert_eq!(wait(&["wait=5"]), Some(5));
        assert_eq!(wait(&["respond-async, Wait = \"7\""]), Some(7));
        assert_eq!(wait(&["return=minimal", "wait=0"]), Some(0));
        for long in ["wait=61", "wait=18446744073709551616"] {
            assert_eq!(wait(&[long]), Some(60), "{long}");
        }
        for other in ["", "wait", "wait=", "wait=-1", "wait=1.5", "wait=x", "waiting=3"] {
            assert_eq!(wait(&[other]), None, "{other}");
        }
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn a_key_is_a_string_or_nothing() {
        let key = |values: &[&str]| idempotency_key(&headers(&IDEMPOTENCY_KEY, values));
        assert_eq!(key(&[]).unwrap(), None);
        for good in ["\"8e03978e-40d5\"", "8e03978e-40d5"] {
            assert_eq!(key(&[good]).unwrap().as_deref(), Some("8e03978e-40d5"));
        }
        let long = "x".repeat(256);
        for bad in ["", "\"\"", "\"", "\"a", "a b", "a\"b", "a\\b", "\u{e4}", &long] {
            let problem = key(&[bad]).unwrap_err();
            assert_eq!((problem.status, problem.limit), (400, Some(255)), "{bad}");
        }
        assert!(key(&["a", "a"]).is_err());
        assert_eq!(key(&[&long[1..]]).unwrap().unwrap().len(), 255);
    }
}
