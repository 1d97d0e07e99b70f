//! Cursors over redb's iterators. The guards live in the cursor, so no type that carries a width leaves it.

use std::sync::Arc;

use redb::{AccessGuard, MultimapRange, MultimapValue, Range};

use super::Access;
use super::error::storage;
use super::guard::guarded;
use super::width::{Bytes, RawKey};
use crate::engine::{Cursor, Direction};
use crate::error::Result;

/// Rows of a map.
pub(super) struct MapCursor<'a, const K: usize> {
    rows: Range<'a, RawKey<K>, Bytes>,
    direction: Direction,
    row: Option<(AccessGuard<'a, RawKey<K>>, AccessGuard<'a, Bytes>)>,
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
}

impl<const K: usize> Cursor for MapCursor<'_, K> {
    fn advance(&mut self) -> Result<bool> {
        guarded(|| {
            let next = match self.direction {
                Direction::Forward => self.rows.next(),
                Direction::Reverse => self.rows.next_back(),
            };
            self.row = next.transpose().map_err(storage)?;
            // Looked at once in here: the bounds of a damaged row may lie outside its page.
            Ok(self.row.as_ref().is_some_and(|(key, value)| {
                let _ = (key.value(), value.value());
                true
            }))
        })
    }

    fn key(&self) -> &[u8] {
        self.row.as_ref().map_or(&[], |(key, _)| key.value())
    }

    fn value(&self) -> &[u8] {
        self.row.as_ref().map_or(&[], |(_, value)| value.value())
    }
}

/// Rows of an index, flattened from redb's iterator of iterators.
pub(super) struct IndexCursor<'a, const K: usize, const V: usize> {
    keys: MultimapRange<'a, RawKey<K>, RawKey<V>>,
    key: Option<(AccessGuard<'a, RawKey<K>>, MultimapValue<'a, RawKey<V>>)>,
    value: Option<AccessGuard<'a, RawKey<V>>>,
    direction: Direction,
    /// of a cursor that may outlive its transaction
    _database: Option<Arc<Access>>,
}

impl<'a, const K: usize, const V: usize> IndexCursor<'a, K, V> {
    pub(super) fn new(
        keys: MultimapRange<'a, RawKey<K>, RawKey<V>>,
        direction: Direction,
        database: Option<Arc<Access>>,
    ) -> Self {
        IndexCursor { keys, key: None, value: None, direction, _database: database }
    }
}

impl<const K: usize, const V: usize> Cursor for IndexCursor<'_, K, V> {
    fn advance(&mut self) -> Result<bool> {
        guarded(|| {
            loop {
                if let Some((_, values)) = &mut self.key {
                    let next = match self.direction {
                        Direction::Forward => values.next(),
                        Direction::Reverse => values.next_back(),
                    };
                    if let Some(value) = next {
                        let value = value.map_err(storage)?;
                        let _ = value.value();
                        self.value = Some(value);
                        return Ok(true);
                    }
                }
                let next = match self.direction {
                    Direction::Forward => self.keys.next(),
                    Direction::Reverse => self.keys.next_back(),
                };
                self.value = None;
                self.key = next.transpose().map_err(storage)?;
                match &self.key {
                    Some((key, _)) => {
                        let _ = key.value();
                    }
                    None => return Ok(false),
                }
            }
        })
    }

    fn key(&self) -> &[u8] {
        self.key.as_ref().map_or(&[], |(key, _)| key.value())
    }

    fn value(&self) -> &[u8] {
        self.value.as_ref().map_or(&[], |value| value.value())
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
