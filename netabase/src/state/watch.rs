//! What becomes of keys.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use super::store::Record;
use crate::error::Result;
use crate::watch::{Event, Notice, Watcher};

/// Which way a key changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// it was set, and had not been there
    Created,
    /// it was set, and had been there
    Updated,
    /// it is gone
    Deleted,
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateEvent {
    /// which way it changed
    pub kind: EventKind,
    /// which
    pub key: String,
    /// the value that was set; `None`: it is gone
    pub value: Option<Vec<u8>>,
}

/// What becomes of some keys, in the order in which it is committed; one event for each key in a commit. It is an iterator that waits,
/// and ends when the last handle of the store is dropped.
///
/// Whoever is more than 1024 commits behind is told so, with the error `Lagged`, and goes on with those that are left.
#[derive(Debug)]
pub struct StateWatcher {
    watcher: Watcher<Record>,
    /// what is left of the last commit
    events: VecDeque<StateEvent>,
}

impl StateWatcher {
    pub(super) fn new(watcher: Watcher<Record>) -> Self {
        StateWatcher { watcher, events: VecDeque::new() }
    }

    /// The next event that is there already.
    pub fn try_next(&mut self) -> Option<Result<StateEvent>> {
        self.next_within(Duration::ZERO)
    }

    /// The next event, if it comes in this time.
    pub fn next_within(&mut self, patience: Duration) -> Option<Result<StateEvent>> {
        if self.events.is_empty() {
            match self.watcher.next_within(patience)? {
                Ok(notice) => self.receive(notice),
                Err(error) => return Some(Err(error)),
            }
        }
        self.events.pop_front().map(Ok)
    }

    fn receive(&mut self, notice: Notice<Record>) {
        self.events.extend(notice.events.into_iter().map(|event| {
            let kind = match &event {
                Event::Enter { .. } => EventKind::Created,
                Event::Update { .. } => EventKind::Updated,
                Event::Leave { .. } => EventKind::Deleted,
            };
            let key = event.key().0.clone();
            let (Event::Enter { after, .. } | Event::Update { after, .. }) = event else {
                return StateEvent { kind, key, value: None };
            };
            StateEvent { kind, key, value: Some(after.value) }
        }));
    }
}

impl Iterator for StateWatcher {
    type Item = Result<StateEvent>;

    /// Waits for the next event.
    fn next(&mut self) -> Option<Self::Item> {
        if self.events.is_empty() {
            match self.watcher.next()? {
                Ok(notice) => self.receive(notice),
                Err(error) => return Some(Err(error)),
            }
        }
        self.events.pop_front().map(Ok)
    }
}

impl Stream for StateWatcher {
    type Item = Result<StateEvent>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.events.is_empty() {
            match Pin::new(&mut self.watcher).poll_next(task) {
                Poll::Ready(Some(Ok(notice))) => self.receive(notice),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(self.events.pop_front().map(Ok))
    }
}
