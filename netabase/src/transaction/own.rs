//! Rows that belong to no model: how far consumers are, and the messages of topics.

use super::state::no_layer;
use super::write::WriteTransaction;
use crate::engine::TableId;
use crate::error::Result;
use crate::model::NetabaseDefinition;
use crate::permission::{FeedAccess, Permit};
use crate::table;

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// The value of a row.
    pub(crate) fn feed_row(
        &self,
        permit: &Permit<FeedAccess>,
        table: TableId,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>> {
        Ok(table::feed_row(permit, &self.as_view()?, table, key)?.map(|value| value.to_vec()))
    }

    /// Sets a row, or deletes it.
    pub(crate) fn set_feed_row(
        &mut self,
        permit: &Permit<FeedAccess>,
        table: TableId,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<()> {
        let present = table::feed_row(permit, &self.as_view()?, table, key)?.is_some();
        let layer = self.state.layers.last_mut().ok_or_else(no_layer)?;
        table::put_feed_row(permit, layer, (table, key), value, present)?;
        self.state.spill_if_full(&self.context)
    }
}
