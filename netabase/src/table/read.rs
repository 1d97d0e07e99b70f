//! Reads of a model's tables.

use std::ops::Bound;

use super::covering::{Covering, split};
use super::layout::ModelTables;
use super::shown::shown;
use crate::engine::{Cursor, Direction, Slice};
use crate::error::Result;
use crate::key::{ByteRange, successor};
use crate::overlay::{Staged, View};
use crate::permission::{Permit, ReadAccess, WriteAccess};

/// A record's bytes.
pub(crate) fn get<'v>(
    permit: &Permit<ReadAccess>,
    view: &'v View<'_>,
    tables: &ModelTables,
    key: &[u8],
) -> Result<Option<Slice<'v>>> {
    permit.covers(tables.ordinal)?;
    let found = view.get(tables.main()?, key)?;
    if !permit.hides_records() {
        return Ok(found);
    }
    let is_shown = found.as_ref().map_or(Ok(true), |record| permit.shows(record))?;
    Ok(found.filter(|_| is_shown))
}

/// The primary key behind a unique key, or the record behind a primary key: one row of a table that is a map.
pub(crate) fn lookup<'v>(
    permit: &Permit<ReadAccess>,
    view: &'v View<'_>,
    tables: &ModelTables,
    part: usize,
    key: &[u8],
) -> Result<Option<Slice<'v>>> {
    if part == 0 {
        return get(permit, view, tables, key);
    }
    permit.covers(tables.ordinal)?;
    let table = tables.part(part)?;
    let Some(value) = view.get(table.id, key)? else { return Ok(None) };
    let value = if table.covering {
        let mut primary = Vec::new();
        split(tables.schema, &value, &mut primary)?;
        Slice::owned(primary)
    } else {
        value
    };
    // Sums are of all records.
    if !permit.hides_records() {
        return Ok(Some(value));
    }
    let is_shown = table.sums == 0 && get(permit, view, tables, &value)?.is_some();
    Ok(is_shown.then_some(value))
}

/// The bytes of a record that is about to be changed.
pub(crate) fn find<'t>(
    permit: &Permit<WriteAccess>,
    staged: Staged<'t>,
    tables: &ModelTables,
    key: &[u8],
) -> Result<Option<Slice<'t>>> {
    permit.covers(tables.ordinal)?;
    staged.get(tables.main()?, key)
}

/// How many records there are, of those that may be seen. These are counted, where not all may be.
pub(crate) fn len(permit: &Permit<ReadAccess>, view: &View<'_>, tables: &ModelTables) -> Result<u64> {
    permit.covers(tables.ordinal)?;
    if permit.hides_records() {
        return rows_seen(permit, view, tables, 0, &ByteRange::all());
    }
    view.len(tables.main()?)
}

fn rows_seen(
    permit: &Permit<ReadAccess>,
    view: &View<'_>,
    tables: &ModelTables,
    part: usize,
    range: &ByteRange,
) -> Result<u64> {
    let mut rows = rows(permit, view, tables, part, range, Direction::Forward)?;
    let mut seen = 0;
    while rows.advance()? {
        seen += 1;
    }
    Ok(seen)
}

/// How many records have this key in an index, a relation or a topic.
pub(crate) fn count(
    permit: &Permit<ReadAccess>,
    view: &View<'_>,
    tables: &ModelTables,
    part: usize,
    key: &[u8],
) -> Result<u64> {
    permit.covers(tables.ordinal)?;
    let table = tables.part(part)?;
    if part == 0 || table.unique {
        return Ok(u64::from(lookup(permit, view, tables, part, key)?.is_some()));
    }
    if permit.hides_records() {
        return rows_seen(permit, view, tables, part, &ByteRange::Point(key.to_vec()));
    }
    view.index_count(table.id, key)
}

/// The rows of one table in a range of keys. The values of an index are primary keys.
pub(crate) fn rows<'r>(
    permit: &Permit<ReadAccess>,
    view: &View<'r>,
    tables: &ModelTables,
    part: usize,
    range: &ByteRange,
    way: Direction,
) -> Result<Box<dyn Cursor + 'r>> {
    if tables.part(part)?.covering {
        return Ok(Box::new(covering_rows(permit, view, tables, part, range, way)?));
    }
    raw_rows(permit, view, tables, part, range, way)
}

/// The rows of an index, with what it covers.
pub(crate) fn covering_rows<'r>(
    permit: &Permit<ReadAccess>,
    view: &View<'r>,
    tables: &ModelTables,
    part: usize,
    range: &ByteRange,
    way: Direction,
) -> Result<Covering<'r>> {
    let rows = raw_rows(permit, view, tables, part, range, way)?;
    let schema = tables.part(part)?.covering.then_some(tables.schema);
    Ok(Covering { rows, schema, primary: Vec::new(), split: 0 })
}

/// The rows of one key of an index, from one primary key on, or from not far before it.
pub(crate) fn rows_from<'r>(
    permit: &Permit<ReadAccess>,
    view: &View<'r>,
    tables: &ModelTables,
    part: usize,
    (key, primary): (&[u8], &[u8]),
    way: Direction,
) -> Result<Box<dyn Cursor + 'r>> {
    permit.covers(tables.ordinal)?;
    let table = tables.part(part)?;
    let mut buffer = Vec::new();
    let value = tables.value(table, primary, &[], &mut buffer);
    if !table.covering {
        return shown(permit, view, tables, part, view.values_from(table.id, key, value, way)?);
    }
    // What is covered stands behind the primary key, so going back begins behind all of that.
    let end = match way {
        Direction::Forward => Some(value.to_vec()),
        Direction::Reverse => successor(value),
    };
    let rows = match end {
        Some(value) => view.values_from(table.id, key, &value, way)?,
        None => view.index_cursor(table.id, (Bound::Included(key), Bound::Included(key)), way)?,
    };
    let rows = shown(permit, view, tables, part, rows)?;
    Ok(Box::new(Covering { rows, schema: Some(tables.schema), primary: Vec::new(), split: 0 }))
}

fn raw_rows<'r>(
    permit: &Permit<ReadAccess>,
    view: &View<'r>,
    tables: &ModelTables,
    part: usize,
    range: &ByteRange,
    way: Direction,
) -> Result<Box<dyn Cursor + 'r>> {
    permit.covers(tables.ordinal)?;
    let table = tables.part(part)?;
    let rows = if table.is_map(part) {
        view.cursor(table.id, range.as_bounds(), way)?
    } else {
        view.index_cursor(table.id, range.as_bounds(), way)?
    };
    shown(permit, view, tables, part, rows)
}
