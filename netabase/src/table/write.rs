//! Changes of one record and of everything that follows from it: check all, then stage.

use std::cmp::Ordering;
use std::time::SystemTime;

use super::layout::{ModelTables, PartTable};
use super::limits::{check_key, check_value, within};
use super::links::{Deferred, Links, missing, target_key};
use super::sums::Sums;
use super::versions::{Stamped, stamped};
use crate::engine::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Entries, Entry};
use crate::overlay::{Overlay, ROOM, Staged};
use crate::permission::{Permit, WriteAccess};
use crate::schema::References;

/// What becomes of the record with one key.
#[derive(Clone, Copy)]
pub(crate) struct Change<'c> {
    pub(crate) tables: &'c ModelTables,
    pub(crate) key: &'c [u8],
    /// entries of the stored record; `None`: there is none
    pub(crate) before: Option<&'c Entries>,
    /// bytes and entries of the new record; `None`: it is deleted
    pub(crate) after: Option<(&'c [u8], &'c Entries)>,
    pub(crate) links: Links,
    /// when it takes place
    pub(crate) now: SystemTime,
}

/// Proof that a change was checked. Nothing else lets it be staged.
pub(crate) struct Checked {
    sums: Vec<SumsRow>,
    deferred: Vec<Deferred>,
    /// the row of the record's version
    stamp: Option<Stamped>,
}

/// What a row of sums becomes.
struct SumsRow {
    part: usize,
    key: Vec<u8>,
    row: Option<Vec<u8>>,
    present: bool,
}

/// Refuses a change that would break a limit or a unique key. Touches nothing.
pub(crate) fn check(
    permit: &Permit<WriteAccess>,
    staged: Staged<'_>,
    limits: Limits,
    change: &Change<'_>,
) -> Result<Checked> {
    permit.covers(change.tables.ordinal)?;
    let model = change.tables.schema.name;
    let mut size = change.key.len();
    if let Some((value, _)) = change.after {
        size = size.saturating_add(value.len());
        within(change.key.len(), limits.key, || format!("the key of {model}"))?;
        within(value.len(), limits.value, || format!("a record of {model}"))?;
    }
    let stamp = stamped(staged, change)?;
    let mut checked = Checked { sums: Vec::new(), deferred: Vec::new(), stamp };
    let mut buffer = Vec::new();
    for difference in differences(change) {
        let table = change.tables.part(difference.part())?;
        if table.sums > 0 {
            let row = sums(staged, change.tables, table, &difference)?;
            size = size.saturating_add(row.key.len() + row.row.as_ref().map_or(0, Vec::len));
            checked.sums.push(row);
            continue;
        }
        let (Difference::Added(entry) | Difference::Removed(entry) | Difference::Changed(_, entry)) =
            difference;
        let value = change.tables.value(table, change.key, entry.payload, &mut buffer);
        // A pair that takes the place of another one stands beside it.
        let before = if let Difference::Changed(old, _) = &difference { old.payload.len() } else { 0 };
        size = size.saturating_add(2 * (entry.key.len() + value.len()) + before);
        if matches!(difference, Difference::Removed(_)) {
            continue;
        }
        check_key(change.tables, table, limits, entry.key)?;
        check_value(change.tables, table, limits, value)?;
        let is_new = matches!(difference, Difference::Added(_));
        if table.unique
            && is_new
            && let Some(holder) = staged.get(table.id, entry.key)?
        {
            return Err(taken(permit, staged, change.tables, entry.part, &holder)?);
        }
        if is_new && change.links == Links::Checked {
            checked.deferred.extend(check_link(permit, staged, change, table, &entry)?);
        }
    }
    within(size, ROOM, || format!("a record of {model} with its index entries"))?;
    Ok(checked)
}

/// Refuses a link that leads nowhere, or returns it to be looked at later.
fn check_link(
    permit: &Permit<WriteAccess>,
    staged: Staged<'_>,
    change: &Change<'_>,
    table: &PartTable,
    entry: &Entry<'_>,
) -> Result<Option<Deferred>> {
    let Some(target) = table.target else { return Ok(None) };
    let Some(key) = target_key(target.relation.shape, entry.key) else { return Ok(None) };
    let is_deferred = match target.relation.references {
        References::Unchecked => return Ok(None),
        References::Deferred => true,
        References::Checked => false,
    };
    let is_itself = target.table == change.tables.main()? && key == change.key;
    // At the end it is looked at again, whether it is there now or not.
    let record = if is_itself || (is_deferred && !permit.is_of_a_session()) {
        None
    } else {
        staged.get(target.table, key)?
    };
    if let Some(record) = &record
        && !permit.may_link(entry.part, target.ordinal, record)?
    {
        return Err(permit.denied(change.tables.schema.name));
    }
    match (is_deferred, is_itself || record.is_some()) {
        (true, _) => Ok(Some(Deferred { part: entry.part, key: entry.key.to_vec() })),
        (false, true) => Ok(None),
        (false, false) => Err(missing(change.tables, table)),
    }
}

