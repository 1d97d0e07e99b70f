//! What both stores can do with any of the models.

use std::path::Path;

use crate::Result;

/// A store of records of `M`.
pub trait Side<M>: Sized {
    /// A read transaction.
    type Reader: Reads<M>;
    /// A write transaction.
    type Writer<'t>: Writes<M>;

    /// Makes the file with its tables.
    fn create(path: &Path) -> Result<Self>;

    /// Begins a read transaction.
    fn begin_read(&self) -> Result<Self::Reader>;

    /// Runs `work` in a write transaction and commits it durably.
    fn write(&self, work: impl FnOnce(&mut Self::Writer<'_>) -> Result<()>) -> Result<()>;
}

/// Reads of one read transaction.
pub trait Reads<M> {
    /// The record with this id.
    fn get(&self, id: u64) -> Result<Option<M>>;
    /// The records with this value in the indexed field at `place`.
    fn lookup(&self, place: usize, value: u32) -> Result<Vec<M>>;
    /// Visits the first `limit` records, by id.
    fn scan(&self, limit: usize, visit: impl FnMut(M)) -> Result<()>;
}

/// Writes of one write transaction.
pub trait Writes<M> {
    /// Stores a new record. Refuses a known id.
    fn create(&mut self, record: &M) -> Result<()>;
    /// Replaces a stored record. Refuses an unknown id.
    fn update(&mut self, record: &M) -> Result<()>;
    /// Deletes a record; `false` if there was none.
    fn delete(&mut self, id: u64) -> Result<bool>;
}
