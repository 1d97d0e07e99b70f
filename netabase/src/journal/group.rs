//! Workers who share a source: claim, acknowledge, time out.

use std::fmt;
use std::ops::Bound;
use std::time::{Duration, SystemTime};

use super::cursor::{Cursor, Given, Position};
use super::source::{self, Source};
use crate::change::ChangeSet;
use crate::clock::nanos;
use crate::engine::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::NetabaseDefinition;
use crate::overlay::View;
use crate::permission::{FeedAccess, Permit};
use crate::store::Store;
use crate::table::{self, CONSUMERS_TABLE};
use crate::transaction::WriteTransaction;

/// Workers who share the [commits](ChangeSet) of the journal, or the [messages](super::Message) of a topic. Each item is given to one of
/// them, for a time; if it is not acknowledged by then, it is given to another.
///
/// An item is worked on once or more. It is done with once, if what is done for it is written in the transaction that
/// [acknowledges](Self::acknowledge) it.
pub struct Group<D, T>(Cursor<D, T>);

impl<D, T> Clone for Group<D, T> {
    fn clone(&self) -> Self {
        Group(self.0.clone())
    }
}

impl<D: NetabaseDefinition, T> fmt::Debug for Group<D, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({})", String::from_utf8_lossy(&self.0.key))
    }
}

/// An item that a worker has, until his time is over.
#[derive(Debug)]
#[non_exhaustive]
pub struct Claim<T> {
    /// number of the item
    pub seq: u64,
    /// how often it was given out, this time included
    pub attempts: u32,
    /// when his time is over, by the store's clock
    pub until: SystemTime,
    /// the item
    pub item: T,
    generation: u64,
}

/// The row of an item that is given out.
#[derive(Clone, Copy)]
struct Lease {
    until: i64,
    attempts: u32,
}

/// The end of the time of an item that was given back.
const RELEASED: i64 = i64::MIN;

impl Lease {
    fn read(bytes: &[u8]) -> Result<Self> {
        let corrupt = || Error::new(ErrorKind::Corrupt { place: "netabase.consumers".to_owned() });
        let (until, attempts) = bytes.split_first_chunk().ok_or_else(corrupt)?;
        let attempts = attempts.try_into().map_err(|_| corrupt())?;
        Ok(Lease { until: i64::from_be_bytes(*until), attempts: u32::from_be_bytes(attempts) })
    }

    fn write(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        let (until, attempts) = bytes.split_at_mut(8);
        until.copy_from_slice(&self.until.to_be_bytes());
        attempts.copy_from_slice(&self.attempts.to_be_bytes());
        bytes
    }
}

impl<D: NetabaseDefinition> Store<D> {
    /// The group of this name, whose workers share the commits of the journal. Made if it is not there: then it begins with the first
    /// commit that is kept.
    ///
    /// # Errors
    /// Those of [`consumer`](Self::consumer).
    pub fn group(&self, name: &str) -> Result<Group<D, ChangeSet<D>>> {
        Group::new(self.clone(), source::commits(), name)
    }
}

impl<D: NetabaseDefinition, T> Group<D, T> {
    pub(super) fn new(store: Store<D>, source: Source<D, T>, name: &str) -> Result<Self> {
        Cursor::new(store, source, name, true).map(Group)
    }

