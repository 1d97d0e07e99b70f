//! Changes of a table's rows, in key order.

use std::iter::Peekable;
use std::ops::Bound;

use redb::{CursorError, ReadableTable, Table};

use super::error::storage;
use super::width::{Bytes, Raw};
use crate::engine::MapChange;
use crate::error::{Error, Result};

/// Applies changes whose keys ascend.
pub(super) fn apply<K: Raw>(
    table: &mut Table<'_, K, Bytes>,
    changes: &mut dyn Iterator<Item = MapChange<'_>>,
) -> Result<()> {
    let mut changes = changes.peekable();
    let mut run = Vec::with_capacity(RUN);
    while let Some(change) = changes.next() {
        match change {
            MapChange::Insert(key, value) => {
                run.push((key, value));
                let more = std::iter::from_fn(|| next_insert(&mut changes, |_| true));
                run.extend(more.take(RUN - 1));
                insert_run(table, &mut run, &mut changes)?;
            }
            MapChange::Put(key, value) => put(table, key, value)?,
            MapChange::Delete(key) => delete_run(table, key, &mut changes)?,
        }
    }
    Ok(())
}

type MapChanges<'i, 'c> = Peekable<&'i mut dyn Iterator<Item = MapChange<'c>>>;

/// How many new keys in one gap are worth a cursor. It splices what it has inserted into the tree as pages of its
/// own, so short runs would leave many half-empty pages behind, and with them a deeper tree.
const RUN: usize = 64;

fn next_insert<'c>(
    changes: &mut MapChanges<'_, 'c>,
    within: impl FnOnce(&[u8]) -> bool,
) -> Option<(&'c [u8], &'c [u8])> {
    match changes.next_if(|change| matches!(change, MapChange::Insert(key, _) if within(key)))? {
        MapChange::Insert(key, value) => Some((key, value)),
        MapChange::Put(..) | MapChange::Delete(_) => None,
    }
}

fn put<K: Raw>(table: &mut Table<'_, K, Bytes>, key: &[u8], value: &[u8]) -> Result<()> {
    K::check(key)?;
    table.insert(key, value).map_err(storage)?;
    Ok(())
}

/// Inserts new keys, and empties `run`. If it is long and falls into one gap between old keys, all that follows in
/// that gap goes through one cursor: a bulk load, or keys at the end, costs a fraction of single inserts.
fn insert_run<'c, K: Raw>(
    table: &mut Table<'_, K, Bytes>,
    run: &mut Vec<(&'c [u8], &'c [u8])>,
    changes: &mut MapChanges<'_, 'c>,
) -> Result<()> {
    let (Some((first, _)), Some((last, _))) = (run.first().copied(), run.last().copied()) else {
        return Ok(());
    };
    let gap_end = if run.len() < RUN { None } else { Some(next_key(table, first)?) };
    match gap_end {
        Some(end) if end.as_deref().is_none_or(|end| last < end) => {
            let in_gap = |key: &[u8]| end.as_deref().is_none_or(|end| key < end);
            let more = std::iter::from_fn(|| next_insert(changes, in_gap));
            let mut cursor = table.lower_bound_mut(Bound::Included(first)).map_err(storage)?;
            for (key, value) in run.drain(..).chain(more) {
                K::check(key)?;
                cursor.insert_before(key, value).map_err(unordered)?;
            }
            cursor.close().map_err(storage)
        }
        _ => run.drain(..).try_for_each(|(key, value)| put(table, key, value)),
    }
}

/// Deletes a key and the ones that follow. If they are many and nothing stands between them in the table, they go in one
/// sweep, which costs a third of deleting each.
fn delete_run<'c, K: Raw>(
    table: &mut Table<'_, K, Bytes>,
    first: &'c [u8],
    changes: &mut MapChanges<'_, 'c>,
) -> Result<()> {
    let mut next = || match changes.next_if(|change| matches!(change, MapChange::Delete(_)))? {
        MapChange::Delete(key) => Some(key),
        MapChange::Insert(..) | MapChange::Put(..) => None,
    };
    let mut run = vec![first];
    run.extend(std::iter::from_fn(&mut next).take(RUN - 1));
    if run.len() < RUN {
        return run.into_iter().try_for_each(|key| delete(table, key));
    }
    let mut rows = ReadableTable::range::<&[u8]>(table, first..).map_err(storage)?;
    let mut is_next_row = |key: &[u8]| -> Result<bool> {
        let row = rows.next().transpose().map_err(storage)?;
        Ok(row.is_some_and(|(stored, _)| stored.value() == key))
    };
    if !run.iter().try_fold(true, |all, key| Ok::<_, Error>(all && is_next_row(key)?))? {
        drop(rows);
        return run.into_iter().try_for_each(|key| delete(table, key));
    }
    let (mut last, mut behind_gap) = (run.last().copied().unwrap_or(first), None);
    for key in std::iter::from_fn(next) {
        if !is_next_row(key)? {
            behind_gap = Some(key);
            break;
        }
        last = key;
    }
    drop(rows);
    table.retain_in::<&[u8], _>(first..=last, |_, _| false).map_err(storage)?;
    behind_gap.map_or(Ok(()), |key| delete(table, key))
}

