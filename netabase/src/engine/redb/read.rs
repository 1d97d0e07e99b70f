//! A snapshot: an owned read transaction with its tables opened once.

use std::sync::{Arc, OnceLock};

use redb::{
    AccessGuard, ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition,
    TableError,
};

use super::Access;
use super::cursor::{IndexCursor, MapCursor, Nothing};
use super::error::{opening_table, storage};
use super::guard::{Guarded, guarded};
use super::index;
use super::pair::PairKey;
use super::width::{Bytes, RawKey, by_spec, by_width, unknown_table, wrong_form};
use crate::engine::{
    Cursor, Direction, Range, Read, Slice, Snapshot, TableForm, TableId, TableSpec, Tables, is_crossed,
};
use crate::error::Result;

/// A value in one of redb's pages.
pub(in crate::engine) struct Page<'a>(AccessGuard<'a, Bytes>);

impl<'a> Page<'a> {
    pub(super) fn slice(guard: AccessGuard<'a, Bytes>) -> Slice<'a> {
        // Looked at once, where a panic is caught: the bounds of a damaged row may lie outside its page.
        let _ = guard.value();
        Slice::page(Page(guard))
    }

    #[inline]
    pub(in crate::engine) fn bytes(&self) -> &[u8] {
        self.0.value()
    }
}

/// A map without its width.
trait Map: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Slice<'_>>>;
    fn cursor(&self, database: &Arc<Access>, range: Range<'_>, way: Direction) -> Result<Box<dyn Cursor>>;
    fn len(&self) -> Result<u64>;
}

/// An index without its widths.
trait Index: Send + Sync {
    fn cursor(&self, database: &Arc<Access>, range: Range<'_>, way: Direction) -> Result<Box<dyn Cursor>>;
    fn values_from(
        &self,
        database: &Arc<Access>,
        key: &[u8],
        value: &[u8],
        way: Direction,
    ) -> Result<Box<dyn Cursor>>;
    fn count(&self, key: &[u8]) -> Result<u64>;
}

impl<const K: usize> Map for ReadOnlyTable<RawKey<K>, Bytes> {
    fn get(&self, key: &[u8]) -> Result<Option<Slice<'_>>> {
        Ok(ReadableTable::get(self, key).map_err(storage)?.map(Page::slice))
    }

    // The inherent `range` holds the transaction itself. A bound shorter than `K` is fine: it is only compared.
    fn cursor(&self, database: &Arc<Access>, range: Range<'_>, way: Direction) -> Result<Box<dyn Cursor>> {
        let rows = ReadOnlyTable::range::<&[u8]>(self, range).map_err(storage)?;
        Ok(Box::new(MapCursor::new(rows, way, Some(database.clone()))))
    }

    fn len(&self) -> Result<u64> {
        ReadableTableMetadata::len(self).map_err(storage)
    }
}

impl<const K: usize, const V: usize> Index for ReadOnlyTable<PairKey<K, V>, Bytes> {
    fn cursor(&self, database: &Arc<Access>, range: Range<'_>, way: Direction) -> Result<Box<dyn Cursor>> {
        let get = |row: &[u8]| ReadOnlyTable::get(self, row);
        if let Some(cursor) = index::of_key::<K, V>(range, get, way, Some(database.clone()))? {
            return Ok(cursor);
        }
        let Some(range) = index::rows_of::<K, V>(range) else { return Ok(Box::new(Nothing)) };
        let rows = ReadOnlyTable::range::<&[u8]>(self, index::as_bounds(&range)).map_err(storage)?;
        Ok(Box::new(IndexCursor::new(rows, way, Some(database.clone()))))
    }

    fn values_from(
        &self,
        database: &Arc<Access>,
        key: &[u8],
        value: &[u8],
        way: Direction,
    ) -> Result<Box<dyn Cursor>> {
        let range = |range: Range<'_>| ReadOnlyTable::range::<&[u8]>(self, range);
        index::values_from::<K, V>(key, value, way, range, Some(database.clone()))
    }

    fn count(&self, key: &[u8]) -> Result<u64> {
        index::count(self, key)
    }
}

enum Slot {
    Map(Box<dyn Map>),
    Index(Box<dyn Index>),
    /// Nothing was ever written to it.
    Absent,
}

pub(super) struct Reader {
    specs: Tables,
    slots: Guarded<Box<[OnceLock<Slot>]>>,
    transaction: Guarded<ReadTransaction>,
    /// Last, so that it is dropped after the transaction.
    database: Arc<Access>,
}

impl Reader {
    pub(super) fn new(transaction: ReadTransaction, specs: Tables, database: Arc<Access>) -> Self {
        let slots = specs.iter().map(|_| OnceLock::new()).collect();
        Reader { specs, slots: Guarded::new(slots), transaction: Guarded::new(transaction), database }
    }