    /// Takes items, at most as many as this, each for this time: those whose time with another worker is over, then new ones. None if
    /// there are none. One commit.
    ///
    /// # Errors
    /// `BeforeHorizon` if the journal lost what was not given out, `Corrupt` for a message that is not of the topic's payload (any more):
    /// [`seek`](Self::seek) goes on behind it.
    pub fn claim(&self, limit: usize, time: Duration) -> Result<Vec<Claim<T>>> {
        if !self.has_more()? {
            return Ok(Vec::new());
        }
        self.0.store.write(|txn| {
            let permit = self.0.permit(txn)?;
            let position = self.0.get(txn, &permit)?;
            let until = txn.now().checked_add(time);
            let until = until.ok_or_else(|| Error::invalid_key("a claim for longer than time lasts"))?;
            let generation = position.given.map_or(0, |given| given.generation);
            let mut claims = Vec::new();
            for (seq, lease) in self.leases(&txn.as_view()?, &permit)? {
                if claims.len() < limit && lease.until <= nanos(txn.now()) {
                    let next = (self.0.source.next)(&permit, &txn.as_view()?, seq.saturating_sub(1));
                    let next = match next {
                        Err(error) if matches!(error.kind(), ErrorKind::BeforeHorizon { .. }) => None,
                        next => next?,
                    };
                    match next {
                        Some((at, Some(item))) if at == seq => {
                            let attempts = lease.attempts.saturating_add(1);
                            claims.push(Claim { seq, attempts, until, item, generation });
                        }
                        // It is gone, so nobody can do it any more.
                        _ => txn.set_feed_row(&permit, CONSUMERS_TABLE, &self.lease(seq), None)?,
                    }
                }
            }
            let mut given = position.last();
            while claims.len() < limit {
                let next = match (self.0.source.next)(&permit, &txn.as_view()?, given) {
                    // What comes before it is given out; whoever asks next is told.
                    Err(error) if is_unreadable(&error) && !claims.is_empty() => break,
                    next => next?,
                };
                let Some((seq, item)) = next else { break };
                given = seq;
                claims.extend(item.map(|item| Claim { seq, attempts: 1, until, item, generation }));
            }
            for Claim { seq, attempts, .. } in &claims {
                let lease = Lease { until: nanos(until), attempts: *attempts };
                txn.set_feed_row(&permit, CONSUMERS_TABLE, &self.lease(*seq), Some(&lease.write()))?;
            }
            self.settle(txn, &permit, given)?;
            Ok(claims)
        })
    }

    /// Is done with an item, in a transaction that also writes what was done. `false`: his time was over and another worker has it
    /// now, or has done it; then the transaction should be given up.
    pub fn acknowledge(&self, txn: &mut WriteTransaction<D>, claim: &Claim<T>) -> Result<bool> {
        let permit = self.0.permit(txn)?;
        if !self.has(txn, &permit, claim)? {
            return Ok(false);
        }
        txn.set_feed_row(&permit, CONSUMERS_TABLE, &self.lease(claim.seq), None)?;
        let position = self.0.get(txn, &permit)?;
        self.settle(txn, &permit, position.last())?;
        self.0.sweep(txn, &permit)?;
        Ok(true)
    }

    /// Gives an item back before the time is over, for whoever claims next. `false` as for [`acknowledge`](Self::acknowledge).
    pub fn release(&self, txn: &mut WriteTransaction<D>, claim: &Claim<T>) -> Result<bool> {
        let permit = self.0.permit(txn)?;
        if !self.has(txn, &permit, claim)? {
            return Ok(false);
        }
        let lease = Lease { until: RELEASED, attempts: claim.attempts };
        txn.set_feed_row(&permit, CONSUMERS_TABLE, &self.lease(claim.seq), Some(&lease.write()))?;
        Ok(true)
    }

    /// How many items are given out and not acknowledged.
    pub fn in_flight(&self) -> Result<u64> {
        let snapshot = self.0.store.begin_read()?;
        let permit = (self.0.source.permit)(&snapshot.context)?;
        Ok(self.leases(&snapshot.view, &permit)?.len() as u64)
    }

    /// Waits until there is something to claim, which is `true`, or this time has passed. Sleeps until something is committed; an item
    /// whose time ends meanwhile is seen when something is.
    pub fn wait(&self, patience: Duration) -> Result<bool> {
        self.0.wait(patience, || self.has_more())
    }

