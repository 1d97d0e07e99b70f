//! How far somebody is with a source: rows that are committed with what he did.

use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::source::Source;
use crate::change::{Interest, Mail, Mailbox, slowest};
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
    is_group: bool,
}

impl<D, T> Clone for Cursor<D, T> {
    fn clone(&self) -> Self {
        Cursor {
            store: self.store.clone(),
            source: self.source,
            key: self.key.clone(),
            is_group: self.is_group,
        }
    }
}

/// What a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// Everything up to this number is done with. It stands first, as the retention of the journal reads it.
    pub(super) done: u64,
    /// in a group
    pub(super) given: Option<Given>,
}

/// What a group has given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Given {
    /// the last number
    pub(super) last: u64,
    /// Tells this group from one of the same name that was removed.
    pub(super) generation: u64,
}

impl Position {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (done, rest) = bytes.split_first_chunk()?;
        let given = match (rest, rest.as_chunks()) {
            ([], _) => None,
            (_, ([last, generation], [])) => {
                let (last, generation) = (u64::from_be_bytes(*last), u64::from_be_bytes(*generation));
                Some(Given { last, generation })
            }
            _ => return None,
        };
        Some(Position { done: u64::from_be_bytes(*done), given })
    }

    fn write(self) -> Vec<u8> {
        let given = self.given.map(|given| [given.last, given.generation]);
        let numbers = [self.done].into_iter().chain(given.into_iter().flatten());
        numbers.flat_map(u64::to_be_bytes).collect()
    }

    /// The last number that was given out.
    pub(super) fn last(self) -> u64 {
        self.given.map_or(self.done, |given| given.last)
    }
}

/// The row that counts the groups there ever were.
const GROUPS: &[u8] = b"groups";

impl<D: NetabaseDefinition, T> Cursor<D, T> {
    /// Finds the row, or makes it.
    pub(super) fn new(store: Store<D>, source: Source<D, T>, name: &str, is_group: bool) -> Result<Self> {
        if name.is_empty() || name.len() > LONGEST || name.contains(['/', '@', '\0']) {
            let reason =
                format!("the name of a consumer has 1 to {LONGEST} bytes, and no `/`, `@` or NUL: {name:?}");
            return Err(Error::invalid_key(reason));
        }
        // Who has the right to receive does not work as the owner's consumers.
        let whose = if store.context.guard.is_session() { "@" } else { "" };
        let key = format!("{}/{whose}{name}", (source.name)()).into_bytes();
        let cursor = Cursor { store, source, key, is_group };
        let found = cursor.store.write(|txn| {
            let permit = cursor.permit(txn)?;
            if let Some(position) = cursor.find(&txn.as_view()?, &permit)? {
                return Ok(position);
            }
            let done = (source.horizon)(&txn.as_view()?)?;
            let generation = if is_group { count_groups(txn, &permit)? } else { 0 };
            let position = Position { done, given: is_group.then_some(Given { last: done, generation }) };
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

    /// Refuses a transaction of another store.
    pub(super) fn check_store(&self, txn: &WriteTransaction<D>) -> Result<()> {
        if txn.context.is_of(self.store.context.core()) {
            return Ok(());
        }
        Err(Error::invalid_key("the claim is of another store than the transaction"))
    }

    /// Where it is.
    pub(super) fn at(&self, view: &View<'_>, permit: &Permit<FeedAccess>) -> Result<Position> {
        let gone = || {
            let name = String::from_utf8_lossy(&self.key).into_owned();
            Error::invalid_key(format!("the consumer `{name}` was removed: ask the store for it again"))
        };
        let found = self.find(view, permit)?;
        found.filter(|position| position.given.is_some() == self.is_group).ok_or_else(gone)
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
        // Without any consumer they are for one that is to come.
        let Some(slowest) = self.slowest(&txn.as_view()?, permit)? else { return Ok(()) };
        let mut from = 0;
        loop {
            let done = (self.source.done)(permit, &txn.as_view()?, (from, slowest))?;
            let Some((last, _)) = done.last() else { return Ok(()) };
            from = *last;
            for (_, key) in &done {
                txn.set_feed_row(permit, OUTBOX_TABLE, key, None)?;
            }
        }
    }

    /// What all consumers of the source have done with; `None` if there are none.
    fn slowest(&self, view: &View<'_>, permit: &Permit<FeedAccess>) -> Result<Option<u64>> {
        let (low, high) = (format!("{}/", (self.source.name)()), format!("{}0", (self.source.name)()));
        let range = (Bound::Included(low.as_bytes()), Bound::Excluded(high.as_bytes()));
        slowest(table::feed_rows(permit, view, CONSUMERS_TABLE, range, Direction::Forward)?)
    }

    /// Waits until a test holds of what is committed, or the time has passed. It is made again after each commit.
    pub(super) fn wait(&self, patience: Duration, mut test: impl FnMut() -> Result<bool>) -> Result<bool> {
        let until = Instant::now().checked_add(patience);
        let mailbox = Arc::new(Mailbox::new(1));
        let feed = &self.store.context.feed;
        let number = feed.enter_alone().add(Interest::ANY, mailbox.clone());
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

/// Number of a new group.
fn count_groups<D: NetabaseDefinition>(
    txn: &mut WriteTransaction<D>,
    permit: &Permit<FeedAccess>,
) -> Result<u64> {
    let row = txn.feed_row(permit, CONSUMERS_TABLE, GROUPS)?;
    let count = row.and_then(|row| row.try_into().ok()).map_or(0, u64::from_be_bytes).saturating_add(1);
    txn.set_feed_row(permit, CONSUMERS_TABLE, GROUPS, Some(&count.to_be_bytes()))?;
    Ok(count)
}
