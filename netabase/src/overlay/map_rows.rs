//! Staged rows of a map: found by their key, and sorted when somebody asks for an order.
//!
//! Most transactions look up single keys and then commit, so rows lie in one buffer in the order in which they came. The
//! first walk over them builds a tree, which is kept from then on.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::hash::BuildHasher;
use std::sync::OnceLock;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use smallvec::SmallVec;

use super::arena::{Arena, Piece, number};
use super::order::{Place, in_order};
use crate::engine::{MapChange, Range};
use crate::error::Result;

/// Numbers and their like stand in the tree's node, which saves an allocation.
type Key = SmallVec<[u8; 16]>;

/// A key as this layer leaves it.
#[derive(Debug)]
struct Row {
    hash: u32,
    key: Piece,
    /// nothing if deleted
    value: Piece,
    deleted: bool,
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
    arena: Arena,
    rows: Vec<Row>,
    /// places in `rows`, by key; its order reaches nothing
    places: HashTable<u32>,
    hasher: RandomState,
    /// places in `rows`, in the order of their keys
    sorted: OnceLock<BTreeMap<Key, usize>>,
    /// by how many rows the table is longer than below
    pub(super) growth: i64,
}

/// What a row costs beside its bytes.
const ROW: usize = 40;

impl MapRows {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether it has memory for rows, with or without any.
    pub(super) fn has_memory(&self) -> bool {
        self.rows.capacity() > 0
    }

    /// About how much memory it takes.
    pub(super) fn size(&self) -> usize {
        self.arena.len() + self.rows.len() * ROW
    }

    /// Forgets all rows, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.arena.clear();
        self.rows.clear();
        self.places.clear();
        self.sorted = OnceLock::new();
        self.growth = 0;
    }

    fn key(&self, row: &Row) -> &[u8] {
        self.arena.get(row.key)
    }

    fn value(&self, row: &Row) -> Option<&[u8]> {
        (!row.deleted).then(|| self.arena.get(row.value))
    }

    fn hash(&self, key: &[u8]) -> u32 {
        (self.hasher.hash_one(key) >> 32) as u32
    }

    fn find(&self, hash: u32, key: &[u8]) -> Option<usize> {
        let is_it = |place: &u32| {
            let row = self.rows.get(*place as usize);
            row.is_some_and(|row| row.hash == hash && self.key(row) == key)
        };
        self.places.find(spread(hash), is_it).map(|place| *place as usize)
    }

    /// What this layer says of a key, if it says anything.
    pub(super) fn get(&self, key: &[u8]) -> Option<Known<'_>> {
        if self.rows.is_empty() {
            return None;
        }
        let row = self.rows.get(self.find(self.hash(key), key)?)?;
        Some(self.value(row).map_or(Known::Deleted, Known::Value))
    }

    /// Sets a key or deletes it. `below`: whether it is there below this layer, if the layer does not know the key yet.
    pub(super) fn set(&mut self, key: &[u8], value: Option<&[u8]>, below: bool) -> Result<()> {
        let hash = self.hash(key);
        let known = self.find(hash, key);
        if known.is_none() && value.is_none() && !below {
            return Ok(());
        }
        let deleted = value.is_none();
        if let Some(row) = known.and_then(|place| self.rows.get_mut(place)) {
            row.value = self.arena.push(value.unwrap_or_default())?;
            row.deleted = deleted;
            return Ok(());
        }
        let place = self.rows.len();
        let key_piece = self.arena.push(key)?;
        let value = self.arena.push(value.unwrap_or_default())?;
        self.rows.push(Row { hash, key: key_piece, value, deleted, below });
        let rows = &self.rows;
        let hash_of = |place: &u32| rows.get(*place as usize).map_or(0, |row| spread(row.hash));
        self.places.insert_unique(spread(hash), number(place)?, hash_of);
        if let Some(sorted) = self.sorted.get_mut() {
            sorted.insert(key.into(), place);
        }
        Ok(())
    }

    /// Takes in the rows of the layer above.
    pub(super) fn absorb(&mut self, above: &MapRows) -> Result<()> {
        self.growth += above.growth;
        above.rows.iter().try_for_each(|row| self.set(above.key(row), above.value(row), row.below))
    }

    fn sorted(&self) -> &BTreeMap<Key, usize> {
        self.sorted.get_or_init(|| {
            let places = self.rows.iter().enumerate();
            places.map(|(place, row)| (self.key(row).into(), place)).collect()
        })
    }

    /// The rows in a range of keys that does not cross.
    pub(super) fn range(&self, range: Range<'_>) -> MapRange<'_> {
        MapRange { rows: self, places: self.sorted().range::<[u8], _>(range) }
    }

    /// All rows as changes, in the order of their keys.
    pub(super) fn changes(&self) -> impl Iterator<Item = MapChange<'_>> {
        let place = |row| {
            let key = self.rows.get(row).map_or(&[][..], |row| self.key(row));
            Place { bytes: key, split: key.len() }
        };
        in_order(self.rows.len(), place).filter_map(|row| {
            let row = self.rows.get(row)?;
            let key = self.key(row);
            match (self.value(row), row.below) {
                (Some(value), true) => Some(MapChange::Put(key, value)),
                (Some(value), false) => Some(MapChange::Insert(key, value)),
                (None, true) => Some(MapChange::Delete(key)),
                (None, false) => None,
            }
        })
    }
}

/// A hash table takes some bits from the top and some from the bottom.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// Rows by key: the key, and its value if it is not deleted.
pub(super) struct MapRange<'r> {
    rows: &'r MapRows,
    places: btree_map::Range<'r, Key, usize>,
}

impl<'r> MapRange<'r> {
    fn row(&self, (key, place): (&'r Key, &'r usize)) -> (&'r [u8], Option<&'r [u8]>) {
        (key, self.rows.rows.get(*place).and_then(|row| self.rows.value(row)))
    }
}

impl<'r> Iterator for MapRange<'r> {
    type Item = (&'r [u8], Option<&'r [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.places.next()?;
        Some(self.row(next))
    }
}

impl DoubleEndedIterator for MapRange<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let next = self.places.next_back()?;
        Some(self.row(next))
    }
}
