//! Who is connected: no more than there is room for. When there is none, room is made where most come from: by whoever
//! has asked nothing for longest, or has sent for longest of what it asks.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;

use super::DoorCounts;

/// How long everybody may ask nothing, however many want to come in: who has just come has had no time to ask.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long everybody may send.
const SENDING: Duration = Duration::from_secs(3);
/// How often those who want to come in look for room.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Everybody who is connected.
pub(super) struct Crowd {
    most: usize,
    here: Mutex<Here>,
    /// Somebody has gone.
    room: Notify,
    counts: Arc<DoorCounts>,
}

#[derive(Default)]
struct Here {
    next: u64,
    visitors: HashMap<u64, (IpAddr, Arc<State>)>,
}

/// Somebody who is connected, as the crowd sees it.
#[derive(Debug)]
pub(super) struct State {
    does: Mutex<Does>,
    out: Notify,
}

#[derive(Clone, Copy, Debug)]
enum Does {
    /// Nothing is asked.
    Wait(Instant),
    /// What is asked is still being sent.
    Send(Instant),
    /// All of it is here, and is worked on or answered.
    Ask,
}

/// Somebody who is connected, until this is dropped.
pub(super) struct Visitor {
    crowd: Arc<Crowd>,
    number: u64,
    pub state: Arc<State>,
}

impl Crowd {
    pub fn new(most: usize, counts: Arc<DoorCounts>) -> Self {
        Self { most: most.max(1), here: Mutex::default(), room: Notify::new(), counts }
    }

    /// Waits for room for somebody from there, and makes some if it can.
    pub async fn enter(self: &Arc<Self>, from: IpAddr) -> Visitor {
        loop {
            if let Some(visitor) = self.place(from) {
                DoorCounts::count(&self.counts.opened);
                return visitor;
            }
            let _ = timeout(LOOK_INTERVAL, self.room.notified()).await;
        }
    }

    /// Shows out everybody, whatever they are at.
    pub fn show_out(&self) {
        for (_, state) in self.lock().visitors.values() {
            state.out.notify_one();
        }
    }

    /// Shows out those who have asked nothing for so long.
    pub fn show_out_idle(&self, since: Duration) {
        for (_, state) in self.lock().visitors.values() {
            if matches!(*state.lock(), Does::Wait(from) if from.elapsed() >= since) {
                state.out.notify_one();
            }
        }
    }

    /// Shows somebody out, if anybody can be: there is no room that we know of.
    pub fn make_room(&self) {
        self.lock().make_room(&self.counts);
    }

    fn place(self: &Arc<Self>, from: IpAddr) -> Option<Visitor> {
        let mut here = self.lock();
        if here.visitors.len() >= self.most && !here.make_room(&self.counts) {
            return None;
        }
        let number = here.next;
        here.next += 1;
        let does = Mutex::new(Does::Wait(Instant::now()));
        let state = Arc::new(State { does, out: Notify::new() });
        here.visitors.insert(number, (from, Arc::clone(&state)));
        Some(Visitor { crowd: Arc::clone(self), number, state })
    }

    fn lock(&self) -> MutexGuard<'_, Here> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Here {
    /// Whether somebody goes. Who goes counts no more, and is gone in a moment.
    fn make_room(&mut self, counts: &DoorCounts) -> bool {
        let Some(number) = self.who_goes() else { return false };
        let Some((_, state)) = self.visitors.remove(&number) else { return false };
        state.out.notify_one();
        DoorCounts::count(&counts.made_room);
        true
    }

    /// Of those from where most are who can go, the one who has waited for longest; if nobody waits, who has sent for
    /// longest.
    fn who_goes(&self) -> Option<u64> {
        let mut from: HashMap<IpAddr, usize> = HashMap::new();
        for (address, _) in self.visitors.values() {
            *from.entry(*address).or_default() += 1;
        }
        let spare = self.visitors.iter().filter_map(|(&number, (address, state))| {
            let (sends, since) = state.can_go()?;
            // Most first, then those who wait, then the oldest.
            Some(((usize::MAX - from[address], sends, since), number))
        });
        spare.min().map(|(_, number)| number)
    }
}

impl State {
    /// Whether it sends, and since when, if that is long enough to make room.
    fn can_go(&self) -> Option<(bool, Instant)> {
        match *self.lock() {
            Does::Wait(since) if since.elapsed() >= PATIENCE => Some((false, since)),
            Does::Send(since) if since.elapsed() >= SENDING => Some((true, since)),
            _ => None,
        }
    }

    /// It begins to send what it asks.
    pub fn sends(&self) {
        *self.lock() = Does::Send(Instant::now());
    }

    /// All that it asks is here.
    pub fn asks(&self) {
        *self.lock() = Does::Ask;
    }

    /// It was answered, and may ask again.
    pub fn waits(&self) {
        *self.lock() = Does::Wait(Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, Does> {
        self.does.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visitor {
    /// Completes once it has to go.
    pub async fn shown_out(&self) {
        self.state.out.notified().await;
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.crowd.lock().visitors.remove(&self.number);
        DoorCounts::count(&self.crowd.counts.closed);
        self.crowd.room.notify_one();
    }
}

impl DoorCounts {
    /// Connections that are open.
    pub fn open(&self) -> u64 {
        let [opened, closed] = [&self.opened, &self.closed].map(|c| c.load(Ordering::Relaxed));
        opened.saturating_sub(closed)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    fn at(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    fn crowd(most: usize) -> (Arc<Crowd>, Arc<DoorCounts>) {
        let counts = Arc::new(DoorCounts::default());
        (Arc::new(Crowd::new(most, Arc::clone(&counts))), counts)
    }

    async fn goes(visitor: &Visitor) -> bool {
        timeout(LOOK_INTERVAL, visitor.shown_out()).await.is_ok()
    }

    #[tokio::test]
    async fn who_asks_nothing_makes_room_and_who_asks_stays() {
        let (crowd, counts) = crowd(2);
        let (asking, idle) = (crowd.enter(at(1)).await, crowd.enter(at(1)).await);
        asking.state.asks();
        // Who has just come has had no time to ask.
        assert!(crowd.place(at(1)).is_none());
        sleep(PATIENCE).await;
        let third = crowd.enter(at(1)).await;
        assert!(goes(&idle).await && !goes(&asking).await);
        third.state.asks();
        drop(idle);
        // Both ask: the next one waits until somebody goes.
        assert!(timeout(2 * PATIENCE, crowd.enter(at(1))).await.is_err());
        drop(asking);
        let fourth = crowd.enter(at(1)).await;
        assert_eq!((counts.open(), counts.made_room.load(Ordering::Relaxed)), (2, 1));
        crowd.show_out();
        assert!(goes(&third).await && goes(&fourth).await);
    }

    #[tokio::test]
    async fn room_is_made_where_most_come_from_and_last_by_those_who_send() {
        let (crowd, _) = crowd(4);
        let one = crowd.enter(at(1)).await;
        let mut many = Vec::new();
        for _ in 0..3 {
            many.push(crowd.enter(at(2)).await);
        }
        many[0].state.sends();
        many[2].state.asks();
        // The one from elsewhere has waited for longer than anybody.
        sleep(SENDING).await;
        let _fifth = crowd.enter(at(3)).await;
        assert!(goes(&many[1]).await && !goes(&many[0]).await && !goes(&one).await);
        drop(many.remove(1));
        let _sixth = crowd.enter(at(3)).await;
        assert!(goes(&many[0]).await && !goes(&one).await && !goes(&many[1]).await);
    }
}
