//! Which part of a file a request brings: its `Content-Range` and its `Content-Length`.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_RANGE, TRANSFER_ENCODING};
use pulseproof_sdk::Problem;

/// What a request brings of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brings {
    /// Nothing: the appliance is thought to have the file.
    Nothing,
    /// Nothing more: all bytes of a file of this length were sent before.
    End {
        /// The file's length.
        total: u64,
    },
    /// The whole file, whatever was sent before.
    Whole {
        /// The file's length.
        total: u64,
    },
    /// Some bytes, to go on behind those that were received.
    Piece {
        /// The first byte's position.
        from: u64,
        /// The position behind the last byte.
        until: u64,
        /// The file's length.
        total: u64,
    },
}

impl Brings {
    /// Reads the headers of a request for a file of at most `limit` bytes.
    ///
    /// # Errors
    /// They are not understood, contradict each other, or tell of too many bytes.
    pub fn of(request: &Request, limit: u64) -> Result<Self, Problem> {
        let headers = request.headers();
        let length = content_length(headers)?;
        let brings = match (text(headers, CONTENT_RANGE.as_str())?, length) {
            (Some(range), length) => Self::range(range, length)?,
            (None, Some(0)) => Self::Nothing,
            (None, Some(total)) => Self::Whole { total },
            (None, None) => return Err(no_length()),
        };
        if brings.total() > limit {
            return Err(too_large(brings.total(), limit));
        }
        Ok(brings)
    }

    /// The length of the file.
    pub fn total(self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::End { total } | Self::Whole { total } | Self::Piece { total, .. } => total,
        }
    }

    fn range(text: &str, length: Option<u64>) -> Result<Self, Problem> {
        let understood = || {
            let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
            let total = digits(total)?;
            if range == "*" {
                return Some(Self::End { total });
            }
            let (from, last) = range.split_once('-')?;
            let (from, until) = (digits(from)?, digits(last)?.checked_add(1)?);
            (from < until && until <= total).then_some(Self::Piece { from, until, total })
        };
        let brings = understood().ok_or_else(|| bad_range("expected bytes FROM-LAST/TOTAL"))?;
        let expected = match brings {
            Self::Piece { from, until, .. } => until - from,
            _ => 0,
        };
        match length {
            Some(length) if length != expected => {
                Err(bad_range("its length is not that of the body"))
            }
            _ => Ok(brings),
        }
    }
}

fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(text) = text(headers, CONTENT_LENGTH.as_str())? else {
        // Without either header there is no body.
        return Ok(if headers.contains_key(TRANSFER_ENCODING) { None } else { Some(0) });
    };
    let length = digits(text).ok_or_else(|| malformed("content-length", "expected a number"))?;
    Ok(Some(length))
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Problem> {
    let text = headers.get(name).map(|value| value.to_str()).transpose();
    text.map_err(|_| malformed(name, "expected plain text"))
}

/// A number without sign.
fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn bad_range(reason: &str) -> Problem {
    malformed("content-range", reason)
}

fn malformed(field: &str, reason: &str) -> Problem {
    Problem::new(400, "malformed", format!("{field}: {reason}")).field(field)
}

/// The file is too long.
pub fn too_large(length: u64, limit: u64) -> Problem {
    let detail = format!("the file is {length} bytes long, at most {limit}");
    Problem::new(413, "body-too-large", detail).field("body").limit(limit)
}

fn no_length() -> Problem {
    let detail = "say how long the body is: Content-Length or Content-Range";
    Problem::new(411, "length-required", detail).field("content-length")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: Option<&str>, length: Option<&str>) -> Result<Brings, Problem> {
        let mut request = Request::builder();
        let chunked = length.is_none().then_some("chunked");
        let headers =
            [("content-range", range), ("content-length", length), ("transfer-encoding", chunked)];
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        Brings::of(&request.body(axum::body::Body::empty()).unwrap(), 100)
    }

    #[test]
    fn headers_say_what_comes() {
        assert_eq!(of(None, Some("0")), Ok(Brings::Nothing));
        assert_eq!(of(None, Some("100")), Ok(Brings::Whole { total: 100 }));
        assert_eq!(of(Some("bytes */7"), Some("0")), Ok(Brings::End { total: 7 }));
        let piece = Ok(Brings::Piece { from: 2, until: 5, total: 9 });
        assert_eq!(of(Some("bytes 2-4/9"), Some("3")), piece);
        assert_eq!(of(Some("bytes 2-4/9"), None), piece);
    }

    #[test]
    fn headers_that_lie_are_refused() {
        let max = u64::MAX.to_string();
        for (range, length, kind) in [
            (None, None, "length-required"),
            (None, Some("-1"), "malformed"),
            (None, Some("101"), "body-too-large"),
            (None, Some(max.as_str()), "body-too-large"),
            (Some("bytes 0-99/101"), Some("100"), "body-too-large"),
            (Some("bytes */101"), Some("0"), "body-too-large"),
            (Some("bytes 2-4/9"), Some("4"), "malformed"),
            (Some("bytes */9"), Some("1"), "malformed"),
            (Some("bytes 4-2/9"), None, "malformed"),
            (Some("bytes 0-9/9"), None, "malformed"),
            (Some("bytes +1-2/9"), None, "malformed"),
            (Some("bytes 0-18446744073709551615/18446744073709551615"), None, "malformed"),
            (Some("bytes -/"), None, "malformed"),
            (Some("items 0-1/2"), None, "malformed"),
            (Some("bytes 0-1/*"), None, "malformed"),
        ] {
            let problem = of(range, length).unwrap_err();
            assert!(problem.is(kind), "{range:?} {length:?}: {problem:?}");
        }
    }
}