    /// Forgets it: nothing is kept for it any more.
    pub fn remove(self) -> Result<()> {
        self.0.store.write(|txn| {
            let permit = self.0.permit(txn)?;
            self.drop_leases(txn, &permit, u64::MAX)?;
            txn.set_feed_row(&permit, CONSUMERS_TABLE, &self.0.key, None)?;
            self.0.sweep(txn, &permit)
        })
    }

    /// Is done with everything up to this number, given out or not, and goes on behind it: past items that were pruned, or that
    /// cannot be read.
    pub fn seek(&self, done: u64) -> Result<()> {
        self.0.store.write(|txn| {
            let permit = self.0.permit(txn)?;
            self.drop_leases(txn, &permit, done)?;
            let given = self.0.get(txn, &permit)?.last().max(done);
            self.settle(txn, &permit, given)?;
            self.0.sweep(txn, &permit)
        })
    }

    fn drop_leases(
        &self,
        txn: &mut WriteTransaction<D>,
        permit: &Permit<FeedAccess>,
        until: u64,
    ) -> Result<()> {
        for (seq, _) in self.leases(&txn.as_view()?, permit)? {
            if seq <= until {
                txn.set_feed_row(permit, CONSUMERS_TABLE, &self.lease(seq), None)?;
            }
        }
        Ok(())
    }

    /// Everything before the first item that is given out is done with.
    fn settle(&self, txn: &mut WriteTransaction<D>, permit: &Permit<FeedAccess>, given: u64) -> Result<()> {
        let first = self.leases(&txn.as_view()?, permit)?.first().map(|(seq, _)| *seq);
        let done = first.map_or(given, |first| first.saturating_sub(1));
        let position = self.0.get(txn, permit)?;
        let given = position.given.map(|before| Given { last: given, ..before });
        self.0.set(txn, permit, Position { done, given })
    }

    fn has(&self, txn: &WriteTransaction<D>, permit: &Permit<FeedAccess>, claim: &Claim<T>) -> Result<bool> {
        self.0.check_store(txn)?;
        let generation = self.0.get(txn, permit)?.given.map(|given| given.generation);
        let row = txn.feed_row(permit, CONSUMERS_TABLE, &self.lease(claim.seq))?;
        let lease = row.map(|row| Lease::read(&row)).transpose()?;
        // One that was given back is nobody's.
        let is_his = |lease: Lease| lease.attempts == claim.attempts && lease.until != RELEASED;
        Ok(generation == Some(claim.generation) && lease.is_some_and(is_his))
    }

    /// The items that are given out, by number.
    fn leases(&self, view: &View<'_>, permit: &Permit<FeedAccess>) -> Result<Vec<(u64, Lease)>> {
        let (low, high) = (self.lease(0), self.lease(u64::MAX));
        let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
        let mut rows = table::feed_rows(permit, view, CONSUMERS_TABLE, range, Direction::Forward)?;
        let mut leases = Vec::new();
        while rows.advance()? {
            let seq = rows.key().last_chunk().copied().map_or(0, u64::from_be_bytes);
            leases.push((seq, Lease::read(rows.value())?));
        }
        Ok(leases)
    }

    /// The key of an item that is given out. The group's name ends with a byte that is in no name.
    fn lease(&self, seq: u64) -> Vec<u8> {
        [b"lease/", &*self.0.key, b"\0", &seq.to_be_bytes()].concat()
    }

    fn has_more(&self) -> Result<bool> {
        let snapshot = self.0.store.begin_read()?;
        let (view, permit) = (&snapshot.view, (self.0.source.permit)(&snapshot.context)?);
        let position = self.0.at(view, &permit)?;
        if (self.0.source.last)(&permit, view)? > position.last() {
            return Ok(true);
        }
        let now = nanos(snapshot.context.clock.now());
        Ok(self.leases(view, &permit)?.iter().any(|(_, lease)| lease.until <= now))
    }
}

/// Whether an item is gone, or not what was written.
fn is_unreadable(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::BeforeHorizon { .. } | ErrorKind::Corrupt { .. })
}
