//! What redb's failures are called here.

use std::io;
use std::path::Path;

use redb::{CommitError, CompactionError, DatabaseError, StorageError, TableError, TransactionError};

use crate::error::{Error, ErrorKind};

/// The place of damage that no table is known for.
const FILE: &str = "the file";

/// The system refuses a file.
#[cold]
pub(super) fn refused(path: &Path, error: io::Error) -> Error {
    let path = path.into();
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ErrorKind::NotWritable { path }
        }
        _ => ErrorKind::Open { path },
    };
    Error::caused(kind, error)
}

#[cold]
pub(super) fn transaction(error: TransactionError) -> Error {
    match error {
        TransactionError::Storage(error) => storage(error),
        error => Error::engine(error),
    }
}

#[cold]
pub(super) fn storage(error: StorageError) -> Error {
    match error {
        StorageError::Corrupted(what) => corrupt(what),
        StorageError::Io(error) => Error::caused(ErrorKind::Io { kind: error.kind() }, error),
        StorageError::PreviousIo | StorageError::DatabaseClosed => closed(),
        error => Error::engine(error),
    }
}

/// Of a check of an open database.
#[cold]
pub(super) fn checking(error: DatabaseError) -> Error {
    match error {
        DatabaseError::TransactionInProgress => Error::new(ErrorKind::Busy),
        DatabaseError::Storage(error) => storage(error),
        error => Error::engine(error),
    }
}

#[cold]
pub(super) fn committing(error: CommitError) -> Error {
    match error {
        CommitError::Storage(error) => storage(error),
        error => Error::engine(error),
    }
}

#[cold]
pub(super) fn compacting(error: CompactionError) -> Error {
    match error {
        CompactionError::Storage(error) => storage(error),
        CompactionError::TransactionInProgress => Error::new(ErrorKind::Busy),
        error => Error::engine(error),
    }
}

#[cold]
pub(super) fn corrupt(what: String) -> Error {
    Error::caused(ErrorKind::Corrupt { place: FILE.into() }, what)
}

#[cold]
pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Closed)
}

/// Errors of a table that is known by name.
#[cold]
pub(super) fn opening_table(name: &str, error: TableError) -> Error {
    match error {
        error @ (TableError::TableTypeMismatch { .. }
        | TableError::TableIsMultimap(_)
        | TableError::TableIsNotMultimap(_)
        | TableError::TypeDefinitionChanged { .. }) => {
            Error::new(ErrorKind::SchemaMismatch { differences: vec![format!("table `{name}`: {error}")] })
        }
        TableError::Storage(error) => storage(error),
        error => Error::engine(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_may_not_be_written_is_told_apart() {
        let kind = |kind: io::ErrorKind| refused(Path::new("x"), kind.into()).kind().clone();
        let not_writable = ErrorKind::NotWritable { path: "x".into() };
        assert_eq!(kind(io::ErrorKind::PermissionDenied), not_writable);
        assert_eq!(kind(io::ErrorKind::ReadOnlyFilesystem), not_writable);
        assert_eq!(kind(io::ErrorKind::NotFound), ErrorKind::Open { path: "x".into() });
    }

    #[test]
    fn a_full_disk_and_a_stopped_store_are_told_apart() {
        let full = storage(StorageError::Io(io::ErrorKind::StorageFull.into()));
        assert_eq!(*full.kind(), ErrorKind::Io { kind: io::ErrorKind::StorageFull });
        assert_eq!(*storage(StorageError::PreviousIo).kind(), ErrorKind::Closed);
    }
}
