//! A moment of the store: memtables over a snapshot of the engine.

use std::ops::Bound;
use std::sync::Arc;

use super::filter::{Filter, Hashed};
use super::memtable::{Known, MapRange, Memtable, PairRange};
use crate::engine::{Cursor, Direction, Range, Read, Slice, Snapshot, TableId, Tables, is_crossed};
use crate::error::{Error, Result};
use crate::overlay::MergeCursor;

/// A memtable with its filter.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) rows: Arc<Memtable>,
    pub(super) filter: Arc<Filter>,
    /// counts the checkpoints
    pub(super) generation: u64,
}

impl Layer {
    pub(super) fn new(generation: u64) -> Self {
        Layer { rows: Arc::default(), filter: Arc::default(), generation }
    }
}

/// The memtables: the one that is given to the engine, if there is one, and the one that grows.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    pub(super) draining: Option<Layer>,
    pub(super) active: Layer,
}

impl Layers {
    /// The newest first.
    #[inline]
    fn newest_first(&self) -> impl Iterator<Item = &Layer> {
        std::iter::once(&self.active).chain(&self.draining)
    }

    fn oldest_first(&self) -> impl Iterator<Item = &Layer> {
        self.draining.iter().chain(std::iter::once(&self.active))
    }
}

/// The engine under the memtables, as of the last checkpoint.
#[derive(Clone)]
pub(super) struct Base {
    pub(super) tables: Tables,
    /// number that the log knows each table by
    pub(super) slots: Arc<[usize]>,
    pub(super) snapshot: Arc<dyn Snapshot>,
}

/// All of it.
#[derive(Clone)]
pub(super) struct Merged {
    pub(super) layers: Layers,
    pub(super) base: Base,
}

impl Merged {
    #[inline]
    pub(super) fn slot(&self, table: TableId) -> Result<usize> {
        self.base.slots.get(table.0).copied().ok_or_else(|| Error::internal("a table that was not asked for"))
    }

    /// Whether a layer may have rows of one key; for a range of several it may.
    fn may_have(layer: &Layer, slot: usize, range: Range<'_>) -> bool {
        match range {
            (Bound::Included(low), Bound::Included(high)) if low == high => {
                layer.filter.may_have(Hashed::new(slot, low))
            }
            _ => true,
        }
    }

    /// Layers that have rows of a map in the range.
    fn map_layers(&self, slot: usize, range: Range<'_>) -> impl Iterator<Item = &Layer> {
        self.layers.oldest_first().filter(move |layer| {
            let rows = layer.rows.map(slot);
            rows.is_some_and(|rows| Self::may_have(layer, slot, range) && rows.range(range).next().is_some())
        })
    }

    /// Layers that have pairs of an index in the range.
    fn index_layers(&self, slot: usize, range: Range<'_>) -> impl Iterator<Item = &Layer> {
        self.layers.oldest_first().filter(move |layer| {
            let rows = layer.rows.index(slot);
            rows.is_some_and(|rows| Self::may_have(layer, slot, range) && rows.range(range).next().is_some())
        })
    }

    /// The rows of the layers that have any, over those of the engine.
    fn over<'m>(&'m self, base: Box<dyn Cursor + 'm>, walk: Walk<'_>) -> Result<Rows<'m>> {
        let slot = self.slot(walk.table)?;
        let mut rows = Rows::Bare(base);
        match walk.what {
            What::Map(range) if !is_crossed(range) => {
                for map in self.map_layers(slot, range).filter_map(|layer| layer.rows.map(slot)) {
                    rows = Rows::Map(MergeCursor::new(rows.boxed(), map.range(range), walk.way));
                }
            }
            What::Index(range) if !is_crossed(range) => {
                for index in self.index_layers(slot, range).filter_map(|layer| layer.rows.index(slot)) {
                    rows = Rows::Index(MergeCursor::new(rows.boxed(), index.range(range), walk.way));
                }
            }
            What::Values(key, value) => {
                let range = (Bound::Included(key), Bound::Included(key));
                for index in self.index_layers(slot, range).filter_map(|layer| layer.rows.index(slot)) {
                    let pairs = index.values_from(key, value, walk.way);
                    rows = Rows::Index(MergeCursor::new(rows.boxed(), pairs, walk.way));
                }
            }
            What::Map(_) | What::Index(_) => {}
        }
        Ok(rows)
    }

    /// Whether the engine's rows are all there are.
    fn is_bare(&self, walk: Walk<'_>) -> Result<bool> {
        let slot = self.slot(walk.table)?;
        Ok(match walk.what {
            What::Map(range) => is_crossed(range) || self.map_layers(slot, range).next().is_none(),
            What::Index(range) => is_crossed(range) || self.index_layers(slot, range).next().is_none(),
            What::Values(key, _) => {
                let range = (Bound::Included(key), Bound::Included(key));
                self.index_layers(slot, range).next().is_none()
            }
        })
    }

    fn walk<'m>(&'m self, walk: Walk<'_>) -> Result<Rows<'m>> {
        let base = &*self.base.snapshot;
        let rows = match walk.what {
            What::Map(range) => base.cursor(walk.table, range, walk.way)?,
            What::Index(range) => base.index_cursor(walk.table, range, walk.way)?,
            What::Values(key, value) => base.values_from(walk.table, key, value, walk.way)?,
        };
        self.over(rows, walk)
    }

    fn owned(&self, walk: Walk<'_>) -> Result<Box<dyn Cursor>> {
        if !self.is_bare(walk)? {
            let owned = OwnedCursor::try_new(self.clone(), |merged| merged.walk(walk))?;
            return Ok(Box::new(owned));
        }
        let base = &*self.base.snapshot;
        match walk.what {
            What::Map(range) => base.owned_cursor(walk.table, range, walk.way),
            What::Index(range) => base.owned_index_cursor(walk.table, range, walk.way),
            What::Values(key, value) => base.owned_values_from(walk.table, key, value, walk.way),
        }
    }
}

