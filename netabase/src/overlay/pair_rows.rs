//! Staged rows (key, value) of an index: noted one after the other, and sorted when somebody asks for an order.
//!
//! Nobody looks up a single pair, so most transactions only note what changed and sort it once, when it is applied. The
//! first walk over them builds a tree, which is kept from then on.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::{self, Entry};
use std::ops::Bound;
use std::sync::OnceLock;

use super::arena::{Arena, Piece, number};
use super::order::{Place, in_order};
use super::short::Short;
use crate::engine::{Direction, IndexChange, Range};
use crate::error::Result;

/// Whether a pair is inserted or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Inserted,
    Removed,
}

/// A pair in a tree. Ordered by key, then by value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    bytes: Short,
    split: usize,
}

impl Pair {
    pub(crate) fn new(key: &[u8], value: &[u8]) -> Self {
        Pair { bytes: Short::of_pair(key, value), split: key.len() }
    }

    #[inline]
    pub(crate) fn parts(&self) -> (&[u8], &[u8]) {
        self.place().parts()
    }

    #[inline]
    pub(crate) fn place(&self) -> Place<'_> {
        Place { bytes: self.bytes.as_slice(), split: self.split }
    }
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.split == other.split {
            return self.bytes.cmp(&other.bytes);
        }
        self.parts().cmp(&other.parts())
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A noted change.
#[derive(Clone, Copy, Debug)]
struct Note {
    /// key and value
    pair: Piece,
    split: u32,
    presence: Presence,
}

impl Note {
    fn place<'b>(&self, arena: &'b Arena) -> Place<'b> {
        Place { bytes: arena.get(self.pair), split: self.split as usize }
    }
}

/// The staged rows of one index in one layer.
#[derive(Debug, Default)]
pub(super) struct PairRows {
    arena: Arena,
    /// in the order in which they came; out of use when the tree is there
    notes: Vec<Note>,
    tree: OnceLock<BTreeMap<Pair, Presence>>,
    /// bytes of the pairs in the tree
    in_tree: usize,
}

/// What a pair costs beside its bytes.
const ROW: usize = 40;

impl PairRows {
    pub(super) fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.in_tree == 0
    }

    /// About how much memory it takes.
    pub(super) fn size(&self) -> usize {
        self.arena.len() + self.notes.len() * ROW + self.in_tree
    }

    /// Forgets all rows, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.arena.clear();
        self.notes.clear();
        self.tree = OnceLock::new();
        self.in_tree = 0;
    }

    /// Changes of pairs are differences to what is there now, so opposite ones cancel out.
    pub(super) fn change(&mut self, key: &[u8], value: &[u8], presence: Presence) -> Result<()> {
        if let Some(tree) = self.tree.get_mut() {
            if !self.notes.is_empty() {
                // What they took the tree takes now.
                self.in_tree = self.arena.len() + self.notes.len() * ROW;
                self.arena = Arena::default();
                self.notes = Vec::new();
            }
            self.in_tree += ROW + key.len() + value.len();
            toggle(tree, Pair::new(key, value), presence);
            return Ok(());
        }
        let pair = self.arena.push_pair(key, value)?;
        self.notes.push(Note { pair, split: number(key.len())?, presence });
        Ok(())
    }

    /// Takes in the rows of the layer above.
    pub(super) fn absorb(&mut self, above: &PairRows) -> Result<()> {
        if let Some(tree) = above.tree.get() {
            return tree.iter().try_for_each(|(pair, presence)| {
                let (key, value) = pair.parts();
                self.change(key, value, *presence)
            });
        }
        above.notes.iter().try_for_each(|note| {
            let (key, value) = note.place(&above.arena).parts();
            self.change(key, value, note.presence)
        })
    }

    fn tree(&self) -> &BTreeMap<Pair, Presence> {
        self.tree.get_or_init(|| {
            let mut tree = BTreeMap::new();
            for note in &self.notes {
                let (key, value) = note.place(&self.arena).parts();
                toggle(&mut tree, Pair::new(key, value), note.presence);
            }
            tree
        })
    }

    /// The pairs in a range of keys that does not cross.
    pub(super) fn range(&self, range: Range<'_>) -> btree_map::Range<'_, Pair, Presence> {
        self.tree().range(pair_bounds(range))
    }

    /// The pairs of one key, from one of its values on.
    pub(super) fn values_from(
        &self,
        key: &[u8],
        value: &[u8],
        way: Direction,
    ) -> btree_map::Range<'_, Pair, Presence> {
        self.tree().range(value_bounds(key, value, way))
    }

    /// By how much the number of values under a key differs from what lies below.
    pub(super) fn growth(&self, key: &[u8]) -> i64 {
        let from = (Bound::Included(Pair::new(key, &[])), Bound::Unbounded);
        let of_key = self.tree().range(from).take_while(|(pair, _)| pair.parts().0 == key);
        of_key.map(|(_, presence)| if *presence == Presence::Inserted { 1 } else { -1 }).sum()
    }

    /// All pairs as changes, in order.
    pub(super) fn changes(&self) -> Box<dyn Iterator<Item = IndexChange<'_>> + '_> {
        if let Some(tree) = self.tree.get() {
            return Box::new(tree.iter().map(|(pair, presence)| as_change(pair.parts(), *presence)));
        }
        let place = |row: usize| match self.notes.get(row) {
            Some(note) => note.place(&self.arena),
            None => Place { bytes: &[], split: 0 },
        };
        let sorted = in_order(self.notes.len(), place).filter_map(|row| self.notes.get(row));
        let mut notes = sorted.map(|note| (note.place(&self.arena).parts(), note.presence)).peekable();
        Box::new(std::iter::from_fn(move || {
            loop {
                let (pair, presence) = notes.next()?;
                // Each undoes the one before it.
                let mut stays = true;
                while notes.next_if(|(next, _)| *next == pair).is_some() {
                    stays = !stays;
                }
                if stays {
                    return Some(as_change(pair, presence));
                }
            }
        }))
    }
}

