//! What clients are charged for work that leads to nothing: whoever sends much that does not hold has to wait.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pulseproof_sdk::Problem;

use crate::refusal::Refusal;

/// Clients whose debts are remembered before those that owe nothing are forgotten.
const CLIENTS_MAX: usize = 1 << 16;

/// What whoever owes too much is told.
pub fn owes(wait: Duration) -> Refusal {
    let detail = "too much of what this client sent lately did not hold: send this again later";
    Refusal::until(Problem::new(429, "too-many-culprits", detail), wait.as_secs() + 1)
}

/// The debts of clients: submissions that did not hold, each of which took many checks to find.
pub struct Charges {
    /// What each may owe, and what is let go of that in a minute.
    per_minute: f64,
    debts: Mutex<HashMap<String, Debt>>,
}

struct Debt {
    owed: f64,
    since: Instant,
}

impl Debt {
    /// What is owed by now.
    fn now(&self, per_minute: f64) -> f64 {
        let let_go = self.since.elapsed().as_secs_f64() * per_minute / 60.0;
        (self.owed - let_go).max(0.0)
    }
}

impl Charges {
    /// So many may be owed, and so many are let go in a minute.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute: f64::from(per_minute.max(1)), debts: Mutex::default() }
    }

    /// How long whoever owes too much has to wait.
    pub fn wait(&self, client: &str) -> Option<Duration> {
        let owed = self.lock().get(client).map_or(0.0, |debt| debt.now(self.per_minute));
        let excess = owed - self.per_minute;
        (excess > 0.0).then(|| Duration::from_secs_f64(excess * 60.0 / self.per_minute))
    }

    /// Charges a client.
    pub fn charge(&self, client: &str, culprits: usize) {
        if culprits == 0 {
            return;
        }
        let mut debts = self.lock();
        if debts.len() >= CLIENTS_MAX {
            debts.retain(|_, debt| debt.now(self.per_minute) > 0.0);
        }
        let owed = debts.get(client).map_or(0.0, |debt| debt.now(self.per_minute));
        let more = u32::try_from(culprits).map_or(f64::MAX, f64::from);
        debts.insert(client.to_owned(), Debt { owed: owed + more, since: Instant::now() });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Debt>> {
        self.debts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_owes_too_much_waits_and_nobody_else_does() {
        let charges = Charges::new(64);
        for _ in 0..8 {
            assert_eq!(charges.wait("careless"), None);
            charges.charge("careless", 8);
        }
        assert_eq!(charges.wait("careless"), None);
        charges.charge("careless", 8);
        let wait = charges.wait("careless").unwrap();
        assert!(wait > Duration::from_secs(6) && wait < Duration::from_secs(8), "{wait:?}");
        let refusal = owes(wait);
        assert_eq!(refusal.problem().status, 429);
        assert_eq!(charges.wait("careful"), None);
        charges.charge("careful", 0);
        assert_eq!(charges.lock().len(), 1);
        // A minute later it is let go.
        let earlier = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        charges.lock().get_mut("careless").unwrap().since = earlier;
        assert_eq!(charges.wait("careless"), None);
    }
}
