//! Where a query reads: an owned snapshot, or a write transaction with its staged changes.

use std::sync::Arc;

use super::Staged;
use crate::engine::{Cursor, Direction, Range, Slice, Snapshot, TableId};
use crate::error::Result;

/// `'r`: how long what is read may live. For a snapshot that is as long as one likes.
#[derive(Clone)]
pub(crate) enum View<'r> {
    Snapshot(Arc<dyn Snapshot>),
    Staged(Staged<'r>),
}

impl<'r> View<'r> {
    pub(crate) fn is_snapshot(&self) -> bool {
        matches!(self, View::Snapshot(_))
    }

    pub(crate) fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Slice<'_>>> {
        match self {
            View::Snapshot(snapshot) => snapshot.get(table, key),
            View::Staged(staged) => staged.get(table, key),
        }
    }

    pub(crate) fn cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        way: Direction,
    ) -> Result<Box<dyn Cursor + 'r>> {
        match self {
            View::Snapshot(snapshot) => snapshot.owned_cursor(table, range, way),
            View::Staged(staged) => staged.cursor(table, range, way),
        }
    }

    pub(crate) fn index_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        way: Direction,
    ) -> Result<Box<dyn Cursor + 'r>> {
        match self {
            View::Snapshot(snapshot) => snapshot.owned_index_cursor(table, range, way),
            View::Staged(staged) => staged.index_cursor(table, range, way),
        }
    }

    pub(crate) fn values_from(
        &self,
        table: TableId,
        key: &[u8],
        value: &[u8],
        way: Direction,
    ) -> Result<Box<dyn Cursor + 'r>> {
        match self {
            View::Snapshot(snapshot) => snapshot.owned_values_from(table, key, value, way),
            View::Staged(staged) => staged.values_from(table, key, value, way),
        }
    }

    pub(crate) fn index_count(&self, table: TableId, key: &[u8]) -> Result<u64> {
        match self {
            View::Snapshot(snapshot) => snapshot.index_count(table, key),
            View::Staged(staged) => staged.index_count(table, key),
        }
    }

    pub(crate) fn len(&self, table: TableId) -> Result<u64> {
        match self {
            View::Snapshot(snapshot) => snapshot.len(table),
            View::Staged(staged) => staged.len(table),
        }
    }
}
