//! What queries say of jobs: which are listed, and how one is asked for.

use std::time::Duration;

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{JobState, JobSummary};
use pulseproof_store::jobs::JobKind;

use super::query::{self, digits, malformed};

/// Most jobs of a page, and how many if nobody says.
const LIMIT_MAX: usize = 100;
const LIMIT: usize = 20;

/// The highest priority; the lowest is as far below 0.
const PRIORITY_MAX: i32 = 9;
/// The latest deadline: thirty days.
const DEADLINE_SECONDS_MAX: usize = 30 * 24 * 3600;

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
        let mut query = Self { state: None, kind: None, mine: false, after: None, limit: LIMIT };
        query::read(text, |name, value| query.set(name, value))?;
        Ok(query)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<bool, Problem> {
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
            "limit" => self.limit = query::limit(name, value, LIMIT_MAX)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether a job is one of those that are wanted.
    pub fn matches(&self, job: &JobSummary) -> bool {
        self.state.is_none_or(|state| job.state == state)
            && self.kind.is_none_or(|kind| kind.name() == job.kind)
    }
}

/// How a job is asked for: the query of `POST /v1/jobs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AskQuery {
    /// Which of a client's jobs come first.
    pub priority: i32,
    /// In how long it fails.
    pub deadline: Option<Duration>,
}

impl AskQuery {
    /// Reads a query; each parameter comes once.
    ///
    /// # Errors
    /// A parameter that there is not, that comes twice, or whose value is none.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let mut ask = Self::default();
        query::read(text, |name, value| {
            match name {
                "priority" => ask.priority = priority(value)?,
                "deadline" => {
                    let seconds = query::limit(name, value, DEADLINE_SECONDS_MAX)?;
                    ask.deadline = Some(Duration::from_secs(seconds as u64));
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(ask)
    }
}

fn priority(value: &str) -> Result<i32, Problem> {
    let (sign, number) = value.strip_prefix('-').map_or((1, value), |number| (-1, number));
    let number = digits(number).and_then(|number| i32::try_from(number).ok());
    let number = number.filter(|number| *number <= PRIORITY_MAX);
    let expected = "expected a number, -9 to 9";
    let limit = PRIORITY_MAX.unsigned_abs().into();
    Ok(sign * number.ok_or_else(|| malformed("priority", expected).limit(limit))?)
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
        assert_eq!(JobQuery::read(&long).unwrap_err().limit, Some(1024));
    }

    #[test]
    fn a_job_is_asked_for_with_a_priority_and_a_deadline() {
        let ask = AskQuery::read("priority=-9&deadline=2592000").unwrap();
        let month = Duration::from_secs(2_592_000);
        assert_eq!(ask, AskQuery { priority: -9, deadline: Some(month) });
        assert_eq!(AskQuery::read("").unwrap(), AskQuery::default());
        for (text, field) in [
            ("priority=10", "priority"),
            ("priority=--1", "priority"),
            ("priority=+1", "priority"),
            ("priority=", "priority"),
            ("deadline=0", "deadline"),
            ("deadline=2592001", "deadline"),
            ("deadline=-1", "deadline"),
            ("deadline=1&deadline=1", "deadline"),
            ("limit=1", "limit"),
        ] {
            let problem = AskQuery::read(text).unwrap_err();
            assert_eq!((problem.status, problem.field.as_deref()), (400, Some(field)), "{text}");
        }
    }
}
