//! Reads that see the staged layers over the engine's rows.
//!
//! A scan merges and never flushes: flushing would need `&mut`, so that nobody could `get` while iterating, and
//! dropping the layers would no longer undo everything.

use std::cmp::Ordering;
use std::collections::btree_map;

use super::Overlay;
use super::map_rows::{Known, MapRange};
use super::pair_rows::{Pair, Presence};
use crate::engine::{Cursor, Direction, Range, Read, Slice, TableId, is_crossed};
use crate::error::Result;

/// A write transaction as it sees itself: layers over the engine, the last one on top.
#[derive(Clone, Copy)]
pub(crate) struct Staged<'t> {
    base: &'t dyn Read,
    layers: &'t [Overlay],
}

impl<'t> Staged<'t> {
    pub(crate) fn new(base: &'t dyn Read, layers: &'t [Overlay]) -> Self {
        Staged { base, layers }
    }

    pub(crate) fn get(self, table: TableId, key: &[u8]) -> Result<Option<Slice<'t>>> {
        let staged = |layer: &'t Overlay| layer.maps.get(table.0).and_then(|map| map.get(key));
        match self.layers.iter().rev().find_map(staged) {
            Some(Known::Value(value)) => Ok(Some(Slice::borrowed(value))),
            Some(Known::Deleted) => Ok(None),
            None => self.base.get(table, key),
        }
    }

    pub(crate) fn cursor(
        self,
        table: TableId,
        range: Range<'_>,
        way: Direction,
    ) -> Result<Box<dyn Cursor + 't>> {
        let mut cursor = self.base.cursor(table, range, way)?;
        if is_crossed(range) {
            return Ok(cursor);
        }
        for layer in self.layers {
            if let Some(map) = layer.maps.get(table.0).filter(|map| !map.is_empty()) {
                cursor = Box::new(MergeCursor::new(cursor, map.range(range), way));
            }
        }
        Ok(cursor)
    }

    pub(crate) fn index_cursor(
        self,
        table: TableId,
        range: Range<'_>,
        way: Direction,
    ) -> Result<Box<dyn Cursor + 't>> {
        let mut cursor = self.base.index_cursor(table, range, way)?;
        if is_crossed(range) {
            return Ok(cursor);
        }
        for layer in self.layers {
            if let Some(pairs) = layer.indexes.get(table.0).filter(|pairs| !pairs.is_empty()) {
                cursor = Box::new(MergeCursor::new(cursor, pairs.range(range), way));
            }
        }
        Ok(cursor)
    }

    /// The values of one key, from one of them on.
    pub(crate) fn values_from(
        self,
        table: TableId,
        key: &[u8],
        value: &[u8],
        way: Direction,
    ) -> Result<Box<dyn Cursor + 't>> {
        let mut cursor = self.base.values_from(table, key, value, way)?;
        for layer in self.layers {
            if let Some(pairs) = layer.indexes.get(table.0).filter(|pairs| !pairs.is_empty()) {
                cursor = Box::new(MergeCursor::new(cursor, pairs.values_from(key, value, way), way));
            }
        }
        Ok(cursor)
    }

    /// What the engine stores, plus the staged differences.
    pub(crate) fn index_count(self, table: TableId, key: &[u8]) -> Result<u64> {
        let pairs = self.layers.iter().filter_map(|layer| layer.indexes.get(table.0));
        let growth = pairs.filter(|pairs| !pairs.is_empty()).map(|pairs| pairs.growth(key)).sum();
        Ok(self.base.index_count(table, key)?.saturating_add_signed(growth))
    }

    pub(crate) fn len(self, table: TableId) -> Result<u64> {
        let growth =
            self.layers.iter().filter_map(|layer| layer.maps.get(table.0)).map(|map| map.growth).sum();
        Ok(self.base.len(table)?.saturating_add_signed(growth))
    }
}

/// A staged row. Its place in the order is (key, value) in an index and the key alone in a map.
#[derive(Clone, Copy)]
pub(crate) struct StagedRow<'t> {
    pub(crate) key: &'t [u8],
    pub(crate) value: &'t [u8],
    pub(crate) present: bool,
}

/// The staged rows of one table, either form.
pub(crate) trait Rows<'t>: DoubleEndedIterator<Item = Self::Entry> + Send {
    type Entry;
    fn row(entry: Self::Entry) -> StagedRow<'t>;
    /// Compares the places of a staged and an engine's row.
    fn compare(row: &StagedRow<'_>, base: &dyn Cursor) -> Ordering;
}

