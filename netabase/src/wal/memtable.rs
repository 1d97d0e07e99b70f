//! What was committed since a checkpoint: rows of tables in persistent sorted maps.
//!
//! To clone one is to take a snapshot, and to drop the clone is to undo what was done in it. Each row knows whether something lies
//! below it, so that the engine is told exactly what becomes of it, and lengths and counts need no look below.

use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::RangedIter;
use imbl::shared_ptr::DefaultSharedPtr;

use crate::engine::{Cursor, Direction, IndexChange, MapChange, Range, TableId, Write};
use crate::error::Result;
use crate::overlay::{
    Pair, Presence, Rows, Short, StagedRow, as_change, compare_pairs, pair_bounds, pair_row, value_bounds,
};

/// The rows of all tables, each by the number that the log knows it by.
#[derive(Clone, Debug, Default)]
pub(super) struct Memtable {
    maps: Vec<MapRows>,
    indexes: Vec<PairRows>,
}

/// The rows of a map.
#[derive(Clone, Debug, Default)]
pub(super) struct MapRows {
    rows: OrdMap<Short, Row>,
    /// by how many rows the table is longer than below
    growth: i64,
}

/// A key as it is left.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// `None` if it was deleted
    pub(super) value: Option<Arc<[u8]>>,
    /// whether the key is there below
    pub(super) below: bool,
}

/// The rows of an index.
#[derive(Clone, Debug, Default)]
pub(super) struct PairRows {
    pairs: OrdMap<Pair, Presence>,
    /// by how much the number of values under a key differs from what lies below, where it does
    growth: OrdMap<Short, i64>,
}

/// The rows of a table, made when they are first needed.
pub(super) fn table<T: Default>(tables: &mut Vec<T>, slot: usize) -> Option<&mut T> {
    if tables.len() <= slot {
        tables.resize_with(slot + 1, T::default);
    }
    tables.get_mut(slot)
}

impl Memtable {
    pub(super) fn of(maps: Vec<MapRows>, indexes: Vec<PairRows>) -> Self {
        Memtable { maps, indexes }
    }

    /// A map, if it has rows.
    #[inline]
    pub(super) fn map(&self, slot: usize) -> Option<&MapRows> {
        self.maps.get(slot).filter(|map| !map.rows.is_empty())
    }

    /// An index, if it has rows.
    #[inline]
    pub(super) fn index(&self, slot: usize) -> Option<&PairRows> {
        self.indexes.get(slot).filter(|index| !index.pairs.is_empty())
    }

    /// Numbers of the tables that have rows.
    pub(super) fn touched(&self) -> impl Iterator<Item = usize> {
        let most = self.maps.len().max(self.indexes.len());
        (0..most).filter(|slot| self.map(*slot).is_some() || self.index(*slot).is_some())
    }

    pub(super) fn change_map(&mut self, slot: usize, change: MapChange<'_>) {
        let Some(map) = table(&mut self.maps, slot) else { return };
        match change {
            MapChange::Insert(key, value) => map.set(key, Some(value), false),
            MapChange::Put(key, value) => map.set(key, Some(value), true),
            MapChange::Delete(key) => map.set(key, None, true),
        }
    }

    pub(super) fn change_index(&mut self, slot: usize, change: IndexChange<'_>) {
        let Some(index) = table(&mut self.indexes, slot) else { return };
        match change {
            IndexChange::Insert(key, value) => index.set(key, value, Presence::Inserted),
            IndexChange::Remove(key, value) => index.set(key, value, Presence::Removed),
        }
    }

    /// Gives the rows of a table to the engine, in order. `to`: the table's place in the engine's transaction.
    pub(super) fn apply(&self, slot: usize, writer: &mut dyn Write, to: TableId) -> Result<()> {
        if let Some(map) = self.map(slot) {
            writer.apply(to, &mut map.changes())?;
        }
        if let Some(index) = self.index(slot) {
            let pairs = index.pairs.iter();
            writer.apply_index(to, &mut pairs.map(|(pair, presence)| as_change(pair.parts(), *presence)))?;
        }
        Ok(())
    }
}

/// What a memtable says of a key.
pub(super) enum Known<'r> {
    Value(&'r [u8]),
    Deleted,
}

impl MapRows {
    /// Rows in the order of their keys.
    pub(super) fn of(rows: Vec<(Short, Row)>, growth: i64) -> Self {
        MapRows { rows: rows.into_iter().collect(), growth }
    }

