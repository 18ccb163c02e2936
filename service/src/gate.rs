//! How many requests are at work at a time, and how many may wait: in turns, whoever asks. For work, not for what is
//! only on its way: who sends slowly is to keep no place.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulseproof_sdk::Problem;
use tokio::sync::oneshot;

use crate::Refusal;

/// Lets a few in, keeps some waiting, turns the others away. Those who wait are let in client by client in turn, so
/// that nobody waits for all that another one asks.
#[derive(Debug)]
pub struct Gate {
    inside_max: usize,
    waiting_max: usize,
    full: Problem,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    inside: usize,
    waiting: usize,
    /// The clients that wait, in the order of their turns.
    turns: VecDeque<(String, VecDeque<oneshot::Sender<Place>>)>,
}

/// A place inside, until this is dropped.
#[derive(Debug)]
pub struct Place(Option<Arc<Gate>>);

impl Gate {
    /// A gate for so many inside and so many waiting, and what others are told; through one for none nobody comes. Of
    /// those who wait, one client has at most half.
    #[must_use]
    pub fn new(inside_max: usize, waiting_max: usize, full: Problem) -> Arc<Self> {
        Arc::new(Self { inside_max, waiting_max, full, state: Mutex::default() })
    }

    /// Waits for a place inside.
    ///
    /// # Errors
    /// Too many wait already.
    pub async fn enter(self: &Arc<Self>, client: &str) -> Result<Place, Refusal> {
        let turn = {
            let mut state = self.lock();
            if state.inside < self.inside_max {
                state.inside += 1;
                return Ok(Place(Some(Arc::clone(self))));
            }
            state.forget_gone();
            if state.waiting >= self.waiting_max || state.waits(client) >= self.share() {
                return Err(Refusal::for_now(self.full.clone()));
            }
            state.wait(client)
        };
        // The gate keeps the sender until the turn comes.
        turn.await.map_err(|_| Refusal::for_now(self.full.clone()))
    }

    fn share(&self) -> usize {
        self.waiting_max.div_ceil(2)
    }

    /// Somebody leaves: the next one comes in.
    fn leave(self: Arc<Self>) {
        loop {
            let next = {
                let mut state = self.lock();
                match state.next() {
                    Some(next) => next,
                    None => {
                        state.inside -= 1;
                        return;
                    }
                }
            };
            match next.send(Place(Some(Arc::clone(&self)))) {
                Ok(()) => return,
                // Who waited has gone; the place is still this one's to give.
                Err(mut place) => drop(place.0.take()),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn waits(&self, client: &str) -> usize {
        self.turns.iter().find(|(who, _)| who == client).map_or(0, |(_, waiting)| waiting.len())
    }

    fn wait(&mut self, client: &str) -> oneshot::Receiver<Place> {
        let (sender, receiver) = oneshot::channel();
        self.waiting += 1;
        match self.turns.iter_mut().find(|(who, _)| who == client) {
            Some((_, waiting)) => waiting.push_back(sender),
            None => self.turns.push_back((client.to_owned(), [sender].into())),
        }
        receiver
    }

    /// The first of the client whose turn it is, which then is last.
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        let (client, mut waiting) = self.turns.pop_front()?;
        let next = waiting.pop_front()?;
        self.waiting -= 1;
        if !waiting.is_empty() {
            self.turns.push_back((client, waiting));
        }
        Some(next)
    }

    /// Who does not wait any more keeps nobody else out.
    fn forget_gone(&mut self) {
        for (_, waiting) in &mut self.turns {
            waiting.retain(|sender| !sender.is_closed());
        }
        self.turns.retain(|(_, waiting)| !waiting.is_empty());
        self.waiting = self.turns.iter().map(|(_, waiting)| waiting.len()).sum();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(gate) = self.0.take() {
            gate.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::response::IntoResponse;
    use tokio::task::{JoinHandle, yield_now};
    use tokio::time::timeout;

    use super::*;

    fn gate(inside: usize, waiting: usize) -> Arc<Gate> {
        Gate::new(inside, waiting, Problem::new(503, "busy", "too many wait"))
    }

    /// One more of a client's, that waits already.
    async fn wait(gate: &Arc<Gate>, client: &'static str) -> JoinHandle<Place> {
        let before = gate.lock().waits(client);
        let waiting = Arc::clone(gate);
        let waits = tokio::spawn(async move { waiting.enter(client).await.unwrap() });
        while gate.lock().waits(client) <= before {
            yield_now().await;
        }
        waits
    }

    async fn soon<T>(waits: JoinHandle<T>) -> T {
        timeout(Duration::from_secs(5), waits).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn who_finds_no_place_is_told_to_come_again() {
        let gate = gate(1, 1);
        let inside = gate.enter("a").await.unwrap();
        let waiting = wait(&gate, "a").await;
        let answer = gate.enter("a").await.unwrap_err().into_response();
        assert_eq!(answer.status(), 503);
        let seconds: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=4).contains(&seconds), "{seconds}");
        drop(inside);
        drop(soon(waiting).await);
        assert!(gate.enter("a").await.is_ok());
        assert_eq!(gate.lock().inside, 0);
    }

    #[tokio::test]
    async fn clients_are_let_in_in_turn() {
        let gate = gate(1, 8);
        let inside = gate.enter("many").await.unwrap();
        let mut many = Vec::new();
        for _ in 0..4 {
            many.push(wait(&gate, "many").await);
        }
        // One client does not take all the places to wait.
        assert!(gate.enter("many").await.is_err());
        let one = wait(&gate, "one").await;
        drop(inside);
        let first = soon(many.remove(0)).await;
        drop(first);
        drop(soon(one).await);
        for waiting in many {
            drop(soon(waiting).await);
        }
        let state = gate.lock();
        assert_eq!((state.inside, state.waiting), (0, 0));
    }

    #[tokio::test]
    async fn who_has_gone_keeps_no_place() {
        let gate = gate(1, 2);
        let inside = gate.enter("a").await.unwrap();
        let gone = wait(&gate, "a").await;
        gone.abort();
        assert!(gone.await.is_err());
        let gate_of_b = wait(&gate, "b").await;
        let (stays, gone) = (wait(&gate, "a").await, gate_of_b);
        gone.abort();
        assert!(gone.await.is_err());
        drop(inside);
        drop(soon(stays).await);
        assert_eq!(gate.lock().inside, 0);
        drop(gate.enter("c").await.unwrap());
    }
}