/// The error for a unique key that another record has. It does not tell of a record or a key that may not be seen.
#[cold]
fn taken(
    permit: &Permit<WriteAccess>,
    staged: Staged<'_>,
    tables: &ModelTables,
    part: usize,
    holder: &[u8],
) -> Result<Error> {
    let table = tables.part(part)?;
    let model = tables.schema.name;
    if permit.is_of_a_session() {
        let mut primary = Vec::new();
        tables.primary(table, holder, &mut primary)?;
        let record = staged.get(tables.main()?, &primary)?;
        let is_seen = record.map_or(Ok(false), |record| permit.sees(tables.ordinal, &record))?;
        if !is_seen || permit.hides_part(tables.schema, part) {
            return Ok(permit.denied(model));
        }
    }
    Ok(Error::new(ErrorKind::ConstraintViolation { model, constraint: table.name }))
}

/// What the sums of a key are after the change.
fn sums(
    staged: Staged<'_>,
    tables: &ModelTables,
    table: &PartTable,
    difference: &Difference<'_>,
) -> Result<SumsRow> {
    let (Difference::Added(entry) | Difference::Removed(entry) | Difference::Changed(entry, _)) = difference;
    let stored = staged.get(table.id, entry.key)?;
    let mut sums = Sums::read(tables, table, stored.as_deref())?;
    match difference {
        Difference::Added(new) => sums.add(new.payload),
        Difference::Removed(old) => sums.subtract(old.payload),
        Difference::Changed(old, new) => {
            sums.subtract(old.payload);
            sums.add(new.payload);
        }
    }
    let (part, key, present) = (entry.part, entry.key.to_vec(), stored.is_some());
    Ok(SumsRow { part, key, row: sums.write()?, present })
}

/// Stages a checked change: the record, and the entries that differ. Returns the links that are to be looked at before the
/// commit.
pub(crate) fn stage(
    permit: &Permit<WriteAccess>,
    checked: Checked,
    overlay: &mut Overlay,
    change: &Change<'_>,
) -> Result<Vec<Deferred>> {
    let Change { tables, key: primary, .. } = *change;
    permit.covers(tables.ordinal)?;
    let value = change.after.map(|(value, _)| value);
    overlay.put(tables.main()?, primary, value, change.before.is_some())?;
    let mut buffer = Vec::new();
    for difference in differences(change) {
        let table = tables.part(difference.part())?;
        if table.sums > 0 {
            continue;
        }
        let mut value = |entry: &Entry<'_>, put: &mut dyn FnMut(&[u8]) -> Result<()>| {
            put(tables.value(table, primary, entry.payload, &mut buffer))
        };
        match difference {
            Difference::Added(new) => value(&new, &mut |value| {
                if table.unique {
                    overlay.put(table.id, new.key, Some(value), false)
                } else {
                    overlay.insert_pair(table.id, new.key, value)
                }
            })?,
            Difference::Removed(old) if table.unique => overlay.put(table.id, old.key, None, true)?,
            Difference::Removed(old) => {
                value(&old, &mut |value| overlay.remove_pair(table.id, old.key, value))?;
            }
            Difference::Changed(_, new) if table.unique => {
                value(&new, &mut |value| overlay.put(table.id, new.key, Some(value), true))?;
            }
            Difference::Changed(old, new) => {
                value(&old, &mut |value| overlay.remove_pair(table.id, old.key, value))?;
                value(&new, &mut |value| overlay.insert_pair(table.id, new.key, value))?;
            }
        }
    }
    if let (Some(table), Some(Stamped { row, present })) = (tables.versions, checked.stamp) {
        overlay.put(table, primary, Some(&row), present)?;
    }
    for SumsRow { part, key, row, present } in checked.sums {
        overlay.put(tables.part(part)?.id, &key, row.as_deref(), present)?;
    }
    Ok(checked.deferred)
}

/// How the entries of a record under one key of a table differ.
#[derive(Debug, PartialEq, Eq)]
enum Difference<'e> {
    Added(Entry<'e>),
    Removed(Entry<'e>),
    /// what stands beside the key: before, and after
    Changed(Entry<'e>, Entry<'e>),
}

impl Difference<'_> {
    /// Number of the table.
    fn part(&self) -> usize {
        let (Difference::Added(entry) | Difference::Removed(entry) | Difference::Changed(entry, _)) = self;
        entry.part
    }
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
                (Some(old), Some(new)) => (old.part, old.key).cmp(&(new.part, new.key)),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return None,
            };
            match order {
                Ordering::Less => return before.next().map(Difference::Removed),
                Ordering::Greater => return after.next().map(Difference::Added),
                Ordering::Equal => {
                    let (old, new) = (before.next()?, after.next()?);
                    if old.payload != new.payload {
                        return Some(Difference::Changed(old, new));
                    }
                }
            }
        }
    })
}
