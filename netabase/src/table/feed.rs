//! Rows that belong to no model: how far consumers are, and the messages of topics.

use crate::engine::{Cursor, Direction, Range, Slice, TableId};
use crate::error::Result;
use crate::overlay::{Overlay, View};
use crate::permission::{FeedAccess, Permit};

/// The value of a row.
pub(crate) fn feed_row<'v>(
    _: &Permit<FeedAccess>,
    view: &'v View<'_>,
    table: TableId,
    key: &[u8],
) -> Result<Option<Slice<'v>>> {
    view.get(table, key)
}

/// The rows in a range.
pub(crate) fn feed_rows<'r>(
    _: &Permit<FeedAccess>,
    view: &View<'r>,
    table: TableId,
    range: Range<'_>,
    way: Direction,
) -> Result<Box<dyn Cursor + 'r>> {
    view.cursor(table, range, way)
}

/// Sets a row, or deletes it. `present`: whether it is there now.
pub(crate) fn put_feed_row(
    _: &Permit<FeedAccess>,
    overlay: &mut Overlay,
    (table, key): (TableId, &[u8]),
    value: Option<&[u8]>,
    present: bool,
) -> Result<()> {
    overlay.put(table, key, value, present)
}
