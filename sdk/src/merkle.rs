//! A Merkle tree over what a program's lookups gave, in the circuit's order: two appliances that disagree
//! find the first lookup in which they differ by comparing a few hashes.
//!
//! The tree is full: leaves that are missing up to the next power of two are all zero, and so no hash of
//! anything. Leaves and inner nodes are hashed under different labels.

use pulseproof_fhe::Ciphertext;

use crate::digest::Digest;

/// What stands where there is no leaf.
pub const NOTHING: Digest = Digest([0; 32]);

/// The whole tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// From the leaves to the root, each half as long as the one before.
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// The tree over these results.
    #[must_use]
    pub fn over(results: &[Ciphertext]) -> Self {
        let mut leaves: Vec<_> = results.iter().map(leaf).collect();
        leaves.resize(results.len().next_power_of_two(), NOTHING);
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            levels.push(below.chunks(2).map(|pair| inner(pair[0], pair[1])).collect());
        }
        Self { levels }
    }

    /// The root: all results, and how many there are rounded up to a power of two.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.levels.last().and_then(|level| level.first()).copied().unwrap_or(NOTHING)
    }

    /// A node: `height` 0 is the leaves.
    #[must_use]
    pub fn node(&self, height: usize, index: usize) -> Option<Digest> {
        self.levels.get(height)?.get(index).copied()
    }

    /// All nodes, level by level from the leaves to the root.
    pub fn nodes(&self) -> impl Iterator<Item = &Digest> {
        self.levels.iter().flatten()
    }

    /// The height of the root.
    #[must_use]
    pub fn height(&self) -> usize {
        self.levels.len() - 1
    }
}

/// The hash of one lookup's result.
#[must_use]
pub fn leaf(result: &Ciphertext) -> Digest {
    let words: Vec<u8> = result.words().iter().flat_map(|word| word.to_le_bytes()).collect();
    Digest::of("pulseproof lookup v1", &words)
}

/// The hash of two nodes.
#[must_use]
pub fn inner(left: Digest, right: Digest) -> Digest {
    Digest::of("pulseproof lookups v1", &[left.0, right.0].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(count: u64) -> Vec<Ciphertext> {
        (0..count).map(Ciphertext::trivial).collect()
    }

    #[test]
    fn a_root_depends_on_every_result_and_its_place() {
        let honest = Tree::over(&results(5));
        assert_eq!(honest.height(), 3);
        for index in 0..5 {
            let mut other = results(5);
            other[index] = Ciphertext::trivial(99);
            assert_ne!(Tree::over(&other).root(), honest.root(), "{index}");
        }
        let mut swapped = results(5);
        swapped.swap(1, 2);
        assert_ne!(Tree::over(&swapped).root(), honest.root());
        assert_ne!(Tree::over(&results(6)).root(), honest.root());
    }

    #[test]
    fn nodes_are_hashes_of_those_below() {
        let tree = Tree::over(&results(3));
        let node = |height, index| tree.node(height, index).unwrap();
        assert_eq!(node(0, 2), leaf(&Ciphertext::trivial(2)));
        assert_eq!(node(0, 3), NOTHING);
        assert_eq!(node(1, 0), inner(node(0, 0), node(0, 1)));
        assert_eq!(tree.root(), inner(node(1, 0), node(1, 1)));
        assert_eq!((tree.node(0, 4), tree.node(3, 0)), (None, None));
        assert_eq!(Tree::over(&[]).root(), NOTHING);
    }
}
