//! What a write transaction has changed and not yet given to the engine.
//!
//! Changes are kept in key order, table by table, so that they can be applied in that order and merged with the
//! engine's rows on the way ([`Staged`]). Overlays lie on each other: a batch works on a layer of its own, which
//! [joins](Overlay::absorb) the one below when the whole batch succeeded and is dropped when it did not.

mod merge;
mod view;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

pub(crate) use merge::Staged;
pub(crate) use view::View;

use smallvec::SmallVec;

use crate::engine::{IndexChange, MapChange, TableId, Write};
use crate::error::Result;

/// A key of a map. Numbers and their like stand in the tree's node, which saves an allocation.
type MapKey = SmallVec<[u8; 16]>;

/// A map's key as this layer leaves it.
#[derive(Debug)]
struct Row {
    /// `None`: deleted
    value: Option<Box<[u8]>>,
    /// whether the key is there below this layer
    below: bool,
}

/// A row (key, value) of an index; a short one stands in the tree's node. Ordered by key, then by value.
#[derive(Debug, PartialEq, Eq)]
struct Pair {
    /// The first bytes of the key as a number, which decides most comparisons without leaving the tree's node.
    head: u64,
    bytes: SmallVec<[u8; 24]>,
    split: usize,
}

impl Pair {
    fn new(key: &[u8], value: &[u8]) -> Self {
        let mut bytes = SmallVec::with_capacity(key.len() + value.len());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
        Pair { head: head(key), bytes, split: key.len() }
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at_checked(self.split).unwrap_or_default()
    }
}

/// Eight bytes of a key, zeros where it is shorter. If two heads differ, the keys differ in the same way; if they
/// are equal, nothing is known.
fn head(key: &[u8]) -> u64 {
    let mut head = [0; 8];
    head.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(head)
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.head.cmp(&other.head).then_with(|| {
            if self.split == other.split {
                return self.bytes.cmp(&other.bytes);
            }
            self.parts().cmp(&other.parts())
        })
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Whether a pair is inserted or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Inserted,
    Removed,
}

#[derive(Debug, Default)]
struct MapRows {
    rows: BTreeMap<MapKey, Row>,
    /// by how many rows the table is longer than below
    growth: i64,
}

/// One layer of staged changes.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    maps: BTreeMap<TableId, MapRows>,
    indexes: BTreeMap<TableId, BTreeMap<Pair, Presence>>,
    bytes: usize,
}

/// What a staged row costs beside its bytes: two allocations and its place in the tree.
const ROW: usize = 64;

impl Overlay {
    /// About how much memory the layer takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.maps.is_empty() && self.indexes.is_empty()
    }

    /// Sets a key of a map, or deletes it (`None`). `present`: whether the key is there now.
    pub(crate) fn put(&mut self, table: TableId, key: &[u8], value: Option<&[u8]>, present: bool) {
        let map = self.maps.entry(table).or_default();
        map.growth += i64::from(value.is_some()) - i64::from(present);
        self.bytes += ROW + key.len() + value.map_or(0, <[u8]>::len);
        set(&mut map.rows, key.into(), Row { value: value.map(Into::into), below: present });
    }

    /// Inserts a pair that is not there now.
    pub(crate) fn insert_pair(&mut self, table: TableId, key: &[u8], value: &[u8]) {
        self.pair(table, Pair::new(key, value), Presence::Inserted);
    }

    /// Removes a pair that is there now.
    pub(crate) fn remove_pair(&mut self, table: TableId, key: &[u8], value: &[u8]) {
        self.pair(table, Pair::new(key, value), Presence::Removed);
    }

    fn pair(&mut self, table: TableId, pair: Pair, presence: Presence) {
        self.bytes += ROW + pair.bytes.len();
        toggle(self.indexes.entry(table).or_default(), pair, presence);
    }

    /// Takes in the layer above.
    pub(crate) fn absorb(&mut self, above: Overlay) {
        if self.is_empty() {
            *self = above;
            return;
        }
        self.bytes += above.bytes;
        for (table, from) in above.maps {
            let map = self.maps.entry(table).or_default();
            map.growth += from.growth;
            for (key, row) in from.rows {
                set(&mut map.rows, key, row);
            }
        }
        for (table, from) in above.indexes {
            let pairs = self.indexes.entry(table).or_default();
            for (pair, presence) in from {
                toggle(pairs, pair, presence);
            }
        }
    }

    /// Gives everything to the engine, table by table in key order, and empties the layer.
    pub(crate) fn apply(&mut self, writer: &mut dyn Write) -> Result<()> {
        let layer = std::mem::take(self);
        for (table, map) in &layer.maps {
            writer.apply(*table, &mut map.rows.iter().map(|(key, row)| change(key, row)))?;
        }
        for (table, pairs) in &layer.indexes {
            writer.apply_index(
                *table,
                &mut pairs.iter().map(|(pair, presence)| index_change(pair, *presence)),
            )?;
        }
        Ok(())
    }
}

/// `row.below` speaks of the moment before this change; if the layer knew the key, it knows the earlier state.
fn set(rows: &mut BTreeMap<MapKey, Row>, key: MapKey, row: Row) {
    match rows.entry(key) {
        Entry::Vacant(vacant) => {
            vacant.insert(row);
        }
        Entry::Occupied(mut known) => {
            let below = known.get().below;
            if row.value.is_none() && !below {
                known.remove();
            } else {
                known.insert(Row { below, ..row });
            }
        }
    }
}

/// Changes of pairs are differences to what is there now, so opposite ones cancel out.
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

fn change<'c>(key: &'c [u8], row: &'c Row) -> MapChange<'c> {
    match &row.value {
        None => MapChange::Delete(key),
        Some(value) if row.below => MapChange::Put(key, value),
        Some(value) => MapChange::Insert(key, value),
    }
}

fn index_change(pair: &Pair, presence: Presence) -> IndexChange<'_> {
    let (key, value) = pair.parts();
    match presence {
        Presence::Inserted => IndexChange::Insert(key, value),
        Presence::Removed => IndexChange::Remove(key, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(vec![0, 1, 0xFF]), 0..11)
    }

    proptest! {
        #[test]
        fn pairs_sort_by_key_and_then_by_value(a in (bytes(), bytes()), b in (bytes(), bytes())) {
            prop_assert_eq!(Pair::new(&a.0, &a.1).cmp(&Pair::new(&b.0, &b.1)), a.cmp(&b));
        }
    }
}
