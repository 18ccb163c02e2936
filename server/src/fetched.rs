//! Who was handed which result lately: whoever fetches one over and over is noted once a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For how long a second time is no news.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Most that are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// Who was handed which job's result, and when that was noted.
#[derive(Default)]
pub struct Fetches(Mutex<HashMap<(String, String), Instant>>);

impl Fetches {
    /// Whether this is the first time for a while.
    pub fn is_first(&self, who: &str, job: &str) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= REMEMBERED_MAX {
            noted.retain(|_, when| when.elapsed() < REMEMBERED);
        }
        if noted.len() >= REMEMBERED_MAX {
            // Rather noted once too often than not at all.
            noted.clear();
        }
        let fetched = (who.to_owned(), job.to_owned());
        let is_first = noted.get(&fetched).is_none_or(|when| when.elapsed() >= REMEMBERED);
        if is_first {
            noted.insert(fetched, Instant::now());
        }
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_again_is_no_news() {
        let fetches = Fetches::default();
        assert!(fetches.is_first("ann", "1") && !fetches.is_first("ann", "1"));
        assert!(fetches.is_first("ann", "2") && fetches.is_first("bob", "1"));
        for index in 0..2 * REMEMBERED_MAX {
            assert!(fetches.is_first("ann", &format!("job {index}")));
        }
        assert!(fetches.0.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
