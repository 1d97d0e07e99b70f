//! Staged rows of a map: found by their key, and sorted when somebody asks for an order.
//!
//! Most transactions look up single keys and then commit, so rows lie in one buffer in the order in which they came. The
//! first walk over them builds a tree, which is kept from then on.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::hash::BuildHasher;
use std::ops::Range as Span;
use std::sync::OnceLock;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use smallvec::SmallVec;

use super::head;
use crate::engine::{MapChange, Range};

/// Numbers and their like stand in the tree's node, which saves an allocation.
type Key = SmallVec<[u8; 16]>;

/// A key as this layer leaves it.
#[derive(Debug)]
struct Row {
    hash: u64,
    key: Span<usize>,
    /// `None`: deleted
    value: Option<Span<usize>>,
    /// whether the key is there below this layer
    below: bool,
}

/// What a layer says of a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known<'r> {
    Value(&'r [u8]),
    Deleted,
}

/// The staged rows of one map in one layer.
#[derive(Debug, Default)]
pub(super) struct MapRows {
    /// keys and values
    bytes: Vec<u8>,
    rows: Vec<Row>,
    /// places in `rows`, by key; its order reaches nothing
    places: HashTable<usize>,
    hasher: RandomState,
    /// places in `rows`, in the order of their keys
    sorted: OnceLock<BTreeMap<Key, usize>>,
    /// by how many rows the table is longer than below
    pub(super) growth: i64,
}

/// What a row costs beside its bytes.
const ROW: usize = 72;

impl MapRows {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// About how much memory it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.rows.len() * ROW
    }

    fn bytes(&self, span: &Span<usize>) -> &[u8] {
        self.bytes.get(span.clone()).unwrap_or_default()
    }

    fn value(&self, row: &Row) -> Option<&[u8]> {
        row.value.as_ref().map(|value| self.bytes(value))
    }

    fn find(&self, hash: u64, key: &[u8]) -> Option<usize> {
        let is_it = |place: &usize| self.rows.get(*place).is_some_and(|row| self.bytes(&row.key) == key);
        self.places.find(hash, is_it).copied()
    }

    /// What this layer says of a key, if it says anything.
    pub(super) fn get(&self, key: &[u8]) -> Option<Known<'_>> {
        if self.rows.is_empty() {
            return None;
        }
        let row = self.rows.get(self.find(self.hasher.hash_one(key), key)?)?;
        Some(self.value(row).map_or(Known::Deleted, Known::Value))
    }

    fn push(&mut self, bytes: &[u8]) -> Span<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    /// Sets a key or deletes it. `below`: whether it is there below this layer, if the layer does not know the key yet.
    pub(super) fn set(&mut self, key: &[u8], value: Option<&[u8]>, below: bool) {
        let hash = self.hasher.hash_one(key);
        let known = self.find(hash, key);
        if known.is_none() && value.is_none() && !below {
            return;
        }
        let value = value.map(|value| self.push(value));
        if let Some(row) = known.and_then(|place| self.rows.get_mut(place)) {
            row.value = value;
            return;
        }
        let (place, span) = (self.rows.len(), self.push(key));
        self.rows.push(Row { hash, key: span, value, below });
        let rows = &self.rows;
        self.places.insert_unique(hash, place, |place| rows.get(*place).map_or(0, |row| row.hash));
        if let Some(sorted) = self.sorted.get_mut() {
            sorted.insert(key.into(), place);
        }
    }

    /// Takes in the rows of the layer above.
    pub(super) fn absorb(&mut self, above: &MapRows) {
        self.growth += above.growth;
        for row in &above.rows {
            self.set(above.bytes(&row.key), above.value(row), row.below);
        }
    }

    fn sorted(&self) -> &BTreeMap<Key, usize> {
        self.sorted.get_or_init(|| {
            let places = self.rows.iter().enumerate();
            places.map(|(place, row)| (self.bytes(&row.key).into(), place)).collect()
        })
    }

    /// The rows in a range of keys that does not cross.
    pub(super) fn range(&self, range: Range<'_>) -> InOrder<'_> {
        InOrder { rows: self, places: self.sorted().range::<[u8], _>(range) }
    }

    /// All rows as changes, in the order of their keys.
    pub(super) fn changes(&self) -> impl Iterator<Item = MapChange<'_>> {
        let mut order: Vec<_> = self.rows.iter().map(|row| (head(self.bytes(&row.key)), row)).collect();
        order.sort_unstable_by(|(a, x), (b, y)| {
            a.cmp(b).then_with(|| self.bytes(&x.key).cmp(self.bytes(&y.key)))
        });
        order.into_iter().filter_map(|(_, row)| {
            let key = self.bytes(&row.key);
            match (self.value(row), row.below) {
                (Some(value), true) => Some(MapChange::Put(key, value)),
                (Some(value), false) => Some(MapChange::Insert(key, value)),
                (None, true) => Some(MapChange::Delete(key)),
                (None, false) => None,
            }
        })
    }
}

/// Rows by key: the key, and its value if it is not deleted.
pub(super) struct InOrder<'r> {
    rows: &'r MapRows,
    places: btree_map::Range<'r, Key, usize>,
}

impl<'r> InOrder<'r> {
    fn row(&self, (key, place): (&'r Key, &'r usize)) -> (&'r [u8], Option<&'r [u8]>) {
        (key, self.rows.rows.get(*place).and_then(|row| self.rows.value(row)))
    }
}

impl<'r> Iterator for InOrder<'r> {
    type Item = (&'r [u8], Option<&'r [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.places.next()?;
        Some(self.row(next))
    }
}

impl DoubleEndedIterator for InOrder<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let next = self.places.next_back()?;
        Some(self.row(next))
    }
}
