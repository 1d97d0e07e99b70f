//! What netabase asks of a storage engine: ordered tables of bytes in transactions.
//!
//! An engine never sees a model. It knows tables of two shapes: a **map** from key to value, and an **index**
//! from key to an ordered set of values (a multimap). Keys sort as `memcmp` sorts. The traits are object safe,
//! so a [`Store`](crate::Store) has no type parameter for its engine, and no method assumes a local file, one
//! writer or cheap single reads.
//!
//! [`Redb`] is the engine of every store unless [`Builder::engine`](crate::Builder::engine) brings another.

mod begun;
mod redb;
mod slice;

use std::fmt;
use std::ops::{self, Bound};
use std::sync::Arc;

pub use self::redb::{Redb, RedbOptions};
pub use slice::Slice;

use crate::error::{Error, ErrorKind, Result};

/// A table: its place in the list that a transaction was begun with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub usize);

/// What a table is called and what its rows look like. Part of the file format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSpec {
    /// name in the file
    pub name: String,
    /// map or index
    pub form: TableForm,
    /// bytes of every key, where fixed
    pub key_width: Option<usize>,
    /// bytes of every value, where fixed
    pub value_width: Option<usize>,
}

/// The shape of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableForm {
    /// key -> value
    Map,
    /// key -> ordered set of values
    Index,
}

/// The tables of a transaction. A table that the file does not have yet reads as empty.
pub type Tables = Arc<[TableSpec]>;

/// A range of keys. One whose ends cross holds nothing.
pub type Range<'b> = (Bound<&'b [u8]>, Bound<&'b [u8]>);

/// Which way a cursor walks. In an index the values of a key turn round with the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// ascending
    Forward,
    /// descending
    Reverse,
}

/// Whether no key can lie in the range. (`BTreeMap::range` panics on such a range.)
pub fn is_crossed(range: Range<'_>) -> bool {
    match range {
        (Bound::Included(low), Bound::Included(high)) => low > high,
        (Bound::Included(low) | Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) => {
            low >= high
        }
        _ => false,
    }
}

/// Walks over rows: advance, then look. Nothing is copied, and merging needs no peek buffer.
pub trait Cursor: Send {
    /// Goes to the next row; `false` at the end, and from then on.
    fn advance(&mut self) -> Result<bool>;
    /// Key of the row. Empty before the first `advance` and after the end.
    fn key(&self) -> &[u8];
    /// Value of the row.
    fn value(&self) -> &[u8];
}

/// Reads of a snapshot or of a write transaction.
pub trait Read: Send + Sync {
    /// The value of a map's key.
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Slice<'_>>>;
    /// The rows of a map.
    fn cursor(&self, table: TableId, range: Range<'_>, direction: Direction) -> Result<Box<dyn Cursor + '_>>;
    /// The rows (key, value) of an index, by key and then by value.
    fn index_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor + '_>>;
    /// The values of one key of an index, from one of them on, or from where it would stand: in the direction of the walk.
    /// The default steps over the others.
    fn values_from(
        &self,
        table: TableId,
        key: &[u8],
        value: &[u8],
        direction: Direction,
    ) -> Result<Box<dyn Cursor + '_>> {
        let rows = self.index_cursor(table, (Bound::Included(key), Bound::Included(key)), direction)?;
        Ok(Box::new(begun::Begun { rows, value: Some(value.to_vec()), way: direction }))
    }
    /// How many values an index has under one key. Does not depend on their number.
    fn index_count(&self, table: TableId, key: &[u8]) -> Result<u64>;
    /// Rows of a map. Does not depend on their number.
    fn len(&self, table: TableId) -> Result<u64>;
}

