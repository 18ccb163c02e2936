//! Who was handed which result lately: whoever fetches one over and over is noted once a minute.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// For how long a second time is no news.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Most that are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// Who was handed which job's result, and when that was noted.
#[derive(Default)]
pub struct Fetches(Mutex<HashMap<(String, String), Instant>>);

impl Fetches {
    /// Whether this was noted a while ago, or never.
    pub fn is_news(&self, who: &str, job: &str) -> bool {
        let fetched = (who.to_owned(), job.to_owned());
        self.lock().get(&fetched).is_none_or(|when| when.elapsed() >= REMEMBERED)
    }

    /// It is noted, and lasts: before that, the next one has to be noted as well.
    pub fn was_noted(&self, who: &str, job: &str) {
        let mut noted = self.lock();
        if noted.len() >= REMEMBERED_MAX {
            noted.retain(|_, when| when.elapsed() < REMEMBERED);
        }
        if noted.len() >= REMEMBERED_MAX {
            // Rather noted once too often than not at all.
            noted.clear();
        }
        noted.insert((who.to_owned(), job.to_owned()), Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_again_is_no_news() {
        let fetches = Fetches::default();
        assert!(fetches.is_news("ann", "1") && fetches.is_news("ann", "1"), "nothing was noted");
        fetches.was_noted("ann", "1");
        assert!(!fetches.is_news("ann", "1"));
        assert!(fetches.is_news("ann", "2") && fetches.is_news("bob", "1"));
        for index in 0..2 * REMEMBERED_MAX {
            fetches.was_noted("ann", &format!("job {index}"));
        }
        assert!(fetches.0.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
