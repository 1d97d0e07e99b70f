//! An engine that counts what is asked of the one below it, to show that something was not read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use netabase::Result;
use netabase::engine::{
    Commit, Cursor, Direction, Durability, Engine, IndexChange, Limits, MapChange, Range, Read, Slice,
    Snapshot, TableId, Tables, Write,
};

/// What was asked for.
#[derive(Debug, Default)]
pub struct Counts {
    snapshots: AtomicU64,
    gets: AtomicU64,
    steps: AtomicU64,
    changes: AtomicU64,
    commits: AtomicU64,
}

impl Counts {
    /// snapshots begun
    pub fn snapshots(&self) -> u64 {
        self.snapshots.load(Ordering::Relaxed)
    }

    /// single look-ups of a key
    pub fn gets(&self) -> u64 {
        self.gets.load(Ordering::Relaxed)
    }

    /// rows that cursors went to
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// rows changed
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// commits
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Gets and steps while `work` ran.
    pub fn reads_of<T>(&self, work: impl FnOnce() -> T) -> (T, u64, u64) {
        let (gets, steps) = (self.gets(), self.steps());
        let done = work();
        (done, self.gets() - gets, self.steps() - steps)
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// The engine that counts.
#[derive(Debug)]
pub struct Counting<E> {
    engine: E,
    counts: Arc<Counts>,
}

impl<E> Counting<E> {
    /// Counts what `engine` is asked.
    pub fn new(engine: E) -> Self {
        Counting { engine, counts: Arc::default() }
    }

    /// The counts so far, which go on.
    pub fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }
}

impl<E: Engine> Engine for Counting<E> {
    fn is_exclusive(&self) -> bool {
        self.engine.is_exclusive()
    }

    fn begin_read(&self, tables: &Tables) -> Result<Arc<dyn Snapshot>> {
        count(&self.counts.snapshots);
        Ok(Arc::new(CountedRead { inner: self.engine.begin_read(tables)?, counts: self.counts.clone() }))
    }

    fn begin_write(&self, tables: &Tables) -> Result<Box<dyn Write>> {
        Ok(Box::new(CountedWrite { inner: self.engine.begin_write(tables)?, counts: self.counts.clone() }))
    }

    fn table_names(&self) -> Result<Vec<String>> {
        self.engine.table_names()
    }

    fn limits(&self) -> Limits {
        self.engine.limits()
    }
}

struct Steps<'c> {
    inner: Box<dyn Cursor + 'c>,
    counts: Arc<Counts>,
}

impl Cursor for Steps<'_> {
    fn advance(&mut self) -> Result<bool> {
        let more = self.inner.advance()?;
        if more {
            count(&self.counts.steps);
        }
        Ok(more)
    }

    fn key(&self) -> &[u8] {
        self.inner.key()
    }

    fn value(&self) -> &[u8] {
        self.inner.value()
    }
}

struct CountedRead {
    inner: Arc<dyn Snapshot>,
    counts: Arc<Counts>,
}

struct CountedWrite {
    inner: Box<dyn Write>,
    counts: Arc<Counts>,
}

macro_rules! counted_read {
    ($($counted:ident),*) => { $(
        impl Read for $counted {
            fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Slice<'_>>> {
                count(&self.counts.gets);
                self.inner.get(table, key)
            }
            fn cursor(&self, table: TableId, range: Range<'_>, way: Direction) -> Result<Box<dyn Cursor + '_>> {
                Ok(Box::new(Steps { inner: self.inner.cursor(table, range, way)?, counts: self.counts.clone() }))
            }
            fn index_cursor(&self, table: TableId, range: Range<'_>, way: Direction) -> Result<Box<dyn Cursor + '_>> {
                Ok(Box::new(Steps { inner: self.inner.index_cursor(table, range, way)?, counts: self.counts.clone() }))
            }
            fn values_from(&self, table: TableId, key: &[u8], value: &[u8], way: Direction) -> Result<Box<dyn Cursor + '_>> {
                Ok(Box::new(Steps { inner: self.inner.values_from(table, key, value, way)?, counts: self.counts.clone() }))
            }
            fn index_count(&self, table: TableId, key: &[u8]) -> Result<u64> {
                self.inner.index_count(table, key)
            }
            fn len(&self, table: TableId) -> Result<u64> {
                self.inner.len(table)
            }
        }
    )* };
}
counted_read!(CountedRead, CountedWrite);

impl Snapshot for CountedRead {
    fn owned_cursor(&self, table: TableId, range: Range<'_>, way: Direction) -> Result<Box<dyn Cursor>> {
        Ok(Box::new(Steps {
            inner: self.inner.owned_cursor(table, range, way)?,
            counts: self.counts.clone(),
        }))
    }

    fn owned_index_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        way: Direction,
    ) -> Result<Box<dyn Cursor>> {
        Ok(Box::new(Steps {
            inner: self.inner.owned_index_cursor(table, range, way)?,
            counts: self.counts.clone(),
        }))
    }

    fn owned_values_from(
        &self,
        table: TableId,
        key: &[u8],
        value: &[u8],
        way: Direction,
    ) -> Result<Box<dyn Cursor>> {
        Ok(Box::new(Steps {
            inner: self.inner.owned_values_from(table, key, value, way)?,
            counts: self.counts.clone(),
        }))
    }
}

impl Write for CountedWrite {
    fn apply(&mut self, table: TableId, changes: &mut dyn Iterator<Item = MapChange<'_>>) -> Result<()> {
        self.inner.apply(table, &mut changes.inspect(|_| count(&self.counts.changes)))
    }

    fn apply_index(
        &mut self,
        table: TableId,
        changes: &mut dyn Iterator<Item = IndexChange<'_>>,
    ) -> Result<()> {
        self.inner.apply_index(table, &mut changes.inspect(|_| count(&self.counts.changes)))
    }

    fn drop_table(&mut self, name: &str) -> Result<bool> {
        self.inner.drop_table(name)
    }

    fn commit(self: Box<Self>, durability: Durability) -> Result<Commit> {
        count(&self.counts.commits);
        self.inner.commit(durability)
    }
}
