//! Cursors over redb's iterators. The guards live in the cursor, so no type that carries a width leaves it.

use std::sync::Arc;

use redb::{AccessGuard, Range, StorageError};

use super::Access;
use super::error::storage;
use super::guard::guarded;
use super::packed;
use super::pair::{PairKey, RowKey};
use super::width::{Bytes, RawKey};
use crate::engine::{Cursor, Direction};
use crate::error::Result;

type Row<'a, const K: usize> = (AccessGuard<'a, RawKey<K>>, AccessGuard<'a, Bytes>);

/// Rows of a map.
pub(super) struct MapCursor<'a, const K: usize> {
    rows: Range<'a, RawKey<K>, Bytes>,
    direction: Direction,
    /// as redb gave it, since moving it costs as much as looking at it
    row: Option<std::result::Result<Row<'a, K>, StorageError>>,
    /// of a cursor that may outlive its transaction
    _database: Option<Arc<Access>>,
}

impl<'a, const K: usize> MapCursor<'a, K> {
    pub(super) fn new(
        rows: Range<'a, RawKey<K>, Bytes>,
        direction: Direction,
        database: Option<Arc<Access>>,
    ) -> Self {
        MapCursor { rows, direction, row: None, _database: database }
    }

    #[cold]
    fn failed(&mut self) -> Result<bool> {
        match self.row.take() {
            Some(Err(error)) => Err(storage(error)),
            _ => Ok(false),
        }
    }
}

impl<const K: usize> Cursor for MapCursor<'_, K> {
    fn advance(&mut self) -> Result<bool> {
        guarded(|| {
            self.row = match self.direction {
                Direction::Forward => self.rows.next(),
                Direction::Reverse => self.rows.next_back(),
            };
            match &self.row {
                Some(Ok((key, value))) => {
                    // Looked at once in here: the bounds of a damaged row may lie outside its page.
                    let _ = (key.value(), value.value());
                    Ok(true)
                }
                None => Ok(false),
                Some(Err(_)) => self.failed(),
            }
        })
    }

    #[inline]
    fn key(&self) -> &[u8] {
        match &self.row {
            Some(Ok((key, _))) => key.value(),
            _ => &[],
        }
    }

    #[inline]
    fn value(&self) -> &[u8] {
        match &self.row {
            Some(Ok((_, value))) => value.value(),
            _ => &[],
        }
    }
}

/// Rows of an index, unpacked.
pub(super) struct IndexCursor<'a, const K: usize, const V: usize> {
    /// none if all values of one key stand in one row
    rows: Option<Range<'a, PairKey<K, V>, Bytes>>,
    row: Option<Packed<'a, K, V>>,
    direction: Direction,
    /// of a cursor that may outlive its transaction
    _database: Option<Arc<Access>>,
}

/// A row with its values, and the place of one of them.
struct Packed<'a, const K: usize, const V: usize> {
    key: PackedKey<'a, K, V>,
    values: AccessGuard<'a, Bytes>,
    /// whether it stands on a value
    looked_at: bool,
    /// of the value looked at
    place: std::ops::Range<usize>,
    /// what is left to look at
    left: std::ops::Range<usize>,
    /// where values of any width stand, for walking backwards
    places: Vec<std::ops::Range<usize>>,
}

/// The key of a row: in its page, or what it was found by.
enum PackedKey<'a, const K: usize, const V: usize> {
    Page(AccessGuard<'a, PairKey<K, V>>),
    Asked(RowKey),
}

impl<const K: usize, const V: usize> PackedKey<'_, K, V> {
    fn bytes(&self) -> &[u8] {
        match self {
            PackedKey::Page(guard) => guard.value(),
            PackedKey::Asked(key) => key,
        }
    }
}

impl<'a, const K: usize, const V: usize> Packed<'a, K, V> {
    fn new(key: PackedKey<'a, K, V>, values: AccessGuard<'a, Bytes>, way: Direction) -> Result<Self> {
        let (_, low) = PairKey::<K, V>::split(key.bytes());
        let all = values.value();
        let packed = if PairKey::<K, V>::is_first(low) { packed::read_total(all)?.1 } else { all };
        let left = all.len() - packed.len()..all.len();
        let mut places = Vec::new();
        if V == 0 && way == Direction::Reverse {
            let mut rest = packed;
            while let Some(value) = packed::take::<V>(&mut rest)? {
                let end = all.len() - rest.len();
                places.push(end - value.len()..end);
            }
        }
        Ok(Packed { key, values, looked_at: false, place: 0..0, left, places })
    }

