//! What was refused, counted by whom, what and why: the log gets a line of each every so often, and no more lines the
//! more often somebody tries.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use pulseproof_store::{Act, Store, StoreError};

/// Most lines: of all that is not in them there is one more, which says no more than how often.
const LINES_MAX: usize = 64;
/// Who and what all others are.
const OTHERS: &str = "others";

/// Who was refused what, and why.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Line {
    who: String,
    problem: String,
    route: String,
}

impl Line {
    fn others() -> Self {
        Self { who: OTHERS.to_owned(), problem: OTHERS.to_owned(), route: OTHERS.to_owned() }
    }
}

/// What was refused since it was last noted.
#[derive(Default)]
pub struct Refusals(Mutex<HashMap<Line, u64>>);

impl Refusals {
    /// Counts a refusal of a route. Of who did not say who it is, the route is left out: it may ask for all of them.
    pub fn count(&self, who: &str, problem: &str, status: u16, (method, route): (&str, &str)) {
        let is_nobody = status == StatusCode::UNAUTHORIZED.as_u16();
        let route = if is_nobody { "any".to_owned() } else { format!("{method} {route}") };
        let line = Line { who: who.to_owned(), problem: problem.to_owned(), route };
        let mut lines = self.lock();
        let is_full = lines.len() >= LINES_MAX && !lines.contains_key(&line);
        let line = if is_full { Line::others() } else { line };
        *lines.entry(line).or_default() += 1;
    }

    /// Notes what was counted. What cannot be noted is counted on.
    ///
    /// # Errors
    /// The store's.
    pub async fn note(&self, store: &dyn Store) -> Result<(), StoreError> {
        let mut lines: Vec<_> = mem::take(&mut *self.lock()).into_iter().collect();
        while let Some((line, count)) = lines.pop() {
            let Line { who, problem, route } = &line;
            let noted = store.by(who).note(&Act::Refused { problem, route, count }).await;
            if let Err(error) = noted {
                lines.push((line, count));
                let mut counted = self.lock();
                lines
                    .into_iter()
                    .for_each(|(line, count)| *counted.entry(line).or_default() += count);
                return Err(error);
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Line, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an answer refuses something that is worth a line: that somebody may not, or a change that was not made.
pub fn is_refusal(method: &str, status: StatusCode) -> bool {
    let is_nobody_s =
        [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::MISDIRECTED_REQUEST];
    let changes = method != "GET";
    is_nobody_s.contains(&status) || (status.is_client_error() && changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(refusals: &Refusals) -> Vec<(String, u64)> {
        let lines = refusals.lock();
        let mut lines: Vec<_> =
            lines.iter().map(|(line, count)| (line.who.clone(), *count)).collect();
        lines.sort();
        lines
    }

    #[test]
    fn many_who_are_refused_are_few_lines() {
        let refusals = Refusals::default();
        for index in 0..1000 {
            let route = format!("/v1/{index}");
            refusals.count(&format!("address {index}"), "unauthorized", 401, ("GET", &route));
            refusals.count("token x", &format!("problem {index}"), 403, ("PUT", &route));
        }
        refusals.count("address 7", "unauthorized", 401, ("GET", "/metrics"));
        let lines = lines(&refusals);
        let of = |who: &str| lines.iter().find(|(line, _)| line == who).map(|(_, count)| *count);
        assert_eq!((lines.len(), of("address 7")), (LINES_MAX + 1, Some(2)));
        assert_eq!(of(OTHERS), Some(2000 - LINES_MAX as u64));
    }

    #[test]
    fn who_is_nobody_is_one_line_whatever_it_asks_for() {
        let refusals = Refusals::default();
        for route in ["/a", "/b", "/c"] {
            refusals.count("address 7", "unauthorized", 401, ("GET", route));
        }
        assert_eq!(lines(&refusals), [("address 7".to_owned(), 3)]);
    }

    #[test]
    fn what_is_only_looked_for_is_no_refusal() {
        let of = |method, status| is_refusal(method, StatusCode::from_u16(status).unwrap());
        assert!(of("GET", 401) && of("GET", 403) && of("GET", 421));
        assert!(of("POST", 422) && of("DELETE", 409) && of("PUT", 413) && of("other", 405));
        assert!(!of("GET", 404) && !of("GET", 409) && !of("POST", 503) && !of("POST", 200));
    }
}