/// One moment of the store, which later commits do not change. It keeps the engine open.
pub trait Snapshot: Read {
    /// As [`Read::cursor`], and keeps the snapshot alive by itself.
    fn owned_cursor(&self, table: TableId, range: Range<'_>, direction: Direction)
    -> Result<Box<dyn Cursor>>;
    /// As [`Read::index_cursor`], and keeps the snapshot alive by itself.
    fn owned_index_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor>>;
    /// As [`Read::values_from`], and keeps the snapshot alive by itself.
    fn owned_values_from(
        &self,
        table: TableId,
        key: &[u8],
        value: &[u8],
        direction: Direction,
    ) -> Result<Box<dyn Cursor>> {
        let rows = self.owned_index_cursor(table, (Bound::Included(key), Bound::Included(key)), direction)?;
        Ok(Box::new(begun::Begun { rows, value: Some(value.to_vec()), way: direction }))
    }
}

/// A write transaction. It reads what it has written. Dropping it undoes everything.
pub trait Write: Read {
    /// Changes a map. Keys ascend and no key comes twice. After an error part of it may be done.
    fn apply(&mut self, table: TableId, changes: &mut dyn Iterator<Item = MapChange<'_>>) -> Result<()>;
    /// Changes an index. Pairs ascend by key and then by value, and no pair comes twice. After an error part of it
    /// may be done.
    fn apply_index(
        &mut self,
        table: TableId,
        changes: &mut dyn Iterator<Item = IndexChange<'_>>,
    ) -> Result<()>;
    /// Adds a row to a map, whose key is absent. `parts` of the value will soon be the values of other rows, so that an engine with a log
    /// need not write them twice. The default takes no notice.
    fn insert_parts(
        &mut self,
        table: TableId,
        (key, value): (&[u8], &[u8]),
        _parts: &[ops::Range<usize>],
    ) -> Result<()> {
        self.apply(table, &mut [MapChange::Insert(key, value)].into_iter())
    }
    /// Tells about how many bytes of changes are to follow, so that an engine may choose another way for many.
    fn announce(&mut self, _bytes: usize) -> Result<()> {
        Ok(())
    }
    /// Removes a table with all its rows, by its name in the file; `false` if there is none. One that the transaction
    /// was begun with may be written to afterwards, and begins empty.
    fn drop_table(&mut self, name: &str) -> Result<bool>;
    /// Makes everything visible and, sooner or later, durable; or nothing. An engine may do more than it is asked for.
    fn commit(self: Box<Self>, durability: Durability) -> Result<Commit>;
    /// As [`commit`](Self::commit), and may return before the commit is as durable as was asked for, so that the next writer may
    /// begin. The default commits.
    fn submit(self: Box<Self>, durability: Durability) -> Result<Submitted> {
        self.commit(durability).map(Submitted::Done)
    }
    /// Ends it without a change; what it has read is durable when it is [done](Submitted). Where only durable commits are read there is
    /// nothing to wait for.
    fn end(self: Box<Self>) -> Result<Submitted> {
        Ok(Submitted::Done(Commit::Committed))
    }
}

/// A commit that was [submitted](Write::submit).
pub enum Submitted {
    /// it has ended
    Done(Commit),
    /// It is on its way. The next writer sees what it wrote, snapshots do not yet.
    Pending(Box<dyn Pending>),
}

/// A commit on its way. If it is not waited for it goes on, as far as it has come.
pub trait Pending: Send {
    /// Waits until it is durable.
    fn wait(self: Box<Self>) -> Result<Commit>;
}

/// A change of one key of a map. Whoever makes it knows whether the key is there, so that an engine need not look.
#[derive(Clone, Copy, Debug)]
pub enum MapChange<'c> {
    /// A key that is absent.
    Insert(&'c [u8], &'c [u8]),
    /// A key that is present.
    Put(&'c [u8], &'c [u8]),
    /// A key that is present.
    Delete(&'c [u8]),
}

/// A change of one pair (key, value) of an index.
#[derive(Clone, Copy, Debug)]
pub enum IndexChange<'c> {
    /// A pair that is absent.
    Insert(&'c [u8], &'c [u8]),
    /// A pair that is present.
    Remove(&'c [u8], &'c [u8]),
}

/// When a commit is safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When it returns: neither a kill of the process nor a power cut loses it.
    #[default]
    Immediate,
    /// With the next immediate commit, or when the store is closed. Until then a kill of the process loses it, as a
    /// power cut does: the last eventual commits, each as a whole, and none before one that stays.
    Eventual,
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It is there, and as durable as was asked for.
    Committed,
    /// Another commit came in between: nothing happened, and the same work may be tried again.
    Conflict,
    /// Contact was lost: it is durable or nothing happened.
    Unknown,
}

