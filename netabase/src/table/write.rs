//! Changes of one record and of everything that follows from it: check all, then stage.

use std::cmp::Ordering;

use super::layout::{ModelTables, PartTable};
use super::limits::{check_key, within};
use crate::engine::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Entries;
use crate::overlay::{Overlay, ROOM, Staged};
use crate::permission::{Permit, WriteAccess};

/// What becomes of the record with one key.
#[derive(Clone, Copy)]
pub(crate) struct Change<'c> {
    pub(crate) tables: &'c ModelTables,
    pub(crate) key: &'c [u8],
    /// entries of the stored record; `None`: there is none
    pub(crate) before: Option<&'c Entries>,
    /// bytes and entries of the new record; `None`: it is deleted
    pub(crate) after: Option<(&'c [u8], &'c Entries)>,
}

/// Proof that a change was checked. Nothing else lets it be staged.
pub(crate) struct Checked(());

/// Refuses a change that would break a limit or a unique key. Touches nothing.
pub(crate) fn check(
    permit: &Permit<WriteAccess>,
    staged: Staged<'_>,
    limits: Limits,
    change: &Change<'_>,
) -> Result<Checked> {
    permit.covers(change.tables.schema)?;
    let model = change.tables.schema.name;
    let mut size = change.key.len();
    if let Some((value, _)) = change.after {
        size = size.saturating_add(value.len());
        within(change.key.len(), limits.key, || format!("the key of {model}"))?;
        within(value.len(), limits.value, || format!("a record of {model}"))?;
    }
    for difference in differences(change) {
        let (Difference::Added(part, entry) | Difference::Removed(part, entry)) = difference;
        size = size.saturating_add(entry.len() + change.key.len());
        if matches!(difference, Difference::Removed(..)) {
            continue;
        }
        let table = change.tables.part(part)?;
        check_key(change.tables, table, limits, entry)?;
        if table.unique && staged.get(table.id, entry)?.is_some() {
            return Err(taken(change.tables, table));
        }
    }
    within(size, ROOM, || format!("a record of {model} with its index entries"))?;
    Ok(Checked(()))
}

#[cold]
fn taken(tables: &ModelTables, table: &PartTable) -> Error {
    Error::new(ErrorKind::ConstraintViolation { model: tables.schema.name, constraint: table.name })
}

/// Stages a checked change: the record, and the entries that differ.
pub(crate) fn stage(
    permit: &Permit<WriteAccess>,
    _: Checked,
    overlay: &mut Overlay,
    change: &Change<'_>,
) -> Result<()> {
    permit.covers(change.tables.schema)?;
    let value = change.after.map(|(value, _)| value);
    overlay.put(change.tables.main()?, change.key, value, change.before.is_some())?;
    for difference in differences(change) {
        match difference {
            Difference::Added(part, entry) => {
                let table = change.tables.part(part)?;
                if table.unique {
                    overlay.put(table.id, entry, Some(change.key), false)?;
                } else {
                    overlay.insert_pair(table.id, entry, change.key)?;
                }
            }
            Difference::Removed(part, entry) => {
                let table = change.tables.part(part)?;
                if table.unique {
                    overlay.put(table.id, entry, None, true)?;
                } else {
                    overlay.remove_pair(table.id, entry, change.key)?;
                }
            }
        }
    }
    Ok(())
}

/// An entry that only one side has: number of the table, and key.
#[derive(Debug, PartialEq, Eq)]
enum Difference<'e> {
    Added(usize, &'e [u8]),
    Removed(usize, &'e [u8]),
}

/// Walks over both sorted sets of entries at once.
fn differences<'c>(change: &Change<'c>) -> impl Iterator<Item = Difference<'c>> {
    let (mut before, mut after) = (change.before, change.after.map(|(_, entries)| entries));
    if let (Some(old), Some(new)) = (before, after)
        && old.is_same(new)
    {
        (before, after) = (None, None);
    }
    let mut before = before.into_iter().flat_map(Entries::iter).peekable();
    let mut after = after.into_iter().flat_map(Entries::iter).peekable();
    std::iter::from_fn(move || {
        loop {
            let order = match (before.peek(), after.peek()) {
                (Some(old), Some(new)) => old.cmp(new),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return None,
            };
            match order {
                Ordering::Less => return before.next().map(|(part, key)| Difference::Removed(part, key)),
                Ordering::Greater => return after.next().map(|(part, key)| Difference::Added(part, key)),
                Ordering::Equal => {
                    before.next();
                    after.next();
                }
            }
        }
    })
}
