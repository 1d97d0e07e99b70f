//! An index as rows of packed values: look-ups, and changes in order.

use std::ops::Bound;
use std::sync::Arc;

use redb::{AccessGuard, ReadableTable, StorageError};

use super::Access;
use super::cursor::{IndexCursor, Nothing};
use super::error::storage;
use super::packed::{self, Change};
use super::pair::{PairKey, PairTable, RowKey};
use super::rows;
use super::width::Bytes;
use crate::engine::{Cursor, Direction, IndexChange, MapChange, Range};
use crate::error::Result;

/// From this row on, up to but without that one.
pub(super) type Rows = (Bound<RowKey>, Bound<RowKey>);

/// The rows that hold a range of keys; `None` if there can be none.
pub(super) fn rows_of<const K: usize, const V: usize>((low, high): Range<'_>) -> Option<Rows> {
    let edge = PairKey::<K, V>::edge;
    let low = match low {
        Bound::Included(key) => Bound::Included(edge(key, false)?),
        Bound::Excluded(key) => Bound::Included(edge(key, true)?),
        Bound::Unbounded => Bound::Unbounded,
    };
    // A bound behind the last possible key holds nothing back.
    let high = match high {
        Bound::Included(key) => edge(key, true).map_or(Bound::Unbounded, Bound::Excluded),
        Bound::Excluded(key) => edge(key, false).map_or(Bound::Unbounded, Bound::Excluded),
        Bound::Unbounded => Bound::Unbounded,
    };
    Some((low, high))
}

pub(super) fn as_bounds((low, high): &Rows) -> Range<'_> {
    (low.as_ref().map(RowKey::as_slice), high.as_ref().map(RowKey::as_slice))
}

/// The cursor over one key's values, if they stand in one row: a look-up instead of a walk, which looks for two ends.
pub(super) fn of_key<'t, const K: usize, const V: usize>(
    range: Range<'_>,
    get: impl FnOnce(&[u8]) -> std::result::Result<Option<AccessGuard<'t, Bytes>>, StorageError>,
    way: Direction,
    database: Option<Arc<Access>>,
) -> Result<Option<Box<dyn Cursor + 't>>> {
    let (Bound::Included(key), Bound::Included(end)) = range else { return Ok(None) };
    let mut row = RowKey::new();
    // A bound that is no key may still be the end of a range.
    if key != end || PairKey::<K, V>::write(key, PairKey::<K, V>::lowest(), &mut row).is_err() {
        return Ok(None);
    }
    match get(&row).map_err(storage)? {
        Some(values) => {
            let cursor = IndexCursor::<K, V>::of_row(row, values, way, database)?;
            Ok(cursor.map(|cursor| Box::new(cursor) as Box<dyn Cursor>))
        }
        None => Ok(Some(Box::new(Nothing))),
    }
}

/// The cursor over one key's values from one of them on. The row that holds it is looked for.
pub(super) fn values_from<'t, const K: usize, const V: usize>(
    key: &[u8],
    value: &[u8],
    way: Direction,
    range: impl Fn(Range<'_>) -> std::result::Result<redb::Range<'t, PairKey<K, V>, Bytes>, StorageError>,
    database: Option<Arc<Access>>,
) -> Result<Box<dyn Cursor + 't>> {
    let mut at = RowKey::new();
    PairKey::<K, V>::write(key, value, &mut at)?;
    let Some((first, after)) = rows_of::<K, V>((Bound::Included(key), Bound::Included(key))) else {
        return Ok(Box::new(Nothing));
    };
    let up_to_it = (first.as_ref().map(RowKey::as_slice), Bound::Included(at.as_slice()));
    let rows = match way {
        Direction::Reverse => range(up_to_it).map_err(storage)?,
        Direction::Forward => {
            // The row begins at the value, or before it.
            let row = range(up_to_it).map_err(storage)?.next_back().transpose().map_err(storage)?;
            let low = row.as_ref().map_or(up_to_it.0, |(row, _)| Bound::Included(row.value()));
            range((low, after.as_ref().map(RowKey::as_slice))).map_err(storage)?
        }
    };
    let mut cursor = IndexCursor::<K, V>::new(rows, way, database);
    cursor.begin_at(value)?;
    Ok(Box::new(cursor))
}

