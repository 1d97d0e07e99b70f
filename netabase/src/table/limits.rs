//! What an engine takes at most.

use super::layout::{ModelTables, PartTable};
use crate::engine::Limits;
use crate::error::{Error, ErrorKind, Result};

/// Refuses a key that the engine does not take.
#[inline]
pub(crate) fn check_key(tables: &ModelTables, table: &PartTable, limits: Limits, key: &[u8]) -> Result<()> {
    within(key.len(), limits.key, || format!("the key {}.{}", tables.schema.name, table.name))
}

/// Refuses a value of an index that the engine does not take: a primary key with what is covered beside it.
pub(crate) fn check_value(
    tables: &ModelTables,
    table: &PartTable,
    limits: Limits,
    value: &[u8],
) -> Result<()> {
    if !table.covering {
        return Ok(());
    }
    within(value.len(), limits.key, || {
        format!("what the index {}.{} covers of a record, with its key,", tables.schema.name, table.name)
    })
}

pub(super) fn within(size: usize, limit: usize, what: impl FnOnce() -> String) -> Result<()> {
    if size <= limit {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::LimitExceeded { what: what(), size, limit }))
    }
}
