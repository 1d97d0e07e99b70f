//! A write transaction: redb's own, with the tables it has open beside it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use redb::{CommitError, ReadableTable, ReadableTableMetadata, Table, TableDefinition, WriteTransaction};

use super::Access;
use super::cursor::{IndexCursor, MapCursor, Nothing};
use super::error::{opening_table, storage};
use super::guard::{Guarded, guarded};
use super::pair::{PairKey, PairTable};
use super::read::Page;
use super::width::{Bytes, RawKey, by_spec, by_width, unknown_table, wrong_form};
use super::{index, rows};
use crate::engine::{
    Commit, Cursor, Direction, Durability, IndexChange, MapChange, Range, Read, Slice, TableForm, TableId,
    TableSpec, Tables, Write, is_crossed,
};
use crate::error::{Error, ErrorKind, Result};

/// A map without its width.
trait Map: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Slice<'_>>>;
    fn cursor(&self, range: Range<'_>, direction: Direction) -> Result<Box<dyn Cursor + '_>>;
    fn len(&self) -> Result<u64>;
    fn apply(&mut self, changes: &mut dyn Iterator<Item = MapChange<'_>>) -> Result<()>;
}

/// An index without its widths.
trait Index: Send + Sync {
    fn cursor(&self, range: Range<'_>, direction: Direction) -> Result<Box<dyn Cursor + '_>>;
    fn values_from(&self, key: &[u8], value: &[u8], direction: Direction) -> Result<Box<dyn Cursor + '_>>;
    fn count(&self, key: &[u8]) -> Result<u64>;
    fn apply(&mut self, changes: &mut dyn Iterator<Item = IndexChange<'_>>) -> Result<()>;
}

impl<const K: usize> Map for Table<'_, RawKey<K>, Bytes> {
    fn get(&self, key: &[u8]) -> Result<Option<Slice<'_>>> {
        Ok(ReadableTable::get(self, key).map_err(storage)?.map(Page::slice))
    }

    fn cursor(&self, range: Range<'_>, direction: Direction) -> Result<Box<dyn Cursor + '_>> {
        let rows = ReadableTable::range::<&[u8]>(self, range).map_err(storage)?;
        Ok(Box::new(MapCursor::new(rows, direction, None)))
    }

    fn len(&self) -> Result<u64> {
        ReadableTableMetadata::len(self).map_err(storage)
    }

    fn apply(&mut self, changes: &mut dyn Iterator<Item = MapChange<'_>>) -> Result<()> {
        rows::apply(self, changes)
    }
}

impl<const K: usize, const V: usize> Index for PairTable<'_, K, V> {
    fn cursor(&self, range: Range<'_>, direction: Direction) -> Result<Box<dyn Cursor + '_>> {
        let get = |row: &[u8]| ReadableTable::get(self, row);
        if let Some(cursor) = index::of_key::<K, V>(range, get, direction, None)? {
            return Ok(cursor);
        }
        let Some(range) = index::rows_of::<K, V>(range) else { return Ok(Box::new(Nothing)) };
        let rows = ReadableTable::range::<&[u8]>(self, index::as_bounds(&range)).map_err(storage)?;
        Ok(Box::new(IndexCursor::new(rows, direction, None)))
    }

    fn values_from(&self, key: &[u8], value: &[u8], direction: Direction) -> Result<Box<dyn Cursor + '_>> {
        let range = |range: Range<'_>| ReadableTable::range::<&[u8]>(self, range);
        index::values_from::<K, V>(key, value, direction, range, None)
    }

    fn count(&self, key: &[u8]) -> Result<u64> {
        index::count(self, key)
    }

    fn apply(&mut self, changes: &mut dyn Iterator<Item = IndexChange<'_>>) -> Result<()> {
        index::apply(self, changes)
    }
}

enum Slot<'t> {
    Map(Box<dyn Map + 't>),
    Index(Box<dyn Index + 't>),
}

/// Tables opened so far. Lock-once cells, so that a read through `&self` may open one.
struct Slots<'t> {
    cells: Box<[OnceLock<Slot<'t>>]>,
    /// redb opens a table once in a transaction, so two threads must not both try.
    opening: Mutex<()>,
}

impl<'t> Slots<'t> {
    fn slot(
        &self,
        transaction: &'t WriteTransaction,
        specs: &[TableSpec],
        table: TableId,
    ) -> Result<&Slot<'t>> {
        let cell = self.cells.get(table.0).ok_or_else(unknown_table)?;
        if let Some(slot) = cell.get() {
            return Ok(slot);
        }
        let _alone = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = cell.get() {
            return Ok(slot);
        }
        let slot = open(transaction, specs.get(table.0).ok_or_else(unknown_table)?)?;
        Ok(cell.get_or_init(|| slot))
    }
}

fn open<'t>(transaction: &'t WriteTransaction, spec: &TableSpec) -> Result<Slot<'t>> {
    let name = &spec.name;
    let failed = |error| opening_table(name, error);
    Ok(by_spec!(spec,
        K => {
            let table = transaction.open_table(TableDefinition::<RawKey<K>, Bytes>::new(name)).map_err(failed)?;
            Slot::Map(Box::new(table))
        },
        K V => {
            let table = transaction.open_table(TableDefinition::<PairKey<K, V>, Bytes>::new(name));
            Slot::Index(Box::new(table.map_err(failed)?))
        }
    ))
}

