//! Who waits for commits, and looks at them with his own eyes.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;

use super::Look;
use super::event::{Event, Notice};
use crate::change::{Batch, Items, Lag, Mail, Mailbox, Sets};
use crate::codec;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::model::{NetabaseDefinition, NetabaseModel, RawChange};
use crate::overlay::View;
use crate::permission::Guard;
use crate::query::Conditions;
use crate::table;
use crate::transaction::{Context, Core};

/// What becomes of the records of a model: an iterator over commits that waits for the next one, and ends when the last handle of
/// the store, and the last write transaction, is dropped. Also a [`Stream`], for async code.
///
/// Commits come in their order, each as a whole, and only those with events. Records are decoded and filters tested in the
/// thread that asks for the next notice, so a slow watcher makes no writer wait. An idle watcher sleeps.
///
/// An error does not end it: what comes next is what was committed next. (The end of the ticket does, and a damaged journal.)
///
/// ```
/// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
/// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize, Debug, PartialEq)]
/// # struct Job { #[primary_key] id: u64, #[secondary_key] open: bool }
/// # #[derive(NetabaseDefinition)]
/// # enum Work { Job(Job) }
/// use netabase::watch::Event;
///
/// # fn main() -> netabase::Result<()> {
/// let store = Store::<Work>::in_memory()?;
/// let watcher = store.watch::<Job>().filter(Job::OPEN.eq(true)).begin()?;
/// store.write(|txn| txn.create(&Job { id: 7, open: true }))?;
/// store.write(|txn| txn.update(&Job { id: 7, open: false }))?;
/// drop(store);
///
/// let notices: Vec<_> = watcher.collect::<netabase::Result<_>>()?;
/// assert!(matches!(notices[0].events[..], [Event::Enter { after: Job { id: 7, .. }, .. }]));
/// assert!(matches!(notices[1].events[..], [Event::Leave { .. }]));
/// # Ok(())
/// # }
/// ```
pub struct Watcher<M: NetabaseModel> {
    core: Arc<Core>,
    guard: Guard,
    /// what the feed knows it by
    number: u64,
    mailbox: Arc<Mailbox>,
    conditions: Conditions<M>,
    place: Place,
    look: Look,
    /// commits that are read back from the journal
    behind: Option<Sets<'static>>,
    /// number of the last commit that was looked at
    seen: u64,
    is_over: bool,
}

/// What is watched.
#[derive(Debug)]
pub(super) struct Place {
    /// recorded name
    pub(super) definition: &'static str,
    /// number of the model
    pub(super) ordinal: usize,
    pub(super) is_journaled: bool,
}

impl<M: NetabaseModel> fmt::Debug for Watcher<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watcher<{}>", M::NAME)
    }
}

impl<M: NetabaseModel> Drop for Watcher<M> {
    fn drop(&mut self) {
        self.core.feed.forget(self.number);
    }
}

impl<M: NetabaseModel> Watcher<M> {
    pub(super) fn new<D: NetabaseDefinition>(
        context: &Context<D>,
        (number, mailbox): (u64, Arc<Mailbox>),
        (conditions, place): (Conditions<M>, Place),
        (look, seen): (Look, u64),
    ) -> Self {
        let (core, guard) = (context.core().clone(), context.guard.clone());
        let (behind, is_over) = (None, false);
        Watcher { core, guard, number, mailbox, conditions, place, look, behind, seen, is_over }
    }

    /// The next notice that is there already.
    pub fn try_next(&mut self) -> Option<Result<Notice<M>>> {
        self.next_within(Duration::ZERO)
    }

    /// The next notice, if it comes in this time.
    pub fn next_within(&mut self, patience: Duration) -> Option<Result<Notice<M>>> {
        self.wait(Instant::now().checked_add(patience))
    }

    /// Waits for ever, unless a time is given.
    fn wait(&mut self, until: Option<Instant>) -> Option<Result<Notice<M>>> {
        loop {
            if let Some(done) = self.read_behind() {
                return Some(done);
            }
            if self.is_over {
                return None;
            }
            // What is passed over takes none of the time away.
            let patience = until.map(|until| until.saturating_duration_since(Instant::now()));
            let mail = self.mailbox.wait(patience)?;
            if let Some(done) = self.open(mail) {
                return Some(done);
            }
        }
    }

    /// Reads commits back from the journal, from this one on.
    pub(super) fn catch_up(&mut self, view: &View<'static>, from: u64) -> Result<()> {
        self.behind = Some(Sets::from(view, from)?);
        Ok(())
    }

    /// The next notice from what is read back.
    fn read_behind(&mut self) -> Option<Result<Notice<M>>> {
        while let Some(sets) = &mut self.behind {
            let notice = match sets.next() {
                Ok(Some(batch)) => self.read(&batch),
                Ok(None) => {
                    self.behind = None;
                    continue;
                }
                // What is behind the damage cannot be told from what is missing.
                Err(error) => {
                    (self.behind, self.is_over) = (None, true);
                    Err(error)
                }
            };
            if let Some(done) = notice.transpose() {
                return Some(done);
            }
        }
        None
    }

    fn open(&mut self, mail: Mail) -> Option<Result<Notice<M>>> {
        match mail {
            Mail::Batch(batch) if batch.commit.seq <= self.seen => None,
            Mail::Batch(batch) => self.read(&batch).transpose(),
            Mail::Lag(Lag { missed, from }) => self.lag(missed, from).err().map(Err),
            Mail::Closed => {
                self.is_over = true;
                None
            }
        }
    }

