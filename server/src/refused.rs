//! What was refused, counted by whom, what and why: the log gets a line of each every so often, and no more lines the
//! more often somebody tries.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{Method, StatusCode};
use pulseproof_store::{Act, Store, StoreError};

/// Most lines that are kept apart; of all others there is one.
const LINES_MAX: usize = 64;
/// Who all others are.
const OTHERS: &str = "others";

/// Who was refused what, and why.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Line {
    who: String,
    problem: String,
    route: String,
}

/// What was refused since it was last noted.
#[derive(Default)]
pub struct Refusals(Mutex<HashMap<Line, u64>>);

impl Refusals {
    /// Counts a refusal.
    pub fn count(&self, who: &str, problem: &str, route: &str) {
        let mut lines = self.lock();
        let line =
            Line { who: who.to_owned(), problem: problem.to_owned(), route: route.to_owned() };
        let is_full = lines.len() >= LINES_MAX && !lines.contains_key(&line);
        let line = if is_full { Line { who: OTHERS.to_owned(), ..line } } else { line };
        // Others' lines are as many as there are kinds of problems and routes, and nobody makes up those.
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
pub fn is_refusal(method: &Method, status: StatusCode) -> bool {
    let is_nobody_s =
        [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::MISDIRECTED_REQUEST];
    let changes = !matches!(*method, Method::GET | Method::HEAD);
    is_nobody_s.contains(&status) || (status.is_client_error() && changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_who_are_refused_are_few_lines() {
        let refusals = Refusals::default();
        for index in 0..1000 {
            refusals.count(&format!("address {index}"), "unauthorized", "GET /metrics");
        }
        refusals.count("address 7", "unauthorized", "GET /metrics");
        let lines = refusals.lock();
        let of = |who: &str| {
            let line = lines.iter().find(|(line, _)| line.who == who);
            line.map(|(_, count)| *count)
        };
        assert_eq!((lines.len(), of("address 7"), of(OTHERS)), (LINES_MAX + 1, Some(2), Some(936)));
    }

    #[test]
    fn what_is_only_looked_for_is_no_refusal() {
        let of = |method, status| is_refusal(&method, StatusCode::from_u16(status).unwrap());
        assert!(of(Method::GET, 401) && of(Method::GET, 403) && of(Method::GET, 421));
        assert!(of(Method::POST, 422) && of(Method::DELETE, 409) && of(Method::PUT, 413));
        assert!(!of(Method::GET, 404) && !of(Method::GET, 409) && !of(Method::POST, 503));
        assert!(!of(Method::POST, 200));
    }
}
