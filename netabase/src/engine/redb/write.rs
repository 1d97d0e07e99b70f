//! A write transaction: redb's own, with the tables it has open beside it.

use std::iter::Peekable;
use std::ops::Bound;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use redb::{
    CommitError, CursorError, MultimapTable, MultimapTableDefinition, ReadableMultimapTable, ReadableTable,
    ReadableTableMetadata, Table, TableDefinition, TableError, WriteTransaction,
};

use super::Access;
use super::cursor::{IndexCursor, MapCursor, Nothing};
use super::error::{opening_table, storage};
use super::guard::{Guarded, guarded};
use super::read::Page;
use super::width::{Bytes, RawKey, by_spec, by_width, check, unknown_table, wrong_form};
use crate::engine::{
    Commit, Cursor, Direction, IndexChange, MapChange, Range, Read, Slice, TableForm, TableId, TableSpec,
    Tables, Write, is_crossed,
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
    fn count(&self, key: &[u8]) -> Result<u64>;
    fn len(&self) -> Result<u64>;
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
        let mut changes = changes.peekable();
        let mut run = Vec::with_capacity(RUN);
        while let Some(change) = changes.next() {
            match change {
                MapChange::Insert(key, value) => {
                    run.push((key, value));
                    let more = std::iter::from_fn(|| next_insert(&mut changes, |_| true));
                    run.extend(more.take(RUN - 1));
                    insert_run(self, &mut run, &mut changes)?;
                }
                MapChange::Put(key, value) => put(self, key, value)?,
                MapChange::Delete(key) => {
                    self.remove(key).map_err(storage)?;
                }
            }
        }
        Ok(())
    }
}

type MapChanges<'i, 'c> = Peekable<&'i mut dyn Iterator<Item = MapChange<'c>>>;

/// How many new keys in one gap are worth a cursor. It splices what it has inserted into the tree as pages of its
/// own, so short runs would leave many half-empty pages behind, and with them a deeper tree.
const RUN: usize = 64;

fn next_insert<'c>(
    changes: &mut MapChanges<'_, 'c>,
    within: impl FnOnce(&[u8]) -> bool,
) -> Option<(&'c [u8], &'c [u8])> {
    match changes.next_if(|change| matches!(change, MapChange::Insert(key, _) if within(key)))? {
        MapChange::Insert(key, value) => Some((key, value)),
        MapChange::Put(..) | MapChange::Delete(_) => None,
    }
}

fn put<const K: usize>(table: &mut Table<'_, RawKey<K>, Bytes>, key: &[u8], value: &[u8]) -> Result<()> {
    check::<K>(key)?;
    table.insert(key, value).map_err(storage)?;
    Ok(())
}

/// Inserts new keys, and empties `run`. If it is long and falls into one gap between old keys, all that follows in
/// that gap goes through one cursor: a bulk load, or keys at the end, costs a fraction of single inserts.
fn insert_run<'c, const K: usize>(
    table: &mut Table<'_, RawKey<K>, Bytes>,
    run: &mut Vec<(&'c [u8], &'c [u8])>,
    changes: &mut MapChanges<'_, 'c>,
) -> Result<()> {
    let (Some((first, _)), Some((last, _))) = (run.first().copied(), run.last().copied()) else {
        return Ok(());
    };
    let gap_end = if run.len() < RUN { None } else { Some(next_key(table, first)?) };
    match gap_end {
        Some(end) if end.as_deref().is_none_or(|end| last < end) => {
            let in_gap = |key: &[u8]| end.as_deref().is_none_or(|end| key < end);
            let more = std::iter::from_fn(|| next_insert(changes, in_gap));
            let mut cursor = table.lower_bound_mut(Bound::Included(first)).map_err(storage)?;
            for (key, value) in run.drain(..).chain(more) {
                check::<K>(key)?;
                cursor.insert_before(key, value).map_err(unordered)?;
            }
            cursor.close().map_err(storage)
        }
        _ => run.drain(..).try_for_each(|(key, value)| put(table, key, value)),
    }
}

/// The first key from `key` on.
fn next_key<const K: usize>(table: &Table<'_, RawKey<K>, Bytes>, key: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut rows = ReadableTable::range::<&[u8]>(table, key..).map_err(storage)?;
    let row = rows.next().transpose().map_err(storage)?;
    Ok(row.map(|(key, _)| key.value().to_vec()))
}

#[cold]
fn unordered(error: CursorError) -> Error {
    match error {
        CursorError::Storage(error) => storage(error),
        _ => Error::internal("changes out of order"),
    }
}

