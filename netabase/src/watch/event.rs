//! What a watcher is told.

use std::fmt;
use std::time::SystemTime;

use crate::model::NetabaseModel;

/// What one commit did to the records that are watched.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice<M: NetabaseModel> {
    /// number of the commit, see [`ChangeSet::seq`](crate::change::ChangeSet::seq)
    pub seq: u64,
    /// when its transaction began, by the store's clock
    pub time: SystemTime,
    /// who wrote it
    pub actor: Option<String>,
    /// one for each record, by key; at least one
    pub events: Vec<Event<M>>,
}

impl<M: NetabaseModel> fmt::Debug for Notice<M> {
    /// Without what the records hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notice({}: {:?})", self.seq, self.events)
    }
}

/// What became of a record, seen through the filter of whoever watches.
#[derive(Clone, PartialEq, Eq)]
pub enum Event<M: NetabaseModel> {
    /// It passes the filter, and did not before.
    Enter {
        /// primary key
        key: M::PrimaryKey,
        /// as it was, if it was there and could be seen
        before: Option<M>,
        /// as it is
        after: M,
    },
    /// It passed the filter, and does so still.
    Update {
        /// primary key
        key: M::PrimaryKey,
        /// as it was
        before: M,
        /// as it is
        after: M,
    },
    /// It passed the filter, and does so no more.
    Leave {
        /// primary key
        key: M::PrimaryKey,
        /// as it was
        before: M,
        /// as it is, if it is still there and may be seen
        after: Option<M>,
    },
}

impl<M: NetabaseModel> Event<M> {
    /// Primary key of the record.
    pub fn key(&self) -> &M::PrimaryKey {
        let (Event::Enter { key, .. } | Event::Update { key, .. } | Event::Leave { key, .. }) = self;
        key
    }

    /// The record as it was, if it was there and could be seen.
    pub fn before(&self) -> Option<&M> {
        match self {
            Event::Enter { before, .. } => before.as_ref(),
            Event::Update { before, .. } | Event::Leave { before, .. } => Some(before),
        }
    }

    /// The record as it is, if it is there and may be seen.
    pub fn after(&self) -> Option<&M> {
        match self {
            Event::Enter { after, .. } | Event::Update { after, .. } => Some(after),
            Event::Leave { after, .. } => after.as_ref(),
        }
    }
}

impl<M: NetabaseModel> fmt::Debug for Event<M> {
    /// Without what the record holds: events are logged in places that records should not reach.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Event::Enter { .. } => "Enter",
            Event::Update { .. } => "Update",
            Event::Leave { .. } => "Leave",
        };
        write!(f, "{name} {} {:?}", M::NAME, self.key())
    }
}