impl<'t> Rows<'t> for MapRange<'t> {
    type Entry = (&'t [u8], Option<&'t [u8]>);
    fn row((key, value): Self::Entry) -> StagedRow<'t> {
        StagedRow { key, value: value.unwrap_or_default(), present: value.is_some() }
    }
    fn compare(row: &StagedRow<'_>, base: &dyn Cursor) -> Ordering {
        row.key.cmp(base.key())
    }
}

impl<'t> Rows<'t> for btree_map::Range<'t, Pair, Presence> {
    type Entry = (&'t Pair, &'t Presence);
    fn row((pair, presence): Self::Entry) -> StagedRow<'t> {
        pair_row(pair, *presence)
    }
    fn compare(row: &StagedRow<'_>, base: &dyn Cursor) -> Ordering {
        compare_pairs(row, base)
    }
}

pub(crate) fn pair_row(pair: &Pair, presence: Presence) -> StagedRow<'_> {
    let (key, value) = pair.parts();
    StagedRow { key, value, present: presence == Presence::Inserted }
}

pub(crate) fn compare_pairs(row: &StagedRow<'_>, base: &dyn Cursor) -> Ordering {
    row.key.cmp(base.key()).then_with(|| row.value.cmp(base.value()))
}

/// Which of the two sources the current row comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// `advance` was not called yet
    Neither,
    Base,
    Staged,
}

/// The rows of a table, of which some are staged.
pub(crate) struct MergeCursor<'t, R> {
    base: Box<dyn Cursor + 't>,
    /// whether it stands on one
    base_has_row: bool,
    rows: R,
    staged: Option<StagedRow<'t>>,
    /// what its key begins with, if it is so long
    bound: Option<u64>,
    way: Direction,
    current: Source,
}

impl<'t, R: Rows<'t>> MergeCursor<'t, R> {
    pub(crate) fn new(base: Box<dyn Cursor + 't>, rows: R, way: Direction) -> Self {
        MergeCursor {
            base,
            base_has_row: false,
            rows,
            staged: None,
            bound: None,
            way,
            current: Source::Neither,
        }
    }

    fn next_staged(&mut self) {
        let next = match self.way {
            Direction::Forward => self.rows.next(),
            Direction::Reverse => self.rows.next_back(),
        };
        self.staged = next.map(R::row);
        let first = self.staged.as_ref().and_then(|row| row.key.first_chunk());
        self.bound = first.copied().map(u64::from_be_bytes);
    }

    fn next_base(&mut self) -> Result<()> {
        self.base_has_row = self.base.advance()?;
        Ok(())
    }

    /// How the staged row stands to the engine's, in the direction of the walk.
    fn order(&self, staged: &StagedRow<'t>) -> Ordering {
        if !self.base_has_row {
            return Ordering::Less;
        }
        let order = R::compare(staged, &*self.base);
        if self.way == Direction::Forward { order } else { order.reverse() }
    }

    /// Whether the engine's row surely comes before the staged one: most of the time the first bytes of its key tell.
    #[inline]
    fn is_before_staged(&self) -> bool {
        let Some(bound) = self.bound else { return self.staged.is_none() };
        let Some(first) = self.base.key().first_chunk() else { return false };
        let first = u64::from_be_bytes(*first);
        if self.way == Direction::Forward { first < bound } else { first > bound }
    }

    /// Goes on when the next row may be a staged one. Apart from `advance`, which is the shorter for it.
    #[inline(never)]
    fn advance_staged(&mut self) -> Result<bool> {
        match self.current {
            Source::Neither => {
                self.next_staged();
                self.next_base()?;
            }
            Source::Base => {}
            Source::Staged => self.next_staged(),
        }
        while let Some(staged) = &self.staged {
            match self.order(staged) {
                Ordering::Greater => break,
                // The staged row hides the engine's.
                Ordering::Equal => self.base_has_row = self.base.advance()?,
                Ordering::Less => {}
            }
            if staged.present {
                self.current = Source::Staged;
                return Ok(true);
            }
            self.next_staged();
        }
        self.current = Source::Base;
        Ok(self.base_has_row)
    }
}

impl<'t, R: Rows<'t>> Cursor for MergeCursor<'t, R> {
    #[inline]
    fn advance(&mut self) -> Result<bool> {
        // Most rows of a large table are the engine's.
        if self.current == Source::Base {
            if !self.base.advance()? {
                self.base_has_row = false;
            } else if self.is_before_staged() {
                return Ok(true);
            }
        }
        self.advance_staged()
    }

    #[inline]
    fn key(&self) -> &[u8] {
        match (self.current, &self.staged) {
            (Source::Staged, Some(row)) => row.key,
            _ => self.base.key(),
        }
    }

    #[inline]
    fn value(&self) -> &[u8] {
        match (self.current, &self.staged) {
            (Source::Staged, Some(row)) => row.value,
            _ => self.base.value(),
        }
    }
}