    /// Reads back what was missed, if it can be.
    fn lag(&mut self, missed: u64, from: u64) -> Result<()> {
        self.admit()?;
        let lagged = || Error::new(ErrorKind::Lagged { missed });
        if !self.place.is_journaled {
            return Err(lagged());
        }
        let from = from.max(self.seen.saturating_add(1));
        // When the store is closed, so is the journal.
        let view = (self.look)().ok_or_else(lagged)??;
        let found = self.catch_up(&view, from);
        // Of what was pruned, the rest is left.
        if let Err(error) = &found
            && let ErrorKind::BeforeHorizon { first, .. } = error.kind()
        {
            self.catch_up(&view, *first)?;
        }
        found
    }

    /// Ends it with the ticket.
    fn admit(&mut self) -> Result<()> {
        self.guard.admit(|| self.core.clock.now()).inspect_err(|_| {
            (self.behind, self.is_over) = (None, true);
        })
    }

    /// What there is for this watcher in a commit.
    fn read(&mut self, batch: &Batch) -> Result<Option<Notice<M>>> {
        self.seen = self.seen.max(batch.commit.seq);
        self.admit()?;
        let (own, is_read_back) = (self.place.ordinal, batch.is_read_back());
        let is_own = |ordinal: usize| ordinal == own || is_read_back;
        let pieces = batch.pieces.iter().filter(|piece| is_own(piece.ordinal)).map(|piece| &*piece.items);
        // A large transaction may have several changes of a record, of which the first and the last count.
        let mut changes: BTreeMap<&[u8], RawChange<'_>> = BTreeMap::new();
        for change in Items::new(pieces) {
            let change = change?;
            if change.model == M::NAME && change.definition == self.place.definition {
                changes.entry(change.key).and_modify(|first| first.after = change.after).or_insert(change);
            }
        }
        let mut events = Vec::new();
        for change in changes.values().filter(|change| change.before != change.after) {
            events.extend(self.event(change)?);
        }
        let (seq, time, actor) = (batch.commit.seq, batch.commit.time, batch.commit.actor.clone());
        Ok((!events.is_empty()).then_some(Notice { seq, time, actor, events }))
    }

    fn event(&mut self, change: &RawChange<'_>) -> Result<Option<Event<M>>> {
        let (before, was_in) = self.look_at(change.key, change.before)?;
        let (after, is_in) = self.look_at(change.key, change.after)?;
        if !was_in && !is_in || self.is_same(before.as_ref(), after.as_ref())? {
            return Ok(None);
        }
        let key = M::PrimaryKey::decode_tail(change.key)?;
        Ok(match (before, after) {
            (Some(before), Some(after)) if was_in && is_in => Some(Event::Update { key, before, after }),
            (before, Some(after)) if is_in => Some(Event::Enter { key, before, after }),
            (Some(before), after) => Some(Event::Leave { key, before, after }),
            (None, _) => None,
        })
    }

    /// A record as it may be seen, and whether it passes the filter.
    fn look_at(&mut self, key: &[u8], bytes: Option<&[u8]>) -> Result<(Option<M>, bool)> {
        let Some(bytes) = bytes else { return Ok((None, false)) };
        let tables = self.core.layout.model(self.place.ordinal)?;
        let permit = &self.conditions.permit;
        // What a rule cannot read is not seen.
        if permit.hides_records() && !permit.shows(bytes).unwrap_or(false) {
            return Ok((None, false));
        }
        let record = table::decode::<M>(permit, &self.core.layout, tables, bytes)?;
        let passes = self.conditions.hold(key, &record)?;
        Ok((Some(record), passes))
    }

    /// Whether nothing has changed that may be seen.
    fn is_same(&self, before: Option<&M>, after: Option<&M>) -> Result<bool> {
        let (Some(before), Some(after)) = (before, after) else { return Ok(false) };
        if !self.conditions.permit.hides_anything() {
            return Ok(false);
        }
        let bytes = |record: &M| {
            let mut bytes = Vec::new();
            codec::encode(M::SCHEMA.version, record, &mut bytes)
                .ok_or_else(|| Error::new(ErrorKind::Codec { model: M::NAME }))?;
            Ok::<_, Error>(bytes)
        };
        Ok(bytes(before)? == bytes(after)?)
    }
}

impl<M: NetabaseModel> Iterator for Watcher<M> {
    type Item = Result<Notice<M>>;

    /// Waits for the next notice.
    fn next(&mut self) -> Option<Self::Item> {
        self.wait(None)
    }
}

// Nothing in it is pinned.
impl<M: NetabaseModel> Unpin for Watcher<M> {}

impl<M: NetabaseModel> Stream for Watcher<M> {
    type Item = Result<Notice<M>>;

    /// What is read back from the journal after a lag is read while it polls, as with any local file.
    fn poll_next(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(done) = self.read_behind() {
                return Poll::Ready(Some(done));
            }
            if self.is_over {
                return Poll::Ready(None);
            }
            let Poll::Ready(mail) = self.mailbox.poll(task.waker()) else { return Poll::Pending };
            if let Some(done) = self.open(mail) {
                return Poll::Ready(Some(done));
            }
        }
    }
}
