//! One who works through a source alone, in order.

use std::fmt;
use std::time::Duration;

use super::cursor::{Cursor, Position};
use super::source::{self, Source};
use crate::change::ChangeSet;
use crate::error::Result;
use crate::model::NetabaseDefinition;
use crate::store::Store;
use crate::table::CONSUMERS_TABLE;
use crate::transaction::WriteTransaction;

/// Works through the [commits](ChangeSet) of the journal, or the [messages](super::Message) of a topic, one after the other. How far it
/// is stands in the store under its name.
///
/// What is done for an item is committed together with that, so it happens once, whatever ends in between. (What is done elsewhere,
/// a mail that is sent, happens once or more.) Several may use one name, in one process: each item goes to one of them.
pub struct Consumer<D, T>(Cursor<D, T>);

impl<D, T> Clone for Consumer<D, T> {
    fn clone(&self) -> Self {
        Consumer(self.0.clone())
    }
}

impl<D: NetabaseDefinition, T> fmt::Debug for Consumer<D, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Consumer({})", String::from_utf8_lossy(&self.0.key))
    }
}

/// Items that nothing is to be done for, passed over in one transaction.
const PASSED: usize = 1024;

impl<D: NetabaseDefinition> Store<D> {
    /// The one consumer of the journal with this name. Made if it is not there: then it begins with the first commit that is kept.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(NetabaseModel, Serialize, Deserialize)]
    /// # #[netabase(journal)]
    /// # struct Order { #[primary_key] id: u64 }
    /// # #[derive(NetabaseModel, Serialize, Deserialize)]
    /// # struct Total { #[primary_key] id: u8, orders: u64 }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Shop { Order(Order), Total(Total) }
    /// # fn main() -> netabase::Result<()> {
    /// # let shop = Store::<Shop>::in_memory()?;
    /// # shop.write(|txn| txn.create(&Total { id: 0, orders: 0 }))?;
    /// shop.write(|txn| txn.create(&Order { id: 7 }))?;
    ///
    /// let counter = shop.consumer("counter")?;
    /// counter.process(|txn, commit| {
    ///     let orders = commit.of::<Order>().count() as u64;
    ///     txn.update_with(0, |total: &mut Total| total.orders += orders)
    /// })?;
    /// assert_eq!(shop.get::<Total>(0)?.map(|total| total.orders), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidKey` for a name that is empty, longer than 200 bytes, has `/` or `@` in it or is that of a group; `NoJournal` if no model is
    /// journaled; `PermissionDenied` for a session.
    pub fn consumer(&self, name: &str) -> Result<Consumer<D, ChangeSet<D>>> {
        Consumer::new(self.clone(), source::commits(), name)
    }
}

impl<D: NetabaseDefinition, T> Consumer<D, T> {
    pub(super) fn new(store: Store<D>, source: Source<D, T>, name: &str) -> Result<Self> {
        Cursor::new(store, source, name, false).map(Consumer)
    }

    /// Calls `work` for each item that was not processed, in order, each in a transaction of its own; returns how many there were,
    /// when there are no more. Commits in which nothing of this definition changed are passed over.
    ///
    /// What `work` writes to journaled models are commits that come to it in turn.
    ///
    /// # Errors
    /// That of `work`, which ends it: its item comes again next time. `BeforeHorizon` if the journal lost what was not
    /// processed ([`Retention::until_processed`](crate::change::Retention::until_processed) prevents that): [`seek`](Self::seek)
    /// goes on behind it.
    pub fn process(&self, mut work: impl FnMut(&mut WriteTransaction<D>, &T) -> Result<()>) -> Result<u64> {
        let mut count = 0;
        // Without a transaction where there is nothing to do.
        while self.has_more()? {
            count += self.0.store.write(|txn| self.process_one(txn, &mut work))?;
        }
        Ok(count)
    }

    fn process_one(
        &self,
        txn: &mut WriteTransaction<D>,
        work: &mut impl FnMut(&mut WriteTransaction<D>, &T) -> Result<()>,
    ) -> Result<u64> {
        let permit = self.0.permit(txn)?;
        let mut done = self.0.get(txn, &permit)?.done;
        let mut processed = 0;
        for _ in 0..PASSED {
            let next = (self.0.source.next)(&permit, &txn.as_view()?, done)?;
            let Some((seq, item)) = next else { break };
            done = seq;
            if let Some(item) = item {
                work(txn, &item)?;
                processed = 1;
                break;
            }
        }
        self.0.set(txn, &permit, Position { done, given: None })?;
        self.0.sweep(txn, &permit)?;
        Ok(processed)
    }

    fn has_more(&self) -> Result<bool> {
        let snapshot = self.0.store.begin_read()?;
        let permit = (self.0.source.permit)(&snapshot.context)?;
        let done = self.0.at(&snapshot.view, &permit)?.done;
        Ok((self.0.source.last)(&permit, &snapshot.view)? > done)
    }

    /// Waits until there is something to process, which is `true`, or this time has passed. Sleeps until something is committed.
    pub fn wait(&self, patience: Duration) -> Result<bool> {
        self.0.wait(patience, || self.has_more())
    }

    /// Number of the last item that was processed, or passed over; 0 before the first.
    pub fn position(&self) -> Result<u64> {
        Ok(self.0.position()?.done)
    }

    /// Goes on behind the item with this number.
    pub fn seek(&self, done: u64) -> Result<()> {
        self.0.store.write(|txn| {
            let permit = self.0.permit(txn)?;
            self.0.get(txn, &permit)?;
            self.0.set(txn, &permit, Position { done, given: None })?;
            self.0.sweep(txn, &permit)
        })
    }

    /// Forgets it: nothing is kept for it any more.
    pub fn remove(self) -> Result<()> {
        self.0.store.write(|txn| {
            let permit = self.0.permit(txn)?;
            txn.set_feed_row(&permit, CONSUMERS_TABLE, &self.0.key, None)?;
            self.0.sweep(txn, &permit)
        })
    }
}
