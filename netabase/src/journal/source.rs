//! What consumers work through: the commits of the journal, or the messages of a topic.

use std::ops::Bound;
use std::sync::Arc;

use super::topic::{self, Message};
use crate::change::{ChangeSet, Sets, first_seq, last_seq};
use crate::engine::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{NetabaseDefinition, NetabaseTopic};
use crate::overlay::View;
use crate::permission::{Door, FeedAccess, Permit};
use crate::table::{self, OUTBOX_TABLE};
use crate::transaction::Context;

/// An item with its number. `None` inside: there is nothing in it for this definition.
pub(super) type Next<T> = Option<(u64, Option<T>)>;

/// Numbers and keys of items behind one number, up to another.
type Keys = fn(&Permit<FeedAccess>, &View<'_>, (u64, u64)) -> Result<Vec<(u64, Vec<u8>)>>;

/// Something with numbered items, in order.
pub(super) struct Source<D, T> {
    /// What the rows of its consumers begin with.
    pub(super) name: fn() -> String,
    /// Leave to work through it.
    pub(super) permit: fn(&Context<D>) -> Result<Permit<FeedAccess>>,
    /// The first item behind a number.
    pub(super) next: fn(&Permit<FeedAccess>, &View<'_>, u64) -> Result<Next<T>>,
    /// Number of the last item.
    pub(super) last: fn(&Permit<FeedAccess>, &View<'_>) -> Result<u64>,
    /// The number before the first item that is kept.
    pub(super) horizon: fn(&View<'_>) -> Result<u64>,
    /// What all consumers have done with up to there, as much of it as is to go at once.
    pub(super) done: Keys,
}

impl<D, T> Clone for Source<D, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D, T> Copy for Source<D, T> {}

/// The commits of the journal.
pub(super) fn commits<D: NetabaseDefinition>() -> Source<D, ChangeSet<D>> {
    Source {
        // Each definition of a file has its own.
        name: || format!("journal/{}", D::NAME),
        permit: |context| {
            if !context.journals {
                return Err(Error::new(ErrorKind::NoJournal { name: D::NAME }));
            }
            context.guard.feed(Door::Consume)
        },
        next: |_, view, after| {
            let Some(batch) = Sets::from(view, after.saturating_add(1))?.next()? else { return Ok(None) };
            let seq = batch.commit.seq;
            let set = ChangeSet::new(Arc::new(batch));
            let is_empty = set.raw().all(|change| change.is_ok_and(|change| change.definition != D::NAME));
            Ok(Some((seq, (!is_empty).then_some(set))))
        },
        last: |_, view| last_seq(view),
        horizon: |view| Ok(first_seq(view)?.map_or(0, |first| first.saturating_sub(1))),
        // That is for the retention of the journal to say.
        done: |_, _, _| Ok(Vec::new()),
    }
}

/// The messages of a topic.
pub(super) fn messages<D: NetabaseDefinition, T: NetabaseTopic>() -> Source<D, Message<T>> {
    Source {
        name: topic::name::<D, T>,
        permit: |context| topic::permit::<D, T>(context, Door::Receive),
        next: |permit, view, after| {
            let (low, high) = (topic::row::<D, T>(after), topic::row::<D, T>(u64::MAX));
            let range = (Bound::Excluded(&low[..]), Bound::Included(&high[..]));
            let mut rows = table::feed_rows(permit, view, OUTBOX_TABLE, range, Direction::Forward)?;
            if !rows.advance()? {
                return Ok(None);
            }
            let message = topic::read::<T>(rows.key(), rows.value())?;
            Ok(Some((message.seq, Some(message))))
        },
        last: |permit, view| {
            let (low, high) = (topic::row::<D, T>(0), topic::row::<D, T>(u64::MAX));
            let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
            let mut rows = table::feed_rows(permit, view, OUTBOX_TABLE, range, Direction::Reverse)?;
            if rows.advance()? { Ok(topic::seq_of(rows.key())) } else { Ok(0) }
        },
        // Messages that are gone leave no gap that anybody could miss.
        horizon: |_| Ok(0),
        done: |permit, view, (from, until)| {
            /// Messages that go at once.
            const MOST: usize = 1024;
            let (low, high) = (topic::row::<D, T>(from), topic::row::<D, T>(until));
            let range = (Bound::Excluded(&low[..]), Bound::Included(&high[..]));
            let mut rows = table::feed_rows(permit, view, OUTBOX_TABLE, range, Direction::Forward)?;
            let mut keys = Vec::new();
            while keys.len() < MOST && rows.advance()? {
                keys.push((topic::seq_of(rows.key()), rows.key().to_vec()));
            }
            Ok(keys)
        },
    }
}
