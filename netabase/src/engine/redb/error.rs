//! What redb's failures are called here.

use std::io;
use std::path::Path;

use redb::{DatabaseError, StorageError, TableError, TransactionError};

use crate::error::{Error, ErrorKind};

#[cold]
pub(super) fn opening(path: &Path, error: DatabaseError) -> Error {
    match error {
        DatabaseError::DatabaseAlreadyOpen => Error::new(ErrorKind::DatabaseLocked { path: path.into() }),
        error => Error::caused(ErrorKind::Open { path: path.into() }, error),
    }
}

#[cold]
pub(super) fn refused(path: &Path, error: io::Error) -> Error {
    Error::caused(ErrorKind::Open { path: path.into() }, error)
}

#[cold]
pub(super) fn transaction(error: TransactionError) -> Error {
    Error::engine(error)
}

#[cold]
pub(super) fn storage(error: StorageError) -> Error {
    Error::engine(error)
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
        error => Error::engine(error),
    }
}
