//! Where commits wait for one watcher: bounded, and without polling.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::set::Batch;

/// Commits for one watcher.
#[derive(Debug)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    came: Condvar,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    /// the newest ones, as many as there is room for
    queue: VecDeque<Arc<Batch>>,
    lag: Option<Lag>,
    is_closed: bool,
    waker: Option<Waker>,
}

/// Commits for which there was no room, or of which is not known whether they took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lag {
    /// how many
    pub(crate) missed: u64,
    /// number of the first one
    pub(crate) from: u64,
}

/// What comes out of it.
#[derive(Debug)]
pub(crate) enum Mail {
    Batch(Arc<Batch>),
    Lag(Lag),
    /// nothing will come any more
    Closed,
}

impl Mailbox {
    pub(crate) fn new(capacity: usize) -> Self {
        Mailbox { state: Mutex::default(), came: Condvar::new(), capacity: capacity.max(1) }
    }

    /// Puts a commit in; returns who is to be woken.
    pub(super) fn push(&self, batch: &Arc<Batch>) -> Option<Waker> {
        let mut state = self.state();
        if state.queue.len() >= self.capacity
            && let Some(oldest) = state.queue.pop_front()
        {
            state.miss(oldest.commit.seq, 1);
        }
        state.queue.push_back(batch.clone());
        self.wake(state)
    }

    /// Notes commits that are not put in.
    pub(super) fn miss(&self, seq: u64, count: u64) -> Option<Waker> {
        let mut state = self.state();
        state.miss(seq, count);
        self.wake(state)
    }

    /// Nothing will come any more.
    pub(super) fn close(&self) -> Option<Waker> {
        let mut state = self.state();
        state.is_closed = true;
        self.wake(state)
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) -> Option<Waker> {
        let waker = state.waker.take();
        drop(state);
        self.came.notify_one();
        waker
    }

    /// Takes the next one out. Waits for it: for ever, unless a time is given. `None` if that has passed.
    pub(crate) fn wait(&self, patience: Option<Duration>) -> Option<Mail> {
        let mut state = self.state();
        let until = patience.and_then(|patience| Instant::now().checked_add(patience));
        loop {
            if let Some(mail) = state.take() {
                return Some(mail);
            }
            state = match (patience, until) {
                (Some(patience), _) if patience.is_zero() => return None,
                (_, Some(until)) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    self.came.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                (_, None) => self.came.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Takes the next one out, or notes who is to be woken when it comes.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Mail> {
        // A waker is somebody else's code, which may come back here.
        let waker = waker.clone();
        let mut state = self.state();
        if let Some(mail) = state.take() {
            return Poll::Ready(mail);
        }
        let before = state.waker.replace(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }

    // The state is whole between any two statements, so a panic elsewhere spoils nothing.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn miss(&mut self, seq: u64, count: u64) {
        let lag = self.lag.get_or_insert(Lag { missed: 0, from: seq });
        lag.missed = lag.missed.saturating_add(count);
        lag.from = lag.from.min(seq);
    }

    fn take(&mut self) -> Option<Mail> {
        // What was missed may have come after what is there.
        let next = self.queue.front().map_or(u64::MAX, |batch| batch.commit.seq);
        if let Some(lag) = self.lag.take_if(|lag| lag.from <= next) {
            return Some(Mail::Lag(lag));
        }
        if let Some(batch) = self.queue.pop_front() {
            return Some(Mail::Batch(batch));
        }
        self.is_closed.then_some(Mail::Closed)
    }
}
