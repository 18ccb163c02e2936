//! How many requests are at work, and how many may wait. Decided before a body is read.

use std::sync::Arc;

use pulseproof_sdk::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lets a few in, keeps some waiting, turns the others away.
#[derive(Debug)]
pub(crate) struct Gate {
    inside: Arc<Semaphore>,
    waiting: Semaphore,
    waiting_max: usize,
}

impl Gate {
    /// A gate for so many inside and so many waiting.
    pub fn new(inside: usize, waiting: usize) -> Self {
        let (inside_max, waiting_max) =
            (inside.min(Semaphore::MAX_PERMITS), waiting.min(Semaphore::MAX_PERMITS));
        let inside = Arc::new(Semaphore::new(inside_max));
        Self { inside, waiting: Semaphore::new(waiting_max), waiting_max }
    }

    /// Waits for a place inside, which lasts as long as the permit.
    ///
    /// # Errors
    /// Too many wait already.
    pub async fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        if let Ok(permit) = self.inside.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let _place = self.waiting.try_acquire().map_err(|_| self.too_many())?;
        self.inside.clone().acquire_owned().await.map_err(|_| self.too_many())
    }

    fn too_many(&self) -> Problem {
        let detail = "too many questions are waiting; ask this one again";
        Problem::new(429, "too-many-questions", detail).limit(self.waiting_max as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::response::IntoResponse;
    use tokio::time::timeout;

    use super::*;
    use crate::http::Refusal;

    #[tokio::test]
    async fn who_finds_no_place_is_told_to_come_again() {
        let gate = Arc::new(Gate::new(1, 1));
        let inside = gate.enter().await.unwrap();
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter().await.is_ok() }
        });
        while gate.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let answer = Refusal::from(gate.enter().await.unwrap_err()).into_response();
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers()["retry-after"], "1");

        drop(inside);
        assert!(timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap());
        assert!(gate.enter().await.is_ok());
    }
}