    #[inline]
    fn slot(&self, table: TableId) -> Result<&Slot> {
        let cell = self.slots.get()?.get(table.0).ok_or_else(unknown_table)?;
        match cell.get() {
            Some(slot) => Ok(slot),
            None => self.open(table, cell),
        }
    }

    #[cold]
    fn open<'s>(&self, table: TableId, cell: &'s OnceLock<Slot>) -> Result<&'s Slot> {
        let spec = self.specs.get(table.0).ok_or_else(unknown_table)?;
        let slot = match open_slot(self.transaction.get()?, spec) {
            Err(TableError::TableDoesNotExist(_)) => Slot::Absent,
            opened => opened.map_err(|error| opening_table(&spec.name, error))?,
        };
        // Two threads may open it at once; one handle is kept, and either would do.
        Ok(cell.get_or_init(|| slot))
    }

    fn spec(&self, table: TableId) -> Option<&TableSpec> {
        self.specs.get(table.0)
    }
}

fn open_slot(transaction: &ReadTransaction, spec: &TableSpec) -> Result<Slot, TableError> {
    let name = &spec.name;
    Ok(by_spec!(spec,
        K => Slot::Map(Box::new(transaction.open_table(TableDefinition::<RawKey<K>, Bytes>::new(name))?)),
        K V => Slot::Index(Box::new(
            transaction.open_table(TableDefinition::<PairKey<K, V>, Bytes>::new(name))?
        ))
    ))
}

impl Read for Reader {
    #[inline]
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Slice<'_>>> {
        guarded(|| match self.slot(table)? {
            Slot::Map(map) => map.get(key),
            Slot::Absent => Ok(None),
            Slot::Index(_) => Err(wrong_form(self.spec(table))),
        })
    }

    fn cursor(&self, table: TableId, range: Range<'_>, direction: Direction) -> Result<Box<dyn Cursor + '_>> {
        self.owned_cursor(table, range, direction)
    }

    fn index_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor + '_>> {
        self.owned_index_cursor(table, range, direction)
    }

    fn values_from(
        &self,
        table: TableId,
        key: &[u8],
        value: &[u8],
        direction: Direction,
    ) -> Result<Box<dyn Cursor + '_>> {
        self.owned_values_from(table, key, value, direction)
    }

    fn index_count(&self, table: TableId, key: &[u8]) -> Result<u64> {
        guarded(|| match self.slot(table)? {
            Slot::Index(index) => index.count(key),
            Slot::Absent => Ok(0),
            Slot::Map(_) => Err(wrong_form(self.spec(table))),
        })
    }

    fn len(&self, table: TableId) -> Result<u64> {
        guarded(|| match self.slot(table)? {
            Slot::Map(map) => map.len(),
            Slot::Absent => Ok(0),
            Slot::Index(_) => Err(wrong_form(self.spec(table))),
        })
    }
}

impl Snapshot for Reader {
    fn owned_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor>> {
        guarded(|| match self.slot(table)? {
            Slot::Map(map) if !is_crossed(range) => map.cursor(&self.database, range, direction),
            Slot::Map(_) | Slot::Absent => Ok(Box::new(Nothing) as Box<dyn Cursor>),
            Slot::Index(_) => Err(wrong_form(self.spec(table))),
        })
    }

    fn owned_index_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor>> {
        guarded(|| match self.slot(table)? {
            Slot::Index(index) if !is_crossed(range) => index.cursor(&self.database, range, direction),
            Slot::Index(_) | Slot::Absent => Ok(Box::new(Nothing) as Box<dyn Cursor>),
            Slot::Map(_) => Err(wrong_form(self.spec(table))),
        })
    }

    fn owned_values_from(
        &self,
        table: TableId,
        key: &[u8],
        value: &[u8],
        direction: Direction,
    ) -> Result<Box<dyn Cursor>> {
        guarded(|| match self.slot(table)? {
            Slot::Index(index) => index.values_from(&self.database, key, value, direction),
            Slot::Absent => Ok(Box::new(Nothing) as Box<dyn Cursor>),
            Slot::Map(_) => Err(wrong_form(self.spec(table))),
        })
    }
}
