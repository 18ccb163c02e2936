//! Whose lookups go into the next batch. No threads and no clock here: the time is what callers say.

use std::collections::VecDeque;
use std::time::Instant;

/// What waits of one request.
#[derive(Debug)]
struct Request<T> {
    id: u64,
    arrived: Instant,
    items: VecDeque<T>,
}

/// The requests of one region, oldest first.
#[derive(Debug)]
struct Line<T> {
    region: String,
    requests: VecDeque<Request<T>>,
}

/// Items that wait, in a line for each region. Lines are served in turn, an item each.
#[derive(Debug)]
pub struct Queue<T> {
    lines: VecDeque<Line<T>>,
    len: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { lines: VecDeque::new(), len: 0 }
    }
}

impl<T> Queue<T> {
    /// How many items wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many regions have items waiting.
    pub fn regions(&self) -> usize {
        self.lines.len()
    }

    /// When the oldest request came.
    pub fn oldest(&self) -> Option<Instant> {
        self.lines.iter().filter_map(|line| line.requests.front()).map(|first| first.arrived).min()
    }

    /// Adds a request at the end of its region's line. One without items is forgotten.
    pub fn push(&mut self, region: &str, id: u64, items: Vec<T>, arrived: Instant) {
        if items.is_empty() {
            return;
        }
        self.len += items.len();
        let request = Request { id, arrived, items: items.into() };
        match self.lines.iter_mut().find(|line| line.region == region) {
            Some(line) => line.requests.push_back(request),
            None => self
                .lines
                .push_back(Line { region: region.to_owned(), requests: VecDeque::from([request]) }),
        }
    }

    /// Takes at most `most` items: of each line in turn the first, with the number of its request.
    /// The line that would have been next is the first of the next batch.
    pub fn take(&mut self, most: usize) -> Vec<(u64, T)> {
        let mut taken = Vec::with_capacity(most.min(self.len));
        while taken.len() < most {
            let Some(mut line) = self.lines.pop_front() else { break };
            let Some(request) = line.requests.front_mut() else { continue };
            if let Some(item) = request.items.pop_front() {
                taken.push((request.id, item));
                self.len -= 1;
            }
            if request.items.is_empty() {
                line.requests.pop_front();
            }
            if !line.requests.is_empty() {
                self.lines.push_back(line);
            }
        }
        taken
    }

    /// Forgets what waits of a request.
    pub fn cancel(&mut self, id: u64) {
        for line in &mut self.lines {
            line.requests.retain(|request| request.id != id);
        }
        self.lines.retain(|line| !line.requests.is_empty());
        let requests = self.lines.iter().flat_map(|line| &line.requests);
        self.len = requests.map(|request| request.items.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Event {
        Push { region: usize, items: usize },
        Take { most: usize },
        Cancel { request: u64 },
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            3 => (0usize..4, 0usize..9).prop_map(|(region, items)| Event::Push { region, items }),
            2 => (1usize..12).prop_map(|most| Event::Take { most }),
            1 => (0u64..20).prop_map(|request| Event::Cancel { request }),
        ];
        prop::collection::vec(event, 1..60)
    }

    proptest! {
        /// Nothing is served twice, in another order than it came in its request, or after it was
        /// cancelled; what waits is served in the end; batches are as full as can be.
        #[test]
        fn everything_is_served_once(events in events()) {
            let (mut queue, now) = (Queue::default(), Instant::now());
            let mut waiting: BTreeMap<u64, VecDeque<usize>> = BTreeMap::new();
            let mut next = 0u64;
            let drain = [Event::Take { most: usize::MAX }];
            for event in events.into_iter().chain(drain) {
                match event {
                    Event::Push { region, items } => {
                        queue.push(&format!("r{region}"), next, (0..items).collect(), now);
                        waiting.insert(next, (0..items).collect());
                        next += 1;
                    }
                    Event::Cancel { request } => {
                        queue.cancel(request);
                        waiting.remove(&request);
                    }
                    Event::Take { most } => {
                        let before = queue.len();
                        let taken = queue.take(most);
                        prop_assert_eq!(taken.len(), most.min(before));
                        for (id, item) in taken {
                            let first = waiting.get_mut(&id).and_then(VecDeque::pop_front);
                            prop_assert_eq!(first, Some(item));
                        }
                    }
                }
                let left: usize = waiting.values().map(VecDeque::len).sum();
                prop_assert_eq!(queue.len(), left);
            }
            prop_assert_eq!(queue.len(), 0);
        }

        /// However much one region asks for, another waits for its share of one batch at most.
        #[test]
        fn nobody_starves(crowd in 1usize..500, others in 1usize..4, most in 4usize..64) {
            let (mut queue, now) = (Queue::default(), Instant::now());
            queue.push("crowd", 0, vec![(); crowd], now);
            for other in 0..others {
                queue.push(&format!("r{other}"), 1 + other as u64, vec![(); 3], now);
            }
            let taken = queue.take(most);
            for other in 0..others {
                let share = most / (others + 1);
                let got = taken.iter().filter(|(id, ())| *id == 1 + other as u64).count();
                prop_assert!(got >= share.min(3), "{got} of {share}");
            }
        }
    }
}