impl<const K: usize, const V: usize> Index for MultimapTable<'_, RawKey<K>, RawKey<V>> {
    fn cursor(&self, range: Range<'_>, direction: Direction) -> Result<Box<dyn Cursor + '_>> {
        let keys = ReadableMultimapTable::range::<&[u8]>(self, range).map_err(storage)?;
        Ok(Box::new(IndexCursor::new(keys, direction, None)))
    }

    fn count(&self, key: &[u8]) -> Result<u64> {
        Ok(ReadableMultimapTable::get(self, key).map_err(storage)?.len())
    }

    fn len(&self) -> Result<u64> {
        ReadableTableMetadata::len(self).map_err(storage)
    }

    fn apply(&mut self, changes: &mut dyn Iterator<Item = IndexChange<'_>>) -> Result<()> {
        for change in changes {
            match change {
                IndexChange::Insert(key, value) => {
                    check::<K>(key)?;
                    check::<V>(value)?;
                    self.insert(key, value).map_err(storage)?;
                }
                IndexChange::Remove(key, value) => {
                    self.remove(key, value).map_err(storage)?;
                }
            }
        }
        Ok(())
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
            let definition = MultimapTableDefinition::<RawKey<K>, RawKey<V>>::new(name);
            Slot::Index(Box::new(transaction.open_multimap_table(definition).map_err(failed)?))
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
    /// Last, so that it is dropped after the transaction.
    _database: Arc<Access>,
}

impl Writer {
    pub(super) fn new(transaction: WriteTransaction, specs: Tables, database: Arc<Access>) -> Self {
        let open = OpenTables::new(transaction, |_| Slots {
            cells: specs.iter().map(|_| OnceLock::new()).collect(),
            opening: Mutex::new(()),
        });
        Writer { specs, open: Guarded::new(open), _database: database }
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

    fn index_count(&self, table: TableId, key: &[u8]) -> Result<u64> {
        guarded(|| self.index(table)?.count(key))
    }

    fn len(&self, table: TableId) -> Result<u64> {
        guarded(|| match self.specs.get(table.0).ok_or_else(unknown_table)?.form {
            TableForm::Map => self.map(table)?.len(),
            TableForm::Index => self.index(table)?.len(),
        })
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
                let map = TableDefinition::<RawKey<0>, Bytes>::new(name);
                let dropped = match transaction.delete_table(map) {
                    Err(TableError::TableIsMultimap(_)) => transaction
                        .delete_multimap_table(MultimapTableDefinition::<RawKey<0>, RawKey<0>>::new(name)),
                    dropped => dropped,
                };
                dropped.map_err(|error| opening_table(name, error))
            })
        })
    }

    fn commit(mut self: Box<Self>) -> Result<Commit> {
        let open = self.open.take()?;
        // Taking the owner out drops the tables first, which writes their roots back.
        let committed = guarded(|| Ok(open.into_owner().commit()));
        match committed {
            Ok(Ok(())) => Ok(Commit::Committed),
            // Of a failed write or sync nobody can tell how much of it will be there after a restart.
            Ok(Err(error @ CommitError::Storage(_))) => Err(Error::caused(ErrorKind::CommitUnknown, error)),
            Ok(Err(error)) => Err(Error::engine(error)),
            Err(error) => Err(Error::caused(ErrorKind::CommitUnknown, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use redb::{Database, TableStats, backends::InMemoryBackend};

    use super::*;

    const DEFINITION: TableDefinition<'_, RawKey<8>, Bytes> = TableDefinition::new("t");

    /// What the table looks like after sorted batches of new keys that fall between the old ones.
    fn shape(write: impl Fn(&mut Table<'_, RawKey<8>, Bytes>, &[[u8; 8]])) -> TableStats {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        // A step that shares no factor with 2^64 spreads the keys evenly.
        let keys: Vec<_> =
            (0..12_000_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()).collect();
        for batch in keys.chunks(1000) {
            let mut batch = batch.to_vec();
            batch.sort_unstable();
            let transaction = database.begin_write().unwrap();
            write(&mut transaction.open_table(DEFINITION).unwrap(), &batch);
            transaction.commit().unwrap();
        }
        let transaction = database.begin_write().unwrap();
        let table = transaction.open_table(DEFINITION).unwrap();
        assert_eq!(ReadableTableMetadata::len(&table).unwrap(), 12_000);
        table.stats().unwrap()
    }

    // A cursor for each short run made a tree with eight times the inner pages, and a level more.
    #[test]
    fn batches_leave_a_tree_like_that_of_single_inserts() {
        let value = [7; 190];
        let ours = shape(|table, keys| {
            Map::apply(table, &mut keys.iter().map(|key| MapChange::Insert(key, &value))).unwrap();
        });
        let single = shape(|table, keys| {
            for key in keys {
                table.insert(key.as_slice(), value.as_slice()).unwrap();
            }
        });
        assert_eq!(ours.tree_height(), single.tree_height());
        assert!(ours.branch_pages() <= single.branch_pages() + 2, "{ours:?} {single:?}");
        assert!(ours.leaf_pages() <= single.leaf_pages() * 11 / 10, "{ours:?} {single:?}");
    }
}
