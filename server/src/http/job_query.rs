//! Which jobs are listed: the query of `GET /v1/jobs`.

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{JobState, JobSummary};
use pulseproof_store::jobs::JobKind;

/// Most jobs of a page, and how many if nobody says.
const LIMIT_MAX: usize = 100;
const LIMIT: usize = 20;
/// Longest query.
const QUERY_BYTES_MAX: usize = 1024;

/// Which jobs are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobQuery {
    /// In this state.
    pub state: Option<JobState>,
    /// Of this kind.
    pub kind: Option<JobKind>,
    /// Those that whoever asks has asked for.
    pub mine: bool,
    /// Those before this one: where the page before ended.
    pub after: Option<i64>,
    /// So many at most.
    pub limit: usize,
}

impl JobQuery {
    /// Reads a query; each parameter comes once.
    ///
    /// # Errors
    /// A parameter that there is not, that comes twice, or whose value is none.
    pub fn read(text: &str) -> Result<Self, Problem> {
        if text.len() > QUERY_BYTES_MAX {
            let problem = malformed("query", "it is too long");
            return Err(problem.limit(QUERY_BYTES_MAX as u64));
        }
        let mut query = Self { state: None, kind: None, mine: false, after: None, limit: LIMIT };
        let mut seen = Vec::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if seen.contains(&name) {
                return Err(malformed(name, "it comes twice"));
            }
            seen.push(name);
            query.set(name, value)?;
        }
        Ok(query)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        match name {
            "state" => {
                let state = JobState::ALL.into_iter().find(|state| state.name() == value);
                let expected = "expected queued, running, done, failed or cancelled";
                self.state = Some(state.ok_or_else(|| malformed(name, expected))?);
            }
            "kind" => {
                let kind = JobKind::ALL.into_iter().find(|kind| kind.name() == value);
                let expected = "expected aggregate, fhe or groth16";
                self.kind = Some(kind.ok_or_else(|| malformed(name, expected))?);
            }
            "mine" => match value {
                "true" | "false" => self.mine = value == "true",
                _ => return Err(malformed(name, "expected true or false")),
            },
            "after" => {
                let after = digits(value).and_then(|after| i64::try_from(after).ok());
                let expected = "expected what the page before says in \"next\"";
                self.after = Some(after.ok_or_else(|| malformed(name, expected))?);
            }
            "limit" => {
                let limit = digits(value).and_then(|limit| usize::try_from(limit).ok());
                let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit));
                self.limit = limit.ok_or_else(|| {
                    malformed(name, "expected a number of jobs, 1 to 100").limit(LIMIT_MAX as u64)
                })?;
            }
            _ => {
                let name: String = name.chars().take(64).collect();
                return Err(malformed(&name, "there is no such parameter"));
            }
        }
        Ok(())
    }

    /// Whether a job is one of those that are wanted.
    pub fn matches(&self, job: &JobSummary) -> bool {
        self.state.is_none_or(|state| job.state == state)
            && self.kind.is_none_or(|kind| kind.name() == job.kind)
    }
}

fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn malformed(field: &str, reason: &str) -> Problem {
    Problem::new(400, "malformed", format!("{field}: {reason}")).field(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_each_thing_once() {
        let query = JobQuery::read("state=done&kind=fhe&mine=true&after=17&limit=5").unwrap();
        let expected = JobQuery {
            state: Some(JobState::Done),
            kind: Some(JobKind::Fhe),
            mine: true,
            after: Some(17),
            limit: 5,
        };
        assert_eq!(query, expected);
        assert_eq!(JobQuery::read("").unwrap().limit, LIMIT);
        for (text, field) in [
            ("state=over", "state"),
            ("kind=", "kind"),
            ("mine=1", "mine"),
            ("after=-1", "after"),
            ("after=9223372036854775808", "after"),
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=1e1", "limit"),
            ("limit=18446744073709551616", "limit"),
            ("limit", "limit"),
            ("limit=1&limit=1", "limit"),
            ("color=red", "color"),
            ("%6cimit=1", "%6cimit"),
        ] {
            let problem = JobQuery::read(text).unwrap_err();
            assert_eq!((problem.status, problem.field.as_deref()), (400, Some(field)), "{text}");
        }
        let long = "limit=1&".repeat(100_000);
        assert_eq!(JobQuery::read(&long).unwrap_err().limit, Some(QUERY_BYTES_MAX as u64));
    }
}
