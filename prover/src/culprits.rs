//! Who it was, when something does not hold of many at once.

/// Those of many that do not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Culprits {
    /// Their positions, ascending.
    pub found: Vec<usize>,
    /// The positions of those of which nobody knows, ascending: enough had been found before.
    pub unchecked: Vec<usize>,
}

impl Culprits {
    /// Whether all hold.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.found.is_empty() && self.unchecked.is_empty()
    }

    /// The same, where what was looked at is at these positions of something else.
    #[must_use]
    pub fn at(self, positions: &[usize]) -> Self {
        let at = |indices: Vec<usize>| indices.into_iter().map(|index| positions[index]).collect();
        Self { found: at(self.found), unchecked: at(self.unchecked) }
    }
}

/// Halves what does not hold until culprits stand alone, and stops after so many of them. c culprits among n cost at
/// most 1 + 2c·⌈log₂ n⌉ questions, and never over 2n − 1.
pub(crate) fn find<T>(items: &[T], most: usize, mut holds: impl FnMut(&[T]) -> bool) -> Culprits {
    let mut culprits = Culprits::default();
    bisect(items, 0, most, &mut culprits, &mut holds);
    culprits
}

fn bisect<T>(
    items: &[T],
    first: usize,
    most: usize,
    culprits: &mut Culprits,
    holds: &mut impl FnMut(&[T]) -> bool,
) {
    if culprits.found.len() >= most {
        culprits.unchecked.extend(first..first + items.len());
        return;
    }
    if holds(items) {
        return;
    }
    if items.len() == 1 {
        culprits.found.push(first);
        return;
    }
    let (left, right) = items.split_at(items.len() / 2);
    bisect(left, first, most, culprits, holds);
    bisect(right, first + left.len(), most, culprits, holds);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_culprits_are_found_and_what_is_after_them_is_not_asked_about() {
        // Every set of culprits among nine, and every number of them that is enough.
        for mask in 0u32..1 << 9 {
            let bad: Vec<usize> = (0..9).filter(|index| mask >> index & 1 == 1).collect();
            let items: Vec<bool> = (0..9).map(|index| !bad.contains(&index)).collect();
            for most in 0..=9 {
                let mut asked = 0;
                let culprits = find(&items, most, |items| {
                    asked += 1;
                    items.iter().all(|good| *good)
                });
                let found: Vec<_> = bad.iter().copied().take(most).collect();
                assert_eq!(culprits.found, found);
                // Whoever is neither found nor unchecked holds.
                for index in (0..9).filter(|index| !culprits.unchecked.contains(index)) {
                    assert_eq!(items[index], !found.contains(&index), "{mask:b} {most}");
                }
                assert!(bad.len() > most || bad.len() == most || culprits.unchecked.is_empty());
                assert!(culprits.unchecked.is_sorted());
                assert!(asked <= 1 + 2 * found.len() * 4);
            }
        }
        assert!(find(&[true; 9], 1, |items| items.iter().all(|good| *good)).is_none());
    }
}