    /// Leaves out the values before this one.
    fn begin_at(&mut self, value: &[u8], way: Direction) -> Result<()> {
        let all = self.values.value();
        let at = |place: &std::ops::Range<usize>| all.get(place.clone()).unwrap_or_default();
        if V == 0 && way == Direction::Reverse {
            self.places.truncate(self.places.partition_point(|place| at(place) <= value));
            return Ok(());
        }
        if V != 0 {
            let (values, rest) = at(&self.left).as_chunks::<V>();
            if !rest.is_empty() {
                return Err(packed::malformed());
            }
            let before = |is_before: fn(&[u8], &[u8]) -> bool| {
                V * values.partition_point(|own| is_before(own.as_slice(), value))
            };
            match way {
                Direction::Forward => self.left.start += before(|own, value| own < value),
                Direction::Reverse => self.left.end = self.left.start + before(|own, value| own <= value),
            }
            return Ok(());
        }
        let mut rest = at(&self.left);
        loop {
            let here = rest;
            match packed::take::<V>(&mut rest)? {
                Some(next) if next < value => {}
                _ => {
                    self.left.start = self.left.end - here.len();
                    return Ok(());
                }
            }
        }
    }

    /// Goes to the next value; `false` if there is none.
    #[inline]
    fn advance(&mut self, way: Direction) -> Result<bool> {
        self.looked_at = true;
        if V == 0 && way == Direction::Reverse {
            let Some(place) = self.places.pop() else { return Ok(false) };
            self.place = place;
            return Ok(true);
        }
        if self.left.is_empty() {
            return Ok(false);
        }
        if V == 0 {
            let mut rest = self.values.value().get(self.left.clone()).unwrap_or_default();
            let value = packed::take::<V>(&mut rest)?.unwrap_or_default();
            self.left.start = self.left.end - rest.len();
            self.place = self.left.start - value.len()..self.left.start;
        } else if self.left.len() < V {
            return Err(packed::malformed());
        } else if way == Direction::Forward {
            self.place = self.left.start..self.left.start + V;
            self.left.start += V;
        } else {
            self.place = self.left.end - V..self.left.end;
            self.left.end -= V;
        }
        Ok(true)
    }
}

impl<'a, const K: usize, const V: usize> IndexCursor<'a, K, V> {
    pub(super) fn new(
        rows: Range<'a, PairKey<K, V>, Bytes>,
        direction: Direction,
        database: Option<Arc<Access>>,
    ) -> Self {
        IndexCursor { rows: Some(rows), row: None, direction, _database: database }
    }

    /// The values of a key, if all of them stand in its first row.
    pub(super) fn of_row(
        key: RowKey,
        values: AccessGuard<'a, Bytes>,
        direction: Direction,
        database: Option<Arc<Access>>,
    ) -> Result<Option<Self>> {
        let (total, first) = packed::read_total(values.value())?;
        if packed::len::<V>(first)? != total {
            return Ok(None);
        }
        let row = Packed::new(PackedKey::Asked(key), values, direction)?;
        Ok(Some(IndexCursor { rows: None, row: Some(row), direction, _database: database }))
    }

    /// Goes before the first value that is not before this one.
    pub(super) fn begin_at(&mut self, value: &[u8]) -> Result<()> {
        if self.next_row()?
            && let Some(row) = &mut self.row
        {
            row.begin_at(value, self.direction)?;
        }
        Ok(())
    }

    fn next_row(&mut self) -> Result<bool> {
        guarded(|| {
            let next = match (&mut self.rows, self.direction) {
                (None, _) => None,
                (Some(rows), Direction::Forward) => rows.next(),
                (Some(rows), Direction::Reverse) => rows.next_back(),
            };
            let next = next.transpose().map_err(storage)?;
            let row = next.map(|(key, values)| Packed::new(PackedKey::Page(key), values, self.direction));
            self.row = row.transpose()?;
            Ok(self.row.is_some())
        })
    }
}

impl<const K: usize, const V: usize> Cursor for IndexCursor<'_, K, V> {
    #[inline]
    fn advance(&mut self) -> Result<bool> {
        loop {
            if let Some(row) = &mut self.row
                && row.advance(self.direction)?
            {
                return Ok(true);
            }
            if !self.next_row()? {
                return Ok(false);
            }
        }
    }

    fn key(&self) -> &[u8] {
        let row = self.row.as_ref().filter(|row| row.looked_at);
        row.map_or(&[], |row| PairKey::<K, V>::split(row.key.bytes()).0)
    }

    #[inline]
    fn value(&self) -> &[u8] {
        // The place was found in these values.
        self.row.as_ref().and_then(|row| row.values.value().get(row.place.clone())).unwrap_or_default()
    }
}

/// No rows: of a table that is not there, or of a range whose ends cross.
pub(super) struct Nothing;

impl Cursor for Nothing {
    fn advance(&mut self) -> Result<bool> {
        Ok(false)
    }

    fn key(&self) -> &[u8] {
        &[]
    }

    fn value(&self) -> &[u8] {
        &[]
    }
}