/// How many values a key has: the front of its first row.
pub(super) fn count<const K: usize, const V: usize>(
    table: &impl ReadableTable<PairKey<K, V>, Bytes>,
    key: &[u8],
) -> Result<u64> {
    let mut row = RowKey::new();
    PairKey::<K, V>::write(key, PairKey::<K, V>::lowest(), &mut row)?;
    match table.get(row.as_slice()).map_err(storage)? {
        Some(values) => packed::read_total(values.value()).map(|(total, _)| total),
        None => Ok(0),
    }
}

/// Applies changes whose pairs ascend. All changes of a row are one write of it.
pub(super) fn apply<const K: usize, const V: usize>(
    table: &mut PairTable<'_, K, V>,
    changes: &mut dyn Iterator<Item = IndexChange<'_>>,
) -> Result<()> {
    let mut changes = changes.map(parts).peekable();
    let mut under_key = Vec::new();
    let mut written = RowChanges::default();
    let mut buffers = Buffers::default();
    while let Some((key, change)) = changes.next() {
        under_key.clear();
        under_key.push(change);
        while let Some((_, change)) = changes.next_if(|(next, _)| *next == key) {
            under_key.push(change);
        }
        change_key::<K, V>(table, key, &under_key, &mut buffers, &mut written)?;
        if written.bytes.len() > WRITTEN {
            rows::apply(table, &mut written.iter())?;
            written.clear();
        }
    }
    rows::apply(table, &mut written.iter())
}

/// Bytes of rows that are collected before the table gets them. Many at once let new ones go through one cursor.
const WRITTEN: usize = 1 << 20;

fn parts(change: IndexChange<'_>) -> (&[u8], Change<'_>) {
    match change {
        IndexChange::Insert(key, value) => (key, Change { value, comes: true }),
        IndexChange::Remove(key, value) => (key, Change { value, comes: false }),
    }
}

/// Changes of rows in one buffer.
#[derive(Default)]
struct RowChanges {
    bytes: Vec<u8>,
    /// kind, and the ends of key and value
    rows: Vec<(Kind, usize, usize)>,
}

#[derive(Clone, Copy)]
enum Kind {
    Insert,
    Put,
    Delete,
}

impl RowChanges {
    fn push(&mut self, kind: Kind, key: &[u8], value: &[&[u8]]) {
        self.bytes.extend_from_slice(key);
        let key_end = self.bytes.len();
        for part in value {
            self.bytes.extend_from_slice(part);
        }
        self.rows.push((kind, key_end, self.bytes.len()));
    }

    fn append(&mut self, later: &RowChanges) {
        let base = self.bytes.len();
        self.bytes.extend_from_slice(&later.bytes);
        self.rows.extend(later.rows.iter().map(|(kind, key, value)| (*kind, base + key, base + value)));
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.rows.clear();
    }

    fn iter(&self) -> impl Iterator<Item = MapChange<'_>> {
        let mut start = 0;
        self.rows.iter().map(move |(kind, key_end, value_end)| {
            let key = self.bytes.get(start..*key_end).unwrap_or_default();
            let value = self.bytes.get(*key_end..*value_end).unwrap_or_default();
            start = *value_end;
            match kind {
                Kind::Insert => MapChange::Insert(key, value),
                Kind::Put => MapChange::Put(key, value),
                Kind::Delete => MapChange::Delete(key),
            }
        })
    }
}

/// What is used again for every key.
#[derive(Default)]
struct Buffers {
    first: RowKey,
    row: RowKey,
    total: Vec<u8>,
    values: Vec<u8>,
    /// values of the first row, while later ones are changed
    head: Vec<u8>,
    later: RowChanges,
}