fn delete<K: Raw>(table: &mut Table<'_, K, Bytes>, key: &[u8]) -> Result<()> {
    table.remove(key).map_err(storage)?;
    Ok(())
}

/// The first key from `key` on.
fn next_key<K: Raw>(table: &Table<'_, K, Bytes>, key: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut rows = ReadableTable::range::<&[u8]>(table, key..).map_err(storage)?;
    let row = rows.next().transpose().map_err(storage)?;
    Ok(row.map(|(key, _)| key.value().to_vec()))
}

#[cold]
fn unordered(error: CursorError) -> Error {
    match error {
        CursorError::Storage(error) => storage(error),
        _ => Error::internal("changes out of order"),
    }
}

#[cfg(test)]
mod tests {
    use redb::{Database, ReadableTableMetadata, TableDefinition, TableStats, backends::InMemoryBackend};

    use super::*;
    use crate::engine::redb::width::RawKey;

    const DEFINITION: TableDefinition<'_, RawKey<8>, Bytes> = TableDefinition::new("t");

    /// What the table looks like after sorted batches of new keys that fall between the old ones.
    fn shape(write: impl Fn(&mut Table<'_, RawKey<8>, Bytes>, &[[u8; 8]])) -> TableStats {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        // A step that shares no factor with 2^64 spreads the keys evenly.
        let keys: Vec<_> =
            (0..12_000_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()).collect();
        for batch in keys.chunks(1000) {
            let mut batch = batch.to_vec();
            batch.sort_unstable();
            let transaction = database.begin_write().unwrap();
            write(&mut transaction.open_table(DEFINITION).unwrap(), &batch);
            transaction.commit().unwrap();
        }
        let transaction = database.begin_write().unwrap();
        let table = transaction.open_table(DEFINITION).unwrap();
        assert_eq!(ReadableTableMetadata::len(&table).unwrap(), 12_000);
        table.stats().unwrap()
    }

    // Whole ranges go in sweeps, single keys one by one, and what stands between them stays.
    #[test]
    fn deletes_take_what_they_name_and_nothing_else() {
        let key = |number: u64| number.to_be_bytes();
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let transaction = database.begin_write().unwrap();
        let mut table = transaction.open_table(DEFINITION).unwrap();
        for number in 0..10_000 {
            table.insert(key(number).as_slice(), [7; 50].as_slice()).unwrap();
        }
        let is_deleted = |number: u64| {
            matches!(number, 100..900 | 902..1000 | 3000..3063 | 4000..4064 | 9000..) || number % 97 == 5
        };
        // The last ones were never there.
        let keys: Vec<_> = (0..10_200).filter(|number| is_deleted(*number)).map(key).collect();
        apply(&mut table, &mut keys.iter().map(|key| MapChange::Delete(key))).unwrap();
        let left: Vec<_> =
            ReadableTable::iter(&table).unwrap().map(|row| row.unwrap().0.value().to_vec()).collect();
        let expected: Vec<_> =
            (0..10_000).filter(|number| !is_deleted(*number)).map(|n| key(n).to_vec()).collect();
        assert_eq!(left, expected);
    }

    // A cursor for each short run made a tree with eight times the inner pages, and a level more.
    #[test]
    fn batches_leave_a_tree_like_that_of_single_inserts() {
        let value = [7; 190];
        let ours = shape(|table, keys| {
            apply(table, &mut keys.iter().map(|key| MapChange::Insert(key, &value))).unwrap();
        });
        let single = shape(|table, keys| {
            for key in keys {
                table.insert(key.as_slice(), value.as_slice()).unwrap();
            }
        });
        assert_eq!(ours.tree_height(), single.tree_height());
        assert!(ours.branch_pages() <= single.branch_pages() + 2, "{ours:?} {single:?}");
        assert!(ours.leaf_pages() <= single.leaf_pages() * 11 / 10, "{ours:?} {single:?}");
    }
}
