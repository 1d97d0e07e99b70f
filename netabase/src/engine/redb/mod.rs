//! The redb engine: the only folder that names redb.
//!
//! - `width.rs` turns a width known at run time into one of redb's key types;
//! - `read.rs` and `write.rs` are the two kinds of transaction, each with its tables opened once;
//! - `cursor.rs` walks over rows; `error.rs` translates failures.

mod cursor;
mod error;
mod read;
mod width;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, MultimapTableHandle, ReadOnlyDatabase, ReadableDatabase, TableHandle};

use self::error::{opening, refused};
pub(super) use self::read::Page;
use super::{Engine, Limits, Snapshot, Tables, Write};
use crate::error::{Error, ErrorKind, Result};

/// How to open a redb file.
#[derive(Clone, Debug, Default)]
pub struct RedbOptions {
    /// bytes of pages kept in memory; redb's own default is 1 GiB
    pub cache_size: Option<usize>,
    /// refuse a file that is there already
    pub create_new: bool,
    /// open for reading only; the file must exist
    pub read_only: bool,
}

/// A [redb](https://docs.rs/redb) database, in a file or in memory.
pub struct Redb {
    database: Arc<Access>,
    path: Option<PathBuf>,
}

/// Dropping redb's database closes it under its readers, so every transaction and cursor holds one of these.
enum Access {
    Write(Database),
    Read(ReadOnlyDatabase),
}

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
    pub fn open(path: impl AsRef<Path>, options: &RedbOptions) -> Result<Self> {
        let path = path.as_ref();
        let failed = |error| opening(path, error);
        if options.create_new && !options.read_only {
            // Claims the name, so that of two creators one is told.
            std::fs::File::create_new(path).map_err(|error| refused(path, error))?;
        }
        let builder = builder(options.cache_size);
        let database = if options.read_only {
            Access::Read(builder.open_read_only(path).map_err(failed)?)
        } else {
            Access::Write(builder.create(path).map_err(failed)?)
        };
        Ok(Redb { database: Arc::new(database), path: Some(path.to_path_buf()) })
    }

    /// A database in memory, gone when it is dropped.
    pub fn in_memory(cache_size: Option<usize>) -> Result<Self> {
        let backend = redb::backends::InMemoryBackend::new();
        let database = builder(cache_size).create_with_backend(backend).map_err(Error::engine)?;
        Ok(Redb { database: Arc::new(Access::Write(database)), path: None })
    }

    fn begin(&self) -> Result<redb::ReadTransaction> {
        match &*self.database {
            Access::Write(database) => database.begin_read(),
            Access::Read(database) => database.begin_read(),
        }
        .map_err(error::transaction)
    }
}

fn builder(cache_size: Option<usize>) -> redb::Builder {
    let mut builder = Database::builder();
    if let Some(bytes) = cache_size {
        builder.set_cache_size(bytes);
    }
    builder
}

impl Engine for Redb {
    fn begin_read(&self, tables: &Tables) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::new(read::Reader::new(self.begin()?, tables.clone(), self.database.clone())))
    }

    fn begin_write(&self, tables: &Tables) -> Result<Box<dyn Write>> {
        match &*self.database {
            Access::Write(database) => {
                let transaction = database.begin_write().map_err(error::transaction)?;
                Ok(Box::new(write::Writer::new(transaction, tables.clone(), self.database.clone())))
            }
            Access::Read(_) => Err(Error::new(ErrorKind::ReadOnly)),
        }
    }

    fn table_names(&self) -> Result<Vec<String>> {
        let transaction = self.begin()?;
        let maps = transaction.list_tables().map_err(error::storage)?.map(|table| table.name().to_owned());
        let indexes =
            transaction.list_multimap_tables().map_err(error::storage)?.map(|table| table.name().to_owned());
        Ok(maps.chain(indexes).collect())
    }

    /// redb itself takes 3 GiB of either; but its inner pages hold keys, and long ones make them useless.
    fn limits(&self) -> Limits {
        Limits { key: 32 * 1024, value: 1024 * 1024 * 1024 }
    }

    fn is_read_only(&self) -> bool {
        matches!(*self.database, Access::Read(_))
    }
}
