//! How far somebody is with a source: rows that are committed with what he did.

use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::source::Source;
use crate::change::{Interest, Mail, Mailbox};
use crate::engine::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::NetabaseDefinition;
use crate::overlay::View;
use crate::permission::{FeedAccess, Permit};
use crate::store::Store;
use crate::table::{self, CONSUMERS_TABLE, OUTBOX_TABLE};
use crate::transaction::WriteTransaction;

/// The longest name of a consumer or a group, in bytes.
const LONGEST: usize = 200;

/// The row of a consumer or a group.
pub(super) struct Cursor<D, T> {
    pub(super) store: Store<D>,
    pub(super) source: Source<D, T>,
    pub(super) key: Vec<u8>,
}

impl<D, T> Clone for Cursor<D, T> {
    fn clone(&self) -> Self {
        Cursor { store: self.store.clone(), key: self.key.clone(), source: self.source }
    }
}

/// What a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// Everything up to this number is done with. It stands first, as the retention of the journal reads it.
    pub(super) done: u64,
    /// The last number that was given out, in a group.
    pub(super) given: Option<u64>,
}

impl Position {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (done, rest) = bytes.split_first_chunk()?;
        let given = match rest {
            [] => None,
            given => Some(u64::from_be_bytes(given.try_into().ok()?)),
        };
        Some(Position { done: u64::from_be_bytes(*done), given })
    }

    fn write(self) -> Vec<u8> {
        let given = self.given.map(u64::to_be_bytes);
        [self.done.to_be_bytes()].iter().chain(&given).flatten().copied().collect()
    }
}

impl<D: NetabaseDefinition, T> Cursor<D, T> {
    /// Finds the row, or makes it.
    pub(super) fn new(store: Store<D>, source: Source<D, T>, name: &str, is_group: bool) -> Result<Self> {
        if name.is_empty() || name.len() > LONGEST || name.contains(['/', '\0']) {
            let reason =
                format!("the name of a consumer has 1 to {LONGEST} bytes, and no `/` or NUL: {name:?}");
            return Err(Error::invalid_key(reason));
        }
        let key = format!("{}/{name}", (source.name)()).into_bytes();
        let cursor = Cursor { store, source, key };
        let found = cursor.store.write(|txn| {
            let permit = cursor.permit(txn)?;
            if let Some(position) = cursor.find(&txn.as_view()?, &permit)? {
                return Ok(position);
            }
            let position = Position { done: 0, given: is_group.then_some(0) };
            cursor.set(txn, &permit, position)?;
            Ok(position)
        })?;
        if found.given.is_some() != is_group {
            let kind = if is_group { "a consumer" } else { "a group" };
            return Err(Error::invalid_key(format!("{name:?} is {kind} already: take another name")));
        }
        Ok(cursor)
    }

    pub(super) fn permit(&self, txn: &WriteTransaction<D>) -> Result<Permit<FeedAccess>> {
        (self.source.permit)(&txn.context)
    }

    fn find(&self, view: &View<'_>, permit: &Permit<FeedAccess>) -> Result<Option<Position>> {
        let Some(bytes) = table::feed_row(permit, view, CONSUMERS_TABLE, &self.key)? else { return Ok(None) };
        let corrupt = || Error::new(ErrorKind::Corrupt { place: "netabase.consumers".to_owned() });
        Position::read(&bytes).map(Some).ok_or_else(corrupt)
    }

    /// Where it is.
    pub(super) fn at(&self, view: &View<'_>, permit: &Permit<FeedAccess>) -> Result<Position> {
        let gone = || {
            let name = String::from_utf8_lossy(&self.key).into_owned();
            Error::invalid_key(format!("the consumer `{name}` was removed: ask the store for it again"))
        };
        self.find(view, permit)?.ok_or_else(gone)
    }

    pub(super) fn get(&self, txn: &WriteTransaction<D>, permit: &Permit<FeedAccess>) -> Result<Position> {
        self.at(&txn.as_view()?, permit)
    }

    pub(super) fn set(
        &self,
        txn: &mut WriteTransaction<D>,
        permit: &Permit<FeedAccess>,
        position: Position,
    ) -> Result<()> {
        txn.set_feed_row(permit, CONSUMERS_TABLE, &self.key, Some(&position.write()))
    }

    /// Where it is now.
    pub(super) fn position(&self) -> Result<Position> {
        let snapshot = self.store.begin_read()?;
        self.at(&snapshot.view, &(self.source.permit)(&snapshot.context)?)
    }

    /// Removes what all consumers of the source have done with.
    pub(super) fn sweep(&self, txn: &mut WriteTransaction<D>, permit: &Permit<FeedAccess>) -> Result<()> {
        let (low, high) = (format!("{}/", (self.source.name)()), format!("{}0", (self.source.name)()));
        let range = (Bound::Included(low.as_bytes()), Bound::Excluded(high.as_bytes()));
        let (view, mut slowest) = (txn.as_view()?, u64::MAX);
        let mut rows = table::feed_rows(permit, &view, CONSUMERS_TABLE, range, Direction::Forward)?;
        while rows.advance()? {
            slowest = slowest.min(Position::read(rows.value()).map_or(0, |position| position.done));
        }
        drop(rows);
        let done = (self.source.done)(permit, &view, slowest)?;
        for key in done {
            txn.set_feed_row(permit, OUTBOX_TABLE, &key, None)?;
        }
        Ok(())
    }

    /// Waits until a test holds of what is committed, or the time has passed. It is made again after each commit.
    pub(super) fn wait(&self, patience: Duration, mut test: impl FnMut() -> Result<bool>) -> Result<bool> {
        let until = Instant::now().checked_add(patience);
        let mailbox = Arc::new(Mailbox::new(1));
        let feed = &self.store.context.feed;
        let number = feed.enter().add(Interest::ANY, mailbox.clone());
        let waited = loop {
            match test() {
                Ok(false) => {}
                done => break done,
            }
            let left = until.map_or(patience, |until| until.saturating_duration_since(Instant::now()));
            match mailbox.wait(Some(left)) {
                None | Some(Mail::Closed) => break Ok(false),
                Some(Mail::Batch(_) | Mail::Lag(_)) => {}
            }
        };
        feed.forget(number);
        waited
    }
}