    /// `present`: whether the key is there now.
    fn set(&mut self, key: &[u8], value: Option<&[u8]>, present: bool) {
        self.growth += i64::from(value.is_some()) - i64::from(present);
        let key = Short::new(key);
        let is_deleted = value.is_none();
        let before = self.rows.insert(key.clone(), Row { value: value.map(Arc::from), below: present });
        let Some(before) = before.filter(|before| before.below != present) else { return };
        // What lies below does not change with what lies here.
        if is_deleted && !before.below {
            self.rows.remove(&key);
        } else if let Some(row) = self.rows.get_mut(&key) {
            row.below = before.below;
        }
    }

    #[inline]
    pub(super) fn get(&self, key: &[u8]) -> Option<Known<'_>> {
        let row = self.rows.get(key)?;
        Some(row.value.as_deref().map_or(Known::Deleted, Known::Value))
    }

    pub(super) fn growth(&self) -> i64 {
        self.growth
    }

    pub(super) fn range(&self, range: Range<'_>) -> MapRange<'_> {
        MapRange(self.rows.range::<_, [u8]>(range))
    }

    fn changes(&self) -> impl Iterator<Item = MapChange<'_>> {
        self.rows.iter().filter_map(|(key, row)| {
            let key = key.as_slice();
            match (&row.value, row.below) {
                (Some(value), true) => Some(MapChange::Put(key, value)),
                (Some(value), false) => Some(MapChange::Insert(key, value)),
                (None, true) => Some(MapChange::Delete(key)),
                (None, false) => None,
            }
        })
    }
}

impl PairRows {
    /// Pairs, and differences of keys, in order.
    pub(super) fn of(pairs: Vec<(Pair, Presence)>, growth: Vec<(Short, i64)>) -> Self {
        PairRows { pairs: pairs.into_iter().collect(), growth: growth.into_iter().collect() }
    }

    fn set(&mut self, key: &[u8], value: &[u8], presence: Presence) {
        let pair = Pair::new(key, value);
        // Changes are differences to what is there, so opposite ones cancel out.
        if self.pairs.insert(pair.clone(), presence).is_some_and(|before| before != presence) {
            self.pairs.remove(&pair);
        }
        let more = if presence == Presence::Inserted { 1 } else { -1 };
        match self.growth.get_mut(key) {
            Some(growth) if *growth + more == 0 => drop(self.growth.remove(key)),
            Some(growth) => *growth += more,
            None => drop(self.growth.insert(Short::new(key), more)),
        }
    }

    pub(super) fn range(&self, range: Range<'_>) -> PairRange<'_> {
        PairRange(self.pairs.range(pair_bounds(range)))
    }

    pub(super) fn values_from(&self, key: &[u8], value: &[u8], way: Direction) -> PairRange<'_> {
        PairRange(self.pairs.range(value_bounds(key, value, way)))
    }

    /// By how much the number of values under a key differs from what lies below.
    pub(super) fn growth(&self, key: &[u8]) -> i64 {
        self.growth.get(key).copied().unwrap_or(0)
    }
}

/// Rows of a map, by key.
pub(super) struct MapRange<'r>(RangedIter<'r, Short, Row, DefaultSharedPtr>);

/// Rows of an index, by key and then by value.
pub(super) struct PairRange<'r>(RangedIter<'r, Pair, Presence, DefaultSharedPtr>);

impl<'r> Rows<'r> for MapRange<'r> {
    type Entry = StagedRow<'r>;
    fn row(entry: Self::Entry) -> StagedRow<'r> {
        entry
    }
    fn compare(row: &StagedRow<'_>, base: &dyn Cursor) -> std::cmp::Ordering {
        row.key.cmp(base.key())
    }
}

impl<'r> Rows<'r> for PairRange<'r> {
    type Entry = StagedRow<'r>;
    fn row(entry: Self::Entry) -> StagedRow<'r> {
        entry
    }
    fn compare(row: &StagedRow<'_>, base: &dyn Cursor) -> std::cmp::Ordering {
        compare_pairs(row, base)
    }
}

fn map_row<'r>((key, row): (&'r Short, &'r Row)) -> StagedRow<'r> {
    let value = row.value.as_deref();
    StagedRow { key: key.as_slice(), value: value.unwrap_or_default(), present: value.is_some() }
}

impl<'r> Iterator for MapRange<'r> {
    type Item = StagedRow<'r>;
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(map_row)
    }
}

impl DoubleEndedIterator for MapRange<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(map_row)
    }
}

impl<'r> Iterator for PairRange<'r> {
    type Item = StagedRow<'r>;
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(pair, presence)| pair_row(pair, *presence))
    }
}

impl DoubleEndedIterator for PairRange<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(pair, presence)| pair_row(pair, *presence))
    }
}