pub(crate) fn as_change<'c>((key, value): (&'c [u8], &'c [u8]), presence: Presence) -> IndexChange<'c> {
    match presence {
        Presence::Inserted => IndexChange::Insert(key, value),
        Presence::Removed => IndexChange::Remove(key, value),
    }
}

fn toggle(pairs: &mut BTreeMap<Pair, Presence>, pair: Pair, presence: Presence) {
    match pairs.entry(pair) {
        Entry::Vacant(vacant) => {
            vacant.insert(presence);
        }
        Entry::Occupied(known) => {
            if *known.get() != presence {
                known.remove();
            }
        }
    }
}

/// A range of keys as a range of pairs. Every value sorts after the empty one; what comes after all values of a
/// key is the empty value of the next key, which is the key with a zero byte.
pub(crate) fn pair_bounds((low, high): Range<'_>) -> (Bound<Pair>, Bound<Pair>) {
    let first = |key: &[u8]| Pair::new(key, &[]);
    let after = |key: &[u8]| {
        let mut next = key.to_vec();
        next.push(0);
        Pair::new(&next, &[])
    };
    let low = match low {
        Bound::Included(key) => Bound::Included(first(key)),
        Bound::Excluded(key) => Bound::Included(after(key)),
        Bound::Unbounded => Bound::Unbounded,
    };
    let high = match high {
        Bound::Included(key) => Bound::Excluded(after(key)),
        Bound::Excluded(key) => Bound::Excluded(first(key)),
        Bound::Unbounded => Bound::Unbounded,
    };
    (low, high)
}

/// The pairs of one key, from one of its values on.
pub(crate) fn value_bounds(key: &[u8], value: &[u8], way: Direction) -> (Bound<Pair>, Bound<Pair>) {
    let (first, after) = pair_bounds((Bound::Included(key), Bound::Included(key)));
    let at = Bound::Included(Pair::new(key, value));
    match way {
        Direction::Forward => (at, after),
        Direction::Reverse => (first, at),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(vec![0, 1, 0xFF]), 0..11)
    }

    proptest! {
        #[test]
        fn pairs_sort_by_key_and_then_by_value(a in (bytes(), bytes()), b in (bytes(), bytes())) {
            prop_assert_eq!(Pair::new(&a.0, &a.1).cmp(&Pair::new(&b.0, &b.1)), a.cmp(&b));
        }

        // Whether it was ever walked over or not, a layer gives the engine the same.
        #[test]
        fn notes_and_tree_are_the_same_changes(
            pairs in prop::collection::vec((bytes(), bytes()), 0..40), walked in 0..50_usize,
        ) {
            let (mut noted, mut in_tree) = (PairRows::default(), PairRows::default());
            let mut there = std::collections::BTreeSet::new();
            for (number, (key, value)) in pairs.iter().enumerate() {
                let comes = there.insert((key, value)) || !there.remove(&(key, value));
                let presence = if comes { Presence::Inserted } else { Presence::Removed };
                noted.change(key, value, presence).unwrap();
                if number == walked {
                    in_tree.growth(key);
                }
                in_tree.change(key, value, presence).unwrap();
            }
            let list = |rows: &PairRows| {
                rows.changes().map(|change| format!("{change:?}")).collect::<Vec<_>>()
            };
            prop_assert_eq!(list(&noted), list(&in_tree));
            prop_assert_eq!(list(&noted).len(), there.len());
        }
    }
}
