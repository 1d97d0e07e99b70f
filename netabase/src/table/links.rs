//! Links between records: whether they lead to one, and who leads to a record.

use super::layout::{Incoming, Layout, ModelTables, PartTable};
use crate::engine::{Cursor, Direction};
use crate::error::{Error, ErrorKind, Result};
use crate::overlay::Staged;
use crate::permission::{Permit, WriteAccess};
use crate::schema::Shape;

/// Whether the links that a change adds are looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    Checked,
    /// the caller has seen to it
    Trusted,
}

/// A link whose target is looked for when the transaction is committed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deferred {
    /// number of the relation's table
    pub(crate) part: usize,
    /// key in that table
    pub(crate) key: Vec<u8>,
}

/// The key of the record that a row of a relation leads to; `None` for an absent link.
pub(crate) fn target_key(shape: Shape, key: &[u8]) -> Option<&[u8]> {
    match (shape, key.split_first()) {
        (Shape::Optional, Some((1, key))) => Some(key),
        (Shape::Optional, _) => None,
        (Shape::One | Shape::Each, _) => Some(key),
    }
}

/// The key of the rows of a relation that lead to a record, put into the buffer: what [`target_key`] takes apart.
pub(crate) fn link_key<'b>(shape: Shape, target: &[u8], buffer: &'b mut Vec<u8>) -> &'b [u8] {
    buffer.clear();
    buffer.extend((shape == Shape::Optional).then_some(1));
    buffer.extend_from_slice(target);
    buffer
}

#[cold]
pub(super) fn missing(tables: &ModelTables, table: &PartTable) -> Error {
    let target = table.target.map_or("", |target| target.relation.target);
    Error::new(ErrorKind::MissingReference { model: tables.schema.name, relation: table.name, target })
}

/// Refuses a link that was left for the end and leads nowhere, if a record still has it.
pub(crate) fn check_deferred(
    permit: &Permit<WriteAccess>,
    staged: Staged<'_>,
    tables: &ModelTables,
    Deferred { part, key }: &Deferred,
) -> Result<()> {
    permit.covers(tables.ordinal)?;
    let table = tables.part(*part)?;
    let Some(target) = table.target else { return Ok(()) };
    let Some(target_key) = target_key(target.relation.shape, key) else { return Ok(()) };
    if staged.get(target.table, target_key)?.is_none() && staged.index_count(table.id, key)? > 0 {
        return Err(missing(tables, table));
    }
    Ok(())
}

/// How many records link to a record by a relation.
pub(crate) fn count_referrers(
    permit: &Permit<WriteAccess>,
    staged: Staged<'_>,
    layout: &Layout,
    incoming: &Incoming,
    target: &[u8],
) -> Result<u64> {
    let tables = layout.model(incoming.ordinal)?;
    permit.covers(tables.ordinal)?;
    let mut key = Vec::new();
    staged.index_count(tables.part(incoming.part)?.id, link_key(incoming.relation.shape, target, &mut key))
}

/// The records that link to a record by a relation: their primary keys are the values.
pub(crate) fn referrers<'t>(
    permit: &Permit<WriteAccess>,
    staged: Staged<'t>,
    layout: &Layout,
    incoming: &Incoming,
    target: &[u8],
) -> Result<Box<dyn Cursor + 't>> {
    use std::ops::Bound::Included;
    let tables = layout.model(incoming.ordinal)?;
    permit.covers(tables.ordinal)?;
    let mut key = Vec::new();
    let key = link_key(incoming.relation.shape, target, &mut key);
    let table = tables.part(incoming.part)?.id;
    staged.index_cursor(table, (Included(key), Included(key)), Direction::Forward)
}
