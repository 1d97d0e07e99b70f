//! Records behind the rows of an index, fetched in the order of the main table.

use super::source::Source;
use crate::engine::Slice;
use crate::error::Result;
use crate::overlay::InOrder;
use crate::table::{self, KeyList, Seeker, Sought};

/// Primary keys, and the one of them that was fetched last.
pub(super) struct Fetch<'r> {
    keys: KeyList,
    order: InOrder,
    place: usize,
    seeker: Seeker<'r>,
    sought: Sought,
}

impl<'r> Fetch<'r> {
    pub(super) fn new(source: &Source<'r>, keys: KeyList) -> Self {
        let order = keys.in_order();
        Fetch { keys, order, place: 0, seeker: Seeker::new(&source.view), sought: Sought::Unknown }
    }

    /// Goes to the next record; `false` behind the last.
    pub(super) fn advance(&mut self, source: &Source<'r>) -> Result<bool> {
        let Some(place) = self.order.next() else { return Ok(false) };
        self.place = place;
        let Source { view, permit, .. } = source;
        self.sought = self.seeker.seek(permit, view, source.tables()?, self.keys.get(place))?;
        Ok(true)
    }

    pub(super) fn key(&self) -> &[u8] {
        self.keys.get(self.place)
    }

    /// The bytes of the record, if there is one.
    pub(super) fn record<'s>(&'s self, source: &'s Source<'r>) -> Result<Option<Slice<'s>>> {
        match self.sought {
            Sought::Here => Ok(Some(Slice::borrowed(self.seeker.value()))),
            Sought::Nowhere => Ok(None),
            Sought::Unknown => table::get(&source.permit, &source.view, source.tables()?, self.key()),
        }
    }

    /// The keys, to be filled again.
    pub(super) fn into_keys(mut self) -> KeyList {
        self.keys.clear();
        self.keys
    }
}
