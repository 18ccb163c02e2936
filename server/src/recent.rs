//! What is kept in memory while there is room: the least recently used go first.

/// Things in the order of their last use.
pub struct Recent<T>(Vec<T>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Recent<T> {
    /// The one that is wanted, which is used now.
    pub fn use_first(&mut self, is_wanted: impl Fn(&T) -> bool) -> Option<&mut T> {
        let at = self.0.iter().position(is_wanted)?;
        self.0[at..].rotate_left(1);
        self.0.last_mut()
    }

    /// One more, which is used now.
    pub fn add(&mut self, one: T) {
        self.0.push(one);
    }

    /// All, the least recently used first.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// All, to be changed where they are.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.0.iter_mut()
    }

    /// Takes out all that are meant.
    pub fn take_where(&mut self, goes: impl Fn(&T) -> bool) -> Vec<T> {
        self.0.extract_if(.., |one| goes(one)).collect()
    }

    /// Takes out the least recently used of those that may go, until what they weigh is `excess` or more. If all of
    /// them are less, none goes, and there is no answer.
    pub fn give_way(
        &mut self,
        mut excess: u64,
        weight: impl Fn(&T) -> u64,
        may_go: impl Fn(&T) -> bool,
    ) -> Option<Vec<T>> {
        let spare = self.0.iter().filter(|one| may_go(one)).map(&weight);
        if spare.fold(0, u64::saturating_add) < excess {
            return None;
        }
        let gone = self.0.extract_if(.., |one| {
            let goes = excess > 0 && may_go(one);
            if goes {
                excess = excess.saturating_sub(weight(one));
            }
            goes
        });
        Some(gone.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(weights: &[u64]) -> Recent<u64> {
        Recent(weights.to_vec())
    }

    #[test]
    fn who_is_used_goes_last() {
        let mut recent = kept(&[1, 2, 3]);
        assert_eq!(recent.use_first(|&one| one == 1), Some(&mut 1));
        assert_eq!(recent.use_first(|&one| one == 9), None);
        recent.add(4);
        assert_eq!(recent.0, [2, 3, 1, 4]);
        assert_eq!(recent.take_where(|one| one % 2 == 1), [3, 1]);
        assert_eq!(recent.0, [2, 4]);
    }

    #[test]
    fn the_least_recently_used_make_room_and_no_more_of_them_than_must() {
        let weight = |&one: &u64| one;
        for (excess, gone) in
            [(0, &[][..]), (1, &[10]), (10, &[10]), (11, &[10, 20]), (60, &[10, 20, 30])]
        {
            let mut recent = kept(&[10, 20, 30]);
            assert_eq!(recent.give_way(excess, weight, |_| true).as_deref(), Some(gone));
            assert_eq!(recent.0.len(), 3 - gone.len());
        }
        let mut recent = kept(&[10, 20, 30]);
        assert_eq!(recent.give_way(61, weight, |_| true), None);
        assert_eq!(recent.give_way(31, weight, |&one| one != 20), Some(vec![10, 30]));
        assert_eq!(recent.give_way(1, weight, |&one| one != 20), None);
        assert_eq!(recent.0, [20]);
        assert_eq!(kept(&[u64::MAX, 1]).give_way(u64::MAX, weight, |_| true), Some(vec![u64::MAX]));
    }
}