impl Commit {
    /// Anything but a commit is an error.
    pub(crate) fn into_result(self) -> Result<()> {
        match self {
            Commit::Committed => Ok(()),
            Commit::Conflict => Err(Error::new(ErrorKind::Conflict { attempts: 1 })),
            Commit::Unknown => Err(Error::new(ErrorKind::CommitUnknown)),
        }
    }
}

/// Sets a row of a map, or deletes it, whether it is there or not.
pub(crate) fn set_row(
    writer: &mut dyn Write,
    table: TableId,
    key: &[u8],
    value: Option<&[u8]>,
) -> Result<()> {
    let is_there = writer.get(table, key)?.is_some();
    let change = match (value, is_there) {
        (Some(value), true) => MapChange::Put(key, value),
        (Some(value), false) => MapChange::Insert(key, value),
        (None, true) => MapChange::Delete(key),
        (None, false) => return Ok(()),
    };
    writer.apply(table, &mut [change].into_iter())
}

/// What an engine takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// bytes of a key, in any table
    pub key: usize,
    /// bytes of a value of a map
    pub value: usize,
}

/// How an engine's check of itself ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// everything is as it was written
    Sound,
    /// Something was not, and was mended; no commit was lost.
    Repaired,
    /// Something is damaged. The store takes no more writes until it is opened again.
    Failed,
    /// the engine has no check
    None,
}

/// What a store takes on disk and in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// bytes of the file
    pub file: u64,
    /// bytes of it that hold nothing: what a compaction could give back at best
    pub free: u64,
    /// every table
    pub tables: Vec<TableStats>,
    /// how the cache of pages does, where the engine counts it
    pub cache: Option<CacheStats>,
}

/// What one table takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableStats {
    /// name in the file
    pub name: String,
    /// rows of a map, pairs of an index
    pub rows: u64,
    /// bytes of its keys and values
    pub bytes: u64,
    /// bytes of the pages they stand in
    pub pages: u64,
}

/// How the cache of pages does since the store was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheStats {
    /// bytes in memory
    pub bytes: u64,
    /// reads that found their page
    pub hits: u64,
    /// reads that went to the file
    pub misses: u64,
}

/// An ordered, transactional store of bytes.
pub trait Engine: Send + Sync + fmt::Debug {
    /// A snapshot of the last commit. Never waits for a writer.
    fn begin_read(&self, tables: &Tables) -> Result<Arc<dyn Snapshot>>;
    /// A write transaction. May wait for the one before it.
    fn begin_write(&self, tables: &Tables) -> Result<Box<dyn Write>>;
    /// A write transaction for work that is large, or changes what tables there are.
    fn begin_bulk(&self, tables: &Tables) -> Result<Box<dyn Write>> {
        self.begin_write(tables)
    }
    /// Names of all tables there are.
    fn table_names(&self) -> Result<Vec<String>>;
    /// What it takes at most.
    fn limits(&self) -> Limits;
    /// Whether it refuses writes.
    fn is_read_only(&self) -> bool {
        false
    }
    /// Whether nobody else commits to it while it is open, so that the last snapshot may be shared.
    fn is_exclusive(&self) -> bool {
        false
    }
    /// Reads everything and holds it against its checksums.
    ///
    /// # Errors
    /// `Busy` while any transaction is alive, `Corrupt` for what cannot be mended.
    fn check(&self) -> Result<Check> {
        Ok(Check::None)
    }
    /// Brings what was committed to where it stays, if it stands elsewhere first. The default has nothing to do.
    fn checkpoint(&self) -> Result<()> {
        Ok(())
    }
    /// Gives unused space back to the system; `false` if there was none to give.
    ///
    /// # Errors
    /// `Busy` while any transaction is alive.
    fn compact(&self) -> Result<bool> {
        Ok(false)
    }
    /// Measures what the store takes. `tables`: those whose pairs are to be counted.
    fn stats(&self, _tables: &Tables) -> Result<Stats> {
        Ok(Stats::default())
    }
}