/// Works out which rows of one key change, and how.
fn change_key<const K: usize, const V: usize>(
    table: &PairTable<'_, K, V>,
    key: &[u8],
    changes: &[Change<'_>],
    buffers: &mut Buffers,
    written: &mut RowChanges,
) -> Result<()> {
    let Buffers { first, row, total, values, head, later } = buffers;
    PairKey::<K, V>::write(key, PairKey::<K, V>::lowest(), first)?;
    let stored = ReadableTable::get(table, first.as_slice()).map_err(storage)?;
    let (mut count, old) = stored.as_ref().map_or(Ok((0, &[][..])), |row| packed::read_total(row.value()))?;
    head.clear();
    later.clear();
    if count == packed::len::<V>(old)? {
        values.clear();
        count = count.saturating_add_signed(packed::merge::<V>(old, changes, values)?);
        divide::<K, V>(key, None, values, row, Some(head), later)?;
    } else {
        head.extend_from_slice(old);
        let mut left = changes;
        while let Some(change) = left.first() {
            let found = Found::<V>::new::<K>(table, key, change.value, row)?;
            let end =
                left.partition_point(|change| found.next.as_deref().is_none_or(|next| change.value < next));
            let (here, rest) = left.split_at_checked(end.max(1)).unwrap_or((left, &[]));
            left = rest;
            values.clear();
            count = count.saturating_add_signed(packed::merge::<V>(&found.values, here, values)?);
            let into = if found.is_first { Some(&mut *head) } else { None };
            divide::<K, V>(key, Some(&found.low), values, row, into, later)?;
        }
    }
    if count > 0 {
        total.clear();
        packed::write_total(count, total);
        let kind = if stored.is_some() { Kind::Put } else { Kind::Insert };
        written.push(kind, first, &[total, head]);
    } else if stored.is_some() {
        written.push(Kind::Delete, first, &[]);
    }
    written.append(later);
    Ok(())
}

/// The row of a key with many that a value belongs to.
struct Found<const V: usize> {
    low: Vec<u8>,
    values: Vec<u8>,
    is_first: bool,
    /// where the next row of the key begins
    next: Option<Vec<u8>>,
}

impl<const V: usize> Found<V> {
    fn new<const K: usize>(
        table: &PairTable<'_, K, V>,
        key: &[u8],
        value: &[u8],
        row: &mut RowKey,
    ) -> Result<Self> {
        PairKey::<K, V>::write(key, value, row)?;
        let here = (Bound::Unbounded, Bound::Included(row.as_slice()));
        let mut rows = ReadableTable::range::<&[u8]>(table, here).map_err(storage)?;
        let (at, values) = rows.next_back().ok_or_else(packed::malformed)?.map_err(storage)?;
        let (found, low) = PairKey::<K, V>::split(at.value());
        if found != key {
            return Err(packed::malformed());
        }
        let is_first = PairKey::<K, V>::is_first(low);
        let values = if is_first { packed::read_total(values.value())?.1 } else { values.value() };
        let behind = (Bound::Excluded(at.value()), Bound::Unbounded);
        let mut rows = ReadableTable::range::<&[u8]>(table, behind).map_err(storage)?;
        let next = rows.next().transpose().map_err(storage)?;
        let next = next.as_ref().map(|(row, _)| PairKey::<K, V>::split(row.value()));
        let next = next.filter(|(found, _)| *found == key).map(|(_, low)| low.to_vec());
        Ok(Found { low: low.to_vec(), values: values.to_vec(), is_first, next })
    }
}

/// Puts values into as many rows as they need. The first piece goes into `head` if it belongs to the first row of the
/// key, else it stays in the row that begins at `low`, which goes if nothing is left in it.
fn divide<const K: usize, const V: usize>(
    key: &[u8],
    low: Option<&[u8]>,
    values: &[u8],
    row: &mut RowKey,
    mut head: Option<&mut Vec<u8>>,
    later: &mut RowChanges,
) -> Result<()> {
    let mut is_first_piece = true;
    packed::pieces::<V>(values, |piece| {
        let is_first_piece = std::mem::take(&mut is_first_piece);
        match (is_first_piece, &mut head, low) {
            (true, Some(head), _) => {
                head.clear();
                head.extend_from_slice(piece);
                return Ok(());
            }
            (true, None, Some(low)) => {
                PairKey::<K, V>::write(key, low, row)?;
                let kind = if piece.is_empty() { Kind::Delete } else { Kind::Put };
                later.push(kind, row, &[piece]);
            }
            _ => {
                let mut rest = piece;
                let low = packed::take::<V>(&mut rest)?.unwrap_or_default();
                PairKey::<K, V>::write(key, low, row)?;
                later.push(Kind::Insert, row, &[piece]);
            }
        }
        Ok(())
    })
}
