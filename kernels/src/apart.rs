//! Many things side by side, each of which is parallel in itself. Touches threads.
//!
//! rayon's loops are for items that are not: a thread that waits for the parts of one item takes up another item
//! meanwhile, waits for the parts of that one, and so on, each on top of the other on its stack, which ends.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What `work` makes of each item, in order. As many threads as rayon has take up items, each only when it is done
/// with the one before; on a thread of rayon's own, which would wait for itself, one item comes after the other.
///
/// # Panics
/// If `work` does.
pub fn map<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = rayon::current_num_threads().min(items.len());
    if threads <= 1 || rayon::current_thread_index().is_some() {
        return items.into_iter().map(work).collect();
    }
    let items = Mutex::new(items.into_iter().enumerate());
    let take = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let take_up = || {
        let mut made = Vec::new();
        while let Some((place, item)) = take() {
            made.push((place, work(item)));
        }
        made
    };
    let mut made = Vec::new();
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(take_up)).collect();
        for thread in running {
            made.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
    });
    made.sort_unstable_by_key(|(place, _)| *place);
    made.into_iter().map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use rayon::prelude::*;

    use super::*;

    thread_local! {
        /// How many items are at work on this thread's stack.
        static DEPTH: Cell<usize> = const { Cell::new(0) };
    }

    /// Runs `work`, and says how many items there are on the stack with it.
    fn counted<R>(work: impl FnOnce() -> R) -> (usize, R) {
        let depth = DEPTH.get() + 1;
        DEPTH.set(depth);
        let made = work();
        DEPTH.set(depth - 1);
        (depth, made)
    }

    /// Something parallel.
    fn parallel(item: u64) -> u64 {
        (0..4000).into_par_iter().map(|i| (i * item) ^ (i << 7)).sum()
    }

    #[test]
    fn no_item_waits_on_top_of_another() {
        let expected: Vec<u64> = (0..300).map(parallel).collect();
        let made = map((0..300).collect(), |item| counted(|| parallel(item)));
        let (depths, made): (Vec<usize>, Vec<u64>) = made.into_iter().unzip();
        assert_eq!(made, expected);
        assert!(depths.iter().all(|&depth| depth == 1));
        // On rayon's own threads too, where nobody would be left to do the parts.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(pool.install(|| map((0..300).collect(), parallel)), expected);
    }

    #[test]
    fn few_items_and_none() {
        assert_eq!(map(Vec::<u64>::new(), parallel), [0; 0]);
        assert_eq!(map(vec![3], parallel), [parallel(3)]);
    }

    #[test]
    #[should_panic(expected = "item 7")]
    fn panics_are_passed_on() {
        map((0..20).collect(), |item: u64| assert!(item != 7, "item 7"));
    }
}
