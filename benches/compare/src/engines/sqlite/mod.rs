//! `SQLite` in WAL mode, through rusqlite: once with `synchronous=FULL`, where every commit is synced as in the other
//! engines, and once with `NORMAL`, where a power cut may lose the last commits.
//!
//! One connection writes, behind a mutex, because `SQLite` has one writer and lets others poll; reads borrow
//! connections from a pool. Statements are prepared once for each connection.

mod links;
mod read;
mod sales;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use netabase_benches::User;
use netabase_benches::links::{self as shelf, Related};
use netabase_benches::sales::{Answers, Sales};
use rusqlite::Connection;

use self::links::LinksBySqlite;
use self::read::Reader;
use self::sales::SalesBySqlite;
use self::write::Writer;
use crate::Result;
use crate::engine::{CACHE, Engine, Reads};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS users (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        age INTEGER NOT NULL,
        team INTEGER NOT NULL,
        email TEXT NOT NULL UNIQUE,
        bio TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS names ON users (name);
    CREATE INDEX IF NOT EXISTS ages ON users (age);
    CREATE INDEX IF NOT EXISTS teams ON users (team);
";

pub(crate) type SqliteFull = Sqlite<true>;
pub(crate) type SqliteNormal = Sqlite<false>;

/// An `SQLite` database.
pub(crate) struct Sqlite<const FULL: bool> {
    path: PathBuf,
    writer: Mutex<Connection>,
    /// connections that no reader uses now
    idle: Mutex<Vec<Connection>>,
}

impl<const FULL: bool> Sqlite<FULL> {
    fn connect(path: &Path) -> Result<Connection> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", if FULL { "FULL" } else { "NORMAL" })?;
        // Negative means KiB. The default of 2 MB would read most pages from the system again and again.
        connection.pragma_update(None, "cache_size", -i64::from(CACHE / 1024))?;
        connection.pragma_update(None, "mmap_size", CACHE)?;
        Ok(connection)
    }

    fn reader(&self) -> Result<Reader<'_>> {
        let idle = lock(&self.idle).pop();
        let connection = idle.map_or_else(|| Self::connect(&self.path), Ok)?;
        Ok(Reader::new(connection, &self.idle))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<const FULL: bool> Engine for Sqlite<FULL> {
    type Reader<'e> = Reader<'e>;
    type Writer<'e> = Writer<'e>;

    fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("users.sqlite");
        let connection = Self::connect(&path)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Sqlite { path, writer: Mutex::new(connection), idle: Mutex::default() })
    }

    fn begin_read(&self) -> Result<Reader<'_>> {
        let mut reader = self.reader()?;
        reader.begin()?;
        Ok(reader)
    }

    fn write(&self, work: impl FnOnce(&mut Writer<'_>) -> Result<()>) -> Result<()> {
        let connection = lock(&self.writer);
        run(&connection, "BEGIN IMMEDIATE")?;
        let done = work(&mut Writer::new(&connection));
        run(&connection, if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        done
    }

    fn get_alone(&self, id: u64) -> Result<Option<User>> {
        // A statement outside of a transaction is one.
        self.reader()?.get(id)
    }

    fn sales(folder: &Path, sales: &Sales) -> Result<Option<Box<dyn Answers>>> {
        Ok(Some(Box::new(SalesBySqlite::<FULL>::filled(&folder.join("sales.sqlite"), &sales.all)?)))
    }

    fn links(
        folder: &Path,
        (writers, books): (&[shelf::Writer], &[shelf::Book]),
    ) -> Result<Option<Box<dyn Related>>> {
        Ok(Some(Box::new(LinksBySqlite::<FULL>::filled(&folder.join("links.sqlite"), writers, books)?)))
    }
}

fn run(connection: &Connection, statement: &str) -> Result<()> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

fn integer(id: u64) -> Result<i64> {
    Ok(i64::try_from(id)?)
}