/// What a cursor is to walk over.
#[derive(Clone, Copy)]
struct Walk<'b> {
    table: TableId,
    what: What<'b>,
    way: Direction,
}

#[derive(Clone, Copy)]
enum What<'b> {
    Map(Range<'b>),
    Index(Range<'b>),
    /// the values of a key, from one of them on
    Values(&'b [u8], &'b [u8]),
}

/// Rows of a table. Which kind they are is asked for each of them, so it is not hidden behind a pointer.
enum Rows<'m> {
    /// nothing lies over the engine's
    Bare(Box<dyn Cursor + 'm>),
    Map(MergeCursor<'m, MapRange<'m>>),
    Index(MergeCursor<'m, PairRange<'m>>),
}

impl<'m> Rows<'m> {
    fn boxed(self) -> Box<dyn Cursor + 'm> {
        match self {
            Rows::Bare(rows) => rows,
            Rows::Map(rows) => Box::new(rows),
            Rows::Index(rows) => Box::new(rows),
        }
    }
}

impl Cursor for Rows<'_> {
    #[inline]
    fn advance(&mut self) -> Result<bool> {
        match self {
            Rows::Bare(rows) => rows.advance(),
            Rows::Map(rows) => rows.advance(),
            Rows::Index(rows) => rows.advance(),
        }
    }

    #[inline]
    fn key(&self) -> &[u8] {
        match self {
            Rows::Bare(rows) => rows.key(),
            Rows::Map(rows) => rows.key(),
            Rows::Index(rows) => rows.key(),
        }
    }

    #[inline]
    fn value(&self) -> &[u8] {
        match self {
            Rows::Bare(rows) => rows.value(),
            Rows::Map(rows) => rows.value(),
            Rows::Index(rows) => rows.value(),
        }
    }
}

self_cell::self_cell!(
    struct OwnedCursor {
        owner: Merged,
        #[not_covariant]
        dependent: Rows,
    }
);

impl Cursor for OwnedCursor {
    fn advance(&mut self) -> Result<bool> {
        self.with_dependent_mut(|_, rows| rows.advance())
    }

    fn key(&self) -> &[u8] {
        self.with_dependent(|_, rows| rows.key())
    }

    fn value(&self) -> &[u8] {
        self.with_dependent(|_, rows| rows.value())
    }
}

impl Read for Merged {
    #[inline]
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Slice<'_>>> {
        let slot = self.slot(table)?;
        let mut hashed = None;
        for layer in self.layers.newest_first() {
            let Some(map) = layer.rows.map(slot) else { continue };
            if !layer.filter.may_have(*hashed.get_or_insert_with(|| Hashed::new(slot, key))) {
                continue;
            }
            match map.get(key) {
                Some(Known::Value(value)) => return Ok(Some(Slice::borrowed(value))),
                Some(Known::Deleted) => return Ok(None),
                None => {}
            }
        }
        self.base.snapshot.get(table, key)
    }

    fn cursor(&self, table: TableId, range: Range<'_>, way: Direction) -> Result<Box<dyn Cursor + '_>> {
        self.walk(Walk { table, what: What::Map(range), way }).map(Rows::boxed)
    }

    fn index_cursor(&self, table: TableId, range: Range<'_>, way: Direction) -> Result<Box<dyn Cursor + '_>> {
        self.walk(Walk { table, what: What::Index(range), way }).map(Rows::boxed)
    }

    fn values_from(
        &self,
        table: TableId,
        key: &[u8],
        value: &[u8],
        way: Direction,
    ) -> Result<Box<dyn Cursor + '_>> {
        self.walk(Walk { table, what: What::Values(key, value), way }).map(Rows::boxed)
    }

    fn index_count(&self, table: TableId, key: &[u8]) -> Result<u64> {
        let slot = self.slot(table)?;
        let range = (Bound::Included(key), Bound::Included(key));
        let may_have =
            |layer: &&Layer| layer.rows.index(slot).is_some() && Self::may_have(layer, slot, range);
        let layers = self.layers.oldest_first().filter(may_have);
        let growth: i64 =
            layers.filter_map(|layer| layer.rows.index(slot)).map(|rows| rows.growth(key)).sum();
        Ok(self.base.snapshot.index_count(table, key)?.saturating_add_signed(growth))
    }

    fn len(&self, table: TableId) -> Result<u64> {
        let slot = self.slot(table)?;
        let maps = self.layers.oldest_first().filter_map(|layer| layer.rows.map(slot));
        // A table whose rows are gone from the memtable again has grown by nothing.
        let growth: i64 = maps.map(super::memtable::MapRows::growth).sum();
        Ok(self.base.snapshot.len(table)?.saturating_add_signed(growth))
    }
}

impl Snapshot for Merged {
    fn owned_cursor(&self, table: TableId, range: Range<'_>, way: Direction) -> Result<Box<dyn Cursor>> {
        self.owned(Walk { table, what: What::Map(range), way })
    }

    fn owned_index_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        way: Direction,
    ) -> Result<Box<dyn Cursor>> {
        self.owned(Walk { table, what: What::Index(range), way })
    }

    fn owned_values_from(
        &self,
        table: TableId,
        key: &[u8],
        value: &[u8],
        way: Direction,
    ) -> Result<Box<dyn Cursor>> {
        self.owned(Walk { table, what: What::Values(key, value), way })
    }
}
