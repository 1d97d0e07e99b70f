//! Watching: what becomes of the records of a model, commit by commit, as it happens.
//!
//! - [`Watch`] says what is asked for; `begin` gives a [`Watcher`], which is an iterator that waits, and a [`Stream`].
//! - A [`Notice`] is one commit, with an [`Event`] for each record.
//!
//! [`Stream`]: futures_core::Stream

mod event;
mod watcher;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

pub use event::{Event, Notice};
pub use watcher::Watcher;

use crate::change::{Anchor, Interest, Mailbox, last_seq, since, wake};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Filter, ModelOf, NetabaseDefinition, NetabaseModel, Terms};
use crate::overlay::View;
use crate::permission::Door;
use crate::query::Conditions;
use crate::transaction::{Context, ReadTransaction};

use self::watcher::Place;

/// A snapshot of the last commit; `None` if the store is closed.
pub(crate) type Look = Arc<dyn Fn() -> Option<Result<View<'static>>> + Send + Sync>;

/// Commits that wait for a watcher, unless he says otherwise.
const CAPACITY: usize = 1024;

/// What is to be watched, from [`Store::watch`](crate::Store::watch).
#[must_use = "nothing is watched until `begin`"]
pub struct Watch<D, M> {
    context: Context<D>,
    look: Look,
    /// keeps the store open until the watcher has begun
    store: Arc<dyn Any + Send + Sync>,
    terms: Result<Terms<M>>,
    capacity: usize,
}

impl<D: NetabaseDefinition, M: NetabaseModel> fmt::Debug for Watch<D, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch<{}>", M::NAME)
    }
}

impl<D: NetabaseDefinition, M: ModelOf<D>> Watch<D, M> {
    pub(crate) fn new(context: Context<D>, look: Look, store: Arc<dyn Any + Send + Sync>) -> Self {
        Watch { context, look, store, terms: Ok(Terms::new()), capacity: CAPACITY }
    }

    /// Tells of the records for which the filter holds, or held before. Several calls must all hold. No index is needed: what
    /// changed is tested as it comes. A filter on few keys of an index makes the watcher cost nothing when others change.
    pub fn filter<C>(mut self, filter: Filter<M, C>) -> Self {
        self.terms = self.terms.and_then(|mut terms| {
            terms.extend(filter.into_terms()?);
            Ok(terms)
        });
        self
    }

    /// How many commits may wait to be looked at, 1024 unless set. More of them are read back from the journal where the model has
    /// one; else they are missed, which `Lagged` tells.
    pub fn capacity(mut self, commits: usize) -> Self {
        self.capacity = commits;
        self
    }

    /// Begins with the next commit.
    ///
    /// # Errors
    /// Those of a query with the same filter.
    pub fn begin(self) -> Result<Watcher<M>> {
        self.begun(None).map(|(_, watcher)| watcher)
    }

    /// Begins with this commit, and reads from the journal those that have taken place: whoever kept the number of the last one he
    /// has seen goes on with the one behind it, also after a restart.
    ///
    /// # Errors
    /// `NoJournal` if the model is not journaled, `BeforeHorizon` if the journal no longer has the commit, or the model was not
    /// journaled then; those of [`begin`](Self::begin).
    pub fn begin_from(self, seq: u64) -> Result<Watcher<M>> {
        self.begun(Some(seq.max(1))).map(|(_, watcher)| watcher)
    }

    /// Gives a snapshot, and a watcher of what comes after it: nothing is told that the snapshot has, and nothing is left out.
    ///
    /// # Errors
    /// Those of [`begin`](Self::begin).
    pub fn begin_with_snapshot(self) -> Result<(ReadTransaction<D>, Watcher<M>)> {
        let context = self.context.clone();
        let (view, watcher) = self.begun(None)?;
        Ok((ReadTransaction::new(view, context), watcher))
    }

    fn begun(self, from: Option<u64>) -> Result<(View<'static>, Watcher<M>)> {
        let Watch { context, look, store: _open, terms, capacity } = self;
        context.admit()?;
        let closed = || Error::new(ErrorKind::Closed);
        let (conditions, points) =
            Conditions::new(look().ok_or_else(closed)??, &context, Door::Watch, terms?)?;
        let ordinal = context.ordinal::<M>();
        let is_journaled = context.layout.is_journaled(ordinal);
        if from.is_some() && !is_journaled {
            return Err(Error::new(ErrorKind::NoJournal { name: M::NAME }));
        }
        let anchor = |(part, keys): (usize, Vec<Vec<u8>>)| -> Vec<Anchor> {
            keys.into_iter().map(|key| Anchor { part, key }).collect()
        };
        let anchors = points.map(anchor);
        let interest = Interest { ordinal, anchors, sees: conditions.sees() };
        let mailbox = Arc::new(Mailbox::new(capacity));
        // No commit passes the gate in between.
        let mut gate = context.feed.enter_alone();
        let view = look().ok_or_else(closed)??;
        let mut wakers = Vec::new();
        if context.journals {
            let last = last_seq(&view)?;
            wakers = gate.reach(last, last);
        }
        let (last, number) = (gate.seq(), gate.add(interest, mailbox.clone()));
        drop(gate);
        wake(wakers);
        let place = Place { definition: context.layout.definition_of(ordinal), ordinal, is_journaled };
        let seen = from.map_or(last, |from| from - 1);
        let mut watcher = Watcher::new(&context, (number, mailbox), (conditions, place), (look, seen));
        if let Some(from) = from {
            let since = since(&view, &context.layout, ordinal)?;
            if from <= since {
                return Err(Error::new(ErrorKind::BeforeHorizon { from, first: since.saturating_add(1) }));
            }
            watcher.catch_up(&view, from)?;
        }
        Ok((view, watcher))
    }
}
