//! Many records by ascending keys: by single look-ups where the keys lie apart, and by one walk where they lie close.

use std::ops::Bound;

use super::KeyList;
use super::layout::ModelTables;
use super::read;
use crate::engine::{Cursor, Direction};
use crate::error::Result;
use crate::overlay::View;
use crate::permission::{Permit, ReadAccess};

/// Rows that a walk may pass over on its way to a key. Passing three costs more than looking the key up.
const PASSED: usize = 2;

/// Single look-ups before the first walk is tried, as opening one costs as much as a few of them.
const FIRST: u32 = 16;

/// Look-ups before the next try, if a walk led to no second key; twice as many each time, up to the other number.
const PAUSE: u32 = 64;
const LONGEST_PAUSE: u32 = 4096;

/// Goes from key to key in the main table of a model.
pub(crate) struct Seeker<'r> {
    walk: Option<Box<dyn Cursor + 'r>>,
    /// whether the walk stands on a row
    on_row: bool,
    /// look-ups until a walk is tried
    look_ups: u32,
    /// look-ups after the next walk that fails
    pause: u32,
}

/// Where the record of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sought {
    /// The walk stands on it: [`Seeker::value`].
    Here,
    /// There is none.
    Nowhere,
    /// It is to be looked up.
    Unknown,
}

impl<'r> Seeker<'r> {
    pub(crate) fn new(view: &View<'_>) -> Self {
        // The first walk over staged rows sorts all of them, which single look-ups need not pay for.
        let look_ups = if view.is_snapshot() { FIRST } else { u32::MAX };
        Seeker { walk: None, on_row: false, look_ups, pause: PAUSE }
    }

    /// Goes on to a key that is not below the one before it.
    pub(crate) fn seek(
        &mut self,
        permit: &Permit<ReadAccess>,
        view: &View<'r>,
        tables: &ModelTables,
        key: &[u8],
    ) -> Result<Sought> {
        permit.covers(tables.ordinal)?;
        if let Some(left) = self.look_ups.checked_sub(1) {
            self.look_ups = left;
            return Ok(Sought::Unknown);
        }
        let is_new = self.walk.is_none();
        let walk = match &mut self.walk {
            Some(walk) => walk,
            none => {
                let from_key = (Bound::Included(key), Bound::Unbounded);
                none.insert(view.cursor(tables.main()?, from_key, Direction::Forward)?)
            }
        };
        // The row of the key before is not passed over.
        self.on_row &= !is_new && walk.key() >= key;
        for _ in 0..=PASSED {
            if !self.on_row && !walk.advance()? {
                return Ok(Sought::Nowhere);
            }
            if walk.key() >= key {
                self.on_row = true;
                if !is_new {
                    self.pause = PAUSE;
                }
                let is_there = walk.key() == key && permit.shows(walk.value())?;
                return Ok(if is_there { Sought::Here } else { Sought::Nowhere });
            }
        }
        self.walk = None;
        self.look_ups = self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(Sought::Unknown)
    }

    /// The record the walk stands on.
    pub(crate) fn value(&self) -> &[u8] {
        self.walk.as_ref().map_or(&[], |walk| walk.value())
    }
}

/// Shows the records of many keys, in the order of the keys, each with the place of its key in the list. A key that is there
/// several times is read once, and shown for each.
pub(crate) fn each(
    permit: &Permit<ReadAccess>,
    view: &View<'_>,
    tables: &ModelTables,
    keys: &KeyList,
    mut visit: impl FnMut(usize, Option<&[u8]>) -> Result<()>,
) -> Result<()> {
    let mut seeker = Seeker::new(view);
    let mut order = keys.in_order().peekable();
    while let Some(first) = order.next() {
        let key = keys.get(first);
        let stored;
        let record = match seeker.seek(permit, view, tables, key)? {
            Sought::Here => Some(seeker.value()),
            Sought::Nowhere => None,
            Sought::Unknown => {
                stored = read::get(permit, view, tables, key)?;
                stored.as_deref()
            }
        };
        visit(first, record)?;
        while let Some(same) = order.next_if(|next| keys.get(*next) == key) {
            visit(same, record)?;
        }
    }
    Ok(())
}
