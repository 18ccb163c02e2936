//! How much of something there is at a time, and how much of it any one client has: bytes of bodies in memory, files
//! that are received. Counted before any work is done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulseproof_sdk::Problem;

/// So much of something.
#[derive(Debug)]
pub struct Budget {
    most: u64,
    share: u64,
    what: &'static str,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    all: u64,
    by_client: HashMap<String, u64>,
}

/// What a client has of it, until this is dropped.
#[derive(Debug)]
pub struct Reserved {
    budget: Arc<Budget>,
    client: String,
    amount: u64,
}

impl Budget {
    /// So much in all, so much for each client, and what it is, in the plural.
    #[must_use]
    pub fn new(most: u64, share: u64, what: &'static str) -> Arc<Self> {
        Arc::new(Self { most, share: share.min(most), what, held: Mutex::default() })
    }

    /// The most that one client may have.
    #[must_use]
    pub fn share(&self) -> u64 {
        self.share
    }

    /// Takes some for a client.
    ///
    /// # Errors
    /// The client has too much already, or all clients together do.
    pub fn reserve(self: &Arc<Self>, client: &str, amount: u64) -> Result<Reserved, Problem> {
        let mut reserved =
            Reserved { budget: Arc::clone(self), client: client.to_owned(), amount: 0 };
        reserved.grow(amount)?;
        Ok(reserved)
    }

    /// How much is taken.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reserved {
    /// How much it is.
    #[must_use]
    pub fn amount(&self) -> u64 {
        self.amount
    }

    /// Takes more.
    ///
    /// # Errors
    /// As [`Budget::reserve`].
    pub fn grow(&mut self, amount: u64) -> Result<(), Problem> {
        if amount == 0 {
            return Ok(());
        }
        let Budget { most, share, what, .. } = *self.budget;
        let mut held = self.budget.lock();
        let of_client = held.by_client.get(&self.client).copied().unwrap_or(0);
        if of_client.saturating_add(amount) > share {
            let detail = format!(
                "one client may have {share} {what} under way: send this one again when others have been answered"
            );
            return Err(Problem::new(429, "too-much-at-once", detail).limit(share));
        }
        if held.all.saturating_add(amount) > most {
            let detail = format!("{most} {what} are under way: send this one again");
            return Err(Problem::new(503, "busy", detail).limit(most));
        }
        held.all += amount;
        held.by_client.insert(self.client.clone(), of_client + amount);
        self.amount += amount;
        Ok(())
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut held = self.budget.lock();
        held.all -= self.amount;
        if let Some(of_client) = held.by_client.get_mut(&self.client) {
            *of_client -= self.amount;
            if *of_client == 0 {
                held.by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_share_and_all_have_the_whole() {
        let budget = Budget::new(100, 60, "bytes");
        let mut a = budget.reserve("a", 50).unwrap();
        let problem = budget.reserve("a", 11).unwrap_err();
        assert_eq!((problem.status, problem.limit), (429, Some(60)));
        let b = budget.reserve("b", 45).unwrap();
        let problem = budget.reserve("c", 6).unwrap_err();
        assert_eq!((problem.status, problem.limit), (503, Some(100)));
        assert_eq!(a.grow(11).unwrap_err().status, 429);
        assert_eq!(a.grow(6).unwrap_err().status, 503);
        // What was refused is not counted.
        a.grow(5).unwrap();
        assert_eq!(budget.held(), 100);
        drop(b);
        assert_eq!(budget.held(), 55);
        assert_eq!(budget.reserve("c", u64::MAX).unwrap_err().status, 429);
        drop(a);
        assert_eq!((budget.held(), budget.lock().by_client.len()), (0, 0));
    }
}
