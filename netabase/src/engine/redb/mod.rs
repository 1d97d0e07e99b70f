//! The redb engine: the only folder that names redb.
//!
//! - `width.rs` turns a width known at run time into one of redb's key types;
//! - `rows.rs` changes a table; `pair.rs`, `packed.rs` and `index.rs` make an index of one;
//! - `read.rs` and `write.rs` are the two kinds of transaction, each with its tables opened once;
//! - `cursor.rs` walks over rows; `error.rs` translates failures, and `guard.rs` panics;
//! - `open.rs` finds, makes and diagnoses files; `stats.rs` measures them.

mod cursor;
mod error;
mod guard;
mod index;
mod open;
mod packed;
mod pair;
mod read;
mod rows;
mod stats;
mod width;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redb::{Database, MultimapTableHandle, ReadOnlyDatabase, ReadableDatabase, TableHandle};

use self::guard::{Guarded, guarded};
pub use self::open::RedbOptions;
pub(super) use self::read::Page;
use super::{Check, Engine, Limits, Snapshot, Stats, Tables, Write};
use crate::error::{Error, ErrorKind, Result};

/// A [redb](https://docs.rs/redb) database, in a file or in memory.
pub struct Redb {
    database: Arc<Access>,
    path: Option<PathBuf>,
    quick_repair: bool,
}

/// Dropping redb's database closes it under its readers, so every transaction and cursor holds one of these.
enum Access {
    /// Locked for as long as a transaction takes to begin; alone, while the file is checked or compacted.
    Write(RwLock<Guarded<Database>>),
    Read(Guarded<ReadOnlyDatabase>),
}

type Shared<'a> = RwLockReadGuard<'a, Guarded<Database>>;
type Alone<'a> = RwLockWriteGuard<'a, Guarded<Database>>;

impl std::fmt::Debug for Redb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redb")
            .field("path", &self.path)
            .field("read_only", &self.is_read_only())
            .finish_non_exhaustive()
    }
}

impl Redb {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// `DatabaseLocked`, `NotAFile`, `EmptyFile`, `Truncated`, `NotAStore`, `NewerFormat`, `NotWritable`, `NotClosed`,
    /// `Corrupt` and, for all that the system refuses beside these, `Open`.
    pub fn open(path: impl AsRef<Path>, options: &RedbOptions) -> Result<Self> {
        let path = path.as_ref();
        let access = if options.read_only {
            Access::Read(Guarded::new(open::readable(path, options)?))
        } else {
            Access::writable(open::writable(path, options)?)
        };
        let quick_repair = options.quick_repair;
        Ok(Redb { database: Arc::new(access), path: Some(path.to_path_buf()), quick_repair })
    }

    /// A database in memory, gone when it is dropped.
    pub fn in_memory(cache_size: Option<usize>) -> Result<Self> {
        let options = RedbOptions { cache_size, ..RedbOptions::default() };
        Self::on_backend(redb::backends::InMemoryBackend::new(), &options)
    }

    /// A database on a storage of another kind, for tests that cut its power. Follows the version of redb.
    #[doc(hidden)]
    pub fn on_backend(backend: impl redb::StorageBackend, options: &RedbOptions) -> Result<Self> {
        let database = open::on_backend(backend, options)?;
        let quick_repair = options.quick_repair;
        Ok(Redb { database: Arc::new(Access::writable(database)), path: None, quick_repair })
    }

    fn begin(&self) -> Result<redb::ReadTransaction> {
        guarded(|| match &*self.database {
            Access::Write(database) => shared(database).get()?.begin_read().map_err(error::transaction),
            Access::Read(database) => database.get()?.begin_read().map_err(error::transaction),
        })
    }
}

impl Access {
    fn writable(database: Database) -> Access {
        Access::Write(RwLock::new(Guarded::new(database)))
    }

    fn alone(&self) -> Result<Alone<'_>> {
        match self {
            Access::Write(database) => Ok(database.write().unwrap_or_else(PoisonError::into_inner)),
            Access::Read(_) => Err(Error::new(ErrorKind::ReadOnly)),
        }
    }
}

// No panic leaves the database half-changed behind this lock: redb's are caught before they reach it.
fn shared(database: &RwLock<Guarded<Database>>) -> Shared<'_> {
    database.read().unwrap_or_else(PoisonError::into_inner)
}

impl Engine for Redb {
    fn begin_read(&self, tables: &Tables) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::new(read::Reader::new(self.begin()?, tables.clone(), self.database.clone())))
    }

    fn begin_write(&self, tables: &Tables) -> Result<Box<dyn Write>> {
        match &*self.database {
            Access::Write(database) => {
                let begin = || shared(database).get()?.begin_write().map_err(error::transaction);
                let transaction = guarded(begin)?;
                let database = self.database.clone();
                Ok(Box::new(write::Writer::new(transaction, tables.clone(), (database, self.quick_repair))))
            }
            Access::Read(_) => Err(Error::new(ErrorKind::ReadOnly)),
        }
    }

    fn table_names(&self) -> Result<Vec<String>> {
        let transaction = self.begin()?;
        guarded(|| {
            let names =
                transaction.list_tables().map_err(error::storage)?.map(|table| table.name().to_owned());
            // No table of netabase's is one of redb's multimaps, but a stranger's may be.
            let others = transaction.list_multimap_tables().map_err(error::storage)?;
            Ok(names.chain(others.map(|table| table.name().to_owned())).collect())
        })
    }

    /// redb itself takes 3 GiB of either; but its inner pages hold keys, and long ones make them useless.
    fn limits(&self) -> Limits {
        Limits { key: 32 * 1024, value: 1024 * 1024 * 1024 }
    }

    fn is_read_only(&self) -> bool {
        matches!(*self.database, Access::Read(_))
    }

    /// redb locks the file.
    fn is_exclusive(&self) -> bool {
        true
    }

    fn check(&self) -> Result<Check> {
        let mut database = self.database.alone()?;
        guarded(|| {
            let database = database.get_mut()?;
            // redb's check mends what it can, also by going back one commit if the last one was made in one phase. An
            // empty commit in two phases before it leaves nothing to go back to, so damage is an error.
            let mut anchor = database.begin_write().map_err(error::transaction)?;
            anchor.set_quick_repair(true);
            anchor.commit().map_err(error::committing)?;
            let clean = database.check_integrity().map_err(error::checking)?;
            Ok(if clean { Check::Sound } else { Check::Repaired })
        })
    }

    fn compact(&self) -> Result<bool> {
        let mut database = self.database.alone()?;
        guarded(|| database.get_mut()?.compact().map_err(error::compacting))
    }

    fn stats(&self, tables: &Tables) -> Result<Stats> {
        guarded(|| stats::measure(&self.database, self.path.as_deref(), tables))
    }
}
