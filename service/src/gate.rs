//! How many requests are at work at a time, and how many may wait. Decided before a body is read.

use std::sync::Arc;

use pulseproof_sdk::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Refusal;

/// Lets a few in, keeps some waiting, turns the others away.
#[derive(Debug)]
pub struct Gate {
    inside: Arc<Semaphore>,
    waiting: Semaphore,
    full: Problem,
}

impl Gate {
    /// A gate for so many inside and so many waiting, and what others are told.
    pub fn new(inside: usize, waiting: usize, full: Problem) -> Self {
        let [inside, waiting] =
            [inside, waiting].map(|most| Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Self { inside: Arc::new(inside), waiting, full }
    }

    /// Waits for a place inside, which lasts as long as the permit.
    ///
    /// # Errors
    /// Too many wait already.
    pub async fn enter(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        if let Ok(permit) = self.inside.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let _place = self.waiting.try_acquire().map_err(|_| self.full())?;
        self.inside.clone().acquire_owned().await.map_err(|_| self.full())
    }

    fn full(&self) -> Refusal {
        Refusal::for_now(self.full.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::response::IntoResponse;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn who_finds_no_place_is_told_to_come_again() {
        let full = Problem::new(503, "busy", "too many wait");
        let gate = Arc::new(Gate::new(1, 1, full));
        let inside = gate.enter().await.unwrap();
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter().await.is_ok() }
        });
        while gate.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let answer = gate.enter().await.unwrap_err().into_response();
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");

        drop(inside);
        assert!(timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap());
        assert!(gate.enter().await.is_ok());
    }
}