self_cell::self_cell!(
    struct OpenTables {
        owner: WriteTransaction,
        #[not_covariant]
        dependent: Slots,
    }
);

pub(super) struct Writer {
    specs: Tables,
    open: Guarded<OpenTables>,
    quick_repair: bool,
    /// Last, so that it is dropped after the transaction.
    _database: Arc<Access>,
}

impl Writer {
    pub(super) fn new(
        transaction: WriteTransaction,
        specs: Tables,
        (database, quick_repair): (Arc<Access>, bool),
    ) -> Self {
        let open = OpenTables::new(transaction, |_| Slots {
            cells: specs.iter().map(|_| OnceLock::new()).collect(),
            opening: Mutex::new(()),
        });
        Writer { specs, open: Guarded::new(open), quick_repair, _database: database }
    }

    fn map<'s>(&'s self, table: TableId) -> Result<&'s (dyn Map + 's)> {
        self.open.get()?.with_dependent(|transaction, slots| {
            match slots.slot(transaction, &self.specs, table)? {
                Slot::Map(map) => Ok(&**map as &'s (dyn Map + 's)),
                Slot::Index(_) => Err(wrong_form(self.specs.get(table.0))),
            }
        })
    }

    fn index<'s>(&'s self, table: TableId) -> Result<&'s (dyn Index + 's)> {
        self.open.get()?.with_dependent(|transaction, slots| {
            match slots.slot(transaction, &self.specs, table)? {
                Slot::Index(index) => Ok(&**index as &'s (dyn Index + 's)),
                Slot::Map(_) => Err(wrong_form(self.specs.get(table.0))),
            }
        })
    }

    fn with_slot(&mut self, table: TableId, change: impl FnOnce(&mut Slot<'_>) -> Result<()>) -> Result<()> {
        let specs = &self.specs;
        let open = self.open.get_mut()?;
        guarded(|| {
            open.with_dependent_mut(|transaction, slots| {
                slots.slot(transaction, specs, table)?;
                change(slots.cells.get_mut(table.0).and_then(OnceLock::get_mut).ok_or_else(unknown_table)?)
            })
        })
    }
}

impl Read for Writer {
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Slice<'_>>> {
        guarded(|| self.map(table)?.get(key))
    }

    fn cursor(&self, table: TableId, range: Range<'_>, direction: Direction) -> Result<Box<dyn Cursor + '_>> {
        if is_crossed(range) {
            return Ok(Box::new(Nothing));
        }
        guarded(|| self.map(table)?.cursor(range, direction))
    }

    fn index_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor + '_>> {
        if is_crossed(range) {
            return Ok(Box::new(Nothing));
        }
        guarded(|| self.index(table)?.cursor(range, direction))
    }

    fn values_from(
        &self,
        table: TableId,
        key: &[u8],
        value: &[u8],
        direction: Direction,
    ) -> Result<Box<dyn Cursor + '_>> {
        guarded(|| self.index(table)?.values_from(key, value, direction))
    }

    fn index_count(&self, table: TableId, key: &[u8]) -> Result<u64> {
        guarded(|| self.index(table)?.count(key))
    }

    fn len(&self, table: TableId) -> Result<u64> {
        guarded(|| self.map(table)?.len())
    }
}

impl Write for Writer {
    fn apply(&mut self, table: TableId, changes: &mut dyn Iterator<Item = MapChange<'_>>) -> Result<()> {
        self.with_slot(table, |slot| match slot {
            Slot::Map(map) => map.apply(changes),
            Slot::Index(_) => Err(wrong_form(None)),
        })
    }

    fn apply_index(
        &mut self,
        table: TableId,
        changes: &mut dyn Iterator<Item = IndexChange<'_>>,
    ) -> Result<()> {
        self.with_slot(table, |slot| match slot {
            Slot::Index(index) => index.apply(changes),
            Slot::Map(_) => Err(wrong_form(None)),
        })
    }

    fn drop_table(&mut self, name: &str) -> Result<bool> {
        let specs = &self.specs;
        let open = self.open.get_mut()?;
        guarded(|| {
            open.with_dependent_mut(|transaction, slots| {
                // redb drops no table that is open.
                for (spec, cell) in specs.iter().zip(&mut slots.cells) {
                    if spec.name == name {
                        cell.take();
                    }
                }
                // Of a definition only the name counts here.
                let table = TableDefinition::<RawKey<0>, Bytes>::new(name);
                transaction.delete_table(table).map_err(|error| opening_table(name, error))
            })
        })
    }

    fn commit(mut self: Box<Self>, durability: Durability) -> Result<Commit> {
        let (open, quick_repair) = (self.open.take()?, self.quick_repair);
        let committed = guarded(|| {
            // Taking the owner out drops the tables first, which writes their roots back.
            let mut transaction = open.into_owner();
            if durability == Durability::Eventual {
                transaction.set_durability(redb::Durability::None).map_err(Error::engine)?;
            } else {
                transaction.set_quick_repair(quick_repair);
            }
            Ok(transaction.commit())
        });
        match committed {
            Ok(Ok(())) => Ok(Commit::Committed),
            // Of a failed write or sync nobody can tell how much of it will be there after a restart.
            Ok(Err(error @ CommitError::Storage(_))) => Err(Error::caused(ErrorKind::CommitUnknown, error)),
            Ok(Err(error)) => Err(Error::engine(error)),
            Err(error) => Err(Error::caused(ErrorKind::CommitUnknown, error)),
        }
    }
}
